package probe

import (
	"context"
	"crypto/tls"
	"slices"
	"sync"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/mistake"
	"edgecert/scanner/probe/rawtls"
)

// The further handshakes with an endpoint that gave its certificate:
//
//	side by side:  without SNI · TLS 1.1 at most · TLS 1.2 at most · the other key type · samples
//	     │ one was reset, or met silence
//	     ├─→ the normal offer again: is it the offer, or are we being shut out?
//	     │ one shows another chain
//	     └─→ the normal offer again, several times; then that offer: chance or cause?
//
// Samples and normal offers are whole handshakes. The others end where the
// certificate has been read (rawtls), which costs no asymmetric work of ours;
// one that shows another certificate is made once as a whole, for the proof of
// its key.

// repeats is how often an offer is asked again where chance could fool us. Of
// two servers that take turns at random, four more answers of each to two
// offers leave a chance of 1 in 500 to be taken for a cause.
const repeats = 4

// An answer is what one further handshake showed.
type answer struct {
	offer
	sight
}

func (a answer) presentation() edge.Presentation {
	p := edge.Presentation{Offer: a.name, Outcome: a.outcome(), Fault: a.fault, Chain: a.chain, Cut: a.cut, Proof: a.proof}
	if a.tls != nil {
		p.Version = a.tls.Version
	}
	return p
}

// lost says whether an answer is none: reset or silence, which need not be
// about the offer.
func (a answer) lost() bool {
	if a.outcome() != edge.Failed {
		return false
	}
	switch a.fault.Class {
	case edge.ClassReset, edge.ClassTimeout, edge.ClassRefused, edge.ClassUnreachable:
		return true
	default:
		return false
	}
}

// further makes the further handshakes.
func (v *visit) further(ctx context.Context, first sight) []edge.Presentation {
	answers := v.askAll(ctx, v.offers(first), first)
	answers = append(answers, v.askLostAgain(ctx, answers, first)...)
	if !slices.ContainsFunc(answers, answer.lost) || answers[len(answers)-1].outcome() == edge.Captured {
		answers = append(answers, v.askDifferingAgain(ctx, answers, first)...)
	}
	return edge.Map(answers, answer.presentation)
}

// offers are what is asked further. What the first handshake has answered
// already is not asked again: a server that negotiated TLS 1.1 shows nothing
// new when offered TLS 1.1 at most. What every server answers comes first, so
// that two servers that take turns are both met.
func (v *visit) offers(first sight) []offer {
	named := firstOffer(v.endpoint).serverName != ""
	base := first.by
	var out []offer
	add := func(name edge.Offer, change func(*offer)) {
		o := base
		o.name = name
		change(&o)
		out = append(out, o)
	}
	if named {
		add(edge.OfferWithoutSNI, func(o *offer) { o.serverName = "" })
	}
	switch {
	case first.version > tls.VersionTLS12:
		add(edge.OfferTLS12, func(o *offer) { o.max = tls.VersionTLS12 })
	case !named && v.samples() < 2:
		add(edge.OfferNormal, func(*offer) {})
	}
	if first.version > tls.VersionTLS11 {
		add(edge.OfferTLS11, func(o *offer) { o.max = tls.VersionTLS11 })
	}
	if first.leafKey != rawtls.RSA {
		add(edge.OfferRSA, func(o *offer) { o.key = rawtls.RSA })
	}
	if first.leafKey != rawtls.ECDSA {
		add(edge.OfferECDSA, func(o *offer) { o.key = rawtls.ECDSA })
	}
	for range v.samples() - 1 {
		add(edge.OfferSample, func(*offer) {})
	}
	return out
}

func (v *visit) samples() int {
	if v.Samples > 0 {
		return v.Samples
	}
	return max(v.endpoint.Samples, 1)
}

// keyOf is the type of a certificate's key; empty where it is neither, or not
// known.
func keyOf(c *edge.Certificate) rawtls.KeyType {
	switch c.Key().Algorithm {
	case edge.RSA, edge.PSS:
		return rawtls.RSA
	case edge.EC:
		return rawtls.ECDSA
	default:
		return ""
	}
}

// So many handshakes of several wait each for the one before, for a part of the
// timeout: servers that take turns are met in the order of the offers, the same
// from run to run.
const inOrder = 2

// askAll makes handshakes side by side, but the first ones; Admit keeps them
// within what one address may bear.
func (v *visit) askAll(ctx context.Context, offers []offer, first sight) []answer {
	out := make([]answer, len(offers))
	var all sync.WaitGroup
	for i, o := range offers {
		done := make(chan struct{})
		all.Go(func() {
			defer close(done)
			defer mistake.Caught(ctx)
			out[i] = v.ask(ctx, o, first)
		})
		if i < inOrder {
			select {
			case <-done:
			case <-time.After(v.Timeout / 8):
			}
		}
	}
	all.Wait()
	return out
}

