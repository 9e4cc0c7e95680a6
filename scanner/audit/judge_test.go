package audit

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"edgecert/scanner/edge"
)

func TestVerdict(t *testing.T) {
	t.Parallel()
	webcon := func(w *testWorld) *edge.Capture { return w.cell("edge2", edge.WebConf, 443) }
	for _, c := range []struct {
		name   string
		change func(*testWorld)
		want   Verdict
	}{
		{"nothing but info", unchanged, VerdictOK},
		{"a warning", with(func(c *leafTemplate) { c.CRLDistributionPoints = nil }), VerdictWarning},
		{"an endpoint down", func(w *testWorld) { down(edge.ClassRefused, webcon(w)) }, VerdictIncomplete},
		{"an endpoint down and a warning", func(w *testWorld) {
			with(func(c *leafTemplate) { c.CRLDistributionPoints = nil })(w)
			down(edge.ClassRefused, webcon(w))
		}, VerdictIncomplete},
		{"an endpoint down and an error", func(w *testWorld) {
			with(lacking("sip.fabrikam.com"))(w)
			down(edge.ClassRefused, webcon(w))
		}, VerdictError},
		{"something else than TLS", func(w *testWorld) { down(edge.ClassNotTLS, webcon(w)) }, VerdictError},
		{"a name without an address", resolves("webcon.contoso.com", absent), VerdictIncomplete},
		{"an interrupted scan", func(w *testWorld) { down(edge.ClassInterrupted, webcon(w)) }, VerdictIncomplete},
		{"nothing planned", func(w *testWorld) { *w.pool(), w.ev.Captures = edge.Pool{Name: "empty", Kind: edge.EdgePool}, nil }, VerdictIncomplete},
		{"an error that is allowed", func(w *testWorld) {
			with(lacking("sip.fabrikam.com"))(w)
			w.pool().Allow = []string{"sip-domain-name-missing"}
		}, VerdictOK},
		{"an unreachable endpoint that is only a warning here", func(w *testWorld) {
			down(edge.ClassRefused, webcon(w))
			w.pool().Severities = map[string]string{idUnreachable: "warning"}
		}, VerdictWarning},
		{"an unreachable endpoint that is allowed", func(w *testWorld) {
			down(edge.ClassRefused, webcon(w))
			w.pool().Allow = []string{idUnreachable}
		}, VerdictIncomplete},
		{"an unreachable endpoint that is allowed, and a warning", func(w *testWorld) {
			with(func(c *leafTemplate) { c.CRLDistributionPoints = nil })(w)
			down(edge.ClassRefused, webcon(w))
			w.pool().Allow = []string{idUnreachable}
		}, VerdictIncomplete},
		{"something else than TLS that is only a warning here", func(w *testWorld) {
			down(edge.ClassNotTLS, webcon(w))
			w.pool().Severities = map[string]string{idNotTLS: "warning"}
		}, VerdictWarning},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			c.change(w)
			if got := w.judge().Verdict; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	const rule = "crl-missing"
	for _, c := range []struct {
		name         string
		pool, policy string // severities
		allow        string // "pool", "policy" or neither
		profile      string
		want         Severity // empty: no finding
	}{
		{name: "the rule's own", want: Warning},
		{name: "the pool's", pool: "error", want: Error},
		{name: "the command line over the pool's", pool: "error", policy: "info", want: Info},
		{name: "allowed by the pool", allow: "pool"},
		{name: "allowed by the command line, though the pool says error", pool: "error", allow: "policy"},
		{name: "a level that does not exist", pool: "fatal", want: Warning},
		{name: "a profile that does not raise it", profile: "federation", want: Warning},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			with(func(c *leafTemplate) { c.CRLDistributionPoints = nil })(w)
			w.pool().Severities = map[string]string{rule: c.pool}
			w.policy.Severities = map[string]Severity{rule: Severity(c.policy)}
			w.policy.Profile = c.profile
			switch c.allow {
			case "pool":
				w.pool().Allow = []string{rule}
			case "policy":
				w.policy.Allow = []string{rule}
			}
			j := w.judge()
			var got Severity
			for _, f := range j.Findings {
				if f.Rule == rule {
					got = f.Severity
				}
			}
			if got != c.want {
				t.Errorf("severity %q, want %q", got, c.want)
			}
			if c.allow != "" && j.Rules[rule] != NotApplicable {
				t.Errorf("an allowed rule is %s", j.Rules[rule])
			}
		})
	}
}

// A profile names rules that exist, and raises nothing that is an error anyway.
func TestProfilesRaiseRules(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"federation", "renewal"} {
		raised := 0
		for _, r := range Rules() {
			if slices.Contains(r.Raised, profile) {
				raised++
				if r.Severity == Error {
					t.Errorf("%s raises %s, which is an error anyway", profile, r.ID)
				}
			}
		}
		if raised == 0 {
			t.Errorf("%s raises nothing", profile)
		}
	}
}

