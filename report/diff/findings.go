package diff

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// findings tells what is newly wrong, no longer wrong, wrong to another degree,
// or wrong in other places or with other things. Two findings are the same if
// their rule, their cells by place and their subjects are; what is left on both
// sides is the same one, changed, where rule and a cell or subject are.
func (d *poolDiff) findings() {
	left := map[string][]audit.Finding{}
	for _, f := range d.was.Findings {
		k := d.identity(f, d.nowAt)
		left[k] = append(left[k], f)
	}
	var fresh []audit.Finding
	var other []report.Change
	for _, f := range d.is.Findings {
		k := d.identity(f, nil)
		if len(left[k]) == 0 {
			fresh = append(fresh, f)
			continue
		}
		if was := left[k][0]; was.Severity != f.Severity {
			other = append(other, d.finding(report.FindingSeverity, fmt.Sprintf("was %s, is %s: ", was.Severity, f.Severity), f,
				string(was.Severity), string(f.Severity)))
		}
		left[k] = left[k][1:]
	}
	var gone []audit.Finding
	for _, f := range d.was.Findings { // in their order
		k := d.identity(f, d.nowAt)
		gone = append(gone, left[k]...)
		delete(left, k)
	}
	fresh, gone, changed := d.pairChanged(fresh, gone)
	became := d.whatBecame()
	for _, f := range fresh {
		if !d.toldAlready(f, false) {
			c := d.finding(report.FindingNew, "new: ", f, "", string(f.Severity))
			if c.Headline != "" && !whole(d.is, f, fresh) {
				c.Headline = became(f.Problem) + d.is.Problems[f.Problem].Headline
			}
			d.changes = append(d.changes, c)
		}
	}
	over := edge.Keep(gone, d.couldTell)
	for _, f := range over {
		if !d.toldAlready(f, true) {
			c := d.finding(report.FindingGone, "gone: ", f, string(f.Severity), "")
			if c.Headline = ""; f.Problem >= 0 && f.Problem < len(d.was.Problems) {
				c.Headline = "gone: " + d.was.Problems[f.Problem].Headline
				if !whole(d.was, f, over) {
					c.Headline = "gone in part: " + d.was.Problems[f.Problem].Headline
				}
			}
			d.changes = append(d.changes, c)
		}
	}
	d.changes = slices.Concat(d.changes, changed, other)
}

// identity is what makes a finding the same in two scans. nowAt says where the
// cells of an earlier scan are now; those that are nowhere are told apart.
func (d *poolDiff) identity(f audit.Finding, nowAt []int) string {
	var b strings.Builder
	b.WriteString(f.Rule)
	for _, at := range cellsNow(f, nowAt) {
		fmt.Fprint(&b, " ", at)
	}
	return b.String() + "\x00" + strings.Join(f.Subjects, "\x00")
}

// cellsNow are the cells of a finding as places of the current scan, sorted;
// what is planned no more is below zero.
func cellsNow(f audit.Finding, nowAt []int) []int {
	if nowAt == nil {
		return f.Cells
	}
	out := make([]int, len(f.Cells))
	for i, at := range f.Cells {
		if out[i] = nowAt[at]; out[i] < 0 {
			out[i] = -2 - at
		}
	}
	slices.Sort(out)
	return out
}

// pairChanged pairs new and gone findings of one rule that have a cell or a
// subject in common, or neither of either, and tells what became of them.
func (d *poolDiff) pairChanged(fresh, gone []audit.Finding) (newOnes, goneOnes []audit.Finding, changed []report.Change) {
	paired := make([]bool, len(gone))
	by := map[string][]int{}
	for i, f := range gone {
		for _, k := range d.traits(f, d.nowAt) {
			by[k] = append(by[k], i)
		}
	}
	for _, f := range fresh {
		partner := -1
		for _, k := range d.traits(f, nil) {
			for len(by[k]) > 0 && paired[by[k][0]] {
				by[k] = by[k][1:]
			}
			if len(by[k]) > 0 {
				partner = by[k][0]
				break
			}
		}
		if partner < 0 {
			newOnes = append(newOnes, f)
			continue
		}
		paired[partner] = true
		if c, told := d.changed(gone[partner], f); told {
			changed = append(changed, c)
		}
	}
	for i, f := range gone {
		if !paired[i] {
			goneOnes = append(goneOnes, f)
		}
	}
	return newOnes, goneOnes, changed
}

// traits are the keys by which a changed finding is recognised.
func (d *poolDiff) traits(f audit.Finding, nowAt []int) []string {
	var out []string
	for _, at := range cellsNow(f, nowAt) {
		out = append(out, fmt.Sprint(f.Rule, " ", at))
	}
	for _, s := range f.Subjects {
		out = append(out, f.Rule+"\x00"+s)
	}
	if len(out) == 0 {
		out = []string{f.Rule}
	}
	return out
}

