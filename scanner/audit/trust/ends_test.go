package trust

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"testing"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// Of two ends as far away, the one that explains itself is told, in whatever
// order they were sent.
func TestAnEndThatExplainsItself(t *testing.T) {
	t.Parallel()
	interE, goneE, leafE := newEntity(t, "Inter"), newEntity(t, "Gone"), newEntity(t, "leaf")
	leaf := certify(t, leafE, interE, server)
	own, byGone := certify(t, interE, interE), certify(t, interE, goneE)
	f := newEntity(t, "Root")
	for _, above := range [][]*edge.Certificate{{own, byGone}, {byGone, own}} {
		sentAll := append(chain(leaf), above...)
		if got := forest(certify(t, f, f), sent("edge1", sentAll...)).Judge(sentAll); got.Standing != Private {
			t.Errorf("%s (%s), want %s", got.Standing, got.Objection, Private)
		}
	}
}

// A chain that costs more than an ordinary one draws on what the scan has, while
// it has it.
func TestAChainBeyondItsAllowance(t *testing.T) {
	t.Parallel()
	rootE, interE, leafE := newEntity(t, "Root"), newRSAEntity(t, "Intermediate"), newEntity(t, "leaf")
	root, inter := certify(t, rootE, rootE), certify(t, interE, rootE)
	leaf := certify(t, leafE, interE, server)
	whole := chain(leaf)
	for range 40 {
		n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 4096))
		if err != nil {
			t.Fatal(err)
		}
		n.SetBit(n.SetBit(n, 4095, 1), 0, 1)
		template := *inter.X509
		der, err := x509.CreateCertificate(rand.Reader, &template, root.X509, &rsa.PublicKey{N: n, E: 65537}, rootE.key)
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, edge.NewCertificate(der))
	}
	whole = append(whole, inter)
	for left, want := range map[int]Standing{limits.WorkOfScan: Trusted, 0: Unverified} {
		f := forest(root, sent("edge1", whole...))
		f.left = left
		if got := f.Judge(whole); got.Standing != want {
			t.Errorf("%d left: %s (%s), want %s; %d left then", left, got.Standing, got.Objection, want, f.left)
		}
	}
}

// Where a signature cannot be checked, the identifiers say whose it is.
func TestSelfSignedByIdentifiers(t *testing.T) {
	t.Parallel()
	e, other := newRSAEntity(t, "Root"), newRSAEntity(t, "Root")
	named := func(by entity) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.AuthorityKeyId = keyID(t, by) }
	}
	for name, c := range map[string]struct {
		cert *edge.Certificate
		want bool
	}{
		"signed by its own key":         {certify(t, e, e), true},
		"by another key of its name":    {certify(t, e, other), false},
		"by its own key, unchecked":     {restamp(t, certify(t, e, e, named(e)), e, 99, crypto.SHA256), true},
		"by another key, unchecked":     {restamp(t, certify(t, e, other, named(other)), other, 99, crypto.SHA256), false},
		"by who is not said, unchecked": {restamp(t, certify(t, e, e), e, 99, crypto.SHA256), true},
	} {
		if got := IsSelfSigned(c.cert); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
