package diff

import (
	"fmt"
	"slices"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// whole says whether all findings of a finding's problem are among those that
// came, or went.
func whole(p report.Pool, f audit.Finding, moved []audit.Finding) bool {
	n := 0
	for _, m := range moved {
		if m.Problem == f.Problem {
			n++
		}
	}
	return n == len(p.Problems[f.Problem].Findings)
}

// blamedBefore are the places that problems of the earlier scan blamed: cells, the
// members that have them, and what findings without cells spoke of.
func (d *poolDiff) blamedBefore() map[string]bool {
	out := map[string]bool{}
	for _, f := range d.was.Findings {
		if f.Problem < 0 {
			continue
		}
		for _, place := range places(f, d.nowAt) {
			out[place] = true
		}
		for _, at := range f.Cells {
			out[d.was.Captures[at].Member] = true
		}
	}
	return out
}

// whatBecame says whether a problem that is not new has grown, or is another view
// of what was wrong in the same places: of two members that were renewed and a
// third that was not, the third is where it was.
func (d *poolDiff) whatBecame() func(problem int) string {
	before, known := d.blamedBefore(), map[int]string{}
	return func(problem int) string {
		if known[problem] == "" {
			known[problem] = "still: "
			for _, i := range d.is.Problems[problem].Findings {
				if slices.ContainsFunc(places(d.is.Findings[i], nil), func(place string) bool { return !before[place] }) {
					known[problem] = "grown: "
				}
			}
		}
		return known[problem]
	}
}

// places are the cells that a finding blames, else its member and what it is about.
func places(f audit.Finding, nowAt []int) []string {
	if len(f.Cells) > 0 {
		return edge.Map(cellsNow(f, nowAt), func(at int) string { return fmt.Sprint(at) })
	}
	if f.Member == "" {
		return f.Subjects
	}
	return append([]string{f.Member}, f.Subjects...)
}