// changed tells how a finding differs from what it was: where it is, what it is
// about, and how bad it is. Cells that are not seen any more, or not planned,
// have their own event.
func (d *poolDiff) changed(was, is audit.Finding) (report.Change, bool) {
	before := cellsNow(was, d.nowAt)
	var come, left []*edge.Capture
	for _, at := range is.Cells {
		if !slices.Contains(before, at) {
			come = append(come, &d.is.Captures[at])
		}
	}
	for _, at := range before {
		if at >= 0 && !slices.Contains(is.Cells, at) && d.is.Captures[at].Outcome != edge.Failed && !d.open(is.Rule, at) {
			left = append(left, &d.is.Captures[at])
		}
	}
	var parts []string
	if len(come) > 0 && !(d.silence[is.Rule] && d.allTold(come)) {
		parts = append(parts, "now also on "+d.who(come, d.planned))
	}
	if len(left) > 0 && !(d.silence[is.Rule] && d.allTold(left)) {
		parts = append(parts, "no longer on "+d.who(left, d.planned))
	}
	if !slices.Equal(was.Subjects, is.Subjects) {
		parts = append(parts, fmt.Sprintf("now about %s, before about %s", subjects(is), subjects(was)))
	}
	if was.Severity != is.Severity {
		parts = append(parts, fmt.Sprintf("was %s, is %s", was.Severity, is.Severity))
	}
	if len(parts) == 0 {
		return report.Change{}, false
	}
	c := d.finding(report.FindingChanged, strings.Join(parts, "; ")+": ", is, string(was.Severity), string(is.Severity))
	if c.Headline != "" && len(parts) == 1 && strings.HasPrefix(parts[0], "no longer on ") {
		c.Headline = "mended in part: " + d.is.Problems[is.Problem].Headline
	}
	return c, true
}

func subjects(f audit.Finding) string {
	if len(f.Subjects) == 0 {
		return "nothing in particular"
	}
	return report.Enumerate(f.Subjects)
}

// toldAlready says that an event speaks of every cell that a finding blames.
// Events speak of cells as they are now, where they are planned still.
func (d *poolDiff) toldAlready(f audit.Finding, old bool) bool {
	if !d.silence[f.Rule] || len(f.Cells) == 0 {
		return false
	}
	var cells []*edge.Capture
	for _, at := range f.Cells {
		switch {
		case !old:
			cells = append(cells, &d.is.Captures[at])
		case d.nowAt[at] >= 0:
			cells = append(cells, &d.is.Captures[d.nowAt[at]])
		default:
			cells = append(cells, &d.was.Captures[at])
		}
	}
	return d.allTold(cells)
}

func (d *poolDiff) allTold(cells []*edge.Capture) bool {
	return all(cells, func(e *edge.Capture) bool { return d.told[e] })
}

// couldTell says that a finding's absence means something: its rule had all it
// needed, and the cells that it blamed were looked at, and one answered. What is
// not planned any more is told as vanished.
func (d *poolDiff) couldTell(f audit.Finding) bool {
	if d.silence[f.Rule] {
		return !d.cutShort
	}
	if len(f.Cells) == 0 {
		return d.is.Rules[f.Rule] != audit.CouldNotTell
	}
	seen := false
	for _, at := range f.Cells {
		if d.nowAt[at] < 0 {
			continue
		}
		e := &d.is.Captures[d.nowAt[at]]
		if e.NotRun() || d.open(f.Rule, d.nowAt[at]) {
			return false
		}
		seen = seen || e.Outcome != edge.Failed
	}
	return seen
}

// open says that a rule could not tell now whether it has something against a
// cell: what it needed of this one was not seen, or of others that it compares.
func (d *poolDiff) open(rule string, at int) bool {
	return d.untold[rule][everyCell] || d.untold[rule][at]
}

const everyCell = -1

// untold are the cells, by rule, of which a rule could not tell.
func untold(p report.Pool) map[string]map[int]bool {
	out, compares := map[string]map[int]bool{}, audit.Having(func(r audit.Rule) bool { return r.Compares })
	for _, u := range p.Untold {
		for _, id := range u.Rules {
			if out[id] == nil {
				out[id] = map[int]bool{everyCell: compares[id]}
			}
			for _, at := range u.Cells {
				out[id][at] = true
			}
			out[id][everyCell] = out[id][everyCell] || len(u.Cells) == 0
		}
	}
	return out
}

// finding is the event of a finding. A reader of the message alone must see
// whether it came or went.
func (d *poolDiff) finding(kind, how string, f audit.Finding, before, after string) report.Change {
	c := report.Change{Kind: kind, Pool: d.is.Plan.Name, Member: f.Member, Role: f.Role, Address: f.Address, Port: f.Port,
		Before: before, After: after, Rule: f.Rule, Message: how + f.Rule + ": " + f.Message}
	if f.Problem >= 0 && f.Problem < len(d.is.Problems) {
		c.Headline = how + d.is.Problems[f.Problem].Headline
	}
	return c
}
