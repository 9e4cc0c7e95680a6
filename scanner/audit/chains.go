package audit

import (
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

// A chainGroup is the captures that present the same chain, in whatever
// handshake but those without SNI, and how it stands.
type chainGroup struct {
	chain []*edge.Certificate
	trust trust.Result
	at    []int // indexes of captures, ascending
}

func (g chainGroup) leaf() *edge.Certificate { return g.chain[0] }

// chains returns the distinct chains of the pool, by first appearance. They
// are worked out once, for a dozen rules ask for them.
func (w *world) chains() []chainGroup {
	if w.byChain != nil {
		return w.byChain
	}
	out := make([]chainGroup, 0, len(w.leaves))
	places := edge.Places[edge.Fingerprint]{}
	for i, c := range w.captures {
		for _, chain := range c.Chains() {
			n, first := places.Of(trust.ChainKey(chain))
			if first {
				out = append(out, chainGroup{chain: chain, trust: w.scan.forest.Judge(chain)})
			}
			out[n].at = append(out[n].at, i)
		}
	}
	w.byChain = out
	return out
}

// incomplete says whether capture i lacks an intermediate that another
// endpoint sends: chain-incomplete tells that, and whatever else would say of
// the same cause is silent.
func (w *world) incomplete(i int) bool {
	c := w.captures[i]
	return c.Leaf() != nil && len(w.scan.forest.Judge(c.Chain).Missing) > 0
}

// eachChain is for rules that look at every distinct chain of the pool. What was
// not seen is could-not-tell.
func eachChain(judge func(w *world, r *result, g chainGroup)) func(*world, *result) {
	return func(w *world, r *result) {
		r.unseen(w.missing(everything)...)
		for _, g := range w.chains() {
			judge(w, r, g)
		}
	}
}

// passUnless counts a pass where nothing was found since.
func (r *result) passUnless(found bool) {
	if !found {
		r.pass()
	}
}
