package vantage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/report"
	"edgecert/report/formats"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// fromBoth merges two views of one pool, each changed as the case asks.
func fromBoth(t *testing.T, inside, outside func(*reporttest.World)) report.Report {
	t.Helper()
	var scans []Scan
	for i, change := range []func(*reporttest.World){inside, outside} {
		w := reporttest.New(t, 2)
		if change != nil {
			change(w)
		}
		scans = append(scans, Scan{[]string{"inside", "outside"}[i], w.Report()})
	}
	r, err := Merge(scans)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMergeFindsDifferences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		inside, outside func(*reporttest.World)
		want            []string // severity and start of the message of each finding of the rule
		verdict         audit.Verdict
		rule            audit.Outcome
	}{
		{"the same from everywhere", nil, nil, nil, audit.VerdictOK, audit.Pass},
		{"a proxy inside", func(w *reporttest.World) { w.Present("edge1", edge.WebConf, 443, w.PreviousLeaf) }, nil,
			[]string{"error edge1 webcon:443: the certificate depends on the vantage (inside: B (thumbprint"}, audit.VerdictError, audit.Found},
		{"a firewall outside", nil, func(w *reporttest.World) { w.Fail("edge2", edge.Access, 5061, edge.ClassTimeout, "no answer") },
			[]string{"warning edge2 access:5061: the answer depends on the vantage (inside: captured; outside: no answer)"}, audit.VerdictWarning, audit.Found},
		{"down from everywhere, each in its own way", func(w *reporttest.World) { w.Fail("edge2", edge.Access, 5061, edge.ClassTimeout, "no answer") },
			func(w *reporttest.World) { w.Fail("edge2", edge.Access, 5061, edge.ClassRefused, "refused") }, nil, audit.VerdictOK, audit.CouldNotTell},
		{"another chain outside", nil, func(w *reporttest.World) { c := w.At("edge1", edge.Access, 443); c.Chain = c.Chain[:1] },
			[]string{"warning edge1 access:443: the chain behind the certificate depends on the vantage (inside: 1 certificate behind it; outside: nothing behind it)"},
			audit.VerdictWarning, audit.Found},
		{"another TLS version everywhere outside", nil, func(w *reporttest.World) {
			for i := range w.Evidence.Captures {
				if tls := w.Evidence.Captures[i].TLS; tls != nil {
					tls.Version = "TLS 1.3"
				}
			}
		}, []string{"warning edge1 access:443, edge1 access:5061, edge1 webcon:443, edge2 access:443, edge2 access:5061 and " +
			"edge2 webcon:443: the TLS version depends on the vantage (inside: TLS 1.2; outside: TLS 1.3)"}, audit.VerdictWarning, audit.Found},
		{"a member that only the inside knows", nil, func(w *reporttest.World) { w.Evidence.Captures = w.Evidence.Captures[:4] },
			[]string{"info planned from inside alone: edge2 access:443, edge2 access:5061, edge2 webcon:443 and edge2 av:443"}, audit.VerdictOK, audit.Found},
		{"the scan outside was interrupted", nil, func(w *reporttest.World) {
			w.Fail("edge2", edge.Access, 5061, edge.ClassInterrupted, "the scan ended first")
		}, nil, audit.VerdictOK, audit.CouldNotTell},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := fromBoth(t, c.inside, c.outside).Pools[0]
			var got []string
			for _, f := range p.Findings {
				if f.Rule == Differs {
					got = append(got, string(f.Severity)+" "+f.Message)
				}
			}
			if len(got) != len(c.want) || !slices.EqualFunc(got, c.want, strings.HasPrefix) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if p.Rules[Differs] != c.rule {
				t.Errorf("rule %s, want %s", p.Rules[Differs], c.rule)
			}
			if p.Verdict != c.verdict {
				t.Errorf("verdict %s, want %s", p.Verdict, c.verdict)
			}
		})
	}
}

// TestMergeIsAReport: every format takes it, and its file is read again.
func TestMergeIsAReport(t *testing.T) {
	t.Parallel()
	r := fromBoth(t, func(w *reporttest.World) { w.Present("edge1", edge.WebConf, 443, w.PreviousLeaf) }, func(w *reporttest.World) {
		w.Find(audit.VerdictError, audit.Finding{Rule: "endpoint-unreachable", Severity: audit.Error, Member: "edge2", Role: edge.Access, Message: "no answer"})
	})
	var rows, seen []string
	for _, e := range r.Pools[0].Captures {
		if !slices.Contains(rows, e.Member) {
			rows = append(rows, e.Member)
		}
	}
	if diff := cmp.Diff([]string{"edge1 @inside", "edge1 @outside", "edge2 @inside", "edge2 @outside"}, rows); diff != "" {
		t.Error(diff)
	}
	for _, f := range r.Pools[0].Findings {
		seen = append(seen, f.Rule+" "+f.Member)
	}
	if diff := cmp.Diff([]string{"vantage-differs edge1", "endpoint-unreachable edge2 @outside", "av-not-observable "}, seen); diff != "" {
		t.Error(diff)
	}
	for _, f := range formats.All() {
		var b strings.Builder
		if err := f.Render(&b, r, formats.Options{}); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if f.Name == "table" && (!strings.Contains(b.String(), "edge2 @outside") || !strings.Contains(b.String(), "inside, outside")) {
			t.Errorf("the table does not show the vantages:\n%s", &b)
		}
		if _, err := report.Load(t.Context(), strings.NewReader(b.String())); f.Name == "json" && (err == nil || !strings.Contains(err.Error(), "several vantage points")) {
			t.Errorf("read as if it were a scan: %v", err)
		}
	}
}

