package audit

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"edgecert/scanner/edge"
)

// A ruleCase is the healthy pool with one mutation, and what one rule has to
// say of it. The name states the situation.
type ruleCase struct {
	rule   string
	name   string
	change func(*testWorld)
	want   Outcome

	// Of a finding: how bad, where ("edge2 webcon 443", port as dialed, empty
	// words for what stays empty: see place), and what its text must say.
	severity Severity
	at       string
	says     []string
	fix      string
	count    int // how many findings of the rule; 0: one

	// Other rules that rightly find an error or a warning in the same world.
	also []string
}

// told is wanted of a rule whose fact the finding of another rule tells (Also).
const told Outcome = "told by another rule"

// allCases gathers the cases of every family.
func allCases() []ruleCase {
	return slices.Concat(
		coverageCases(),
		consistencyCases(),
		expectedCases(),
		assignedCases(),
		storeCases(),
		nameCases(),
		usageCases(),
		validityCases(),
		tlsCases(),
		presentationCases(),
		avCases(),
		dnsCases(),
		listCases(),
		trustCases(),
		revocationCases(),
		fileCases(),
	)
}

func TestRules(t *testing.T) {
	t.Parallel()
	for _, c := range allCases() {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			c.change(w)
			c.check(t, w.judge())
		})
	}
}

func (c ruleCase) check(t *testing.T, j Judgement) {
	t.Helper()
	if c.want == told {
		c.want = Found
		if !slices.ContainsFunc(j.Findings, func(f Finding) bool { return slices.Contains(f.Also, c.rule) }) {
			t.Errorf("no finding names %s among its others", c.rule)
		}
		c.count = -1
	}
	if got := j.Rules[c.rule]; got != c.want {
		t.Errorf("%s: %s, want %s", c.rule, got, c.want)
	}
	var own []Finding
	for _, f := range j.Findings {
		switch {
		case f.Rule == c.rule:
			own = append(own, f)
		case f.Severity != Info && !slices.Contains(c.also, f.Rule):
			t.Errorf("also: %s %s at %q: %s", f.Severity, f.Rule, place(f), f.Message)
		}
	}
	for _, id := range c.also {
		if j.Rules[id] != Found {
			t.Errorf("%s: %s, want a finding too", id, j.Rules[id])
		}
	}
	if c.want != Found {
		return
	}
	if c.count < 0 {
		if len(own) > 0 {
			t.Errorf("%d findings of its own", len(own))
		}
		return
	}
	if n := max(c.count, 1); len(own) != n {
		t.Fatalf("%d findings of %s, want %d: %+v", len(own), c.rule, n, own)
	}
	f := own[0]
	rule, _ := Find(c.rule)
	if want := orDefault(c.severity, rule.Severity); f.Severity != want {
		t.Errorf("severity %s, want %s", f.Severity, want)
	}
	if got := place(f); got != c.at {
		t.Errorf("at %q, want %q", got, c.at)
	}
	for _, s := range c.says {
		if !strings.Contains(f.Message, s) {
			t.Errorf("the message does not say %q: %s", s, f.Message)
		}
	}
	if f.Message == "" || f.Fix == "" {
		t.Errorf("message %q, fix %q: both must say something", f.Message, f.Fix)
	}
	if !strings.Contains(f.Fix, c.fix) {
		t.Errorf("the fix does not say %q: %s", c.fix, f.Fix)
	}
}

func orDefault(s, standard Severity) Severity {
	if s == "" {
		return standard
	}
	return s
}

// place is where a finding is, in words; "pool" where it is everywhere.
func place(f Finding) string {
	words := []string{f.Member, string(f.Role)}
	if f.Port != 0 {
		words = append(words, itoa(f.Port))
	}
	words = slices.DeleteFunc(words, func(s string) bool { return s == "" })
	if len(words) == 0 {
		return "pool"
	}
	return strings.Join(words, " ")
}

func TestHealthyPoolHasNeitherErrorNorWarning(t *testing.T) {
	t.Parallel()
	j := healthy(t).judge()
	for _, f := range j.Findings {
		if f.Severity != Info {
			t.Errorf("%s %s at %q: %s", f.Severity, f.Rule, place(f), f.Message)
		}
	}
	if j.Verdict != VerdictOK {
		t.Errorf("verdict %s", j.Verdict)
	}
}

// A rule lands whole: documented, sourced, with a passing and a failing case.
func TestEveryRuleIsWhole(t *testing.T) {
	t.Parallel()
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$|^expired$|^revoked$`)
	passes, fails := map[string]bool{}, map[string]bool{}
	for id, o := range healthy(t).judge().Rules {
		passes[id] = o == Pass
	}
	for _, c := range allCases() {
		passes[c.rule] = passes[c.rule] || c.want == Pass
		fails[c.rule] = fails[c.rule] || c.want == Found
	}
	seen := map[string]bool{}
	for _, r := range Rules() {
		switch {
		case !kebab.MatchString(r.ID):
			t.Errorf("%q: an ID is lower-case words joined by hyphens", r.ID)
		case seen[r.ID]:
			t.Errorf("%s: listed twice", r.ID)
		case r.Severity.Rank() < 0:
			t.Errorf("%s: severity %q", r.ID, r.Severity)
		case r.Short == "" && r.Severity != Info:
			t.Errorf("%s: nothing short for a headline", r.ID)
		case r.Title == "" || r.Family == "" || r.Source == "" || r.Run == nil:
			t.Errorf("%s: title, family, source or run is missing", r.ID)
		case strings.Contains(r.Source+r.Title+r.Varies, "\n"):
			t.Errorf("%s: title, source and what varies are a line each", r.ID)
		case !strings.Contains(r.Doc, "\n\nHow to fix it: "):
			t.Errorf("%s: the doc does not end in how to fix it", r.ID)
		case !passes[r.ID]:
			t.Errorf("%s: no case in which it passes", r.ID)
		case !fails[r.ID]:
			t.Errorf("%s: no case in which it finds something", r.ID)
		}
		seen[r.ID] = true
	}
	for id := range fails {
		if !seen[id] {
			t.Errorf("a case for %s, which no rule is called", id)
		}
	}
}

func TestEveryPoolHasEveryRule(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.ev.Pools = append(w.ev.Pools, edge.Pool{Name: "empty", Kind: edge.EdgePool}, edge.Pool{Name: "loose", Kind: edge.LoosePool})
	for _, j := range Judge(context.Background(), w.ev, w.policy, w.now) {
		for _, r := range Rules() {
			if !slices.Contains([]Outcome{Pass, Found, NotApplicable, CouldNotTell}, j.Rules[r.ID]) {
				t.Errorf("%s: %s is %q", j.Pool, r.ID, j.Rules[r.ID])
			}
		}
		if len(j.Rules) != len(Rules()) {
			t.Errorf("%s: %d rules of %d", j.Pool, len(j.Rules), len(Rules()))
		}
	}
}
