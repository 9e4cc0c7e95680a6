package diff

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// poolDiff is one pool in two scans, cell by cell. A cell is an index into the
// captures of is; one that is planned no more has no such index.
type poolDiff struct {
	was, is          report.Pool
	matched          []int                        // by cell of is: the same cell of was, -1 where there is none
	nowAt            []int                        // by cell of was: the same cell of is, -1 where there is none
	certs            map[string]*edge.Certificate // every leaf of both scans, by SHA-256
	pairs            []cellPair                   // cells of both scans, in the order of is
	gone, come       []*edge.Capture
	told             map[*edge.Capture]bool // cells of either scan whose coming, going or silence is an event already
	cutShort         bool                   // a scan ended before it had looked at every cell
	planned, bearing map[string]int         // cells a member has now; those of them that could bear a certificate
	untold           map[string]map[int]bool
	silence          map[string]bool // rules whose finding says what an endpoint's event says already
	changes          []report.Change
}

// cellPair is one cell as it was and as it is.
type cellPair struct{ was, is *edge.Capture }

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
	address netip.Addr
	port    int
	nth     int
}

// pairUp matches the cells of two scans: first what is the same in every
// respect, then what alone of its service has another address or port now, as
// after a move, or where a laboratory takes the ports that are free.
func pairUp(was, is report.Pool) *poolDiff {
	d := &poolDiff{was: was, is: is, untold: untold(is), silence: audit.Having(func(r audit.Rule) bool { return r.Silence }), told: map[*edge.Capture]bool{}, planned: map[string]int{}, bearing: map[string]int{},
		matched: slices.Repeat([]int{-1}, len(is.Captures)), nowAt: slices.Repeat([]int{-1}, len(was.Captures))}
	old, count := make(map[cellKey]int, len(was.Captures)), map[cellKey]int{}
	for i := range was.Captures {
		old[nth(exactCell(&was.Captures[i]), count)] = i
	}
	clear(count)
	for i := range is.Captures {
		if o, ok := old[nth(exactCell(&is.Captures[i]), count)]; ok {
			d.match(o, i)
		}
	}
	d.matchMoved()
	d.certs = map[string]*edge.Certificate{}
	for _, c := range slices.Concat(was.Leaves(), is.Leaves()) {
		d.certs[c.Fingerprint.String()] = c
	}
	for i := range is.Captures {
		e := &is.Captures[i]
		d.planned[e.Member]++
		if e.Outcome != edge.NoCertificate {
			d.bearing[e.Member]++
		}
		d.cutShort = d.cutShort || e.NotRun()
		if d.matched[i] < 0 {
			d.come = append(d.come, e)
			continue
		}
		// Where nothing was seen, nothing can differ.
		if o := &was.Captures[d.matched[i]]; !e.NotRun() && !o.NotRun() {
			d.pairs = append(d.pairs, cellPair{o, e})
		}
	}
	for i := range was.Captures {
		d.cutShort = d.cutShort || was.Captures[i].NotRun()
		if d.nowAt[i] < 0 {
			d.gone = append(d.gone, &was.Captures[i])
		}
	}
	return d
}

func (d *poolDiff) match(was, is int) { d.matched[is], d.nowAt[was] = was, is }

// matchMoved pairs leftover cells that are the only ones of their member and
// service on both sides.
func (d *poolDiff) matchMoved() {
	from, to := map[cellKey][]int{}, map[cellKey][]int{}
	for i, at := range d.nowAt {
		if at < 0 {
			k := serviceCell(&d.was.Captures[i])
			from[k] = append(from[k], i)
		}
	}
	for i, at := range d.matched {
		if at < 0 {
			k := serviceCell(&d.is.Captures[i])
			to[k] = append(to[k], i)
		}
	}
	for k, is := range to {
		was := from[k]
		if k.role == edge.Other || len(was) != 1 || len(is) != 1 {
			continue
		}
		// A name without an address did not move: it stopped or began to resolve.
		if d.was.Captures[was[0]].Address.IsValid() && d.is.Captures[is[0]].Address.IsValid() {
			d.match(was[0], is[0])
		}
	}
}

func exactCell(e *edge.Capture) cellKey {
	return cellKey{member: e.Member, role: e.Role, fqdn: e.FQDN, address: e.Address, port: e.Port}
}

// serviceCell is what stays when a member gets another address. A member that is
// named by its address is another member then.
func serviceCell(e *edge.Capture) cellKey {
	return cellKey{member: e.Member, role: e.Role, fqdn: e.FQDN, port: e.ServicePort}
}

// nth numbers a key that occurs again.
func nth(k cellKey, count map[cellKey]int) cellKey {
	n := count[k]
	count[k]++
	k.nth = n
	return k
}

// leaves are the SHA-256 of the distinct leaves that one address showed in all
// its handshakes, that of the first handshake first.
func leaves(e *edge.Capture) []string {
	return edge.Map(e.Leaves(), func(c *edge.Certificate) string { return c.Fingerprint.String() })
}

// spot is the cell without its member: "access:5061", or HOST:PORT of a loose
// endpoint, which has no service.
func spot(e *edge.Capture) string {
	if e.Role == edge.Other {
		return e.Place()
	}
	return e.Column()
}

// who names cells by member: "edge1 and edge2 (webcon:443)". A member all of
// whose cells, as total counts them, are among them is named alone.
func (d *poolDiff) who(cells []*edge.Capture, total map[string]int) string {
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
	return report.Enumerate(names)
}

func pointers(cells []edge.Capture) []*edge.Capture {
	out := make([]*edge.Capture, len(cells))
	for i := range cells {
		out[i] = &cells[i]
	}
	return out
}
