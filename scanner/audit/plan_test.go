package audit

import (
	"crypto/x509"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"edgecert/scanner/audit/remedy/shelltest"
	"edgecert/scanner/edge"
)

// randomWorld is the healthy pool in which members present what chance gives
// them, and the inventory says what it likes.
func randomWorld(t *testing.T, random *rand.Rand, leaves []*edge.Certificate) *testWorld {
	w := healthy(t)
	if random.IntN(3) == 0 {
		w.pool().Inventory = nil
	}
	for _, m := range w.pool().Members {
		leaf := leaves[random.IntN(len(leaves))]
		present(leaf, w.member(m.Name)...)
		if random.IntN(3) == 0 {
			present(leaves[random.IntN(len(leaves))], w.member(m.Name)[random.IntN(3)])
		}
		if random.IntN(6) == 0 {
			down(edge.ClassRefused, w.member(m.Name)[random.IntN(3)])
		}
		if random.IntN(8) == 0 {
			send(nil, w.member(m.Name)[:3]...)
		}
		for i := range w.pool().Inventory {
			if r := &w.pool().Inventory[i]; r.Member == m.Name && random.IntN(2) == 0 {
				r.Thumbprint, r.NotBefore, r.NotAfter = leaf.Thumbprint(), leaf.NotBefore(), leaf.NotAfter()
			}
		}
	}
	switch random.IntN(4) {
	case 0:
		expects(w, "", leaves[random.IntN(len(leaves))], "new.pfx")
	case 1:
		expects(w, "", leaves[random.IntN(len(leaves))], "")
	}
	return w
}

func faultyLeaves(t *testing.T) []*edge.Certificate {
	good := makeLeaf(t, nil)
	leaves := []*edge.Certificate{good, good, good, good}
	for n, change := range []leafOption{
		valid(date(2026, 1, 1), date(2026, 5, 30)), valid(date(2026, 7, 1), date(2026, 12, 30)), valid(date(2026, 1, 1), date(2026, 6, 5)),
		lacking("sip.fabrikam.com"), lacking("webcon.contoso.com"), usage(x509.ExtKeyUsageClientAuth),
		func(c *leafTemplate) { c.CRLDistributionPoints = nil },
		func(c *leafTemplate) {
			c.Subject.CommonName, c.DNSNames = "x'; Remove-Item C:\\ -Recurse; '", append(c.DNSNames, "a'$(calc)`\n;b")
		},
	} {
		leaves = append(leaves, makeLeaf(t, func(c *leafTemplate) { change(c); c.SerialNumber = big.NewInt(int64(n + 1)) }))
	}
	return leaves
}

// Whatever the members present, the plan holds to its promises.
func TestPlansKeepTheirPromises(t *testing.T) {
	t.Parallel()
	leaves := faultyLeaves(t)
	random := rand.New(rand.NewPCG(5, 6))
	for n := range 400 {
		w := randomWorld(t, random, leaves)
		j := w.judge()
		checkPlan(t, w, j)
		if t.Failed() {
			t.Fatalf("world %d: problems %+v\nsteps %+v", n, j.Problems, j.Steps)
		}
	}
}

func checkPlan(t *testing.T, w *testWorld, j Judgement) {
	t.Helper()
	condemned := condemnedIn(w, j)
	installs := regexp.MustCompile(`-Thumbprint ([0-9A-F]{40})|Cert:\\LocalMachine\\My\\([0-9A-F]{40})`)
	settled := map[int]bool{}
	for _, s := range j.Steps {
		for _, p := range s.Problems {
			settled[p] = true
		}
		for _, c := range s.Commands {
			for _, m := range installs.FindAllStringSubmatch(c, -1) {
				if rule := condemned[m[1]+m[2]]; rule != "" {
					t.Errorf("a step installs what %s condemns: %s", rule, c)
				}
			}
			if err := shelltest.Parses(c); err != nil {
				t.Errorf("%v: %s", err, c)
			}
			if strings.Contains(c, "calc") || strings.Contains(c, "Remove-Item C:") {
				t.Errorf("text of a certificate in a command: %s", c)
			}
		}
	}
	told := map[int]bool{}
	for n, p := range j.Problems {
		if !settled[n] {
			t.Errorf("no step settles %q", p.Headline)
		}
		if len(p.Headline) > 120 || p.Headline == "" || strings.ContainsAny(p.Headline, "\"'`$;&|<>(){}\\\n") {
			t.Errorf("headline %q", p.Headline)
		}
		for _, i := range p.Findings {
			if told[i] || j.Findings[i].Problem != n {
				t.Errorf("finding %d is in two problems", i)
			}
			told[i] = true
		}
	}
	for i, f := range j.Findings {
		if (f.Severity == Info) == told[i] {
			t.Errorf("%s %s belongs to a problem: %t", f.Severity, f.Rule, told[i])
		}
		if f.Severity != Info && f.Fix == "" {
			t.Errorf("%s has no fix", f.Rule)
		}
	}
}

