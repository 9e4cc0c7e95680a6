package audit

import (
	"crypto/x509"
	"math/big"
	"net/netip"

	"edgecert/scanner/edge"
)

// oldLeaf is the certificate before the renewal: other serial, other key, five
// days to live.
func oldLeaf(w *testWorld) *edge.Certificate {
	w.t.Helper()
	return makeLeaf(w.t, func(c *x509.Certificate) {
		c.SerialNumber = big.NewInt(0x01d)
		c.NotBefore, c.NotAfter = date(2025, 7, 1), date(2026, 6, 6).Add(13*60*60*1e9)
		c.PublicKey = testPKI().leafKeys[1].Public()
	})
}

// sameKeyLeaf is the healthy certificate issued again for the same key.
func sameKeyLeaf(w *testWorld) *edge.Certificate {
	w.t.Helper()
	return makeLeaf(w.t, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(0x5eee); c.NotBefore = date(2026, 5, 2) })
}

// behindVIP puts the pool behind a load balancer alone: no member is known.
func behindVIP(w *testWorld) {
	w.pool().Members, w.pool().Inventory = nil, nil
	var kept []edge.Capture
	for _, c := range w.ev.Captures {
		if c.Endpoint.Member == "edge1" {
			c.Endpoint.Member, c.Endpoint.VIP = edge.VIPMember, true
			w.pool().VIPs = append(w.pool().VIPs, edge.Address{Role: c.Endpoint.Role, IP: c.Endpoint.Address})
			kept = append(kept, c)
		}
	}
	w.ev.Captures = kept
}

// withVIP puts a load balancer before the Access Edge of the named members.
func withVIP(w *testWorld) *edge.Capture {
	c := *w.cell("edge1", edge.Access, 443)
	c.Endpoint.Member, c.Endpoint.VIP, c.Endpoint.Address = edge.VIPMember, true, netip.MustParseAddr("203.0.113.99")
	leaf := c.Leaf()
	c.Presentations = nil
	sampled(&c, leaf, leaf, leaf, leaf, leaf)
	w.pool().VIPs = []edge.Address{{Role: edge.Access, IP: c.Endpoint.Address}}
	n := &w.pool().DNS.Names[0]
	n.Addresses = []netip.Addr{c.Endpoint.Address}
	w.ev.Captures = append(w.ev.Captures, c)
	return &w.ev.Captures[len(w.ev.Captures)-1]
}

// foundByDNS forgets the members: every address is one of its own.
func foundByDNS(w *testWorld) {
	w.pool().Members, w.pool().Inventory = nil, nil
	for i := range w.ev.Captures {
		e := &w.ev.Captures[i].Endpoint
		e.Member = e.Address.String()
	}
}

