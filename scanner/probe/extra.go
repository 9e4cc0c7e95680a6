package probe

import (
	"context"
	"crypto/tls"
	"sync"

	"edgecert/scanner/edge"
)

// extra does the further handshakes side by side; Admit keeps them within
// what one address may bear. What the first one has answered already is not
// asked again: a server that negotiated TLS 1.1 shows nothing new when
// offered TLS 1.1 at most.
func (v *visit) extra(ctx context.Context, first sight) []edge.Presentation {
	o := firstOffer(v.endpoint)
	var offers []offer
	if o.serverName != "" {
		offers = append(offers, offer{name: edge.OfferWithoutSNI, max: o.max})
	}
	if first.version > tls.VersionTLS11 {
		offers = append(offers, offer{name: edge.OfferTLS11, serverName: o.serverName, max: tls.VersionTLS11})
	}
	if first.version > tls.VersionTLS12 {
		offers = append(offers, offer{name: edge.OfferTLS12, serverName: o.serverName, max: tls.VersionTLS12})
	}
	o.name = edge.OfferSample
	for range v.samples() - 1 {
		offers = append(offers, o)
	}
	out := make([]edge.Presentation, len(offers))
	var all sync.WaitGroup
	for i, o := range offers {
		all.Go(func() { out[i] = v.further(ctx, o, first) })
	}
	all.Wait()
	return out
}

func (v *visit) samples() int {
	if v.Samples > 0 {
		return v.Samples
	}
	return max(v.endpoint.Samples, 1)
}

// further is one extra handshake.
func (v *visit) further(ctx context.Context, o offer, first sight) edge.Presentation {
	var attempts int
	s := v.persist(ctx, &attempts, func() sight { return v.attempt(ctx, o) })
	// A version may be spoken with suites that Go lacks, while others are not.
	unsuited := o.max < tls.VersionTLS13 && (s.alert == alertHandshakeFailure || s.alert == alertInsufficientSecurity)
	if first.cured || unsuited {
		s = v.cure(ctx, &attempts, o, s)
	}
	s = unlessEnded(ctx, s)
	p := edge.Presentation{Offer: o.name, Outcome: s.outcome(), Fault: s.fault, Chain: s.chain, Proof: s.proof}
	if s.tls != nil {
		p.Version = s.tls.Version
	}
	return p
}