// condemnedIn are the leaves, by thumbprint, in which an error stands that
// another certificate would mend.
func condemnedIn(w *testWorld, j Judgement) map[string]string {
	out := map[string]string{}
	for _, f := range j.Findings {
		rule, _ := Find(f.Rule)
		if f.Severity != Error || rule.Weight == 0 {
			continue
		}
		for _, c := range f.Certificates {
			if f.Ahead || slices.ContainsFunc(w.ev.Captures, func(x edge.Capture) bool { return edge.Holds(x.Leaves(), c) }) {
				out[thumbprint(c)] = f.Rule
			}
		}
	}
	return out
}

// One member of twelve that was forgotten is one problem, and names nobody else.
func TestOneForgottenMemberIsOneProblem(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.pool().Inventory = nil
	present(oldLeaf(w), w.member("edge2")[:3]...)
	j := w.judge()
	if len(j.Problems) != 1 || !slices.Equal(j.Problems[0].Members, []string{"edge2"}) {
		t.Fatalf("%+v", j.Problems)
	}
	if h := j.Problems[0].Headline; !strings.HasPrefix(h, "edge2 still presents the old certificate ") || strings.Contains(h, "edge1") || !strings.Contains(h, "ends in 5 days") {
		t.Errorf("headline %q", h)
	}
	if plan := commands(j); strings.Contains(plan, edge.TypeAV) || !strings.Contains(plan, "-Type AccessEdgeExternal,DataEdgeExternal -Thumbprint") {
		t.Errorf("plan %s", plan)
	}
}

// A headline names an endpoint once, says of several what they have in common,
// and its step names what is assigned, and turns only where there are several.
func TestWordsOfProblems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change     func(*testWorld)
		want, step string
	}{
		"an IPv6 endpoint of the command line": {func(w *testWorld) {
			listed(edge.CommandLinePool, "[::1]:5061", "127.0.0.1:443")(w)
			w.ev.Captures[0].Endpoint.FQDN = ""
			down(edge.ClassRefused, &w.ev.Captures[0])
		}, "::1 port 5061 refuses connections", "start the service"},
		"a host of the command line": {func(w *testWorld) {
			listed(edge.CommandLinePool, "127.0.0.1:5061", "127.0.0.1:443")(w)
			w.ev.Captures[0].Endpoint.FQDN = ""
			down(edge.ClassRefused, &w.ev.Captures[0])
		}, "127.0.0.1:5061 refuses connections", "start the service"},
		"one service refuses, another is no TLS": {func(w *testWorld) {
			down(edge.ClassRefused, w.cell("edge2", edge.Access, 5061))
			down(edge.ClassNotTLS, w.cell("edge2", edge.WebConf, 443))
		}, "edge2 presents no certificate on access:5061 and webcon:443", "on edge2: start the service"},
		"one member has another certificate": {func(w *testWorld) {
			present(oldLeaf(w), w.member("edge2")...)
			w.pool().Inventory = nil
		}, "edge2 still presents the old certificate", "on edge2: assign it and restart: "},
		"one service of a member has another": {func(w *testWorld) {
			present(oldLeaf(w), w.cell("edge2", edge.WebConf, 443))
			w.pool().Inventory = nil
		}, "edge2 still presents the old certificate", "on edge2: assign the certificate "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			c.change(w)
			j := w.judge()
			if len(j.Problems) == 0 || !strings.HasPrefix(j.Problems[0].Headline, c.want) {
				t.Fatalf("problems %+v, not %q", j.Problems, c.want)
			}
			if fix := j.Findings[j.Problems[0].Findings[0]].Fix; !strings.Contains(fix, c.step) || strings.Contains(fix, "one member after the other") {
				t.Errorf("steps %q, without %q", fix, c.step)
			}
		})
	}
}

// Where all need a new certificate, the member that was forgotten at the last
// renewal is told all the same.
func TestForgottenMemberBesideALargerProblem(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.pool().Inventory = nil
	w.pool().SIPDomains = append(w.pool().SIPDomains, "tailspin.example")
	present(oldLeaf(w), w.cell("edge2", edge.WebConf, 443))
	j := w.judge()
	if len(j.Problems) == 0 || !strings.Contains(j.Problems[0].Headline, "lack sip.tailspin.example") {
		t.Fatalf("%+v", j.Problems)
	}
	impact := j.Problems[0].Impact
	if !strings.Contains(impact, "users of tailspin.example; edge2 still presents the old certificate ") || !strings.Contains(impact, " on webcon:443, which ends in 5 days") {
		t.Errorf("impact %q", impact)
	}
	w.pool().SIPDomains = w.pool().SIPDomains[:1]
	if impact := w.judge().Problems[0].Impact; strings.Contains(impact, "still") {
		t.Errorf("impact %q repeats the headline", impact)
	}
}
