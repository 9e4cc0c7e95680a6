package audit

import (
	"cmp"
	"slices"

	"edgecert/scanner/edge"
)

// What the handshakes of one endpoint differ in is blamed on one cause, in this
// order: it changes by itself, the type of the key, the version, SNI. A rule
// keeps silent where an earlier one of them has the answer.

// equal are the presentations that one and the same offer brought: the normal
// handshake with its samples and repetitions, and each other offer.
func equal(c edge.Capture) [][]edge.Presentation {
	normal := edge.Presentation{Offer: edge.OfferNormal, Outcome: c.Outcome, Chain: c.Chain, Cut: c.Cut, Proof: c.Proof}
	if c.TLS != nil {
		normal.Version = c.TLS.Version
	}
	out := [][]edge.Presentation{{normal}}
	places := edge.Places[edge.Offer]{edge.OfferNormal: 0}
	for _, p := range c.Presentations {
		if p.Offer == edge.OfferSample {
			p.Offer = edge.OfferNormal
		}
		n, first := places.Of(p.Offer)
		if first {
			out = append(out, nil)
		}
		out[n] = append(out[n], p)
	}
	return out
}

// leavesOf are the distinct leaves of presentations.
func leavesOf(ps []edge.Presentation) []*edge.Certificate {
	return certs(edge.Map(ps, edge.Presentation.Leaf)...)
}

// inTurn are the presentations of the first offer that several leaves came
// with: the endpoint changes by itself. Nil: none did.
func inTurn(c edge.Capture) []edge.Presentation {
	if len(c.Presentations) == 0 {
		return nil
	}
	turns, _ := edge.Find(equal(c), func(ps []edge.Presentation) bool { return len(leavesOf(ps)) > 1 })
	return turns
}

// Why a rule about handshakes could not tell.
const (
	changesItself   = "the address presents several certificates in turn"
	stoppedToAnswer = "the endpoint stopped answering us"
	offerLost       = "a further handshake was lost"
)

// An offered is what came of one offer.
type offered struct {
	asked   bool
	shown   []edge.Presentation // those with a certificate
	refused bool                // not taken, and that was heard
	why     string              // why it is neither; empty: it is
}

// offer is what came of an offer to a capture that has a certificate.
func offer(c edge.Capture, o edge.Offer) offered {
	all := c.Offered(o)
	out := offered{asked: len(all) > 0}
	for _, p := range all {
		switch {
		case p.Leaf() != nil:
			out.shown = append(out.shown, p)
		case refused(p):
			out.refused = true
		}
	}
	switch {
	case len(out.shown) > 0:
		out.refused = false
	case c.StoppedAnswering():
		out.refused, out.why = false, stoppedToAnswer
	case !out.refused:
		out.why = offerLost
	}
	return out
}

// refused says whether a handshake failed because the server did not want it,
// rather than because the network lost it.
func refused(p edge.Presentation) bool {
	if p.Fault == nil {
		return false
	}
	return slices.Contains([]edge.ErrorClass{edge.ClassTLSAlert, edge.ClassReset, edge.ClassProtocol}, p.Fault.Class)
}

// unasked says whether a capture was not asked something further, though it has
// a certificate or should have one. A quick scan asks nothing.
func (w *world) unasked(c edge.Capture) bool {
	return c.Leaf() == nil && !silent(c) && !w.scan.ev.Asked.Quick
}

// older is the first presentation of the newest version that was spoken, of the
// same type of key where there is one, and those of older versions that show what
// no presentation of the newest does: another leaf, or its chain with other
// certificates above it.
func older(c edge.Capture) (newest edge.Presentation, differing []edge.Presentation) {
	if len(c.Presentations) == 0 {
		return newest, nil
	}
	all := slices.DeleteFunc(slices.Concat(equal(c)...), func(p edge.Presentation) bool {
		return p.Offer == edge.OfferWithoutSNI || p.Leaf() == nil || p.Version == ""
	})
	// Versions are in order as text: "SSL 3.0" and "TLS 1.0" to "TLS 1.3".
	slices.SortStableFunc(all, func(a, b edge.Presentation) int { return cmp.Compare(b.Version, a.Version) })
	n := slices.IndexFunc(all, func(p edge.Presentation) bool { return p.Version != all[0].Version })
	if n < 0 {
		return newest, nil
	}
	for _, p := range all[n:] {
		if slices.ContainsFunc(all[:n], func(q edge.Presentation) bool { return edge.SameChain(p.Chain, q.Chain) }) {
			continue
		}
		if differing == nil {
			alike := slices.IndexFunc(all[:n], func(q edge.Presentation) bool { return q.Leaf().Key().Algorithm == p.Leaf().Key().Algorithm })
			newest = all[max(alike, 0)]
		}
		differing = append(differing, p)
	}
	return newest, differing
}
