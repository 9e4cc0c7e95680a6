//go:build linux

package peers_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

// keys makes each key once for all tests of the package.
var keys = sync.OnceValue(func() *lab.KeyRing { return new(lab.KeyRing) })

// An identity is a certificate with its key as servers read them.
type identity struct {
	cert  string // PEM file: the leaf, then its intermediate
	key   string // PEM file
	both  string // PEM file: HAProxy reads one
	above string // PEM file: the intermediate alone; empty: none is sent
	ca    string // PEM file: the root
	sends []edge.Fingerprint
	pair  tls.Certificate
}

// issue makes an identity for sip.contoso.com; change may alter the leaf.
func issue(t *testing.T, change func(*lab.Template)) identity {
	t.Helper()
	now := time.Now()
	issuer, err := keys().Raise(lab.NewAuthority("Peers", now), nil)
	if err != nil {
		t.Fatal(err)
	}
	leaf := lab.Template{
		Subject: pkix.Name{CommonName: "sip.contoso.com"}, Names: []string{"sip.contoso.com"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 1, 0),
		Usage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		Key:      lab.KeySpec{Label: "leaf"},
	}
	if change != nil {
		change(&leaf)
	}
	issued, err := keys().Issue(leaf, issuer.Intermediate)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(issued.Key)
	if err != nil {
		t.Fatal(err)
	}
	above := pemOf("CERTIFICATE", issuer.Intermediate.DER)
	chain := pemOf("CERTIFICATE", issued.DER) + above
	key := pemOf("PRIVATE KEY", private)
	return identity{
		cert: write(t, "cert.pem", chain), key: write(t, "key.pem", key), both: write(t, "both.pem", chain+key),
		above: write(t, "above.pem", above),
		ca:    write(t, "ca.pem", pemOf("CERTIFICATE", issuer.Root.DER)),
		sends: []edge.Fingerprint{sha256.Sum256(issued.DER), sha256.Sum256(issuer.Intermediate.DER)},
		pair:  tls.Certificate{Certificate: [][]byte{issued.DER, issuer.Intermediate.DER}, PrivateKey: issued.Key},
	}
}

// fromFile is the identity of a self-signed certificate in a PEM file that
// holds the key, too.
func fromFile(t *testing.T, path string) identity {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			all := write(t, "both.pem", string(b))
			return identity{cert: all, key: all, both: all, ca: all, sends: []edge.Fingerprint{sha256.Sum256(block.Bytes)}}
		}
	}
	t.Fatalf("%s holds no certificate", path)
	return identity{}
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// sent is the fingerprints of a chain.
func sent(chain []*edge.Certificate) []edge.Fingerprint {
	var list []edge.Fingerprint
	for _, c := range chain {
		list = append(list, c.Fingerprint)
	}
	return list
}

// seen is what tests compare of a capture.
type seen struct {
	Outcome edge.Outcome
	Stage   edge.Stage
	Class   edge.ErrorClass // empty: no fault
	Version string
	Client  edge.ClientCertificate
}

func seenIn(c edge.Capture) seen {
	s := seen{Outcome: c.Outcome, Stage: c.Stage}
	if c.Fault != nil {
		s.Class = c.Fault.Class
	}
	if c.TLS != nil {
		s.Version, s.Client = c.TLS.Version, c.TLS.ClientCertificate
	}
	return s
}

// expect compares a capture with what should have been seen, and its chain
// with what the server was given.
func expect(t *testing.T, got edge.Capture, want seen, id identity) {
	t.Helper()
	if d := cmp.Diff(want, seenIn(got)); d != "" {
		t.Errorf("capture differs (-want +got):\n%s%v", d, got.Fault)
	}
	if d := cmp.Diff(id.sends, sent(got.Chain)); d != "" {
		t.Error("chain differs (-want +got):\n" + d)
	}
}
