package diff

import (
	"testing"

	"edgecert/report"
	"edgecert/scanner/audit"
)

// What became of a problem is told once, however many findings it has.
func TestAProblemIsToldOnce(t *testing.T) {
	t.Parallel()
	forgotten := func(n *nightly, cells ...int) {
		x := audit.Problem{Severity: audit.Error, Headline: "edge2 was forgotten"}
		for _, at := range cells {
			x.Findings = append(x.Findings, len(n.Pools[0].Findings))
			n.add(audit.Finding{Rule: "differs-across-members", Severity: audit.Error, Message: "edge2 has another"}, at)
		}
		if len(cells) > 0 {
			n.Pools[0].Problems = []audit.Problem{x}
		}
	}
	for _, c := range []struct {
		name    string
		was, is []int // the cells that the problem blames
		want    []string
	}{
		{"it came", nil, []int{4, 5, 6}, []string{"new: edge2 was forgotten (differs-across-members)"}},
		{"it went", []int{4, 5, 6}, nil, []string{"gone: edge2 was forgotten (differs-across-members)"}},
		{"it grew", []int{4}, []int{4, 5, 6}, []string{"grown: edge2 was forgotten (differs-across-members)"}},
		{"it shrank", []int{4, 5}, []int{4}, []string{"gone in part: edge2 was forgotten (differs-across-members)"}},
	} {
		was, is := night(t), night(t)
		forgotten(was, c.was...)
		forgotten(is, c.is...)
		r := report.Report{Changes: Compare(was.Report, is.Report)}
		if want := max(len(c.was), len(c.is)) - min(len(c.was), len(c.is)); len(r.Changes) != want {
			t.Errorf("%s: %d events, want %d: %+v", c.name, len(r.Changes), want, r.Changes)
		}
		var got []string
		for _, x := range r.Happened() {
			got = append(got, x.Message)
		}
		if len(got) != len(c.want) {
			t.Fatalf("%s: %q, want %q", c.name, got, c.want)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %q, want %q", c.name, got[i], c.want[i])
			}
		}
	}
}
