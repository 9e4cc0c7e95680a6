package audit

import (
	"strings"
	"testing"

	"edgecert/scanner/edge"
)

// expects makes a certificate the one that is meant, by file or, without one, by
// thumbprint alone.
func expects(w *testWorld, role edge.Role, leaf *edge.Certificate, file string) {
	x := edge.Expectation{Role: role, Text: leaf.Thumbprint(), Thumbprint: leaf.Thumbprint()}
	if file != "" {
		x.Text, x.Certificate = file, leaf
	}
	w.pool().Expect = append(w.pool().Expect, x)
}

func expectedCases() []ruleCase {
	return []ruleCase{
		{
			rule: idExpected, name: "the renewal reached nobody", want: Found,
			change: func(w *testWorld) { expects(w, "", sameKeyLeaf(w), `C:\certs\new.pfx`) },
			at:     "pool", says: []string{"the certificate of new.pfx (thumbprint ", "which 0 of 12 endpoints present", "edge1, edge2 and edge3 (every service) present A"},
			fix: "Set-CsCertificate -Type AccessEdgeExternal,DataEdgeExternal",
		},
		{
			rule: idExpected, name: "nobody presents it, and its thumbprint alone is known", want: Found,
			change: func(w *testWorld) {
				w.pool().Expect = []edge.Expectation{{Text: "ab", Thumbprint: strings.Repeat("ab", 20)}}
			},
			at: "pool", says: []string{"the certificate with thumbprint ABAB"}, fix: "-Thumbprint ABABABAB",
		},
		{
			rule: idExpected, name: "nobody presents it, and its SHA-256 alone is known", want: Found,
			change: func(w *testWorld) {
				w.pool().Expect = []edge.Expectation{{Text: "ab", Thumbprint: strings.Repeat("ab", 32)}}
			},
			at: "pool", says: []string{"the certificate with thumbprint ABAB"}, fix: `(Get-PfxCertificate 'C:\edge.pfx').Thumbprint`,
		},
		{
			rule: idExpected, name: "it arrived on two members of three", want: Found,
			change: func(w *testWorld) {
				leaf := sameKeyLeaf(w)
				w.everywhere(leaf)
				present(makeLeaf(w.t, nil), w.member("edge2")...)
				expects(w, "", leaf, "new.pfx")
			},
			at: "edge2", says: []string{"which 8 of 12 endpoints present", "edge2 (every service) presents "}, fix: "on edge2: ",
			also: []string{idMembers},
		},
		{
			rule: idExpected, name: "TLS 1.2 still gets the old one", want: Found,
			change: func(w *testWorld) {
				leaf := sameKeyLeaf(w)
				w.everywhere(leaf)
				again(w.cell("edge2", edge.WebConf, 443), edge.Presentation{Offer: edge.OfferTLS12, Outcome: edge.Captured, Version: "TLS 1.2",
					Chain: []*edge.Certificate{makeLeaf(w.t, nil), testPKI().intermediate}})
				expects(w, "", leaf, "new.pfx")
			},
			at: "edge2 webcon 443", says: []string{"which 11 of 12 endpoints present"},
		},
		{
			rule: idExpected, name: "it arrived everywhere", want: Pass,
			change: func(w *testWorld) { expects(w, "", makeLeaf(w.t, nil), "new.pfx") },
		},
		{
			rule: idExpected, name: "one member does not answer", want: CouldNotTell,
			change: func(w *testWorld) {
				expects(w, "", makeLeaf(w.t, nil), "")
				down(edge.ClassReset, w.member("edge3")...)
			},
			also: []string{idUnreachable},
		},
		{
			rule: idExpected, name: "meant for A/V apart, which presents none", want: NotApplicable,
			change: func(w *testWorld) {
				w.pool().Groups = [][]edge.Role{{edge.Access, edge.WebConf, edge.XMPP}, {edge.AV}}
				expects(w, edge.AV, sameKeyLeaf(w), "")
			},
		},
		{rule: idExpected, name: "nobody said what was meant", want: NotApplicable, change: func(*testWorld) {}},
		{
			rule: idExpected, name: "hosts of the command line", want: Found,
			change: func(w *testWorld) {
				listed(edge.CommandLinePool, "203.0.113.10:443", "203.0.113.11:443")(w)
				expects(w, "", sameKeyLeaf(w), "")
			},
			at: "other 443", says: []string{"which 0 of 2 endpoints present"},
		},
	}
}

// Which of its two thumbprints somebody gave makes no difference but in how the
// command finds it: nothing new is requested, and the expiry of the old one is no
// problem of its own.
func TestEitherThumbprintOfWhatNobodyPresentsBringsItAlone(t *testing.T) {
	t.Parallel()
	for _, size := range []int{20, 32} {
		w := healthy(t)
		w.pool().Inventory = nil
		w.everywhere(oldLeaf(w))
		w.pool().Expect = []edge.Expectation{{Text: "ab", Thumbprint: strings.Repeat("ab", size)}}
		j := w.judge()
		if len(j.Problems) != 1 || len(j.Steps) != 3 || !strings.Contains(j.Steps[0].Text, strings.Repeat("AB", size)) {
			t.Errorf("%d bytes: %d problems, steps %+v", size, len(j.Problems), j.Steps)
		}
		for _, s := range j.Steps {
			if strings.Contains(strings.Join(s.Commands, " "), "Request-CsCertificate") {
				t.Errorf("%d bytes: a new one is requested: %+v", size, s)
			}
		}
	}
}
