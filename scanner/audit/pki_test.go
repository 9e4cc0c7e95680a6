package audit

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"sync"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// A pki is the CA of the tests: its keys are made once for all of them.
type pki struct {
	root, intermediate *edge.Certificate
	cross              *edge.Certificate // the intermediate's key, certified by a root that nobody has
	rootKey, caKey     crypto.Signer
	leafKeys           []crypto.Signer // RSA 2048
}

var testPKI = sync.OnceValue(func() *pki {
	p := &pki{}
	p.rootKey = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p.caKey = must(rsa.GenerateKey(rand.Reader, 2048))
	for range 2 {
		p.leafKeys = append(p.leafKeys, must(rsa.GenerateKey(rand.Reader, 2048)))
	}
	ca := func(name string, serial int64) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name, Organization: []string{"Example Trust"}},
			NotBefore: date(2022, 1, 1), NotAfter: date(2042, 1, 1), IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	}
	root := ca("Example Root", 1)
	p.root = edge.NewCertificate(must(x509.CreateCertificate(rand.Reader, root, root, p.rootKey.Public(), p.rootKey)))
	p.intermediate = edge.NewCertificate(must(x509.CreateCertificate(rand.Reader, ca("Example Issuing CA", 2), p.root.X509, p.caKey.Public(), p.rootKey)))
	p.cross = edge.NewCertificate(must(x509.CreateCertificate(rand.Reader, ca("Example Issuing CA", 3), ca("Example Former Root", 4), p.caKey.Public(), p.rootKey)))
	return p
})

// must is for what cannot fail in a test's own PKI.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A leafOption is one mutation of the healthy leaf's template. A template's
// PublicKey, where set, is the key that gets certified.
type leafOption func(*leafTemplate)

// A leafTemplate is a certificate before it is signed.
type leafTemplate = x509.Certificate

// makeLeaf issues the healthy leaf with one mutation.
func makeLeaf(t testing.TB, change leafOption) *edge.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x5eed),
		Subject:      pkix.Name{CommonName: "sip.contoso.com", Organization: []string{"Contoso"}},
		DNSNames:     []string{"sip.contoso.com", "webcon.contoso.com", "sip.fabrikam.com", "meet.contoso.com", "contoso.com"},
		NotBefore:    date(2026, 5, 1), NotAfter: date(2026, 5, 1).Add(199 * day),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		CRLDistributionPoints: []string{"http://crl.example/issuing.crl"},
	}
	if change != nil {
		change(template)
	}
	p := testPKI()
	key := template.PublicKey
	if key == nil {
		key = p.leafKeys[0].Public()
	}
	der, err := x509.CreateCertificate(rand.Reader, template, p.intermediate.X509, key, p.caKey)
	if err != nil {
		t.Fatal(err)
	}
	return edge.NewCertificate(der)
}

// resigned is an issued certificate with other bytes, signed again.
func resigned(c *edge.Certificate, old, other []byte) *edge.Certificate {
	if !bytes.Contains(c.X509.RawTBSCertificate, old) {
		panic("nothing to replace")
	}
	tbs := bytes.Replace(c.X509.RawTBSCertificate, old, other, 1)
	sum := sha256.Sum256(tbs)
	signature := must(testPKI().caKey.Sign(rand.Reader, sum[:], crypto.SHA256))
	return edge.NewCertificate(must(asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{
		asn1.RawValue{FullBytes: tbs},
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue},
		asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	})))
}

func must1[T, U any](v T, _ U, err error) T { return must(v, err) }

// day is a day of the tests.
const day = 24 * time.Hour
