package diff

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/report"
	"edgecert/scanner/edge"
)

// members tells which members and endpoints are planned that were not, and the
// other way round, and what has another address now.
func (d *poolDiff) members() {
	lost := resolving(d.come, pointers(d.was.Captures))
	found := resolving(d.gone, pointers(d.is.Captures))
	d.names(report.EndpointUnreachable, d.come, lost)
	d.names(report.EndpointBack, d.gone, found)
	// Members found by DNS are neither gone nor new while their name does not
	// resolve: nobody could tell.
	gone := slices.DeleteFunc(slices.Clone(d.gone), func(e *edge.Capture) bool { return !e.Address.IsValid() || byDNS(e) && lost[e.FQDN] })
	come := slices.DeleteFunc(slices.Clone(d.come), func(e *edge.Capture) bool { return !e.Address.IsValid() || byDNS(e) && found[e.FQDN] })
	d.comings(gone, pointers(d.is.Captures), report.MemberVanished, report.EndpointVanished)
	d.comings(come, pointers(d.was.Captures), report.MemberAppeared, report.EndpointAppeared)
	d.moves()
}

// moves tells which endpoints have another address or port, once a member.
func (d *poolDiff) moves() {
	var g cellGroups
	from := map[string][]string{}
	for _, p := range d.pairs {
		if p.was.Dialed() != p.is.Dialed() {
			g.add(p.is, p.is.Member, "", "")
			from[p.is.Member] = append(from[p.is.Member], p.was.Dialed())
		}
	}
	for _, x := range g.list {
		was := from[x.cells[0].Member]
		is := edge.Map(x.cells, func(e *edge.Capture) string { return e.Dialed() })
		steps := make([]string, len(x.cells))
		for i, e := range x.cells {
			steps[i] = fmt.Sprintf("%s from %s to %s", spot(e), was[i], is[i])
		}
		c := d.located(report.EndpointMoved, x.cells, strings.Join(was, " "), strings.Join(is, " "))
		c.Message = fmt.Sprintf("%s moved: %s", x.cells[0].Member, report.Enumerate(steps))
		d.changes = append(d.changes, c)
	}
}

// byDNS says that the member is one that only its address names.
func byDNS(e *edge.Capture) bool { return e.Member == e.Address.String() }

// resolving is the names that have no address among dead and have one among
// alive.
func resolving(dead, alive []*edge.Capture) map[string]bool {
	without := map[string]bool{}
	for _, e := range dead {
		if !e.Address.IsValid() && !e.NotRun() {
			without[e.FQDN] = true
		}
	}
	out := map[string]bool{}
	for _, e := range alive {
		if without[e.FQDN] && e.Address.IsValid() {
			out[e.FQDN] = true
		}
	}
	return out
}

// names tells once per name, not per port, that it stopped or began to resolve.
func (d *poolDiff) names(kind string, cells []*edge.Capture, which map[string]bool) {
	done := map[string]bool{}
	for _, e := range cells {
		if e.Address.IsValid() || !which[e.FQDN] {
			continue
		}
		d.told[e] = true
		if done[e.FQDN] {
			continue
		}
		done[e.FQDN] = true
		c := report.Change{Kind: kind, Pool: d.is.Plan.Name, Role: e.Role, Before: "resolved", After: failureOf(e),
			Message: fmt.Sprintf("the name %s has no address any more", e.FQDN)}
		if kind == report.EndpointBack {
			c.Before, c.After = c.After, c.Before
			c.Message = fmt.Sprintf("the name %s has an address again", e.FQDN)
		}
		d.changes = append(d.changes, c)
	}
}

// comings tells that cells are on one side only. A member that has none on the
// other side at all is told as a whole. In a list of loose endpoints there are
// no members, and any number of lines may have come or gone: one event.
func (d *poolDiff) comings(cells, other []*edge.Capture, memberKind, endpointKind string) {
	d.tell(cells)
	known := map[string]bool{}
	for _, e := range other {
		known[e.Member] = true
	}
	var g cellGroups
	for _, e := range cells {
		if d.loose() {
			g.add(e, "", "", "")
		} else {
			g.add(e, e.Member, "", "")
		}
	}
	verb := map[string]string{report.MemberVanished: "is not in the pool any more", report.MemberAppeared: "is new in the pool",
		report.EndpointVanished: "not scanned any more", report.EndpointAppeared: "scanned for the first time"}
	for _, x := range g.list {
		member := x.cells[0].Member
		c := d.located(endpointKind, x.cells, "", "")
		value, message := spots(x.cells), fmt.Sprintf("%s: %s", verb[endpointKind], spots(x.cells))
		if !d.loose() {
			message = member + " " + message
			if !known[member] {
				c.Kind, value, message = memberKind, member, fmt.Sprintf("member %s %s", member, verb[memberKind])
			}
		}
		c.Message = message
		if memberKind == report.MemberVanished {
			c.Before = value
		} else {
			c.After = value
		}
		d.changes = append(d.changes, c)
	}
}

func (d *poolDiff) loose() bool { return d.is.Plan.Kind == edge.LoosePool }

func spots(cells []*edge.Capture) string {
	return report.Enumerate(edge.Map(cells, spot))
}

// outcomes tells which endpoints fell silent, came back, or began to speak
// another protocol: once for each member and reason.
func (d *poolDiff) outcomes() {
	var silent, back, other cellGroups
	for _, p := range d.pairs {
		if p.was.Outcome == p.is.Outcome {
			continue // failed for another reason is as silent as before
		}
		owner := p.is.Member
		if d.loose() {
			owner = ""
		}
		g := &other
		switch edge.Failed {
		case p.is.Outcome:
			g = &silent
		case p.was.Outcome:
			g = &back
		}
		g.add(p.is, owner, failureOf(p.was), failureOf(p.is))
	}
	d.outcomeEvents(report.EndpointUnreachable, silent)
	d.outcomeEvents(report.EndpointBack, back)
	d.outcomeEvents(report.OutcomeChanged, other)
}

func (d *poolDiff) outcomeEvents(kind string, g cellGroups) {
	for _, x := range g.list {
		c := d.located(kind, x.cells, x.before, x.after)
		who := d.who(x.cells, d.planned)
		switch kind {
		case report.EndpointUnreachable:
			c.Message = fmt.Sprintf("no answer any more from %s (%s)", who, x.after)
		case report.EndpointBack:
			c.Message = fmt.Sprintf("%s answers again, before: %s", who, x.before)
		default:
			c.Message = fmt.Sprintf("%s: was %s, is %s", who, x.before, x.after)
		}
		d.tell(x.cells)
		d.changes = append(d.changes, c)
	}
}

// tell remembers that an event speaks of cells already.
func (d *poolDiff) tell(cells []*edge.Capture) {
	for _, e := range cells {
		d.told[e] = true
	}
}