// ask makes one further handshake.
func (v *visit) ask(ctx context.Context, o offer, first sight) answer {
	switch {
	case o.name == edge.OfferNormal || o.name == edge.OfferSample:
		return v.askWhole(ctx, o, first.cured)
	case o.hybrids: // no groups that rawtls could agree on
		return v.askWhole(ctx, o, false)
	}
	s := v.rawAttempt(ctx, o)
	if s.outcome() == edge.Failed && s.fault.Class == edge.ClassProtocol {
		return v.askWhole(ctx, o, false) // a HelloRetryRequest, for one
	}
	return answer{o, unlessEnded(ctx, s)}
}

// askWhole makes one further handshake as the first one was made.
func (v *visit) askWhole(ctx context.Context, o offer, second bool) answer {
	var attempts int
	s := v.persist(ctx, &attempts, func() sight { return v.attempt(ctx, o) })
	if second {
		s = v.cure(ctx, &attempts, o, s)
	}
	return answer{o, unlessEnded(ctx, s)}
}

// askLostAgain finds out what it means that handshakes were reset or met
// silence: the offer, where the normal one is answered still, and the lost ones
// are tried once more then; else the endpoint has stopped answering us, and is
// asked no further.
func (v *visit) askLostAgain(ctx context.Context, answers []answer, first sight) []answer {
	if !slices.ContainsFunc(answers, answer.lost) {
		return nil
	}
	normal := v.askNormal(ctx, first)
	if normal.outcome() != edge.Captured {
		return []answer{normal}
	}
	var lost []offer
	for _, a := range answers {
		if a.lost() && v.Retries > 0 {
			lost = append(lost, a.offer)
		}
	}
	return append(v.askAll(ctx, lost, first), normal)
}

func (v *visit) askNormal(ctx context.Context, first sight) answer {
	o := first.by
	o.name = edge.OfferNormal
	return v.ask(ctx, o, first)
}

// askDifferingAgain repeats, where answers differ from the first handshake,
// what was offered: the normal offer, and one offer for each different chain. It ends
// at the first sign that the endpoint changes its mind by itself.
func (v *visit) askDifferingAgain(ctx context.Context, answers []answer, first sight) []answer {
	differing := differing(answers, first.chain)
	if len(differing) == 0 {
		return nil
	}
	var out []answer
	again := func(a answer, whole bool) (same bool) {
		var r answer
		if whole {
			r = v.askWhole(ctx, a.forProof(), false)
			r.name = a.name
		} else {
			r = v.ask(ctx, a.offer, first)
		}
		out = append(out, r)
		return r.outcome() == edge.Captured && slices.Equal(r.chain, a.chain)
	}
	normal := answer{first.by, first}
	normal.name = edge.OfferNormal
	for range repeats {
		if !again(normal, false) {
			return out
		}
	}
	for _, a := range differing {
		if a.name != edge.OfferWithoutSNI && !sameLeaf(a.chain, first.chain) {
			again(a, true)
		}
		for range repeats {
			if !again(a, false) {
				return out
			}
		}
	}
	return out
}

// differing are the answers with a chain of their own, one for each chain; what
// comes without SNI counts only where no other offer brought it. Where samples
// show several nothing more has to be found out.
func differing(answers []answer, chain []*edge.Certificate) []answer {
	var out, bare []answer
	for _, a := range answers {
		switch {
		case len(a.chain) == 0 || slices.Equal(a.chain, chain):
		case a.name == edge.OfferSample || a.name == edge.OfferNormal:
			return nil
		case a.name == edge.OfferWithoutSNI:
			bare = append(bare, a)
		case !slices.ContainsFunc(out, func(b answer) bool { return slices.Equal(a.chain, b.chain) }):
			out = append(out, a)
		}
	}
	for _, a := range bare {
		if !slices.ContainsFunc(out, func(b answer) bool { return slices.Equal(a.chain, b.chain) }) {
			out = append(out, a)
		}
	}
	return out
}

// sameLeaf compares pointers: the store makes each certificate once.
func sameLeaf(a, b []*edge.Certificate) bool {
	return len(a) > 0 && len(b) > 0 && a[0] == b[0]
}

// forProof is an offer that crypto/tls can make whole for the answer's
// certificate: of TLS 1.2 at most, where the suites name the type of its key.
func (a answer) forProof() offer {
	o := a.offer
	if key := a.leafKey; key != "" && (a.key != "" || a.version <= tls.VersionTLS12) {
		o.key, o.max = key, min(o.max, tls.VersionTLS12)
	}
	return o
}
