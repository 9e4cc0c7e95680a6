package trust

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// now is the time of every test here.
func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// An entity is a name with a key, which may have several certificates.
type entity struct {
	name string
	key  crypto.Signer
}

func newEntity(t testing.TB, name string) entity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return entity{name, key}
}

func newRSAEntity(t testing.TB, name string) entity {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return entity{name, key}
}

// certify makes by's certificate for e: a CA unless mutate says otherwise,
// valid from a year ago to in a year.
func certify(t testing.TB, e, by entity, mutate ...func(*x509.Certificate)) *edge.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: e.name},
		NotBefore:             now().AddDate(-1, 0, 0),
		NotAfter:              now().AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            -1,
	}
	for _, m := range mutate {
		m(template)
	}
	parent := &x509.Certificate{Subject: pkix.Name{CommonName: by.name}, SubjectKeyId: keyID(t, by)}
	template.SubjectKeyId = keyID(t, e)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, e.key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	return edge.NewCertificate(der)
}

func keyID(t testing.TB, e entity) []byte {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(e.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum(spki)
	return sum[:]
}

// server makes a template a leaf for sip.contoso.com.
func server(c *x509.Certificate) {
	c.IsCA, c.MaxPathLen = false, 0
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	c.DNSNames = []string{"sip.contoso.com"}
}

func expired(c *x509.Certificate) { c.NotAfter = now().AddDate(0, 0, -1) }

// restamp signs an RSA certificate again as if with another algorithm of the
// family 1.2.840.113549.1.1.x, which CreateCertificate would not make.
func restamp(t testing.TB, c *edge.Certificate, by entity, last byte, hash crypto.Hash) *edge.Certificate {
	t.Helper()
	family := []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01}
	sha256WithRSA, other := append(bytes.Clone(family), 11), append(bytes.Clone(family), last)
	tbs := bytes.ReplaceAll(c.X509.RawTBSCertificate, sha256WithRSA, other)
	h := hash.New()
	h.Write(tbs)
	sig, err := by.key.Sign(rand.Reader, h.Sum(nil), hash)
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{
		asn1.RawValue{FullBytes: tbs},
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, int(last)}, Parameters: asn1.NullRawValue},
		asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return edge.NewCertificate(der)
}

// sent is a capture of one member that sent chain.
func sent(member string, chain ...*edge.Certificate) edge.Capture {
	return edge.Capture{Endpoint: edge.Endpoint{Pool: "edge-emea", Member: member}, Outcome: edge.Captured, Chain: chain}
}

func forest(root *edge.Certificate, captures ...edge.Capture) *Forest {
	return New(context.Background(), captures, Options{Roots: []*edge.Certificate{root}, Now: now()})
}