func TestFindingsAreSortedWorstFirst(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	with(func(c *leafTemplate) { c.CRLDistributionPoints = nil })(w)
	down(edge.ClassRefused, w.cell("edge3", edge.WebConf, 443), w.cell("edge1", edge.WebConf, 443))
	var got []string
	for _, f := range w.judge().Findings {
		got = append(got, string(f.Severity)+" "+place(f))
	}
	want := []string{"error edge1 webcon 443", "error edge3 webcon 443", "warning pool", "info av 443"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// needs says whether a rule must see an endpoint to say pass of the pool.
func needs(rule Rule, e edge.Endpoint) bool {
	switch rule.ID {
	case idUnreachable, "certificate-undecodable":
		return true
	case "client-cert-not-requested", "too-many-acceptable-cas":
		return e.Role == edge.Access && e.ServicePort == federationPort
	case "client-cert-required-of-clients":
		return e.Role == edge.WebConf || e.Role == edge.Access && e.ServicePort != federationPort
	case "xmpp-name-missing", "client-auth-ending": // of a pool that requires nothing
		return e.Role == edge.XMPP
	case "differs-across-services", "differs-across-ports":
		return e.Role == edge.Access
	case "av-not-observable", "av-presents-certificate":
		return e.Role == edge.AV
	case "subject-not-in-san", "wildcard-only", "subject-not-access-name", "subject-not-first", "assigned-not-presented":
		return e.Role == edge.Access || e.Role == edge.WebConf
	}
	switch rule.Family {
	case "names":
		return rule.ID == "name-not-dns-safe" || e.Role == edge.Access || e.Role == edge.WebConf
	case "av", "dns":
		return false
	default:
		return true
	}
}

// Absence of evidence never passes: whatever is missing, no rule that needs it
// says pass, and what is left is not blamed for it.
func TestWhatWasNotSeenNeverPasses(t *testing.T) {
	t.Parallel()
	classes := edge.ErrorClasses()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		w := healthy(t)
		var missing []edge.Endpoint
		for i := range w.ev.Captures {
			if random.IntN(8) == 0 {
				down(classes[random.IntN(len(classes))], &w.ev.Captures[i])
				missing = append(missing, w.ev.Captures[i].Endpoint)
			}
		}
		j := w.judge()
		for _, r := range Rules() {
			if j.Rules[r.ID] != Pass {
				continue
			}
			for _, e := range missing {
				if needs(r, e) {
					t.Fatalf("%s passes without %s %s %d", r.ID, e.Member, e.Role, e.Port)
				}
			}
		}
		for _, f := range j.Findings {
			if f.Severity != Info && !slices.Contains([]string{idUnreachable, "tls-not-spoken"}, f.Rule) {
				t.Fatalf("%s because something else is missing: %s", f.Rule, f.Message)
			}
		}
		if len(missing) > 0 && j.Verdict == VerdictOK {
			t.Fatalf("all is well without %v", missing)
		}
	}
}

func TestFindAndSuggest(t *testing.T) {
	t.Parallel()
	if r, ok := Find("expired"); !ok || r.ID != "expired" {
		t.Errorf("expired: %v, %t", r.ID, ok)
	}
	if _, ok := Find("expierd"); ok {
		t.Error("a rule that does not exist was found")
	}
	for typed, want := range map[string]string{
		"expierd":                "expired",
		"differs-accross-member": "differs-across-members",
		"Expires_Soon":           "expires-soon",
		"webcon":                 "webcon-name-missing",
		"undecodable":            "certificate-undecodable",
		"":                       "",
		"something else wholly":  "",
	} {
		if got := Suggest(typed); got != want {
			t.Errorf("%q: suggested %q, want %q", typed, got, want)
		}
	}
}

// What is run in an administrator's shell holds no text from the network.
func TestFixesHoldNoNetworkText(t *testing.T) {
	t.Parallel()
	const evil = "x; Remove-Item C:\\ -Recurse; $(calc)"
	w := healthy(t)
	w.pool().Services[1].FQDN = evil // as an SRV target or a topology might say
	hostile := makeLeaf(t, func(c *leafTemplate) {
		c.Subject.CommonName, c.DNSNames = evil, []string{"evil`n.example", "a\"b.example"}
		c.ExtKeyUsage, c.CRLDistributionPoints = nil, nil
	})
	present(hostile, w.cell("edge2", edge.WebConf, 443))
	inventoried("edge3", edge.TypeAV, func(r *edge.InventoryRecord) { r.Thumbprint = evil })(w)
	for _, f := range w.judge().Findings {
		for _, bad := range []string{"Remove-Item", "$(", "`n", `a"b`} {
			if strings.Contains(f.Fix, bad) {
				t.Errorf("%s: the fix holds %q: %s", f.Rule, bad, f.Fix)
			}
		}
	}
}