func consistencyCases() []ruleCase {
	return []ruleCase{
		{
			rule: idMembers, name: "Web Conferencing of one member still on the old certificate", want: Found,
			change: func(w *testWorld) { present(oldLeaf(w), w.cell("edge2", edge.WebConf, 443)) },
			at:     "edge2 webcon 443", fix: "on edge2: the certificate is assigned already, only the restart is missing",
			says: []string{"1 of 3 members still presents the old certificate, which expires in 5 days: edge2", "another key", "edge1 and edge3 have the new one", ": A (thumbprint ", "serial 5eed", "issued by Example Issuing CA"},
			also: []string{"expires-soon"},
		},
		{
			rule: idMembers, name: "renewed on one member alone, with the same key", want: Found, count: 3,
			change: func(w *testWorld) {
				leaf := sameKeyLeaf(w)
				present(leaf, w.member("edge3")[:3]...)
				for i := range w.pool().Inventory {
					if r := &w.pool().Inventory[i]; r.Member == "edge3" {
						r.Thumbprint = leaf.Thumbprint()
					}
				}
			},
			at: "access 443", fix: "on edge1 and edge2: copy that file there and import it: Import-CsCertificate",
			says: []string{"2 of 3 members still present the old certificate", "the same key"},
			also: []string{"av-certificate-differs"},
		},
		{
			rule: idMembers, name: "two members with one webcon each way", want: Found,
			change: func(w *testWorld) {
				first(2, w)
				present(sameKeyLeaf(w), w.cell("edge1", edge.WebConf, 443))
			},
			at: "edge2 webcon 443", // the pool's other services say which is odd
		},
		{
			rule: idMembers, name: "three members with three certificates", want: Found,
			change: func(w *testWorld) {
				present(oldLeaf(w), w.cell("edge2", edge.WebConf, 443))
				present(sameKeyLeaf(w), w.cell("edge3", edge.WebConf, 443))
			},
			at: "webcon 443", says: []string{"3 members present 3 different certificates"}, also: []string{"expires-soon"},
		},
		{
			rule: idMembers, name: "one member unreachable, the others agree", want: CouldNotTell,
			change: func(w *testWorld) { down(edge.ClassTimeout, w.cell("edge2", edge.WebConf, 443)) }, also: []string{idUnreachable},
		},
		{rule: idMembers, name: "one service seen through a load balancer alone", want: CouldNotTell, change: func(w *testWorld) {
			e := &withVIP(w).Endpoint
			e.ServicePort, e.Port = 8443, 8443
		}},
		{rule: idMembers, name: "seen through a load balancer alone", want: CouldNotTell, change: behindVIP},
		{
			rule: "differs-across-services", name: "Web Conferencing of all members on another certificate", want: Found,
			change: func(w *testWorld) { present(sameKeyLeaf(w), w.cells(edge.WebConf)...) },
			at:     "access", says: []string{"edge1, edge2 and edge3 (webcon 443) present B", "one certificate is expected"}, fix: "Set-CsCertificate -Type AccessEdgeExternal -Thumbprint",
		},
		{
			rule: "differs-across-services", name: "5061 and Web Conferencing of all members on another certificate than 443", want: Pass,
			change: func(w *testWorld) {
				leaf := sameKeyLeaf(w)
				present(leaf, w.cells(edge.WebConf)...)
				for _, m := range []string{"edge1", "edge2", "edge3"} {
					present(leaf, w.cell(m, edge.Access, 5061))
				}
			},
			also: []string{"differs-across-ports", "assigned-not-presented"},
		},
		{
			rule: "differs-across-services", name: "the same with certificates per-service", want: NotApplicable,
			change: func(w *testWorld) {
				w.perService()
				w.pool().Inventory = nil
				present(sameKeyLeaf(w), w.cells(edge.WebConf)...)
			},
		},
		{
			rule: "differs-across-services", name: "one cell that the other members show to be odd", want: told,
			change: func(w *testWorld) { present(sameKeyLeaf(w), w.cell("edge1", edge.WebConf, 443)) },
			also:   []string{idMembers},
		},
		{
			rule: "differs-across-services", name: "members found by DNS, one service renewed", want: Found,
			change: func(w *testWorld) { foundByDNS(w); present(sameKeyLeaf(w), w.cells(edge.WebConf)...) },
			at:     "access",
		},
		{
			rule: "differs-across-services", name: "members found by DNS, one address renewed", want: Pass,
			change: func(w *testWorld) { foundByDNS(w); present(sameKeyLeaf(w), w.cells(edge.WebConf)[1]) },
			also:   []string{idMembers},
		},
		{
			rule: "differs-across-ports", name: "5061 of all members on another certificate", want: Found,
			change: func(w *testWorld) {
				other := sameKeyLeaf(w)
				for _, c := range w.cells(edge.Access) {
					if c.Endpoint.Port == 5061 {
						present(other, c)
					}
				}
			},
			at: "access 443", says: []string{"access 5061) present B", "expected on both"},
		},
		{
			rule: "differs-across-ports", name: "a lone member whose 5061 is another", want: Found,
			change: func(w *testWorld) { lone(w); present(sameKeyLeaf(w), w.cell("edge1", edge.Access, 5061)) },
			at:     "edge1 access 443",
		},
		{
			rule: "differs-across-ports", name: "5061 of one member unreachable", want: CouldNotTell,
			change: func(w *testWorld) { down(edge.ClassReset, w.cell("edge1", edge.Access, 5061)) }, also: []string{idUnreachable},
		},
		{
			rule: "changes-between-handshakes", name: "a load balancer that shows two", want: Found,
			change: func(w *testWorld) {
				behindVIP(w)
				c := w.cell(edge.VIPMember, edge.WebConf, 443)
				leaf, other := c.Leaf(), sameKeyLeaf(w)
				sampled(c, leaf, other, leaf, other, leaf)
			},
			at: "vip webcon 443", says: []string{"2 certificates in 6 handshakes", "4 times A", "2 times B"},
		},
		{
			rule: "changes-between-handshakes", name: "a load balancer that shows what its members differ in", want: Pass,
			change: func(w *testWorld) {
				other := sameKeyLeaf(w)
				c := withVIP(w)
				present(other, w.cell("edge2", edge.Access, 443))
				sampled(c, other, other, c.Leaf(), c.Leaf(), c.Leaf())
			},
			also: []string{idMembers},
		},
		{rule: "changes-between-handshakes", name: "a load balancer that shows one", want: Pass, change: func(w *testWorld) { withVIP(w) }},
		{
			rule: "changes-between-handshakes", name: "a sample that failed", want: CouldNotTell,
			change: func(w *testWorld) { c := withVIP(w); sampled(c, c.Leaf(), nil, c.Leaf()) },
		},
		{
			rule: "depends-on-sni", name: "a reverse proxy's own certificate without SNI", want: Found,
			change: func(w *testWorld) {
				proxy := []*edge.Certificate{sameKeyLeaf(w)}
				for _, c := range w.cells(edge.WebConf) {
					again(c, edge.Presentation{Offer: edge.OfferWithoutSNI, Outcome: edge.Captured, Chain: proxy})
				}
			},
			at: "webcon 443", says: []string{"present A (thumbprint ", "with SNI, and without it another certificate", "for sip.contoso.com"},
		},
		{
			rule: "depends-on-sni", name: "a server that refuses to talk without SNI", want: Pass,
			change: func(w *testWorld) {
				again(w.cell("edge1", edge.WebConf, 443), edge.Presentation{Offer: edge.OfferWithoutSNI, Outcome: edge.Failed, Fault: &edge.Fault{Class: edge.ClassTLSAlert}})
			},
		},
		{
			rule: "depends-on-sni", name: "the handshake without SNI timed out", want: CouldNotTell,
			change: func(w *testWorld) {
				again(w.cell("edge1", edge.WebConf, 443), edge.Presentation{Offer: edge.OfferWithoutSNI, Outcome: edge.Failed, Fault: &edge.Fault{Class: edge.ClassTimeout}})
			},
		},
		{rule: "depends-on-sni", name: "a quick scan", want: NotApplicable, change: quick},
		{
			rule: "chain-differs-across-members", name: "one member sends a cross certificate too", want: Found,
			change: func(w *testWorld) { w.sendCross("edge3") },
			at:     "edge3", says: []string{"edge3 (every service)", "Example Issuing CA"}, fix: `Cert:\LocalMachine\CA`,
		},
		{
			rule: "chain-differs-across-members", name: "one cell sends a cross certificate too, another nothing but the leaf", want: Found,
			change: func(w *testWorld) {
				c := w.cell("edge2", edge.WebConf, 443)
				c.Chain = append(c.Chain[:2:2], testPKI().cross)
				bare := w.cell("edge3", edge.Access, 443)
				bare.Chain = bare.Chain[:1]
			},
			at: "edge2 webcon 443", says: []string{"edge2 (webcon 443)"}, also: []string{"chain-incomplete"},
		},
		{
			rule: "chain-differs-across-members", name: "one member sends nothing but the leaf", want: told,
			change: func(w *testWorld) {
				for _, c := range w.member("edge2") {
					c.Chain = c.Chain[:1]
				}
			},
			also: []string{"chain-incomplete"},
		},
		{
			rule: "vip-differs-from-members", name: "the load balancer ends TLS itself", want: Found,
			change: func(w *testWorld) { present(sameKeyLeaf(w), withVIP(w)) },
			at:     "vip access 443", says: []string{"none of edge1, edge2 and edge3"},
		},
		{rule: "vip-differs-from-members", name: "the load balancer passes through", want: Pass, change: func(w *testWorld) { withVIP(w) }},
	}
}

// lone takes all members but the first away.
func lone(w *testWorld) { first(1, w) }

// first leaves the pool its first members.
func first(n int, w *testWorld) {
	w.pool().Members, w.pool().Inventory = w.pool().Members[:n], w.pool().Inventory[:3*n]
	w.ev.Captures = w.ev.Captures[:5*n]
	for i := range w.pool().DNS.Names {
		w.pool().DNS.Names[i].Addresses = w.pool().DNS.Names[i].Addresses[:n]
	}
}

// quick takes away all that --quick does not ask.
func quick(w *testWorld) {
	w.ev.Asked.Quick = true
	for i := range w.ev.Captures {
		w.ev.Captures[i].Presentations = nil
	}
}

// sendCross makes a member send the issuing CA's cross certificate too.
func (w *testWorld) sendCross(member string) {
	for _, c := range w.member(member) {
		c.Chain = append(c.Chain[:2:2], testPKI().cross)
	}
}
