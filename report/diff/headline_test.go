package diff

import (
	"slices"
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

// A problem has grown where it blames what no problem blamed; members that were
// mended are told as such.
func TestAProblemGrowsByPlace(t *testing.T) {
	t.Parallel()
	edge3 := []int{8, 9, 10}
	edges2and3 := append([]int{4, 5, 6}, edge3...)
	all := append([]int{0, 1, 2}, edges2and3...)
	ends := func(n *nightly, headline string, cells, differ []int) {
		n.Pools[0].Problems = []audit.Problem{{Severity: audit.Warning, Headline: headline, Findings: []int{0}}}
		n.add(audit.Finding{Rule: "expires-soon", Severity: audit.Warning, Message: "it ends", Subjects: []string{"the old one"}}, cells...)
		if len(differ) > 0 {
			n.Pools[0].Problems[0].Findings = []int{0, 1}
			n.add(audit.Finding{Rule: "differs-across-members", Severity: audit.Warning, Message: "it has another"}, differ...)
		}
	}
	for _, c := range []struct {
		name            string
		was, is, differ []int
		want            []string
	}{
		{"two of three were renewed", all, edge3, edge3, []string{"still: edge3 has the old one (differs-across-members)", "mended in part: edge3 has the old one (expires-soon)"}},
		{"one of three was renewed", all, edges2and3, edges2and3, []string{"still: edge3 has the old one (differs-across-members)", "mended in part: edge3 has the old one (expires-soon)"}},
		{"it came to one more", edge3, edges2and3, edges2and3, []string{"grown: edge3 has the old one (differs-across-members)",
			"now also on edge2 (access:443, access:5061, webcon:443): edge3 has the old one (expires-soon)"}},
		{"worse in the same place", edge3, edge3, edge3, []string{"still: edge3 has the old one (differs-across-members)"}},
		{"worse in another", edge3, edge3, all, []string{"grown: edge3 has the old one (differs-across-members)"}},
	} {
		was, is := night(t), night(t)
		ends(was, "it ends on all", c.was, nil)
		ends(is, "edge3 has the old one", c.is, c.differ)
		r := report.Report{Changes: Compare(was.Report, is.Report)}
		var got []string
		for _, x := range r.Happened() {
			got = append(got, x.Message)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
