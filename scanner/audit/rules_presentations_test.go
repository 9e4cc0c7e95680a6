package audit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"

	"edgecert/scanner/edge"
)

// ecLeaf is a leaf with an EC key.
func ecLeaf(w *testWorld, change leafOption) *edge.Certificate {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).Public()
	return makeLeaf(w.t, func(c *x509.Certificate) {
		c.PublicKey, c.KeyUsage = key, x509.KeyUsageDigitalSignature
		if change != nil {
			change(c)
		}
	})
}

func shows(o edge.Offer, version string, leaf *edge.Certificate) edge.Presentation {
	return edge.Presentation{Offer: o, Outcome: edge.Captured, Version: version, Chain: []*edge.Certificate{leaf, testPKI().intermediate}, Proof: edge.Proof{State: edge.Proved}}
}

func loses(o edge.Offer, class edge.ErrorClass) edge.Presentation {
	return edge.Presentation{Offer: o, Outcome: edge.Failed, Fault: &edge.Fault{Class: class, Message: "lost"}}
}

func presentationCases() []ruleCase {
	cell := func(w *testWorld) *edge.Capture { return w.cell("edge2", edge.Access, 5061) }
	of := func(change func(*testWorld, *edge.Capture)) func(*testWorld) {
		return func(w *testWorld) { change(w, cell(w)) }
	}
	expired := valid(date(2026, 1, 1), date(2026, 5, 30))
	tls13 := func(c *edge.Capture) {
		c.TLS.Version = "TLS 1.3"
		again(c, edge.Presentation{Offer: edge.OfferWithoutSNI, Outcome: edge.Captured, Version: "TLS 1.3", Chain: c.Chain})
	}
	// everyCell makes all cells of the pool dual, with one EC certificate.
	dual := func(leaf func(*testWorld) *edge.Certificate) func(*testWorld) {
		return func(w *testWorld) {
			ec := leaf(w)
			for i := range w.ev.Captures {
				if c := &w.ev.Captures[i]; c.Leaf() != nil {
					again(c, shows(edge.OfferECDSA, "TLS 1.2", ec))
				}
			}
		}
	}
	ended := func(w *testWorld) *edge.Certificate { return ecLeaf(w, expired) }
	sound := func(w *testWorld) *edge.Certificate { return ecLeaf(w, nil) }
	stop := of(func(_ *testWorld, c *edge.Capture) {
		c.Presentations = []edge.Presentation{loses(edge.OfferWithoutSNI, edge.ClassReset), loses(edge.OfferTLS11, edge.ClassReset),
			loses(edge.OfferECDSA, edge.ClassReset), loses(edge.OfferNormal, edge.ClassReset)}
	})
	turns := of(func(w *testWorld, c *edge.Capture) {
		other := sameKeyLeaf(w)
		tls13(c)
		again(c, shows(edge.OfferTLS12, "TLS 1.2", other))
		c.Presentations = append(c.Presentations, shows(edge.OfferNormal, "TLS 1.3", other))
	})
	const keyType, version, proof, stopped = "depends-on-key-type", "depends-on-tls-version", "key-not-proved", "stopped-answering"
	return []ruleCase{
		{rule: keyType, name: "one certificate", want: Pass, change: unchanged},
		{rule: keyType, name: "two on every cell", want: Found, change: dual(sound), says: []string{"to whoever takes EC keys alone"}, at: "pool", also: []string{"ec-key"}},
		{rule: "expired", name: "the EC certificate beside the RSA one", want: Found, change: dual(ended), at: "pool", also: []string{"ec-key"}},
		{rule: keyType, name: "a quick scan", want: NotApplicable, change: quick},
		{rule: keyType, name: "the offer was lost", want: CouldNotTell, change: of(func(_ *testWorld, c *edge.Capture) { again(c, loses(edge.OfferECDSA, edge.ClassTimeout)) })},
		{rule: version, name: "TLS 1.2 gets the same", want: Pass, change: of(func(_ *testWorld, c *edge.Capture) { tls13(c) })},
		{rule: version, name: "TLS 1.2 gets an expired one", want: Found, at: "edge2 access 5061", says: []string{"with TLS 1.3, and with TLS 1.2 B"}, also: []string{"expired"},
			change: of(func(w *testWorld, c *edge.Capture) {
				tls13(c)
				again(c, shows(edge.OfferTLS12, "TLS 1.2", makeLeaf(w.t, expired)))
			})},
		{rule: version, name: "TLS 1.2 gets no intermediate", want: Found, at: "edge2 access 5061", says: []string{"the same with no intermediate above it"}, also: []string{"chain-incomplete"},
			change: of(func(_ *testWorld, c *edge.Capture) {
				tls13(c)
				p := shows(edge.OfferTLS12, "TLS 1.2", c.Leaf())
				p.Chain = p.Chain[:1]
				again(c, p)
			})},
		{rule: version, name: "TLS 1.2 gets the other type of key", want: Pass, also: []string{"ec-key"}, change: of(func(w *testWorld, c *edge.Capture) {
			tls13(c)
			ec := ecLeaf(w, nil)
			again(c, shows(edge.OfferECDSA, "TLS 1.3", ec))
			again(c, shows(edge.OfferTLS12, "TLS 1.2", ec))
		})},
		{rule: version, name: "the address presents two in turn", want: CouldNotTell, change: turns, also: []string{"changes-between-handshakes"}},
		{rule: version, name: "the address presents two chains in turn, whatever the version", want: Pass, also: []string{"chain-incomplete"},
			change: of(func(_ *testWorld, c *edge.Capture) {
				tls13(c)
				for o, version := range map[edge.Offer]string{edge.OfferTLS12: "TLS 1.2", edge.OfferNormal: "TLS 1.3"} {
					p := shows(o, version, c.Leaf())
					p.Chain = p.Chain[:1]
					again(c, p)
				}
			})},
		{rule: "changes-between-handshakes", name: "the normal offer, asked again, gets another", want: Found, change: turns, at: "edge2 access 5061"},
		{rule: version, name: "a quick scan", want: NotApplicable, change: quick},
		{rule: proof, name: "the healthy pool", want: Pass, change: unchanged},
		{rule: proof, name: "a wrong PFX on one cell", want: Found, at: "edge2 access 5061", says: []string{"nobody can connect", "signed by another key"},
			change: of(func(_ *testWorld, c *edge.Capture) {
				c.Proof = edge.Proof{State: edge.Disproved, Reason: "signed by another key"}
				c.Presentations = nil
				again(c, loses(edge.OfferTLS11, edge.ClassTLSAlert))
			})},
		{rule: proof, name: "refused before it came", want: CouldNotTell, change: of(func(_ *testWorld, c *edge.Capture) {
			c.Proof = edge.Proof{State: edge.NotSeen, Reason: "the server refused the handshake before it came"}
			for i := range c.Presentations {
				c.Presentations[i].Proof = edge.Proof{}
			}
		})},
		{rule: proof, name: "another handshake proved it", want: Pass, change: of(func(_ *testWorld, c *edge.Capture) {
			c.Proof = edge.Proof{State: edge.NotSeen, Reason: "refused"}
			again(c, shows(edge.OfferSample, "TLS 1.2", c.Leaf()))
		})},
		{rule: proof, name: "another handshake disproved it", want: Found, at: "edge2 access 5061", says: []string{"not everybody can connect", "signed by another key"},
			change: of(func(_ *testWorld, c *edge.Capture) {
				p := shows(edge.OfferSample, "TLS 1.2", c.Leaf())
				p.Proof = edge.Proof{State: edge.Disproved, Reason: "the handshake is signed by another key"}
				again(c, p)
			})},
		{rule: stopped, name: "the healthy pool", want: Pass, change: unchanged},
		{rule: stopped, name: "everything is reset after the first handshake", want: Found, change: stop, at: "edge2 access 5061", fix: "--per-address 1 --rate"},
		{rule: "legacy-tls", name: "reset by who has stopped answering", want: CouldNotTell, change: stop, also: []string{stopped}},
		{rule: "depends-on-sni", name: "reset by who has stopped answering", want: CouldNotTell, change: stop, also: []string{stopped}},
		{rule: keyType, name: "reset by who has stopped answering", want: CouldNotTell, change: stop, also: []string{stopped}},
		{rule: stopped, name: "a quick scan", want: NotApplicable, change: quick},
		{rule: "depends-on-sni", name: "the same comes to other offers with SNI", want: Pass, also: []string{"ec-key"}, change: of(func(w *testWorld, c *edge.Capture) {
			ec := ecLeaf(w, nil)
			again(c, shows(edge.OfferECDSA, "TLS 1.2", ec))
			again(c, shows(edge.OfferWithoutSNI, "TLS 1.2", ec))
		})},
		{rule: "depends-on-sni", name: "an expired one of another name without SNI", want: Found, at: "edge2 access 5061", says: []string{"which has expired, does not hold sip.contoso.com"},
			change: of(func(w *testWorld, c *edge.Capture) {
				again(c, shows(edge.OfferWithoutSNI, "TLS 1.2", makeLeaf(w.t, func(l *x509.Certificate) {
					expired(l)
					l.DNSNames = []string{"www.contoso.com"}
				})))
			})},
		{rule: "relay-silent", name: "not asked", want: NotApplicable, change: unchanged},
		{rule: "relay-silent", name: "it answers", want: Pass, change: overUDP3478(3)},
		{rule: "relay-silent", name: "one member is silent", want: Found, change: overUDP3478(2), at: "edge3 av 443"},
	}
}
