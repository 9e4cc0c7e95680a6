package report

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// poolDiff is one pool in two scans, cell by cell.
type poolDiff struct {
	was, is            Pool
	oldCerts, newCerts map[string]Certificate
	pairs              []cellPair // cells of both scans, in the order of is
	gone, come         []Endpoint // planned then and not now; now and not then
	moved              map[cellKey]Endpoint
	told               []Endpoint            // cells whose coming, going or silence is an event already
	toldOf, nowOf      map[string][]Endpoint // told and is.Endpoints, by member
	cutShort           bool                  // a scan ended before it had looked at every cell
	planned, bearing   map[string]int        // cells a member has now; those of them that could bear a certificate
	changes            []Change
}

// cellPair is one cell as it was and as it is.
type cellPair struct{ was, is Endpoint }

// shared says that several servers may answer there in turn, so that one
// handshake says nothing of the next.
func (p cellPair) shared() bool {
	return p.was.VIP || p.is.VIP || len(leaves(p.was)) > 1 || len(leaves(p.is)) > 1
}

// cellKey tells cells apart; the same cell listed twice is counted through.
type cellKey struct {
	member  string
	role    edge.Role
	fqdn    string
	address string
	port    int
	nth     int
}

// pairUp matches the cells of two scans: first what is the same in every
// respect, then what alone of its service has another address or port now, as
// after a move, or where a laboratory takes the ports that are free.
func pairUp(was, is Pool) *poolDiff {
	d := &poolDiff{was: was, is: is, moved: map[cellKey]Endpoint{}, planned: map[string]int{}, bearing: map[string]int{}}
	old := keyed(was.Endpoints, exactCell)
	matched := make([]*Endpoint, len(is.Endpoints))
	var rest []int
	count := map[cellKey]int{}
	for i, e := range is.Endpoints {
		k := nth(exactCell(e), count)
		if o, ok := old[k]; ok {
			matched[i] = &o
			delete(old, k)
			continue
		}
		rest = append(rest, i)
	}
	d.matchMoved(old, rest, matched)
	for i, e := range is.Endpoints {
		d.planned[e.Member]++
		if e.Outcome != edge.NoCertificate {
			d.bearing[e.Member]++
		}
		switch {
		case matched[i] == nil:
			d.come = append(d.come, e)
		case notLooked(e) || notLooked(*matched[i]):
			// Nothing was seen, so nothing can differ.
		default:
			d.pairs = append(d.pairs, cellPair{*matched[i], e})
		}
	}
	count = map[cellKey]int{}
	for _, e := range was.Endpoints {
		if _, left := old[nth(exactCell(e), count)]; left {
			d.gone = append(d.gone, e)
		}
	}
	d.cutShort = slices.ContainsFunc(was.Endpoints, notLooked) || slices.ContainsFunc(is.Endpoints, notLooked)
	return d
}

// matchMoved pairs leftover cells that are the only ones of their member and
// service on both sides, and takes them out of old.
func (d *poolDiff) matchMoved(old map[cellKey]Endpoint, rest []int, matched []*Endpoint) {
	from, to := map[cellKey][]cellKey{}, map[cellKey][]int{}
	for k, e := range old {
		from[serviceCell(e)] = append(from[serviceCell(e)], k)
	}
	for _, i := range rest {
		e := d.is.Endpoints[i]
		to[serviceCell(e)] = append(to[serviceCell(e)], i)
	}
	for _, i := range rest {
		e := d.is.Endpoints[i]
		keys := from[serviceCell(e)]
		if e.Role == edge.Other || len(keys) != 1 || len(to[serviceCell(e)]) != 1 {
			continue
		}
		o := old[keys[0]]
		if o.Address == "" || e.Address == "" {
			continue // a name without an address did not move: it stopped or began to resolve
		}
		matched[i] = &o
		delete(old, keys[0])
		d.moved[exactCell(o)] = e
	}
}

func exactCell(e Endpoint) cellKey {
	return cellKey{member: e.Member, role: e.Role, fqdn: e.FQDN, address: e.Address, port: e.Port}
}

// serviceCell is what stays when a member gets another address. A member that is
// named by its address is another member then.
func serviceCell(e Endpoint) cellKey {
	return cellKey{member: e.Member, role: e.Role, fqdn: e.FQDN, port: e.ServicePort}
}

func keyed(cells []Endpoint, key func(Endpoint) cellKey) map[cellKey]Endpoint {
	m, count := make(map[cellKey]Endpoint, len(cells)), map[cellKey]int{}
	for _, e := range cells {
		m[nth(key(e), count)] = e
	}
	return m
}

// nth numbers a key that occurs again.
func nth(k cellKey, count map[cellKey]int) cellKey {
	n := count[k]
	count[k]++
	k.nth = n
	return k
}

func notLooked(e Endpoint) bool { return e.Error != nil && e.Error.Class == edge.ClassInterrupted }

// leaves are the distinct leaves of all presentations but that without SNI,
// that of the normal handshake first.
func leaves(e Endpoint) []string {
	var out []string
	if e.Certificate != nil {
		out = append(out, *e.Certificate)
	}
	for _, p := range e.Presentations {
		if p.Leaf() == nil || p.Offer == edge.OfferWithoutSNI {
			continue
		}
		if fp := p.Leaf().Fingerprint.String(); !slices.Contains(out, fp) {
			out = append(out, fp)
		}
	}
	return out
}

// spot is the cell without its member: "access:5061", or HOST:PORT of a loose
// endpoint, which has no service.
func spot(e Endpoint) string {
	if e.Role == edge.Other {
		return e.Place()
	}
	return e.Column()
}

// who names cells by member: "edge1 and edge2 (webcon:443)". A member all of
// whose cells, as total counts them, are among them is named alone.
func (d *poolDiff) who(cells []Endpoint, total map[string]int) string {
	var order []string
	spots := map[string][]string{}
	for _, e := range cells {
		key := e.Member
		if e.Role == edge.Other {
			key = spot(e)
		}
		if len(spots[key]) == 0 {
			order = append(order, key)
		}
		spots[key] = append(spots[key], spot(e))
	}
	names := make([]string, 0, len(order))
	for _, key := range order {
		if s := spots[key]; key != s[0] && len(s) < total[key] {
			key = fmt.Sprintf("%s (%s)", key, strings.Join(s, ", "))
		}
		names = append(names, key)
	}
	return enumerate(names)
}

// listed is how many names a message spells out: a pool has 12 members at
// most, a list of loose endpoints any number.
const listed = 12

// enumerate joins names: "a, b and c", cut where there are very many.
func enumerate(names []string) string {
	if len(names) > listed {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:listed], ", "), len(names)-listed)
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
