package audit

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"time"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

// A scan is what all pools of one judgement share.
type scan struct {
	ev     edge.Evidence
	policy Policy
	now    time.Time
	forest *trust.Forest // every certificate of the scan, and the roots
	rules  []Rule
	byID   map[string]Rule

	unanswered int                                    // see noneAnswers
	letters    map[string]map[edge.Fingerprint]string // see JudgeLettered
}

func newScan(ctx context.Context, ev edge.Evidence, p Policy, now time.Time) *scan {
	forest := trust.New(ctx, ev.Captures, trust.Options{Roots: p.Roots, OnlyRoots: p.OnlyRoots, Withdrawn: p.Withdrawn, Now: now})
	rules, byID := Rules(), map[string]Rule{}
	for _, r := range rules {
		byID[r.ID] = r
	}
	return &scan{ev: ev, policy: p, now: now, forest: forest, rules: rules, byID: byID, unanswered: noneAnswers(ev.Captures)}
}

// A world is one pool and what was seen of it, indexed once for all rules.
type world struct {
	scan     *scan
	pool     edge.Pool
	captures []edge.Capture // in endpoint order; rules refer to them by index
	leaves   []group        // every distinct leaf, by first appearance
	gone     []int          // captures whose certificate was due and not seen
	shows    map[string]int // captures with a certificate, of each member
	byChain  []chainGroup   // see chains
	signed   []group        // see certificates
	open     []gap          // see gaps
	labels   map[edge.Fingerprint]string
	required []edge.RequiredName
	results  map[string]*result          // see result
	cases    *remedy.Case                // see second
	choices  map[edge.Role]remedy.Choice // see choice
	faults   map[leafIn]int              // see against
	doubts   map[edge.Fingerprint]bool   // see doubted
	ahead    []rehearsal                 // see rehearse
	meant    bool                        // it is a rehearsal
	usuals   map[int][]edge.Fingerprint  // see usualOf
	differ   map[int]bool                // see toldByMembers
}

// A group is the captures that present the same leaf.
type group struct {
	cert *edge.Certificate
	at   []int // indexes of captures, ascending
}

func newWorld(s *scan, pool edge.Pool, captures []edge.Capture) *world {
	if slices.ContainsFunc(pool.Expect, func(x edge.Expectation) bool { return x.Certificate == nil }) {
		pool.Expect = s.seenMeant(pool.Expect)
	}
	w := &world{scan: s, pool: pool, captures: captures, required: edge.RequiredNames(pool), results: map[string]*result{}, choices: map[edge.Role]remedy.Choice{}}
	w.leaves = w.groupBy(everything, edge.Capture.Leaves)
	w.labels = make(map[edge.Fingerprint]string, len(w.leaves))
	maps.Copy(w.labels, s.letters[pool.Name])
	for _, g := range w.leaves {
		if w.labels[g.cert.Fingerprint] == "" {
			w.labels[g.cert.Fingerprint] = Letter(len(w.labels))
		}
	}
	w.shows = map[string]int{}
	for i, c := range captures {
		switch {
		case c.Leaf() != nil:
			w.shows[c.Endpoint.Member]++
		case !silent(c):
			w.gone = append(w.gone, i)
		}
	}
	return w
}

// A filter picks endpoints.
type filter func(edge.Endpoint) bool

func everything(edge.Endpoint) bool { return true }

// roles picks the endpoints of these services.
func roles(rs ...edge.Role) filter {
	return func(e edge.Endpoint) bool { return slices.Contains(rs, e.Role) }
}

// group returns every distinct leaf with the picked captures that present it,
// in whatever handshake.
func (w *world) group(pick filter) []group {
	out := make([]group, 0, len(w.leaves))
	for _, g := range w.leaves {
		if at := w.picked(g.at, pick); len(at) > 0 {
			out = append(out, group{g.cert, at})
		}
	}
	slices.SortStableFunc(out, func(a, b group) int { return a.at[0] - b.at[0] })
	return out
}

// picked are those of at that pick picks: at itself where it picks all.
func (w *world) picked(at []int, pick filter) []int {
	first := slices.IndexFunc(at, func(i int) bool { return !pick(w.captures[i].Endpoint) })
	if first < 0 {
		return slices.Clip(at)
	}
	out := slices.Clone(at[:first])
	for _, i := range at[first:] {
		if pick(w.captures[i].Endpoint) {
			out = append(out, i)
		}
	}
	return out
}

// normal returns the distinct leaves of the normal handshakes.
func (w *world) normal(pick filter) []group {
	return w.groupBy(pick, func(c edge.Capture) []*edge.Certificate { return c.Chain[:min(1, len(c.Chain))] })
}

