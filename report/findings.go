package report

import (
	"slices"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// How many findings of one rule a pool lists. An Edge pool has at most twelve
// members; a loose list has thousands of endpoints with the same trouble.
const (
	maxPerRule      = 24
	maxPerRuleLoose = 3
)

// A Listed finding is one as people read it among others.
type Listed struct {
	audit.Finding
	More int // how many more of its rule are not listed
}

// Listed lists a pool's findings as audit ordered them, worst first, at most so
// many of a rule.
func (p Pool) Listed() []Listed {
	limit := maxPerRule
	if p.Plan.Kind == edge.LoosePool || p.TooTall() {
		limit = maxPerRuleLoose
	}
	type kind struct { // the findings of a rule that weigh the same
		rule     string
		severity audit.Severity
	}
	total, listed := map[kind]int{}, map[kind]int{}
	for _, f := range p.Findings {
		total[kind{f.Rule, f.Severity}]++
	}
	var out []Listed
	for _, f := range p.Findings {
		k := kind{f.Rule, f.Severity}
		if listed[k]++; listed[k] > limit {
			continue
		}
		t := Listed{Finding: f}
		if listed[k] == limit {
			t.More = total[k] - limit
		}
		out = append(out, t)
	}
	return out
}

// Notes are the findings that are only to be known: all, or without those that the
// matrix shows.
func (p Pool) Notes(all bool) []audit.Finding {
	drawn := audit.Having(func(r audit.Rule) bool { return r.Drawn })
	return slices.DeleteFunc(slices.Clone(p.Findings), func(f audit.Finding) bool { return f.Severity != audit.Info || drawn[f.Rule] && !all })
}

// AndMore counts the findings of a rule that are not listed.
func (l Listed) AndMore() string { return "and " + Thousands(l.More) + " more of " }
