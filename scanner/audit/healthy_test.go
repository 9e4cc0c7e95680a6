package audit

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// The healthy pool, described once. Every case is this pool with one mutation.

// today is the only clock the tests know.
func today() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

// A testWorld is everything Judge takes, and the means to change it.
type testWorld struct {
	t      testing.TB
	ev     edge.Evidence
	policy Policy
	now    time.Time
}

func (w *testWorld) pool() *edge.Pool { return &w.ev.Pools[0] }

// judge judges the first pool.
func (w *testWorld) judge() Judgement {
	w.t.Helper()
	js := Judge(context.Background(), w.ev, w.policy, w.now)
	if len(js) != len(w.ev.Pools) {
		w.t.Fatalf("%d judgements of %d pools", len(js), len(w.ev.Pools))
	}
	return js[0]
}

// cell returns the capture of a member's service on the service's port.
func (w *testWorld) cell(member string, role edge.Role, port int) *edge.Capture {
	w.t.Helper()
	i := slices.IndexFunc(w.ev.Captures, func(c edge.Capture) bool {
		return c.Endpoint.Member == member && c.Endpoint.Role == role && c.Endpoint.ServicePort == port
	})
	if i < 0 {
		w.t.Fatalf("no endpoint %s %s %d", member, role, port)
	}
	return &w.ev.Captures[i]
}

// cells returns the captures of a service, of every member.
func (w *testWorld) cells(role edge.Role) []*edge.Capture {
	var out []*edge.Capture
	for i := range w.ev.Captures {
		if w.ev.Captures[i].Endpoint.Role == role {
			out = append(out, &w.ev.Captures[i])
		}
	}
	return out
}

// member returns the captures of a member that present a certificate.
func (w *testWorld) member(name string) []*edge.Capture {
	var out []*edge.Capture
	for i := range w.ev.Captures {
		if c := &w.ev.Captures[i]; c.Endpoint.Member == name && c.Leaf() != nil {
			out = append(out, c)
		}
	}
	return out
}

