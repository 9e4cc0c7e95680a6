package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"edgecert/scanner/audit"
)

// JUnit writes one suite a pool and one test a rule, for build servers. What
// makes the exit status fail is a failure: errors and warnings, by failOn
// ("error", "never") errors alone or nothing. Other findings are the output of a
// test that passes; what does not apply, could not be told, or is told by another
// rule's finding is skipped. A test named "coverage" is in error where a cell was not seen or the pool could not be
// judged wholly, so that a skipped rule never looks like a passed one. What
// changed is the output of a suite of its own.
func JUnit(w io.Writer, r Report, failOn string) error {
	all := junit.Testsuites{Name: "edgecert"}
	for i, p := range r.Pools {
		s := suite(r, p, failOn)
		s.ID = i
		all.AddSuite(s)
	}
	if len(r.Pools) == 0 {
		s := junit.Testsuite{Name: "edgecert", Time: "0"}
		s.AddTestcase(junit.Testcase{Name: "coverage", Classname: "edgecert", Error: &junit.Result{
			Message: "nothing was scanned", Type: string(r.Verdict), Data: "nothing was scanned"}})
		all.AddSuite(s)
	}
	if r.Changes != nil {
		all.AddSuite(changesSuite(r))
	}
	if _, err := io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"); err != nil {
		return err
	}
	return all.WriteXML(w)
}

// changesSuite tells what changed since the previous scan. A change is no
// failure: what is wrong with it is a finding.
func changesSuite(r Report) junit.Testsuite {
	s := junit.Testsuite{ID: len(r.Pools), Name: "changes", Hostname: Clean(r.Evidence.Host), Time: "0",
		Timestamp: r.Evidence.Started.Format(junitTime)}
	events := []string{"nothing changed"}
	if len(r.Changes) > 0 {
		events = nil
	}
	for _, c := range r.Changes {
		events = append(events, Clean(c.Kind)+": "+Clean(c.Pool)+": "+Clean(c.Message))
	}
	s.AddTestcase(junit.Testcase{Name: "changes", Classname: "edgecert", SystemOut: &junit.Output{Data: strings.Join(events, "\n")}})
	return s
}

// junitTime has no zone, since the JUnit schema has no room for one; it is UTC.
const junitTime = "2006-01-02T15:04:05"

func suite(r Report, p Pool, failOn string) junit.Testsuite {
	s := junit.Testsuite{
		Name: Clean(p.Plan.Name), Hostname: Clean(r.Evidence.Host),
		Time:      fmt.Sprintf("%.3f", r.Evidence.Finished.Sub(r.Evidence.Started).Seconds()),
		Timestamp: r.Evidence.Started.Format(junitTime),
	}
	s.AddProperty("verdict", string(p.Verdict))
	s.AddProperty("tool", Clean(r.Tool.Name+" "+r.Tool.Version))
	class := "edgecert." + Clean(p.Plan.Name)
	coverage := junit.Testcase{Name: "coverage", Classname: class}
	if c := p.Coverage(); r.Evidence.Interrupted || p.Verdict == audit.VerdictIncomplete || c.Planned == 0 || c.Failed > 0 {
		text := c.Seen()
		if r.Evidence.Interrupted {
			text += ", and the scan was interrupted"
		}
		coverage.Error = &junit.Result{Message: text, Type: "incomplete", Data: text}
	}
	s.AddTestcase(coverage)
	found := map[string][]audit.Finding{}
	for _, f := range p.Findings {
		found[f.Rule] = append(found[f.Rule], f)
	}
	rules := slices.Collect(maps.Keys(p.Rules))
	for rule := range found { // a finding without a rule's outcome is not lost
		if _, listed := p.Rules[rule]; !listed {
			rules = append(rules, rule)
		}
	}
	slices.Sort(rules)
	for _, rule := range rules {
		s.AddTestcase(testcase(p, class, rule, found[rule], failOn))
	}
	return s
}

func testcase(p Pool, class, rule string, fs []audit.Finding, failOn string) junit.Testcase {
	t := junit.Testcase{Name: Clean(rule), Classname: class}
	var failures, remarks []string
	worst := audit.Warning
	for _, f := range fs {
		text := strings.Trim(strings.Join(p.places(f), ", ")+": "+Clean(f.Message), ": ")
		if f.Fix != "" {
			text += "\nfix: " + Clean(f.Fix)
		}
		if f.Severity == audit.Error && failOn != "never" || f.Severity == audit.Warning && failOn != "never" && failOn != "error" {
			failures = append(failures, text)
		} else {
			remarks = append(remarks, string(f.Severity)+": "+text)
		}
		if f.Severity == audit.Error {
			worst = audit.Error
		}
	}
	switch {
	case len(failures) > 0:
		first, _, _ := strings.Cut(failures[0], "\n")
		if n := len(failures); n > 1 {
			first = fmt.Sprintf("%d findings, the first: %s", n, first)
		}
		t.Failure = &junit.Result{Message: first, Type: string(worst), Data: strings.Join(append(failures, remarks...), "\n\n")}
	case len(remarks) > 0:
		t.SystemOut = &junit.Output{Data: strings.Join(remarks, "\n\n")}
	case p.Rules[rule] == audit.NotApplicable:
		t.Skipped = &junit.Result{Message: "does not apply to this pool"}
	case p.Rules[rule] == audit.CouldNotTell:
		t.Skipped = &junit.Result{Message: "could not tell: " + p.whyUntold(rule)}
	case p.Rules[rule] == audit.Found:
		t.Skipped = &junit.Result{Message: "told by " + p.tellers(rule)}
	}
	return t
}

// tellers are the rules whose findings tell what this one found, too.
func (p Pool) tellers(rule string) string {
	var rules []string
	for _, f := range p.Findings {
		if slices.Contains(f.Also, rule) && !slices.Contains(rules, f.Rule) {
			rules = append(rules, f.Rule)
		}
	}
	return Enumerate(rules)
}

// places are the cells that a finding blames.
func (p Pool) places(f audit.Finding) []string {
	out := make([]string, len(f.Cells))
	for i, at := range f.Cells {
		e := p.Captures[at].Endpoint
		if out[i] = Clean(e.Place()); e.Place() != e.Dialed() {
			out[i] += " (" + Clean(e.Dialed()) + ")"
		}
	}
	return out
}

// whyUntold is why a rule could not tell.
func (p Pool) whyUntold(rule string) string {
	var reasons []string
	for _, u := range p.Untold {
		if slices.Contains(u.Rules, rule) {
			reasons = append(reasons, Clean(u.Reason))
		}
	}
	if len(reasons) == 0 {
		return "what it needs was not seen"
	}
	return strings.Join(reasons, "; ")
}
