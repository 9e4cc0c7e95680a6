package probe

import (
	"crypto/x509"
	"testing"

	"edgecert/scanner/edge"
)

// A scan keeps DER alone; when it is over every certificate says what it says,
// and one that nobody can read says why.
func TestCertificatesAreReadWhenTheScanIsOver(t *testing.T) {
	good := ecLeaf(t, func(*x509.Certificate) {}).der
	broken := []byte("no certificate at all")
	p := New(0)
	p.Keep(RoomFor(2))
	kept := p.store.chain([][]byte{good, broken})
	for _, c := range kept.chain {
		if c.X509 != nil || c.ParseError != "" {
			t.Errorf("%s is read while the scan is under way", c.Fingerprint)
		}
	}
	want := edge.NewCertificate(good)
	if kept.key != keyOf(want) || kept.key == "" {
		t.Errorf("key type %q, want %q", kept.key, keyOf(want))
	}
	again := p.store.chain([][]byte{good})
	p.Read()
	if c := kept.chain[0]; c.X509 == nil || !c.X509.Equal(want.X509) || c != again.chain[0] {
		t.Error("the leaf is not the server's, or stands twice")
	}
	if c := kept.chain[1]; c.ParseError != edge.NewCertificate(broken).ParseError || c.X509 != nil {
		t.Errorf("what cannot be read says %q", c.ParseError)
	}
}
