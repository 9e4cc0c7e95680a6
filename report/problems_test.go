package report_test

import (
	"strings"
	"testing"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// Of pools that are equally bad the one in which something breaks today comes
// first, and the first step names it.
func TestWorstPoolFirst(t *testing.T) {
	t.Parallel()
	pool := func(name string, v audit.Verdict, f audit.Finding) report.Pool {
		f.Severity = audit.Error
		return report.Pool{Plan: edge.Pool{Name: name}, Judgement: audit.Judgement{Pool: name, Verdict: v, Findings: []audit.Finding{f},
			Problems: []audit.Problem{{Severity: audit.Error, Headline: "something is wrong", Findings: []int{0}}},
			Steps:    []audit.Step{{On: []string{"edge1"}, Text: "mend it", Problems: []int{0}}}}}
	}
	r := report.Report{Pools: []report.Pool{
		pool("well", audit.VerdictOK, audit.Finding{Rule: "expired"}),
		pool("next-week", audit.VerdictError, audit.Finding{Rule: "differs-across-members"}),
		pool("unseen", audit.VerdictIncomplete, audit.Finding{Rule: "endpoint-unreachable"}),
		pool("ahead", audit.VerdictError, audit.Finding{Rule: "expired", Ahead: true}),
		pool("today", audit.VerdictError, audit.Finding{Rule: "expired"}),
	}}
	got := ""
	for _, p := range r.WorstFirst() {
		got += p.Plan.Name + " "
	}
	if want := "today next-week ahead unseen well "; got != want {
		t.Errorf("worst first: %s, want %s", got, want)
	}
	if got, want := r.FirstStep(), "today: on edge1: mend it"; got != want {
		t.Errorf("first step %q, want %q", got, want)
	}
	for _, format := range []string{"table", "html", "markdown", "nagios"} {
		if out := strings.Join(strings.Fields(render(t, format, r)), " "); !strings.Contains(out, "today: something is wrong") {
			t.Errorf("%s lacks the headline:\n%s", format, out)
		}
	}
	r.Pools = r.Pools[1:2]
	if got, want := r.FirstStep(), "on edge1: mend it"; got != want {
		t.Errorf("first step of a lone pool %q, want %q", got, want)
	}
}

// The reason why a pool is incomplete may name dozens of endpoints: as a headline
// it stays a mail's subject.
func TestHeadlineOfWhatWasNotSeen(t *testing.T) {
	t.Parallel()
	p := report.Pool{Captures: make([]edge.Capture, 30), Judgement: audit.Judgement{Verdict: audit.VerdictIncomplete,
		Untold: []audit.Untold{{Reason: "edge1 was not asked before the scan ended"}}}}
	for i := range p.Captures {
		p.Captures[i].Outcome = edge.Failed
	}
	for reason, want := range map[string]string{
		p.Untold[0].Reason: "not everything could be seen: " + p.Untold[0].Reason,
		strings.Repeat("sip.contoso.com:443, ", 30) + "were not asked": "30 of 30 endpoints could not be seen",
	} {
		p.Untold[0].Reason = reason
		if got := p.Headline(); got != want {
			t.Errorf("headline %q, want %q", got, want)
		}
	}
	for i := range p.Captures {
		p.Captures[i].Outcome = edge.Captured
	}
	if got := p.Headline(); len(got) > 120 || !strings.HasPrefix(got, "not everything could be seen: ") {
		t.Errorf("headline %q", got)
	}
}
