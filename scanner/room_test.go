package scanner

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"math/big"
	"slices"
	"testing"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// heavy presents the fleet's certificate, and behind it a large one that no other
// connection is sent.
func (f *fleet) heavy(t testing.TB, key *ecdsa.PrivateKey) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	t.Helper()
	filling := bytes.Repeat([]byte("filling."), f.ballast/8)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "nobody's issuer"},
		ExtraExtensions: []pkix.Extension{{Id: []int{1, 3, 6, 1, 4, 1, 99999, 1}, Value: filling}}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(der, []byte("filling."))
	return func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		own := slices.Clone(der)
		binary.BigEndian.PutUint32(own[at:], uint32(f.accepted.Add(1)))
		return &tls.Certificate{Certificate: [][]byte{f.der, own}, PrivateKey: key}, nil
	}
}

// TestTheRoomForCertificates: a fleet that sends more certificates than a scan
// has room for is captured to its last endpoint, each with its leaf; what was sent
// beyond the room is not kept, and said to be cut.
func TestTheRoomForCertificates(t *testing.T) {
	t.Parallel()
	const size, fits = 240_000, limits.RoomAll / (2 * 240_000)
	f := newFleet(t, &fleet{ballast: size})
	n, whole, kept := 2*fits, 0, 0
	for i, c := range scan(t, t.Context(), f.endpoints(n, false), Options{Quick: true, Timeout: time.Minute}) {
		if c.Outcome != edge.Captured || !bytes.Equal(c.Leaf().Raw, f.der) || len(c.Chain)+c.Cut != 2 {
			t.Fatalf("endpoint %d: %s (%v), %d certificates and %d cut", i, c.Outcome, c.Fault, len(c.Chain), c.Cut)
		}
		if c.Cut == 0 {
			whole++
		}
		for _, cert := range c.Chain[1:] {
			kept += len(cert.Raw)
		}
	}
	if whole < fits*9/10 || kept > limits.RoomAll {
		t.Errorf("of %d chains %d are whole, with %d bytes", n, whole, kept)
	}
}
