package sweep

import (
	"crypto/x509"
	"fmt"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

// dual is beside on cells that present a certificate at all.
func dual(change func(*lab.Template)) func(*lab.Cell) {
	return func(c *lab.Cell) {
		if c.Speaks == lab.TLS {
			beside(change)(c)
		}
	}
}

func poolWorlds() []world {
	xmpp := func(s *lab.Spec) { s.AddXMPP("contoso.com") }
	return []world{
		{name: "the demo's pool", demo: true, finds: []string{
			"differs-across-members @ edge2 webcon",
			"expires-soon @ edge2 webcon",
			"chain-incomplete @ edge3 ",
			"sip-domain-name-missing @  ",
			"endpoint-unreachable @ edge1 access",
		}},
		{name: "a relay that UDP does not reach", udp: true, finds: []string{"relay-silent @  av"}},
		{name: "RSA and EC certificates on every cell", finds: []string{"depends-on-key-type @  ", "ec-key @  "},
			spec: func(s *lab.Spec) { s.Each("", dual(nil)) }},
		{name: "RSA and EC certificates on every cell, the EC one of one member forgotten", finds: []string{
			"depends-on-key-type @  ", "depends-on-key-type @ edge2 ", "ec-key @  ", "ec-key @ edge2 ",
			"differs-across-members @ edge2 access", "differs-across-members @ edge2 access", "differs-across-members @ edge2 webcon"},
			spec: func(s *lab.Spec) {
				s.Each("", func(c *lab.Cell) {
					dual(nil)(c)
					if c.Member == "edge2" && c.Second != nil {
						c.Second.Leaf.Issue = 7
					}
				})
			}},
		{name: "with an XMPP proxy", spec: xmpp},
		{name: "XMPP without STARTTLS", spec: func(s *lab.Spec) {
			xmpp(s)
			s.Each(edge.XMPP, func(c *lab.Cell) { c.NoStartTLS = true })
		}},
		{name: "XMPP domain not in the certificate", finds: []string{"xmpp-name-missing @  xmpp"}, spec: func(s *lab.Spec) {
			xmpp(s)
			s.Each("", func(c *lab.Cell) { c.Chain.Leaf.Names = without(c.Chain.Leaf.Names, "contoso.com") })
		}},
		{name: "XMPP forgotten on one member", finds: []string{"differs-across-members @ edge2 xmpp"}, spec: func(s *lab.Spec) {
			xmpp(s)
			s.Cell("edge2", edge.XMPP, 5269).Chain.Leaf.Issue = 2
		}},
		{name: "XMPP forgotten on every member, or apart, and one offers no TLS", finds: []string{"differs-across-services warning @  xmpp"}, spec: func(s *lab.Spec) {
			xmpp(s)
			s.Each(edge.XMPP, func(c *lab.Cell) { c.Chain.Leaf.Issue = 2 })
			s.Cell("edge3", edge.XMPP, 5269).NoStartTLS = true
		}},
		{name: "XMPP that one member's inventory assigns another certificate to", finds: []string{"assigned-not-presented @ edge2 xmpp"}, spec: xmpp,
			evidence: func(ev *edge.Evidence) { xmppRecord(ev, "edge2", fmt.Sprintf("%040x", 7)) }},
		{name: "XMPP that nobody scans and inventories differ about", finds: []string{"inventory-differs @ edge2 "},
			evidence: func(ev *edge.Evidence) {
				xmppRecord(ev, "edge1", ev.Captures[0].Leaf().Thumbprint())
				xmppRecord(ev, "edge2", fmt.Sprintf("%040x", 7))
			}},
		{name: "public IM", finds: []string{"client-auth-ending"}, spec: func(s *lab.Spec) {
			s.Lines = []string{"public-im aol"}
			s.Each("", func(c *lab.Cell) {
				c.Chain.Leaf.ExtUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
			})
		}},
		{name: "a certificate for each service, on purpose", spec: func(s *lab.Spec) {
			s.Lines = []string{"certificates per-service"}
			s.Each(edge.WebConf, func(c *lab.Cell) {
				c.Chain.Leaf.Subject.CommonName, c.Chain.Leaf.Names = "webcon.contoso.com", []string{"webcon.contoso.com"}
			})
			s.Each(edge.Access, func(c *lab.Cell) { c.Chain.Leaf.Names = without(c.Chain.Leaf.Names, "webcon.contoso.com") })
		}},
		{name: "web services", spec: ofKind("web", edge.Service{Role: edge.Web, FQDN: "meet.contoso.com", Ports: []int{443}})},
		{name: "web services by a wildcard", spec: func(s *lab.Spec) {
			ofKind("web", edge.Service{Role: edge.Web, FQDN: "meet.contoso.com", Ports: []int{443}})(s)
			s.Each("", func(c *lab.Cell) { c.Chain.Leaf.Names = []string{"*.contoso.com"} })
		}},
		{name: "web services without a name", finds: []string{"host-name-missing @  web"}, spec: func(s *lab.Spec) {
			ofKind("web", edge.Service{Role: edge.Web, FQDN: "meet.contoso.com", Ports: []int{443}})(s)
			s.Each("", func(c *lab.Cell) { c.Chain.Leaf.Names = []string{"www.contoso.com"} })
		}},
		{name: "the internal side, of a private CA", host: true, evidence: hostTrusts, spec: func(s *lab.Spec) {
			ofKind("internal", edge.Service{Role: edge.Internal, FQDN: "edgepool.contoso.net", Ports: []int{5061, 5062, 4443}})(s)
			s.Each("", from("Private"))
		}},
		{name: "A/V and Web Conferencing in groups of their own", spec: func(s *lab.Spec) {
			s.Lines = []string{"certificates access+av webcon"}
			s.Each(edge.WebConf, func(c *lab.Cell) {
				c.Chain.Leaf.Subject.CommonName, c.Chain.Leaf.Names = "webcon.contoso.com", []string{"webcon.contoso.com"}
			})
			s.Each(edge.Access, func(c *lab.Cell) { c.Chain.Leaf.Names = without(c.Chain.Leaf.Names, "webcon.contoso.com") })
		}},
		{name: "a partner's federation host", spec: ofKind("partner", edge.Service{Role: edge.Access, FQDN: "exp.contoso.com", Ports: []int{5061}})},
		{name: "a partner's federation host with a certificate for both", finds: []string{"client-auth-ending @  access"}, spec: func(s *lab.Spec) {
			ofKind("partner", edge.Service{Role: edge.Access, FQDN: "exp.contoso.com", Ports: []int{5061}})(s)
			s.Each("", func(c *lab.Cell) {
				c.Chain.Leaf.ExtUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
			})
		}},
		{name: "a private CA that this host trusts", host: true, evidence: hostTrusts, finds: []string{"not-public-ca"},
			spec: func(s *lab.Spec) { s.Each("", from("Private")) }},
		{name: "a private CA on purpose", host: true, evidence: hostTrusts, spec: func(s *lab.Spec) {
			s.Lines = []string{"issuer private"}
			s.Each("", from("Private"))
		}},
		{name: "behind a load balancer", spec: func(s *lab.Spec) { balanced(s, nil) }},
		{name: "a load balancer with a certificate of its own", finds: []string{"vip-differs-from-members @ vip access"},
			spec: func(s *lab.Spec) { balanced(s, func(c *lab.Cell) { c.Chain.Leaf.Issue = 5 }) }},
		{name: "a load balancer before two certificates", spec: func(s *lab.Spec) { balanced(s, func(c *lab.Cell) { c.Alternate = other(c) }) },
			finds: []string{"changes-between-handshakes @ vip access", "vip-differs-from-members @ vip access"}},
		{name: "inventories that agree", evidence: func(ev *edge.Evidence) { inventory(ev) },
			rules: map[string]audit.Outcome{"av-certificate-differs": audit.Pass}},
		{name: "another A/V certificate on one member", finds: []string{"av-certificate-differs @ edge2 av"},
			evidence: func(ev *edge.Evidence) { inventory(ev)["edge2"].Thumbprint = fmt.Sprintf("%040x", 7) }},
		{name: "a renewal that reached nobody", finds: []string{"expected-not-presented"}, evidence: expects(fmt.Sprintf("%040x", 7))},
		{name: "a renewal that reached everybody but one", finds: []string{"differs-across-members @ edge2 webcon", "expected-not-presented @ edge2 webcon"},
			evidence: expects(""), spec: func(s *lab.Spec) { s.Cell("edge2", edge.WebConf, 443).Chain.Leaf.Issue = 2 }},
		{name: "a service that was not restarted", finds: []string{"assigned-not-presented @ edge2 webcon"},
			evidence: func(ev *edge.Evidence) {
				inventory(ev)
				for i := range ev.Pools[0].Inventory {
					if r := &ev.Pools[0].Inventory[i]; r.Member == "edge2" && r.Use == "DataEdgeExternal" {
						r.Thumbprint = fmt.Sprintf("%040x", 7)
					}
				}
			}},
		{name: "an A/V service that was not restarted", finds: []string{"restart-missing @ edge2 av"},
			evidence: func(ev *edge.Evidence) { r := inventory(ev)["edge2"]; r.Started = r.NotBefore.AddDate(0, 0, -3) }},
		{name: "an intermediate in the Root store", finds: []string{"root-store-misplaced @ edge2 access"},
			evidence: func(ev *edge.Evidence) {
				root := []string{ev.Captures[0].Chain[1].Thumbprint()}
				ev.Pools[0].Stores = []edge.Store{{Member: "edge2", Root: root, Sorted: true}}
			}},
		{name: "hosts of the command line", hosts: func(at func(string, string, edge.Role) string) []string {
			return []string{at("sip.contoso.com", "edge1", edge.Access), at("webcon.contoso.com", "edge2", edge.WebConf)}
		}},
		{name: "a host by a name that its certificate lacks", finds: []string{"host-name-missing @ 127.0.0.1 other"},
			hosts: func(at func(string, string, edge.Role) string) []string {
				return []string{at("sip.contoso.com", "edge1", edge.Access), at("av.contoso.com", "edge2", edge.WebConf)}
			}},
		{name: "hosts with two certificates", spec: func(s *lab.Spec) { s.Cell("edge2", edge.WebConf, 443).Chain.Leaf.Issue = 6 },
			finds: []string{"differs-across-ports @ 127.0.0.1 other"},
			hosts: func(at func(string, string, edge.Role) string) []string {
				return []string{at("sip.contoso.com", "edge1", edge.Access), at("webcon.contoso.com", "edge2", edge.WebConf)}
			}},
		{name: "members behind the load balancer alone", spec: func(s *lab.Spec) {
			s.Services, s.Members = s.Services[:1], []lab.Member{{Name: edge.VIPMember}}
			s.Cells = s.Cells[:2]
			s.Each("", func(c *lab.Cell) { c.Member = edge.VIPMember })
		}, rules: map[string]audit.Outcome{"differs-across-members": audit.CouldNotTell}},
	}
}

// balanced puts a load balancer before the Access Edges.
func balanced(s *lab.Spec, change func(*lab.Cell)) {
	s.Members = append(s.Members, lab.Member{Name: edge.VIPMember})
	vip := *s.Cell("edge1", edge.Access, 443)
	vip.Member = edge.VIPMember
	if change != nil {
		change(&vip)
	}
	s.Cells = append(s.Cells, vip)
}

// hostTrusts says that this host's store trusts every leaf.
func hostTrusts(ev *edge.Evidence) {
	ev.HostRoots, ev.HostTrusted = true, map[edge.Fingerprint]bool{}
	for _, c := range ev.Captures {
		if leaf := c.Leaf(); leaf != nil {
			ev.HostTrusted[leaf.Fingerprint] = true
		}
	}
}

// inventory gives every member the Get-CsCertificate output that fits what it
// presents, and returns the records of the A/V certificate by member.
func inventory(ev *edge.Evidence) map[string]*edge.InventoryRecord {
	leaf := ev.Captures[0].Leaf()
	records := &ev.Pools[0].Inventory
	for _, m := range ev.Pools[0].Members {
		for _, use := range []string{"AccessEdgeExternal", "DataEdgeExternal", "AudioVideoAuthentication"} {
			*records = append(*records, edge.InventoryRecord{Member: m.Name, Use: use, Thumbprint: leaf.Thumbprint(), Serial: leaf.Serial(),
				Subject: leaf.Subject(), Issuer: leaf.Issuer(), NotBefore: leaf.NotBefore(), NotAfter: leaf.NotAfter(),
				Names: leaf.DNSNames(), Source: "certs-" + m.Name + ".json:1"})
		}
	}
	av := map[string]*edge.InventoryRecord{}
	for i := range *records {
		if r := &(*records)[i]; r.Use == "AudioVideoAuthentication" {
			av[r.Member] = r
		}
	}
	return av
}

// xmppRecord is a member's certificate for XMPP by its inventory.
func xmppRecord(ev *edge.Evidence, member, thumbprint string) {
	leaf := ev.Captures[0].Leaf()
	ev.Pools[0].Inventory = append(ev.Pools[0].Inventory, edge.InventoryRecord{Member: member, Use: edge.TypeXMPP, Thumbprint: thumbprint,
		NotBefore: leaf.NotBefore(), NotAfter: leaf.NotAfter(), Source: "certs-" + member + ".json:1"})
}

// expects makes a thumbprint the one that is meant; empty: what Access presents.
func expects(thumbprint string) func(*edge.Evidence) {
	return func(ev *edge.Evidence) {
		x := edge.Expectation{Thumbprint: thumbprint}
		if thumbprint == "" {
			x.Thumbprint = ev.Captures[0].Leaf().Thumbprint()
		}
		ev.Pools[0].Expect = []edge.Expectation{x}
	}
}

// ofKind makes the healthy pool one of another kind, with one service: its
// certificate has that service's name alone.
func ofKind(kind string, service edge.Service) func(*lab.Spec) {
	return func(s *lab.Spec) {
		like := *s.Cell("edge1", edge.Access, 443)
		s.SIPDomains, s.Services, s.Cells, s.Lines = nil, []edge.Service{service}, nil, []string{"kind " + kind}
		s.DNS.SRV = nil
		for _, m := range s.Members {
			for _, port := range service.Ports {
				c := like
				c.Member, c.Role, c.Port = m.Name, service.Role, port
				c.Chain.Leaf.Subject.CommonName, c.Chain.Leaf.Names = service.FQDN, []string{service.FQDN}
				s.Cells = append(s.Cells, c)
			}
		}
	}
}