func (w *world) groupBy(pick filter, leaves func(edge.Capture) []*edge.Certificate) []group {
	var out []group
	places := edge.Places[edge.Fingerprint]{}
	for i, c := range w.captures {
		if !pick(c.Endpoint) {
			continue
		}
		for _, leaf := range leaves(c) {
			n, first := places.Of(leaf.Fingerprint)
			if first {
				out = append(out, group{cert: leaf})
			}
			out[n].at = append(out[n].at, i)
		}
	}
	return out
}

// missing returns the picked endpoints whose certificate should have been
// seen and was not. An endpoint that by its protocol presents none is not
// among them.
func (w *world) missing(pick filter) []int {
	return w.picked(w.gone, pick)
}

// silent says whether an endpoint is alive and, by its protocol, presents no
// certificate: MS-TURN on an A/V address, XMPP without STARTTLS. On any other
// service a certificate was due.
func silent(c edge.Capture) bool {
	if c.Outcome != edge.NoCertificate {
		return false
	}
	return c.Endpoint.Role == edge.AV || c.Endpoint.Role == edge.XMPP || c.Endpoint.Role == edge.Other
}

// those are the captures that keep keeps.
func (w *world) those(keep func(c edge.Capture) bool) []int {
	var at []int
	for i, c := range w.captures {
		if keep(c) {
			at = append(at, i)
		}
	}
	return at
}

// A bunch is the captures that have the same thing wrong with them, for the
// same reason: one cause, one finding.
type bunch struct {
	key   string
	at    []int
	first edge.Capture
}

// A look says what is wrong with a capture, as a key that is the same wherever
// the same thing is; empty: nothing.
type look func(w *world, r *result, i int, c edge.Capture) string

// eachBunch is for rules that look at every capture by itself, and tell of those
// together that have the same thing wrong with them.
func eachBunch(wrong look, tell func(w *world, b bunch) Finding) func(*world, *result) {
	return func(w *world, r *result) {
		var bunches []bunch
		places := edge.Places[string]{}
		for i, c := range w.captures {
			key := wrong(w, r, i, c)
			if key == "" {
				continue
			}
			n, first := places.Of(key)
			if first {
				bunches = append(bunches, bunch{key: key, first: c})
			}
			bunches[n].at = append(bunches[n].at, i)
		}
		for _, b := range bunches {
			r.find(tell(w, b), b.at...)
		}
	}
}

// further looks at what only the further handshakes show: there are none where
// no certificate came.
func further(wrong look) look {
	return func(w *world, r *result, i int, c edge.Capture) string {
		if c.Leaf() != nil {
			return wrong(w, r, i, c)
		}
		if w.unasked(c) {
			r.unseen(i)
		}
		return ""
	}
}

// eachLeaf runs judge for every distinct leaf of the picked endpoints. What was
// not seen, or cannot be read, is could-not-tell.
func (r *result) eachLeaf(pick filter, judge func(g group, c *x509.Certificate)) {
	r.unseen(r.w.missing(pick)...)
	for _, g := range r.w.group(pick) {
		if why := unread(g.cert, r.question); why != "" {
			r.couldNotTell(why, g.at...)
			continue
		}
		judge(g, g.cert.X509)
	}
}

// unread says why a question cannot be answered of a certificate.
func unread(c *edge.Certificate, q edge.Question) string {
	if c.X509 == nil || c.Unread(q) != "" {
		return undecodable
	}
	return ""
}

// judgeLeaf is eachLeaf for rules that say one thing or nothing of a leaf:
// wrong returns what is wrong with it and the fix; no message where nothing is,
// or where another rule tells it.
func judgeLeaf(pick func(*world) filter, wrong func(w *world, g group, c *x509.Certificate) Finding) func(*world, *result) {
	return func(w *world, r *result) {
		r.eachLeaf(pick(w), func(g group, c *x509.Certificate) {
			f := wrong(w, g, c)
			if f.Message == "" {
				r.pass()
				return
			}
			f.Certificates = certs(g.cert)
			r.find(f, g.at...)
		})
	}
}

// wrongLeaf is judgeLeaf for rules that say no more than what was expected and
// what came.
func wrongLeaf(pick func(*world) filter, wrong func(w *world, g group, c *x509.Certificate) string) func(*world, *result) {
	return judgeLeaf(pick, func(w *world, g group, c *x509.Certificate) (f Finding) {
		if what := wrong(w, g, c); what != "" {
			f.Message = fmt.Sprintf("%s: certificate %s; presented by %s", what, w.short(g.cert), w.where(g.at))
		}
		return f
	})
}

// everywhere and on are for judgeLeaf: all endpoints, and those of these services.
func everywhere(*world) filter { return everything }

func on(rs ...edge.Role) func(*world) filter { return func(*world) filter { return roles(rs...) } }

// named says whether somebody said which members the pool has; else they were
// found by DNS, and the addresses of two services cannot be paired.
func (w *world) named() bool { return len(w.pool.Members) > 0 }
