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
func (v *visit) extra(ctx context.Context, x *edge.Extra, first sight) {
	o := firstOffer(v.endpoint)
	var all sync.WaitGroup
	shoot := func(to **edge.Handshake, o offer) {
		all.Go(func() { *to = v.further(ctx, o, first) })
	}
	if o.serverName != "" {
		shoot(&x.WithoutSNI, offer{max: o.max})
	}
	if first.version > tls.VersionTLS11 {
		shoot(&x.Legacy, offer{serverName: o.serverName, max: tls.VersionTLS11})
	}
	if first.version > tls.VersionTLS12 {
		shoot(&x.TLS12, offer{serverName: o.serverName, max: tls.VersionTLS12})
	}
	samples := v.samples()
	again := make([]*edge.Handshake, max(samples-1, 0))
	for i := range again {
		shoot(&again[i], o)
	}
	all.Wait()
	if samples > 1 {
		x.Samples = count(first, again, samples)
	}
}

func (v *visit) samples() int {
	if v.Samples > 0 {
		return v.Samples
	}
	return max(v.endpoint.Samples, 1)
}

// further is one extra handshake, nil if the scan ended before it.
func (v *visit) further(ctx context.Context, o offer, first sight) *edge.Handshake {
	var attempts int
	s := v.persist(ctx, &attempts, func() sight { return v.attempt(ctx, o) })
	// A version may be spoken with suites that Go lacks, while others are not.
	unsuited := o.max < tls.VersionTLS13 && (s.alert == alertHandshakeFailure || s.alert == alertInsufficientSecurity)
	if first.cured || unsuited {
		s = v.cure(ctx, &attempts, o, s)
	}
	if s = unlessEnded(ctx, s); s.fault != nil && s.fault.Class == edge.ClassInterrupted {
		return nil
	}
	h := &edge.Handshake{Outcome: s.outcome(), Fault: s.fault, Chain: s.chain}
	if s.tls != nil {
		h.Version = s.tls.Version
	}
	return h
}

// count sums up the samples: by leaf, in the order of their first appearance.
func count(first sight, again []*edge.Handshake, planned int) *edge.Samples {
	n := &edge.Samples{Planned: planned, Seen: []edge.Sample{{Certificate: first.chain[0], Count: 1}}}
	for _, h := range again {
		if h == nil {
			continue
		}
		if h.Leaf() == nil {
			n.Failed++
			continue
		}
		n.Seen = sighted(n.Seen, h.Leaf())
	}
	return n
}

func sighted(seen []edge.Sample, leaf *edge.Certificate) []edge.Sample {
	for i := range seen {
		if seen[i].Certificate == leaf {
			seen[i].Count++
			return seen
		}
	}
	return append(seen, edge.Sample{Certificate: leaf, Count: 1})
}
