package report

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// The kinds of change. docs/changes.md says when each is told.
const (
	PoolAppeared        = "pool-appeared"
	PoolVanished        = "pool-vanished"
	VerdictChanged      = "verdict-changed"
	MemberAppeared      = "member-appeared"
	MemberVanished      = "member-vanished"
	EndpointAppeared    = "endpoint-appeared"
	EndpointVanished    = "endpoint-vanished"
	EndpointMoved       = "endpoint-moved"
	EndpointUnreachable = "endpoint-unreachable"
	EndpointBack        = "endpoint-back"
	OutcomeChanged      = "outcome-changed"
	CertificateRenewed  = "certificate-renewed"
	CertificateChanged  = "certificate-changed"
	SANLost             = "san-lost"
	SANGained           = "san-gained"
	IssuerChanged       = "issuer-changed"
	KeyReused           = "key-reused"
	ChainChanged        = "chain-changed"
	TLSVersionChanged   = "tls-version-changed"
	FindingNew          = "finding-new"
	FindingGone         = "finding-gone"
	FindingSeverity     = "finding-severity-changed"
)

// ChangeKinds returns the closed set of kinds, in the order in which the
// changes of one pool are listed.
func ChangeKinds() []string {
	return []string{PoolAppeared, PoolVanished, VerdictChanged, MemberVanished, MemberAppeared,
		EndpointVanished, EndpointAppeared, EndpointMoved, EndpointUnreachable, EndpointBack, OutcomeChanged,
		CertificateRenewed, CertificateChanged, SANLost, SANGained, IssuerChanged, KeyReused, ChainChanged,
		TLSVersionChanged, FindingNew, FindingGone, FindingSeverity}
}

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
func Compare(previous, current Report) []Change {
	changes := []Change{}
	old := map[string]Pool{}
	for _, p := range slices.Backward(previous.Pools) {
		old[p.Name] = p
	}
	for _, p := range current.Pools {
		was, ok := old[p.Name]
		if !ok {
			changes = append(changes, Change{Kind: PoolAppeared, Pool: p.Name, After: p.Name,
				Message: fmt.Sprintf("pool %s was not scanned before", p.Name)})
			continue
		}
		delete(old, p.Name)
		changes = append(changes, comparePools(was, p, previous.Certificates, current.Certificates)...)
	}
	for _, p := range previous.Pools {
		if _, left := old[p.Name]; left {
			delete(old, p.Name)
			changes = append(changes, Change{Kind: PoolVanished, Pool: p.Name, Before: p.Name,
				Message: fmt.Sprintf("pool %s is not scanned any more", p.Name)})
		}
	}
	return changes
}

// comparePools tells the changes of one pool.
func comparePools(was, is Pool, oldCerts, newCerts map[string]Certificate) []Change {
	d := pairUp(was, is)
	d.oldCerts, d.newCerts = oldCerts, newCerts
	d.verdict()
	d.members()
	d.outcomes()
	d.certificates()
	d.chains()
	d.versions()
	d.findings()
	// Each step appends in endpoint order; a stable sort by kind keeps that.
	slices.SortStableFunc(d.changes, func(a, b Change) int { return kindOrder(a.Kind) - kindOrder(b.Kind) })
	return d.changes
}

func kindOrder(kind string) int { return slices.Index(ChangeKinds(), kind) }

// verdict compares the pool's verdicts, unless one of them was reached without
// having looked everywhere: an interrupted scan says nothing of the pool.
func (d *poolDiff) verdict() {
	if d.is.Verdict == d.was.Verdict || d.cutShort {
		return
	}
	d.changes = append(d.changes, Change{Kind: VerdictChanged, Pool: d.is.Name,
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
		c := d.located(TLSVersionChanged, x.cells, x.before, x.after)
		c.Message = fmt.Sprintf("%s instead of %s on %s", x.after, x.before, d.who(x.cells, d.bearing))
		d.changes = append(d.changes, c)
	}
}

// chains tells that the same leaf comes with other certificates behind it.
func (d *poolDiff) chains() {
	var g cellGroups
	for _, p := range d.pairs {
		was, is := p.was.Chain, p.is.Chain
		if p.shared() || len(was) == 0 || len(is) == 0 || was[0] != is[0] || slices.Equal(was, is) {
			continue
		}
		g.add(p.is, "", strings.Join(was, " "), strings.Join(is, " "))
	}
	for _, x := range g.list {
		c := d.located(ChainChanged, x.cells, x.before, x.after)
		c.Message = fmt.Sprintf("%s sends the same certificate with %s behind it, before with %s", d.who(x.cells, d.bearing),
			behind(x.after), behind(x.before))
		d.changes = append(d.changes, c)
	}
}

// behind counts the certificates after the leaf of a joined chain.
func behind(chain string) string {
	switch n := strings.Count(chain, " "); n {
	case 0:
		return "nothing"
	case 1:
		return "1 certificate"
	default:
		return fmt.Sprintf("%d certificates", n)
	}
}

// located is a change of kind at whatever cells have in common.
func (d *poolDiff) located(kind string, cells []Endpoint, before, after string) Change {
	c := Change{Kind: kind, Pool: d.is.Name, Before: before, After: after}
	if len(cells) == 0 {
		return c
	}
	first := cells[0]
	if all(cells, func(e Endpoint) bool { return e.Member == first.Member }) {
		c.Member = first.Member
	}
	if all(cells, func(e Endpoint) bool { return e.Role == first.Role }) {
		c.Role = first.Role
	}
	if all(cells, func(e Endpoint) bool { return e.Address == first.Address }) {
		c.Address = first.Address
	}
	if all(cells, func(e Endpoint) bool { return e.Port == first.Port }) {
		c.Port = first.Port
	}
	return c
}

func all(cells []Endpoint, ok func(Endpoint) bool) bool {
	return !slices.ContainsFunc(cells, func(e Endpoint) bool { return !ok(e) })
}

// cellGroups gathers cells to which the same happened, in order of appearance.
type cellGroups struct {
	list []cellGroup
	at   map[[3]string]int
}

type cellGroup struct {
	before, after string
	cells         []Endpoint
}

// add counts e among those of one owner, a member or all, that went from
// before to after.
func (g *cellGroups) add(e Endpoint, owner, before, after string) {
	key := [3]string{owner, before, after}
	i, ok := g.at[key]
	if !ok {
		if g.at == nil {
			g.at = map[[3]string]int{}
		}
		i = len(g.list)
		g.at[key] = i
		g.list = append(g.list, cellGroup{before: before, after: after})
	}
	g.list[i].cells = append(g.list[i].cells, e)
}

// failureOf is the class of an endpoint's failure, or its outcome where it did
// not fail.
func failureOf(e Endpoint) string {
	if e.Outcome == edge.Failed && e.Error != nil {
		return string(e.Error.Class)
	}
	return string(e.Outcome)
}
