package audit

import (
	"cmp"
	"maps"
	"slices"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

// untold gathers why rules could not tell: what was not seen, by what became of
// it, and every other reason once, with the rules and captures that it is about.
func (w *world) untold() []Untold {
	var out []Untold
	places := edge.Places[string]{}
	cells := []map[int]bool{}
	add := func(key, rule string, at []int) {
		n, first := places.Of(key)
		if first {
			out, cells = append(out, Untold{Reason: key}), append(cells, map[int]bool{})
		}
		if !slices.Contains(out[n].Rules, rule) {
			out[n].Rules = append(out[n].Rules, rule)
		}
		for _, i := range at {
			cells[n][i] = true
		}
	}
	for _, r := range w.rehearse() {
		for _, rule := range w.scan.rules {
			if !rehearsed(rule) || w.allowed(rule.ID) {
				continue
			}
			for _, d := range r.result(rule.ID).unsure {
				add(cmp.Or(d.reason, undecodable), rule.ID, r.real(d.at))
			}
		}
	}
	notSeen := map[string]bool{}
	for _, rule := range w.scan.rules {
		if w.allowed(rule.ID) {
			continue
		}
		for _, d := range w.result(rule.ID).unsure {
			failed := edge.Keep(d.at, func(i int) bool { return unseen(w.captures[i]) && !ours(w.captures[i]) })
			if d.reason == "" {
				failed = d.at
			} else if len(failed) < max(1, len(d.at)) {
				add(d.reason, rule.ID, without(d.at, failed))
			}
			for _, i := range failed { // whatever was asked of them
				word := remedy.DownWord(w.captures[i])
				notSeen[word] = true
				add(word, rule.ID, []int{i})
			}
		}
	}
	for n := range out {
		slices.Sort(out[n].Rules)
		out[n].Cells = slices.Sorted(maps.Keys(cells[n]))
		if word := out[n].Reason; notSeen[word] {
			if len(w.names(out[n].Cells)) > 1 {
				word = remedy.Agree(word)
			}
			out[n].Reason = w.where(out[n].Cells) + " " + word
		}
	}
	slices.SortStableFunc(out, func(a, b Untold) int { return cmp.Compare(len(b.Rules), len(a.Rules)) })
	return out
}