// What every view found stands once, with its own problem and step, however alike
// findings of the same cells are.
func TestMergeTellsAlikeFindingsApart(t *testing.T) {
	t.Parallel()
	found := func(w *reporttest.World, own string) {
		var fs []audit.Finding
		for _, x := range []struct{ rule, subject, command string }{{"expired", "", "a"}, {"sip-domain-name-missing", "sip.a.example", "b"}, {"sip-domain-name-missing", "sip.b.example", own}} {
			fs = append(fs, audit.Finding{Rule: x.rule, Severity: audit.Error, Member: "edge2", Subjects: []string{x.subject},
				Steps: []audit.Step{{On: []string{"edge2"}, Text: "do it", Commands: []string{x.command}}}})
		}
		w.Find(audit.VerdictError, fs...)
		for i, f := range fs {
			j := &w.Judgements[0]
			j.Problems = append(j.Problems, audit.Problem{Severity: audit.Error, Headline: f.Rule + f.Subjects[0], Findings: []int{i}})
			j.Steps = append(j.Steps, audit.Step{On: f.Steps[0].On, Text: f.Steps[0].Text, Commands: f.Steps[0].Commands, Problems: []int{i}})
		}
	}
	p := fromBoth(t, func(w *reporttest.World) { found(w, "c") }, func(w *reporttest.World) { found(w, "d") }).Pools[0]
	var got []string
	for i, x := range p.Problems {
		for _, n := range x.Findings {
			f := p.Findings[n]
			got = append(got, x.Headline+" is "+f.Rule+f.Subjects[0])
			if f.Problem != i {
				t.Errorf("finding %d of problem %d says problem %d", n, i, f.Problem)
			}
		}
	}
	for _, s := range p.Steps {
		for _, n := range s.Problems {
			got = append(got, p.Problems[n].Headline+" by "+s.Commands[0])
		}
	}
	want := []string{"expired is expired", "sip-domain-name-missingsip.a.example is sip-domain-name-missingsip.a.example", "sip-domain-name-missingsip.b.example is sip-domain-name-missingsip.b.example",
		"expired by a", "sip-domain-name-missingsip.a.example by b", "sip-domain-name-missingsip.b.example by c", "sip-domain-name-missingsip.b.example by d"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A problem and its step say from where they were seen, unless all views have them.
func TestMergeSaysFromWhereAProblemWasSeen(t *testing.T) {
	t.Parallel()
	found := func(rules ...string) func(*reporttest.World) {
		return func(w *reporttest.World) {
			var fs []audit.Finding
			for _, rule := range rules {
				fs = append(fs, audit.Finding{Rule: rule, Severity: audit.Error, Member: "edge2"})
			}
			w.Find(audit.VerdictError, fs...)
			j := &w.Judgements[0]
			for i, rule := range rules {
				j.Problems = append(j.Problems, audit.Problem{Severity: audit.Error, Headline: rule, Findings: []int{i}})
				j.Steps = append(j.Steps, audit.Step{On: []string{"edge2"}, Text: "mend " + rule, Problems: []int{i}})
			}
			j.Steps = append(j.Steps, audit.Step{Text: "look again", Problems: []int{len(rules) - 1}})
		}
	}
	p := fromBoth(t, found("expired", "key-weak"), found("expired", "chain-incomplete")).Pools[0]
	headlines := edge.Map(p.Problems, func(x audit.Problem) string { return x.Headline })
	if d := cmp.Diff([]string{"expired", "from inside: key-weak", "from outside: chain-incomplete"}, headlines); d != "" {
		t.Error(d)
	}
	if h := headlineFrom(strings.Repeat("far", 30), strings.Repeat("a name ", 17)); len(h) > 120 || !strings.HasPrefix(h, "from farfar") || !strings.HasSuffix(h, "...") {
		t.Errorf("a long headline: %q", h)
	}
	steps := edge.Map(p.Steps, func(s audit.Step) string { return fmt.Sprint(report.StepText(s), s.Problems) })
	want := []string{"on edge2: mend expired[0]", "on edge2: as seen from inside: mend key-weak[1]", "look again[1 2]", "on edge2: as seen from outside: mend chain-incomplete[2]"}
	if d := cmp.Diff(want, steps); d != "" {
		t.Error(d)
	}
}

// What is about the scans as a whole is of all of them: what one of three was asked
// or saw is not lost with the others.
func TestMergeKeepsTheEvidenceOfAll(t *testing.T) {
	t.Parallel()
	a, b, c := reporttest.New(t, 1), reporttest.New(t, 1), reporttest.New(t, 1)
	a.Evidence.Revocation = map[edge.Fingerprint]edge.Revocation{a.Leaf.Fingerprint: {Status: edge.Good}}
	b.Evidence.Revocation = map[edge.Fingerprint]edge.Revocation{a.CA.Fingerprint: {Status: edge.Good}}
	b.Evidence.Interrupted, b.Evidence.HostRoots = true, true
	for _, order := range [][]*reporttest.World{{a, b, c}, {c, a, b}, {b, c, a}} {
		var scans []Scan
		for _, w := range order {
			scans = append(scans, Scan{"", w.Report()})
		}
		r, err := Merge(scans)
		if err != nil {
			t.Fatal(err)
		}
		if ev := r.Evidence; len(ev.Revocation) != 2 || !ev.Interrupted || !ev.HostRoots {
			t.Errorf("revocation %v, interrupted %t, host roots %t", ev.Revocation, ev.Interrupted, ev.HostRoots)
		}
	}
	if r, err := Merge([]Scan{{"", c.Report()}, {"", c.Report()}}); err != nil || r.Evidence.Revocation != nil {
		t.Errorf("revocation that nobody asked for: %v, error %v", r.Evidence.Revocation, err)
	}
}

// Which certificate is right is said where all vantages say the same one.
func TestMergeAgreesOnWhatIsRight(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		other *edge.Certificate
		want  bool
	}{
		"the same": {reporttest.New(t, 1).Leaf, true}, "another": {reporttest.New(t, 1).PreviousLeaf, false}, "none": {nil, false},
	} {
		inside, outside := reporttest.New(t, 1).Report(), reporttest.New(t, 1).Report()
		for role := range outside.Pools[0].Right {
			outside.Pools[0].Right[role] = c.other
		}
		r, err := Merge([]Scan{{"inside", inside}, {"outside", outside}})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Pools[0].Right[edge.Access]; (got != nil) != c.want {
			t.Errorf("%s: right is %v", name, got)
		}
	}
}

// TestFindingsNameCertificatesByOneLetter: what is A in one scan may be B where
// scans stand side by side, and what is said of it is said of B.
func TestFindingsNameCertificatesByOneLetter(t *testing.T) {
	t.Parallel()
	inside, outside := reporttest.New(t, 1), reporttest.New(t, 1)
	for _, c := range reporttest.HealthyCells()[:3] {
		outside.Present("edge1", c.Role, c.Port, outside.PreviousLeaf)
	}
	scans := []Scan{{"inside", inside.Report()}, {"outside", outside.Report()}}
	letters := Letters(scans)
	if got := letters["edge-emea"][outside.PreviousLeaf.Fingerprint]; got != "B" {
		t.Fatalf("letter %q, want B", got)
	}
	for i := range scans {
		r := &scans[i].Report
		*r = report.New(r.Evidence, audit.JudgeLettered(t.Context(), r.Evidence, r.Policy, r.Now(), letters), r.Policy, r.Tool)
	}
	r, err := Merge(scans)
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, f := range r.Pools[0].Findings {
		c := f.Certificate()
		if c == nil || r.Pools[0].Letters[c.Fingerprint] == "" { // an intermediate has none
			continue
		}
		if f.Rule != Differs && strings.Contains(f.Message, strings.ToUpper(c.Thumbprint())) {
			said++
			if want := audit.Named(r.Pools[0].Letters[c.Fingerprint], c.Thumbprint(), "serial "+c.Serial()); !strings.Contains(f.Message, strings.TrimSuffix(want, ")")) {
				t.Errorf("%q does not name %s", f.Message, want)
			}
		}
	}
	if said == 0 {
		t.Error("no finding names a certificate")
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	r := reporttest.New(t, 1).Report()
	merged := fromBoth(t, nil, nil)
	for name, scans := range map[string][]Scan{
		"nothing": nil, "one scan": {{"inside", r}}, "a merged report": {{"inside", r}, {"both", merged}},
	} {
		if _, err := Merge(scans); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	unnamed, err := Merge([]Scan{{"", r}, {"", r}, {"outside", r}})
	if err != nil {
		t.Fatal(err)
	}
	if unnamed.Evidence.Host != "jump1, jump1 (2), outside" {
		t.Errorf("names %q", unnamed.Evidence.Host)
	}
}
