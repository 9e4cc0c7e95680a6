package probe

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
)

// Beyond the room of a scan the leaf and its issuer are kept, by whomever they
// were sent again, and beyond twice that nothing.
func TestChainIsCutToItsPath(t *testing.T) {
	t.Parallel()
	named := func(n int64, name string) []byte {
		return ecLeaf(t, func(c *x509.Certificate) { c.SerialNumber, c.Subject = big.NewInt(n), pkix.Name{CommonName: name} }).der
	}
	// Test leaves are self-signed: their issuer's name is their own.
	leaf, issuer, other := named(1, "a"), named(2, "a"), named(3, "b")
	for _, c := range []struct {
		name       string
		room       Room
		whole, cut int
	}{
		{"room for all", RoomFor(1), 3, 0},
		{"room for the path", Room{All: 1, Paths: 1 << 20}, 2, 1},
		{"no room", Room{All: 1, Paths: 1}, 0, 3},
	} {
		s := newStore()
		s.room = c.room
		for range 2 { // the second time from memory
			got := s.chain([][]byte{leaf, other, issuer})
			if len(got.chain) != c.whole || got.cut != c.cut {
				t.Errorf("%s: %d kept, %d cut, want %d and %d", c.name, len(got.chain), got.cut, c.whole, c.cut)
			}
		}
	}
}

// A leaf of many names costs far more than its bytes.
func TestNamesHaveTheirPrice(t *testing.T) {
	t.Parallel()
	names := make([]string, 5000)
	for i := range names {
		names[i] = "a.example"
	}
	s := newStore()
	s.room = Room{All: 700_000, Paths: 700_000}
	if got := s.chain([][]byte{ecLeaf(t, func(c *x509.Certificate) { c.DNSNames = names }).der}); got.cut != 1 {
		t.Errorf("%d cut", got.cut)
	}
}
