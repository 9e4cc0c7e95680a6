package trust

import (
	"crypto/x509"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// Roots that Mozilla no longer trusts for new certificates come with their
// constraint, and the embedded ones are trusted as they stand.
func TestPublicRoots(t *testing.T) {
	t.Parallel()
	constrained := 0
	for _, r := range publicRoots() {
		if got := New(nil, Options{Now: now()}).Judge(chain(r.cert)); got.Standing != Trusted {
			t.Errorf("%s: %s %s", r.cert.Subject(), got.Standing, got.Objection)
		}
		if r.constraint == nil {
			continue
		}
		constrained++
		young := &x509.Certificate{NotBefore: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
		if r.constraint([]*x509.Certificate{young}) == nil {
			t.Errorf("%s: its constraint takes a certificate of 2100", r.cert.Subject())
		}
	}
	if constrained == 0 {
		t.Error("no root with a constraint: are they still handed on?")
	}
}

func TestJudgeCrossSignedRoots(t *testing.T) {
	t.Parallel()
	oldE, newE, interE, leafE := newEntity(t, "Old Root"), newEntity(t, "New Root"), newEntity(t, "Intermediate"), newEntity(t, "leaf")
	oldRoot, newRoot := certify(t, oldE, oldE), certify(t, newE, newE)
	newByOld, oldByNew := certify(t, newE, oldE), certify(t, oldE, newE)
	inter := certify(t, interE, newE)
	leaf := certify(t, leafE, interE, server)
	tests := []struct {
		name  string
		root  *edge.Certificate
		chain []*edge.Certificate
		path  int // certificates on it
	}{
		{"the old root is known, the cross certificate was sent", oldRoot, chain(leaf, inter, newByOld), 4},
		{"the new root is known, the cross certificate is idle", newRoot, chain(leaf, inter, newByOld), 3},
		{"each root crossed with the other", oldRoot, chain(leaf, inter, oldByNew, newByOld), 4},
		{"the new root itself was sent, and its cross certificate", oldRoot, chain(leaf, inter, newRoot, newByOld), 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := forest(test.root, sent("edge1", test.chain...)).Judge(test.chain)
			if got.Standing != Trusted || len(got.Path) != test.path || got.Path[test.path-1].Fingerprint != test.root.Fingerprint {
				t.Errorf("%s by %q, want %d certificates up to %s", got.Standing, subjects(got.Path), test.path, test.root.CommonName())
			}
		})
	}
	lone := chain(leaf, inter)
	got := forest(oldRoot, sent("edge1", leaf, inter, newByOld), sent("edge2", lone...)).Judge(lone)
	if got.Standing != Incomplete || len(got.Missing) != 1 || got.Missing[0] != newByOld {
		t.Errorf("cross certificate sent by another member alone: %s, missing %q", got.Standing, subjects(got.Missing))
	}
}

func TestLayoutOf(t *testing.T) {
	t.Parallel()
	rootE, upperE, lowerE, leafE := newEntity(t, "Root"), newEntity(t, "Upper"), newEntity(t, "Lower"), newEntity(t, "leaf")
	root, upper, lower := certify(t, rootE, rootE), certify(t, upperE, rootE), certify(t, lowerE, upperE)
	leaf, stranger := certify(t, leafE, lowerE, server), certify(t, newEntity(t, "Stranger"), rootE)
	for _, test := range []struct {
		name                string
		chain               []*edge.Certificate
		order, roots, extra int
	}{
		{"nothing", nil, 0, 0, 0},
		{"as it should be", chain(leaf, lower, upper), 0, 0, 0},
		{"with the root", chain(leaf, lower, upper, root), 0, 1, 0},
		{"upside down", chain(leaf, root, upper, lower), 1, 1, 0},
		{"with a stranger and the leaf again", chain(leaf, lower, stranger, leaf, upper), 0, 0, 2},
		{"an unreadable certificate", chain(leaf, edge.NewCertificate([]byte("x")), lower), 0, 0, 1},
	} {
		l := LayoutOf(test.chain)
		if len(l.OutOfOrder) != test.order || len(l.Roots) != test.roots || len(l.Extra) != test.extra {
			t.Errorf("%s: %d out of order, %d roots, %d extra; want %d, %d, %d", test.name,
				len(l.OutOfOrder), len(l.Roots), len(l.Extra), test.order, test.roots, test.extra)
		}
	}
}
