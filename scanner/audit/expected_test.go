package audit

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"slices"
	"strings"
	"testing"

	"edgecert/scanner/edge"
)

// renewedTo is a renewal that reached nobody yet: three healthy members, and a
// file that was meant.
func renewedTo(t *testing.T, change leafOption) (*testWorld, *edge.Certificate) {
	w := healthy(t)
	leaf := makeLeaf(t, func(c *leafTemplate) {
		c.SerialNumber = big.NewInt(0xbeef)
		change(c)
	})
	expects(w, "", leaf, "new.pfx")
	x := &w.pool().Expect[0]
	x.Chain = []*edge.Certificate{leaf, testPKI().intermediate}
	x.File = &edge.CheckedFile{Name: "new.pfx", Format: "PFX", Key: edge.KeyMatches}
	return w, leaf
}

// What fails the pool's rules is told before anybody assigns it, and no step does.
func TestWhatIsExpectedAndWrongIsToldFirst(t *testing.T) {
	t.Parallel()
	for rule, change := range map[string]leafOption{
		"sip-domain-name-missing": lacking("sip.fabrikam.com"),
		"webcon-name-missing":     lacking("webcon.contoso.com"),
		"expired":                 valid(date(2026, 1, 1), date(2026, 5, 30)),
		"not-yet-valid":           valid(date(2026, 7, 1), date(2026, 12, 30)),
		"expires-soon":            valid(date(2026, 1, 1), date(2026, 6, 5)),
		"server-auth-missing":     usage(x509.ExtKeyUsageClientAuth),
		"leaf-is-ca":              func(c *leafTemplate) { c.IsCA = true },
		"key-usage-unsuitable":    func(c *leafTemplate) { c.KeyUsage = x509.KeyUsageCRLSign },
		"weak-key":                func(c *leafTemplate) { c.PublicKey = must(rsa.GenerateKey(rand.Reader, 1024)).Public() },
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			w, leaf := renewedTo(t, change)
			j := w.judge()
			f := j.Findings[0]
			if f.Rule != rule || f.Severity != Error || len(f.Cells) < 9 || f.Certificate() == nil || !strings.HasPrefix(f.Message, "not presented yet: ") {
				t.Errorf("first: %s %s, %d cells: %s", f.Severity, f.Rule, len(f.Cells), f.Message)
			}
			if j.Rules[rule] != Found || j.Verdict != VerdictError {
				t.Errorf("%s: %s, verdict %s", rule, j.Rules[rule], j.Verdict)
			}
			if got := j.Problems[0].Headline; !strings.HasPrefix(got, "the expected certificate "+thumbprint(leaf)[:8]+" ") {
				t.Errorf("headline %q", got)
			}
			if strings.Contains(j.Problems[0].Impact, "now") {
				t.Errorf("nothing fails now: %q", j.Problems[0].Impact)
			}
			for _, s := range j.Steps {
				if strings.Contains(strings.Join(s.Commands, " "), thumbprint(leaf)) {
					t.Errorf("a step installs it: %q", s.Commands)
				}
			}
		})
	}
}

func TestWhatIsExpectedBeforeItIsPresented(t *testing.T) {
	t.Parallel()
	unchanged := func(*leafTemplate) {}
	unknown := selfSigned("Unknown CA", asIs)
	for _, c := range []struct {
		name   string
		leaf   leafOption
		change func(*testWorld, *edge.Expectation)
		want   string // the rules that find anything ahead, or untold
	}{
		{"well", unchanged, func(*testWorld, *edge.Expectation) {}, ""},
		{"as CAs send it, of an issuer whom somebody sends", unchanged, func(_ *testWorld, x *edge.Expectation) { x.Chain = x.Chain[:1] }, ""},
		{"no CRL distribution point", func(c *leafTemplate) { c.CRLDistributionPoints = nil }, func(*testWorld, *edge.Expectation) {}, "crl-missing"},
		{"self-signed", unchanged, func(_ *testWorld, x *edge.Expectation) {
			x.Certificate, x.Chain = unknown, []*edge.Certificate{unknown}
			x.Thumbprint = unknown.Thumbprint()
		}, "access-name-missing crl-missing ec-key extra-name-missing leaf-is-ca server-auth-missing sip-domain-name-missing subject-not-access-name subject-not-in-san untrusted-issuer webcon-name-missing xmpp-name-missing"},
		{"the key of another", unchanged, func(_ *testWorld, x *edge.Expectation) { x.File.Key = edge.KeyDiffers }, "key-mismatch"},
		{"a PFX without its key", unchanged, func(_ *testWorld, x *edge.Expectation) { x.File.Key = edge.KeyAbsent }, "key-missing"},
		{"its rule is allowed", lacking("sip.fabrikam.com"), func(w *testWorld, _ *edge.Expectation) {
			w.pool().Allow = []string{"sip-domain-name-missing"}
		}, ""},
		{"one service presents it, whose name it holds", lacking("sip.fabrikam.com"), func(w *testWorld, x *edge.Expectation) {
			present(x.Certificate, w.cell("edge1", edge.WebConf, 443))
		}, "sip-domain-name-missing"},
		{"a thumbprint that XMPP alone presents", lacking("sip.fabrikam.com"), func(w *testWorld, x *edge.Expectation) {
			present(x.Certificate, w.cell("edge1", edge.XMPP, 5269))
			x.Text, x.Certificate, x.Chain, x.File = x.Thumbprint, nil, nil, nil
		}, "sip-domain-name-missing"},
		{"presented by everybody: judged there", lacking("sip.fabrikam.com"), func(w *testWorld, x *edge.Expectation) { w.everywhere(x.Certificate) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, _ := renewedTo(t, c.leaf)
			c.change(w, &w.pool().Expect[0])
			var got []string
			for _, f := range w.judge().Findings {
				if f.Ahead {
					got = append(got, f.Rule)
				}
			}
			if strings.Join(slices.Sorted(slices.Values(got)), " ") != c.want {
				t.Errorf("ahead: %q, want %q", got, c.want)
			}
		})
	}
}

// A file as CAs send it, of an issuer that nobody sent: nobody can tell, and a
// new one is not asked for.
func TestTheIssuerOfWhatIsExpectedMayBeUnknown(t *testing.T) {
	t.Parallel()
	w, leaf := renewedTo(t, func(*leafTemplate) {})
	w.pool().Expect[0].Chain = []*edge.Certificate{leaf}
	for i := range w.ev.Captures {
		if c := &w.ev.Captures[i]; len(c.Chain) > 1 {
			c.Chain, c.Presentations = []*edge.Certificate{testPKI().root}, nil
		}
	}
	j := w.judge()
	for _, f := range j.Findings {
		if f.Ahead {
			t.Errorf("%s: %s", f.Rule, f.Message)
		}
	}
	found := false
	for _, u := range j.Untold {
		found = found || strings.Contains(u.Reason, "holds no intermediate")
	}
	if !found {
		t.Errorf("untold: %+v", j.Untold)
	}
}
