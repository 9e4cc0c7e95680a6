package trust

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// Chains that are made to cost: each must be judged within the bounds of a few
// searches, and one that was given up must never read as a certain answer.
func TestJudgeHostileChainsAreBounded(t *testing.T) {
	t.Parallel()
	rootE, interE, leafE := newEntity(t, "Root"), newEntity(t, "Intermediate"), newEntity(t, "leaf")
	root, inter, leaf := certify(t, rootE, rootE), certify(t, interE, rootE), certify(t, leafE, interE, server)

	thousands := chain(leaf)
	for range 3000 {
		thousands = append(thousands, certify(t, interE, interE))
	}
	tests := []struct {
		name     string
		chain    []*edge.Certificate
		standing Standing
	}{
		{"thousands of one name and key", thousands, Unverified},
		{"sixty of one name and key", thousands[:60], Private},
		{"every CA of ten signed by every other", ring(t, 10), Unverified},
		{"deeper than any chain", ladder(t, 40), Unverified},
		{"strangers of the intermediate's name before it", append(impostors(t, 60), inter), Trusted},
	}
	tests[4].chain[0] = leaf
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := forest(root, sent("edge1", test.chain...))
			got := f.Judge(test.chain)
			if got.Standing != test.standing || got.Cut != (test.standing == Unverified) {
				t.Errorf("standing %q (%s, cut %v), want %q", got.Standing, got.Objection, got.Cut, test.standing)
			}
			if asked := len(f.links); asked > limits.WorkOfChain {
				t.Errorf("%d signatures verified", asked)
			}
		})
	}
}

func ring(t *testing.T, n int) []*edge.Certificate {
	var cas []entity
	for i := range n {
		cas = append(cas, newEntity(t, fmt.Sprint("CA ", i)))
	}
	out := chain(certify(t, newEntity(t, "leaf of the ring"), cas[0], server))
	for _, a := range cas {
		for _, b := range cas {
			if a.name != b.name {
				out = append(out, certify(t, a, b))
			}
		}
	}
	return out
}

func ladder(t *testing.T, n int) []*edge.Certificate {
	var out []*edge.Certificate
	e := newEntity(t, "rung 0")
	for i := range n {
		above := newEntity(t, fmt.Sprint("rung ", i+1))
		out = append(out, certify(t, e, above))
		e = above
	}
	return out
}

func impostors(t *testing.T, n int) []*edge.Certificate {
	out := chain(nil)
	for range n {
		e := newEntity(t, "Intermediate")
		out = append(out, certify(t, e, e))
	}
	return out
}

// dear is a key as somebody sends it who wants to cost: 16,384 bits with the
// largest exponent that is verified.
func dear(t *testing.T) *rsa.PublicKey {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), limits.RSABits))
	if err != nil {
		t.Fatal(err)
	}
	n.SetBit(n, limits.RSABits-1, 1)
	return &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 1<<31 - 1}
}

// Chains of keys that cost hundreds of times as much as ordinary ones are given
// up, and take nothing from the others.
func TestDearKeysAreGivenUp(t *testing.T) {
	t.Parallel()
	rootE, interE, leafE := newEntity(t, "Root"), newRSAEntity(t, "Intermediate"), newEntity(t, "leaf")
	root, inter := certify(t, rootE, rootE), certify(t, interE, rootE)
	leaf := certify(t, leafE, interE, server)
	var captures []edge.Capture
	for i := range 30 {
		bad := chain(certify(t, leafE, interE, server))
		for range 20 {
			bad = append(bad, certifyKey(t, "Intermediate", dear(t), rootE))
		}
		captures = append(captures, sent(fmt.Sprint("bad", i), bad...))
	}
	f := forest(root, captures...)
	f.left = 3000 // a smaller scan's
	for _, c := range captures {
		got := f.Judge(c.Chain)
		if got.Standing != Unverified || got.Unjudged() == "" {
			t.Fatalf("%s: %s (%s)", c.Endpoint.Member, got.Standing, got.Objection)
		}
	}
	if n := len(f.links); n > 3000/100 {
		t.Errorf("%d signatures verified", n)
	}
	good := chain(leaf, inter)
	if got := f.Judge(good); got.Standing != Trusted {
		t.Errorf("the good one: %s (%s)", got.Standing, got.Objection)
	}
}

// certifyKey makes by's certificate for a name and a key that nobody holds.
func certifyKey(t *testing.T, name string, key any, by entity) *edge.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now(), NotAfter: now(),
		BasicConstraintsValid: true, IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, &x509.Certificate{Subject: pkix.Name{CommonName: by.name}}, key, by.key)
	if err != nil {
		t.Fatal(err)
	}
	return edge.NewCertificate(der)
}

// What was not judged when the scan ends is not judged, and says so.
func TestJudgeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	rootE, leafE := newEntity(t, "Root"), newEntity(t, "leaf")
	root, leaf := certify(t, rootE, rootE), certify(t, leafE, rootE, server)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := New(ctx, []edge.Capture{sent("edge1", leaf)}, Options{Roots: chain(root), Now: now()}).Judge(chain(leaf))
	if got.Standing != Unverified || !strings.Contains(got.Unjudged(), "scan ended") {
		t.Errorf("%s (%s)", got.Standing, got.Objection)
	}
}

// Ladders of cross-signed rungs, each two certificates wide, in many chains of
// the same names: the work is that of each alone.
func TestLaddersAreLinear(t *testing.T) {
	t.Parallel()
	var captures []edge.Capture
	for i := range 20 {
		captures = append(captures, sent(fmt.Sprint("edge", i), crossed(t, 6)...))
	}
	root := certify(t, newEntity(t, "Root"), newEntity(t, "Root"))
	f := forest(root, captures...)
	for _, c := range captures {
		if got := f.Judge(c.Chain); got.Standing == Trusted {
			t.Errorf("%s: %s", c.Endpoint.Member, got.Standing)
		}
	}
	if n := len(f.links); n > 20*limits.WorkOfChain/5 {
		t.Errorf("%d signatures verified", n)
	}
}

// crossed is a ladder of which every rung has two keys, each certified by both
// of the rung above.
func crossed(t *testing.T, n int) []*edge.Certificate {
	t.Helper()
	below := []entity{newEntity(t, "rung 0")}
	var out []*edge.Certificate
	for i := range n {
		name := fmt.Sprint("rung ", i+1)
		above := []entity{newEntity(t, name), newEntity(t, name)}
		for _, b := range below {
			for _, a := range above {
				out = append(out, certify(t, b, a))
			}
		}
		below = above
	}
	return out
}
