package diff

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/report"
	"edgecert/scanner/edge"
)

// Compare tells what happened between two scans of the same targets, as
// events: one act is one event, however many endpoints it touched. Member,
// Role, Address and Port of a change are filled where all that it touched have
// them in common. Before and After hold SHA-256 fingerprints for certificates,
// else the plain value.
//
// The order is that of current's pools, then the pools that are gone; within a
// pool that of ChangeKinds, then of the endpoints. The result is never nil:
// [] says that nothing changed. What neither scan could see is no change, nor
// are timings, attempts, sample counts and the days left.
func Compare(previous, current report.Report) []report.Change {
	changes := []report.Change{}
	old := map[string]report.Pool{}
	for _, p := range slices.Backward(previous.Pools) {
		old[p.Plan.Name] = p
	}
	for _, p := range current.Pools {
		was, ok := old[p.Plan.Name]
		if !ok {
			changes = append(changes, report.Change{Kind: report.PoolAppeared, Pool: p.Plan.Name, After: p.Plan.Name,
				Message: fmt.Sprintf("pool %s was not scanned before", p.Plan.Name)})
			continue
		}
		delete(old, p.Plan.Name)
		changes = append(changes, comparePools(was, p)...)
	}
	for _, p := range previous.Pools {
		if _, left := old[p.Plan.Name]; left {
			delete(old, p.Plan.Name)
			changes = append(changes, report.Change{Kind: report.PoolVanished, Pool: p.Plan.Name, Before: p.Plan.Name,
				Message: fmt.Sprintf("pool %s is not scanned any more", p.Plan.Name)})
		}
	}
	return changes
}

// comparePools tells the changes of one pool.
func comparePools(was, is report.Pool) []report.Change {
	d := pairUp(was, is)
	d.verdict()
	d.members()
	d.outcomes()
	d.certificates()
	d.chains()
	d.versions()
	d.findings()
	// Each step appends in endpoint order; a stable sort by kind keeps that.
	slices.SortStableFunc(d.changes, func(a, b report.Change) int { return kindOrder(a.Kind) - kindOrder(b.Kind) })
	return d.changes
}

func kindOrder(kind string) int { return slices.Index(report.ChangeKinds(), kind) }

// verdict compares the pool's verdicts, unless one of them was reached without
// having looked everywhere: an interrupted scan says nothing of the pool.
func (d *poolDiff) verdict() {
	if d.is.Verdict == d.was.Verdict || d.cutShort {
		return
	}
	d.changes = append(d.changes, report.Change{Kind: report.VerdictChanged, Pool: d.is.Plan.Name,
		Before: string(d.was.Verdict), After: string(d.is.Verdict),
		Message: fmt.Sprintf("the verdict was %s and is %s", d.was.Verdict, d.is.Verdict)})
}

// versions compares the negotiated TLS versions. Behind a load balancer each
// handshake may meet another server, so that a difference says nothing.
func (d *poolDiff) versions() {
	var g cellGroups
	for _, p := range d.pairs {
		if p.was.TLS == nil || p.is.TLS == nil || p.shared() || p.was.TLS.Version == p.is.TLS.Version {
			continue
		}
		g.add(p.is, "", p.was.TLS.Version, p.is.TLS.Version)
	}
	for _, x := range g.list {
		c := d.located(report.TLSVersionChanged, x.cells, x.before, x.after)
		c.Message = fmt.Sprintf("%s instead of %s on %s", x.after, x.before, d.who(x.cells, d.bearing))
		d.changes = append(d.changes, c)
	}
}

// chains tells that the same leaf comes with other certificates behind it.
func (d *poolDiff) chains() {
	var g cellGroups
	for _, p := range d.pairs {
		was, is := edge.ChainText(p.was.Chain), edge.ChainText(p.is.Chain)
		if p.shared() || was == "" || is == "" || was == is || p.was.Cut > 0 || p.is.Cut > 0 || p.was.Leaf().Fingerprint != p.is.Leaf().Fingerprint {
			continue
		}
		g.add(p.is, "", was, is)
	}
	for _, x := range g.list {
		c := d.located(report.ChainChanged, x.cells, x.before, x.after)
		c.Message = fmt.Sprintf("%s sends the same certificate with %s behind it, before with %s", d.who(x.cells, d.bearing),
			behind(x.after), behind(x.before))
		d.changes = append(d.changes, c)
	}
}

// behind counts the certificates after the leaf of a joined chain.
func behind(chain string) string {
	if n := strings.Count(chain, " "); n > 0 {
		return report.Plural(n, "certificate")
	}
	return "nothing"
}

// located is a change of kind at whatever cells have in common.
func (d *poolDiff) located(kind string, cells []*edge.Capture, before, after string) report.Change {
	c := report.Change{Kind: kind, Pool: d.is.Plan.Name, Before: before, After: after}
	if len(cells) == 0 {
		return c
	}
	first := cells[0]
	if all(cells, func(e *edge.Capture) bool { return e.Member == first.Member }) {
		c.Member = first.Member
	}
	if all(cells, func(e *edge.Capture) bool { return e.Role == first.Role }) {
		c.Role = first.Role
	}
	if all(cells, func(e *edge.Capture) bool { return e.Address == first.Address }) {
		c.Address = first.AddressText()
	}
	if all(cells, func(e *edge.Capture) bool { return e.Port == first.Port }) {
		c.Port = first.Port
	}
	return c
}

func all(cells []*edge.Capture, ok func(*edge.Capture) bool) bool {
	return !slices.ContainsFunc(cells, func(e *edge.Capture) bool { return !ok(e) })
}

// cellGroups gathers cells to which the same happened, in order of appearance.
type cellGroups struct {
	list []cellGroup
	at   edge.Places[[3]string]
}

type cellGroup struct {
	before, after string
	cells         []*edge.Capture
}

// add counts e among those of one owner, a member or all, that went from
// before to after.
func (g *cellGroups) add(e *edge.Capture, owner, before, after string) {
	if g.at == nil {
		g.at = edge.Places[[3]string]{}
	}
	i, first := g.at.Of([3]string{owner, before, after})
	if first {
		g.list = append(g.list, cellGroup{before: before, after: after})
	}
	g.list[i].cells = append(g.list[i].cells, e)
}

// failureOf is the class of an endpoint's failure, or its outcome where it did
// not fail.
func failureOf(e *edge.Capture) string {
	if e.Outcome == edge.Failed && e.Fault != nil {
		return string(e.Fault.Class)
	}
	return string(e.Outcome)
}
