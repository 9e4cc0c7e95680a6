package audit

import (
	"testing"

	"edgecert/scanner/edge"
)

// A saved scan may say what no probe would. Judging it never fails, and what
// makes no sense is never called well.
func TestOddEvidenceIsJudged(t *testing.T) {
	t.Parallel()
	garbled := edge.NewCertificate([]byte("no certificate at all"))
	odd := map[string]func(*edge.Capture){
		"a capture of nothing":            func(c *edge.Capture) { *c = edge.Capture{Endpoint: c.Endpoint} },
		"failed without a reason":         func(c *edge.Capture) { *c = edge.Capture{Endpoint: c.Endpoint, Outcome: edge.Failed} },
		"captured without a chain":        func(c *edge.Capture) { c.Chain = nil },
		"no certificate where one is due": func(c *edge.Capture) { c.Chain, c.Outcome = nil, edge.NoCertificate },
		"garbled throughout":              func(c *edge.Capture) { c.Chain = []*edge.Certificate{garbled, garbled, garbled} },
		"samples of nothing": func(c *edge.Capture) {
			c.Presentations = []edge.Presentation{{Offer: edge.OfferSample}, {Offer: edge.OfferSample}}
			c.Chain = nil
		},
		"handshakes of nothing": func(c *edge.Capture) {
			c.Presentations, c.TLS = []edge.Presentation{{Offer: edge.OfferWithoutSNI}, {Offer: edge.OfferTLS11}, {Offer: edge.OfferTLS12}, {}}, nil
		},
		"without a name, an address and a member": func(c *edge.Capture) { c.Endpoint = edge.Endpoint{Pool: c.Endpoint.Pool}; c.Chain = nil },
	}
	for name, change := range odd {
		for _, kind := range []edge.PoolKind{edge.EdgePool, edge.CommandLinePool, edge.LoosePool} {
			w := healthy(t)
			w.pool().Kind = kind
			for i := range w.ev.Captures {
				if w.ev.Captures[i].Endpoint.Role != edge.AV {
					change(&w.ev.Captures[i])
				}
			}
			j := w.judge()
			if len(j.Rules) != len(Rules()) {
				t.Errorf("%s, %q: %d rules", name, kind, len(j.Rules))
			}
			if j.Verdict == VerdictOK && name != "handshakes of nothing" {
				t.Errorf("%s, %q: all is well", name, kind)
			}
			if j.Rules["expired"] == Pass && name != "handshakes of nothing" {
				t.Errorf("%s, %q: expired passes", name, kind)
			}
		}
	}
}
