package sweep

import (
	"testing"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
	"edgecert/scanner/revocation"
)

func TestRevocationIsToldRight(t *testing.T) {
	t.Parallel()
	for _, w := range revocationWorlds() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			w.check(t)
		})
	}
}

// ask is --revocation: the lab answers for its CAs.
func ask(t *testing.T, captures []edge.Capture, p audit.Policy) map[edge.Fingerprint]edge.Revocation {
	t.Helper()
	subjects := revocation.Subjects(t.Context(), captures, trust.Options{Roots: p.Roots, OnlyRoots: true})
	return revocation.Check(t.Context(), subjects, revocation.Options{
		Now: now, Timeout: 20 * time.Second, Targets: revocation.Dialed(captures)})
}

func revocationWorlds() []world {
	// One certificate in one cell, so that the pool differs, too.
	taken := func(change func(*lab.Template)) func(*lab.Spec) {
		return func(s *lab.Spec) {
			t := &s.Cell("edge2", edge.WebConf, 443).Chain.Leaf
			t.Revoked = true
			if change != nil {
				change(t)
			}
		}
	}
	differs := "differs-across-members @ edge2 webcon"
	return []world{
		{name: "nothing revoked", ask: ask, rules: map[string]audit.Outcome{"revoked": audit.Pass, "revocation-unknown": audit.Pass}},
		{name: "one certificate revoked", ask: ask, finds: []string{differs, "revoked @ edge2 webcon"}, spec: taken(nil)},
		{name: "revoked, as the CRL says", ask: ask, finds: []string{differs, "revoked @ edge2 webcon"},
			spec: taken(func(t *lab.Template) { t.OCSP = nil })},
		{name: "revoked, and nobody was asked", finds: []string{differs}, spec: taken(nil),
			rules: map[string]audit.Outcome{"revoked": audit.NotApplicable}},
		{name: "a responder that does not know", ask: ask, finds: []string{differs, "revocation-unknown @ edge2 webcon"},
			spec: taken(func(t *lab.Template) { t.OCSP, t.CRL = nil, []string{lab.Responder + "/nothing.crl"} })},
	}
}