// present makes captures show another leaf, in the extra handshakes too.
func present(leaf *edge.Certificate, cs ...*edge.Capture) {
	for _, c := range cs {
		c.Outcome, c.Stage, c.Fault = edge.Captured, edge.StageDone, nil
		c.Chain = []*edge.Certificate{leaf, testPKI().intermediate}
		if c.TLS == nil {
			c.TLS = &edge.TLS{Version: "TLS 1.2", Cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", ClientCertificate: edge.NotRequested}
		}
		showAgain(c)
	}
}

// showAgain makes the further handshakes show what the normal one does.
func showAgain(c *edge.Capture) {
	c.Presentations = slices.Clone(c.Presentations)
	for i := range c.Presentations {
		if len(c.Presentations[i].Chain) > 0 {
			c.Presentations[i].Chain = c.Chain
		}
	}
}

// again makes one further handshake show something else, or be made at all.
func again(c *edge.Capture, p edge.Presentation) {
	c.Presentations = append(allBut(c, p.Offer), p)
}

// allBut are the further handshakes but those with an offer.
func allBut(c *edge.Capture, o edge.Offer) []edge.Presentation {
	return slices.DeleteFunc(slices.Clone(c.Presentations), func(p edge.Presentation) bool { return p.Offer == o })
}

// sampled makes the samples after the first show these leaves; nil: failed.
func sampled(c *edge.Capture, leaves ...*edge.Certificate) {
	c.Presentations = allBut(c, edge.OfferSample)
	for _, leaf := range leaves {
		p := edge.Presentation{Offer: edge.OfferSample, Outcome: edge.Failed, Fault: &edge.Fault{Class: edge.ClassTimeout}}
		if leaf != nil {
			p = edge.Presentation{Offer: edge.OfferSample, Outcome: edge.Captured, Version: "TLS 1.2", Chain: []*edge.Certificate{leaf, testPKI().intermediate}}
		}
		c.Presentations = append(c.Presentations, p)
	}
}

// everywhere makes every endpoint that presents a certificate, and every
// member's inventory, show leaf: the pool renewed as a whole.
func (w *testWorld) everywhere(leaf *edge.Certificate) {
	for i := range w.ev.Captures {
		if w.ev.Captures[i].Leaf() != nil {
			present(leaf, &w.ev.Captures[i])
		}
	}
	for i := range w.pool().Inventory {
		r := &w.pool().Inventory[i]
		r.Thumbprint, r.NotBefore, r.NotAfter = leaf.Thumbprint(), leaf.NotBefore(), leaf.NotAfter()
	}
}

// down takes an endpoint away.
func down(class edge.ErrorClass, cs ...*edge.Capture) {
	for _, c := range cs {
		*c = edge.Capture{Endpoint: c.Endpoint, Outcome: edge.Failed, Stage: edge.StageDial, Attempts: 2,
			Fault: &edge.Fault{Class: class, Message: "dialing " + c.Endpoint.HostPort() + ": it did not work"}}
	}
}

// healthy builds the pool: three members with three addresses each, four
// services, one certificate, DNS load balancing, an inventory of each member.
func healthy(t testing.TB) *testWorld {
	t.Helper()
	leaf := makeLeaf(t, nil)
	w := &testWorld{t: t, now: today(), policy: Policy{Roots: []*edge.Certificate{testPKI().root}}}
	pool := edge.Pool{
		Name: "edge-emea", Kind: edge.EdgePool, Source: "targets.txt:1", SIPDomains: []string{"contoso.com", "fabrikam.com"},
		Services: []edge.Service{
			{Role: edge.Access, FQDN: "sip.contoso.com", Ports: []int{443, 5061}},
			{Role: edge.WebConf, FQDN: "webcon.contoso.com", Ports: []int{443}},
			{Role: edge.AV, FQDN: "av.contoso.com", Ports: []int{443}},
			{Role: edge.XMPP, FQDN: "contoso.com", Ports: []int{5269}},
		},
		ExtraNames: []string{"meet.contoso.com"},
		DNS:        &edge.DNS{Resolver: "system"},
	}
	base := map[edge.Role]byte{edge.Access: 10, edge.WebConf: 20, edge.AV: 30, edge.XMPP: 10}
	for n := range 3 {
		m := edge.Member{Name: fmt.Sprintf("edge%d", n+1)}
		for _, s := range pool.Services {
			ip := netip.AddrFrom4([4]byte{203, 0, 113, base[s.Role] + byte(n)})
			m.Addresses = append(m.Addresses, edge.Address{Role: s.Role, IP: ip})
			for _, port := range s.Ports {
				w.ev.Captures = append(w.ev.Captures, healthyCapture(pool.Name, m.Name, s, ip, port, leaf))
			}
		}
		pool.Members = append(pool.Members, m)
		for _, use := range []string{edge.TypeAccess, edge.TypeWebConf, edge.TypeAV} {
			pool.Inventory = append(pool.Inventory, edge.InventoryRecord{Member: m.Name, Use: use, Thumbprint: leaf.Thumbprint(),
				NotBefore: leaf.NotBefore(), NotAfter: leaf.NotAfter(), Source: "certs-" + m.Name + ".json:1"})
		}
	}
	healthyDNS(&pool)
	w.ev.Pools = []edge.Pool{pool}
	w.ev.Started, w.ev.Finished = today(), today().Add(3*time.Second)
	return w
}

func healthyCapture(pool, member string, s edge.Service, ip netip.Addr, port int, leaf *edge.Certificate) edge.Capture {
	c := edge.Capture{
		Endpoint: edge.Endpoint{Pool: pool, Member: member, Role: s.Role, FQDN: s.FQDN, Address: ip, Port: port, ServicePort: port},
		Stage:    edge.StageDone, Attempts: 1,
	}
	if s.Role == edge.AV {
		c.Outcome = edge.NoCertificate
		c.Turn = &edge.Turn{PseudoTLS: true, Live: true, ErrorCode: 401}
		return c
	}
	c.Presentations = []edge.Presentation{
		{Offer: edge.OfferWithoutSNI, Outcome: edge.Captured, Version: "TLS 1.2", Chain: []*edge.Certificate{leaf}},
		{Offer: edge.OfferTLS11, Outcome: edge.Failed, Fault: &edge.Fault{Class: edge.ClassTLSAlert, Message: "protocol version"}},
		{Offer: edge.OfferTLS12, Outcome: edge.Captured, Version: "TLS 1.2", Chain: []*edge.Certificate{leaf}},
		{Offer: edge.OfferECDSA, Outcome: edge.Failed, Fault: &edge.Fault{Class: edge.ClassTLSAlert, Message: "handshake failure"}},
	}
	c.Proof = edge.Proof{State: edge.Proved}
	present(leaf, &c)
	if port == federationPort {
		c.TLS.ClientCertificate, c.TLS.AcceptableCAs = edge.Required, 12
	}
	return c
}

func healthyDNS(pool *edge.Pool) {
	for _, s := range pool.Services {
		a := edge.NameAnswer{Name: s.FQDN, Status: edge.Found}
		for _, m := range pool.Members {
			for _, addr := range m.Addresses {
				if addr.Role == s.Role {
					a.Addresses = append(a.Addresses, addr.IP)
				}
			}
		}
		pool.DNS.Names = append(pool.DNS.Names, a)
	}
	for _, d := range pool.SIPDomains {
		if sip := "sip." + d; sip != pool.FQDN(edge.Access) {
			pool.DNS.Names = append(pool.DNS.Names, edge.NameAnswer{Name: sip, Status: edge.Found, Addresses: slices.Clone(pool.DNS.Names[0].Addresses)})
		}
		pool.DNS.SRV = append(pool.DNS.SRV,
			edge.SRVAnswer{Kind: edge.SRVFederation, Domain: d, Query: "_sipfederationtls._tcp." + d, Status: edge.Found,
				Records: []edge.SRV{{Target: "sip." + d, Port: 5061}}},
			edge.SRVAnswer{Kind: edge.SRVClient, Domain: d, Query: "_sip._tls." + d, Status: edge.Found,
				Records: []edge.SRV{{Target: "sip." + d, Port: 443}}})
	}
}
