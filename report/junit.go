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

// JUnit writes one suite a pool and one test a rule, for build servers. Errors
// are failures; a rule with nothing worse than warnings passes and says them in
// its output; what does not apply or could not be told is skipped. A test
// named "coverage" is in error where the pool could not be judged wholly, so
// that a skipped rule never looks like a passed one. What changed is the output
// of a suite of its own.
func JUnit(w io.Writer, r Report) error {
	all := junit.Testsuites{Name: "edgecert"}
	for i, p := range r.Pools {
		s := suite(r, p)
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
	s := junit.Testsuite{ID: len(r.Pools), Name: "changes", Hostname: Clean(r.Vantage.Host), Time: "0",
		Timestamp: r.Started.Format(junitTime)}
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

func suite(r Report, p Pool) junit.Testsuite {
	s := junit.Testsuite{
		Name: Clean(p.Name), Hostname: Clean(r.Vantage.Host),
		Time:      fmt.Sprintf("%.3f", r.Finished.Sub(r.Started).Seconds()),
		Timestamp: r.Started.Format(junitTime),
	}
	s.AddProperty("verdict", string(p.Verdict))
	s.AddProperty("tool", Clean(r.Tool.Name+" "+r.Tool.Version))
	class := "edgecert." + Clean(p.Name)
	coverage := junit.Testcase{Name: "coverage", Classname: class}
	if c := p.Coverage(); r.Interrupted || p.Verdict == audit.VerdictIncomplete || c.Planned == 0 {
		text := seenOf(c)
		if r.Interrupted {
			text += ", and the scan was interrupted"
		}
		coverage.Error = &junit.Result{Message: text, Type: "incomplete", Data: text}
	}
	s.AddTestcase(coverage)
	found := map[string][]Finding{}
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
	at := newPlaces(p)
	for _, rule := range rules {
		s.AddTestcase(testcase(p, class, rule, found[rule], at))
	}
	return s
}

func testcase(p Pool, class, rule string, fs []Finding, at places) junit.Testcase {
	t := junit.Testcase{Name: Clean(rule), Classname: class}
	var failures, remarks []string
	for _, f := range fs {
		text := strings.Trim(Clean(at.where(f))+": "+Clean(f.Message), ": ")
		if f.Fix != "" {
			text += "\nfix: " + Clean(f.Fix)
		}
		if f.Severity == audit.Error {
			failures = append(failures, text)
		} else {
			remarks = append(remarks, string(f.Severity)+": "+text)
		}
	}
	switch {
	case len(failures) > 0:
		first, _, _ := strings.Cut(failures[0], "\n")
		if n := len(failures); n > 1 {
			first = fmt.Sprintf("%d findings, the first: %s", n, first)
		}
		t.Failure = &junit.Result{Message: first, Type: "error", Data: strings.Join(append(failures, remarks...), "\n\n")}
	case len(remarks) > 0:
		t.SystemOut = &junit.Output{Data: strings.Join(remarks, "\n\n")}
	case p.Rules[rule] == audit.NotApplicable:
		t.Skipped = &junit.Result{Message: "does not apply to this pool"}
	case p.Rules[rule] == audit.CouldNotTell:
		t.Skipped = &junit.Result{Message: "could not tell: what it needs was not seen"}
	}
	return t
}
