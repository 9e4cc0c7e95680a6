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
	for _, r := range publicRoots().byPrint {
		cert := r.parsed()
		if cert.ParseError != "" {
			t.Errorf("%s: %s", cert.Subject(), cert.ParseError)
		}
		if got := New(t.Context(), nil, Options{Now: now()}).Judge(chain(cert)); got.Standing != Trusted {
			t.Errorf("%s: %s %s", cert.Subject(), got.Standing, got.Objection)
		}
		if r.constraint == nil {
			continue
		}
		constrained++
		young := &x509.Certificate{NotBefore: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
		if r.constraint([]*x509.Certificate{young}) == nil {
			t.Errorf("%s: its constraint takes a certificate of 2100", cert.Subject())
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

func TestLayout(t *testing.T) {
	t.Parallel()
	rootE, upperE, lowerE, leafE := newEntity(t, "Root"), newEntity(t, "Upper"), newEntity(t, "Lower"), newEntity(t, "leaf")
	root, upper, lower := certify(t, rootE, rootE), certify(t, upperE, rootE), certify(t, lowerE, upperE)
	rolled := newEntity(t, "Lower") // the same name, another key: self-issued, and no root
	byRolled, lowerByRolled := certify(t, rolled, upperE), certify(t, lowerE, rolled)
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
		{"self-issued in order", chain(leaf, lowerByRolled, byRolled, upper), 0, 0, 0},
		{"self-issued out of order", chain(leaf, byRolled, lowerByRolled, upper), 1, 0, 0},
		{"with a stranger and the leaf again", chain(leaf, lower, stranger, leaf, upper), 0, 0, 2},
		{"an unreadable certificate", chain(leaf, edge.NewCertificate([]byte("x")), lower), 0, 0, 1},
	} {
		l := New(t.Context(), nil, Options{}).layoutOf(test.chain)
		if len(l.OutOfOrder) != test.order || len(l.Roots) != test.roots || len(l.Extra) != test.extra {
			t.Errorf("%s: %d out of order, %d roots, %d extra; want %d, %d, %d", test.name,
				len(l.OutOfOrder), len(l.Roots), len(l.Extra), test.order, test.roots, test.extra)
		}
	}
}

// What was public once is neither that nor a private CA.
func TestWithdrawnRoots(t *testing.T) {
	t.Parallel()
	list := withdrawnRoots()
	if len(list.byPrint) < 40 {
		t.Errorf("%d withdrawn roots", len(list.byPrint))
	}
	for f, r := range list.byPrint {
		cert := r.parsed()
		got := New(t.Context(), nil, Options{Now: now()}).Judge(chain(cert))
		if got.Standing != Withdrawn || got.Withdrawn.Year() < 2025 {
			t.Errorf("%s: %s, held until %s", cert.Subject(), got.Standing, got.Withdrawn)
		}
		if _, public := publicRoots().byPrint[f]; public || !IsSelfSigned(cert) {
			t.Errorf("%s is public, or no root", cert.Subject())
		}
		if got := New(t.Context(), nil, Options{Now: now(), OnlyRoots: true}).Judge(chain(cert)); got.Standing != SelfSigned {
			t.Errorf("%s with other roots alone: %s", cert.Subject(), got.Standing)
		}
	}
}

func TestJudgeAPathToAWithdrawnRoot(t *testing.T) {
	t.Parallel()
	rootE, newE, interE, leafE := newEntity(t, "Root"), newEntity(t, "New Root"), newEntity(t, "Intermediate"), newEntity(t, "leaf")
	root, inter, leaf := certify(t, rootE, rootE), certify(t, interE, rootE), certify(t, leafE, interE, server)
	newRoot, byNew := certify(t, newE, newE), certify(t, interE, newE)
	held := now().AddDate(-1, 0, 0)
	for _, test := range []struct {
		name     string
		chain    []*edge.Certificate
		roots    []*edge.Certificate
		standing Standing
	}{
		{"its root was withdrawn", chain(leaf, inter), nil, Withdrawn},
		{"and is sent", chain(leaf, inter, root), nil, Withdrawn},
		{"and is given", chain(leaf, inter), chain(root), Trusted},
		{"beside a path to another root", chain(leaf, inter, byNew), chain(newRoot), Trusted},
		{"of a CA that may not issue it", chain(certify(t, leafE, interE, server), certify(t, interE, rootE, func(c *x509.Certificate) { c.IsCA = false })), nil, Refused},
	} {
		o := Options{Now: now(), Roots: test.roots, Withdrawn: WithdrawnList(WithdrawnRoot{root.Raw, held})}
		got := New(t.Context(), []edge.Capture{sent("edge1", test.chain...)}, o).Judge(test.chain)
		if got.Standing != test.standing || test.standing == Withdrawn && !got.Withdrawn.Equal(held) {
			t.Errorf("%s: %s (%s), held until %s", test.name, got.Standing, got.Objection, got.Withdrawn)
		}
	}
}
