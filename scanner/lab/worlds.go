package lab

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/netip"
	"slices"
	"time"

	"edgecert/scanner/edge"
)

// PublicCA names the authority that every healthy chain comes from.
const PublicCA = "Public"

// lifetime of a healthy leaf, in days: short enough for the 47 days that
// CA/Browser Forum ballot SC-081v3 allows from 2029 on, so that the lab does
// not age. A quarter of it has gone.
const (
	lifetime = 46
	age      = 11
)

// Healthy describes the pool of the seed table (Certificate summary - Public
// instant messaging connectivity in Lync Server 2013) as it should be: three
// members, one certificate everywhere, the A/V Edge behind pseudo-TLS, DNS in
// order. now is the time of the scan: the certificates are valid around it.
func Healthy(now time.Time) Spec {
	s := Spec{
		Now:        now,
		Pool:       "edge-lab",
		SIPDomains: []string{"contoso.com", "fabrikam.com"},
		Services: []edge.Service{
			{Role: edge.Access, FQDN: "sip.contoso.com", Ports: []int{443, 5061}},
			{Role: edge.WebConf, FQDN: "webcon.contoso.com", Ports: []int{443}},
			{Role: edge.AV, FQDN: "av.contoso.com", Ports: []int{443}},
		},
		Members:     []Member{{Name: "edge1"}, {Name: "edge2"}, {Name: "edge3"}},
		Authorities: []Authority{NewAuthority(PublicCA, now)},
	}
	s.Authorities[0].Trusted = true
	s.fill()
	s.DNS = s.healthyDNS()
	return s
}

// AddXMPP gives the spec the XMPP proxy of a domain, on the Access Edge's
// name and certificate, and the names that this needs.
func (s *Spec) AddXMPP(domain string) {
	s.Services = append(s.Services, edge.Service{Role: edge.XMPP, FQDN: domain, Ports: []int{5269}})
	s.fill()
	s.Each("", func(c *Cell) {
		c.Chain.Leaf.Names = append(slices.Clone(c.Chain.Leaf.Names), domain)
	})
	s.DNS = s.healthyDNS()
}

// fill adds the healthy cell for each service and port that has none yet.
func (s *Spec) fill() {
	for _, m := range s.Members {
		for _, service := range s.Services {
			for _, port := range service.Ports {
				if s.Cell(m.Name, service.Role, port) == nil {
					s.Cells = append(s.Cells, s.healthyCell(m.Name, service.Role, port))
				}
			}
		}
	}
}

func (s *Spec) healthyCell(member string, role edge.Role, port int) Cell {
	c := Cell{Member: member, Role: role, Port: port, Chain: Chain{Leaf: s.healthyLeaf(), Authority: PublicCA}}
	switch {
	case role == edge.AV:
		c.Speaks = PseudoTLS // the chain is there for a world that speaks TLS instead
	case role == edge.XMPP:
		c.Speaks = StartTLS
	case role == edge.Access && port == 5061:
		c.ClientCert, c.AcceptableCAs = edge.Required, 3
	}
	return c
}

func (s *Spec) healthyLeaf() Template {
	issued := s.Now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -age)
	t := Template{
		Subject:   pkix.Name{Organization: []string{"Contoso"}, CommonName: "sip.contoso.com"},
		Names:     []string{"sip.contoso.com", "webcon.contoso.com"},
		NotBefore: issued,
		NotAfter:  issued.AddDate(0, 0, lifetime).Add(-time.Second), // the last second counts: RFC 5280, 4.1.2.5
		Usage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		Key:       KeySpec{Label: "leaf"},
		CRL:       []string{Responder + "/Public.crl"},
		OCSP:      []string{Responder + "/Public"},
	}
	for _, d := range s.SIPDomains {
		if name := "sip." + d; name != t.Subject.CommonName {
			t.Names = append(t.Names, name)
		}
	}
	return t
}

// healthyDNS is what DNS should hold for the spec: every service name at every
// member, and per SIP domain the two SRV records with a target of that domain.
func (s *Spec) healthyDNS() DNS {
	d := DNS{Addresses: map[string][]netip.Addr{}, SRV: map[string][]edge.SRV{}}
	var members []netip.Addr
	for _, m := range s.Members {
		if ip := m.ip(); !slices.Contains(members, ip) {
			members = append(members, ip)
		}
	}
	for _, service := range s.Services {
		d.Addresses[service.FQDN] = members
		if service.Role == edge.XMPP {
			d.SRV["_xmpp-server._tcp."+service.FQDN] = []edge.SRV{{Target: s.Services[0].FQDN, Port: service.Ports[0]}}
		}
	}
	for _, domain := range s.SIPDomains {
		sip := "sip." + domain
		d.Addresses[sip] = members
		d.SRV["_sipfederationtls._tcp."+domain] = []edge.SRV{{Target: sip, Port: 5061}}
		d.SRV["_sip._tls."+domain] = []edge.SRV{{Target: sip, Port: 443}}
	}
	return d
}

func (m Member) ip() netip.Addr {
	if m.IP.IsValid() {
		return m.IP
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1}) // all that macOS has
}

// Demo describes the pool that people meet: the healthy one with the four
// faults that Faults tells.
func Demo(now time.Time) Spec {
	s := Healthy(now)
	s.SIPDomains = append(s.SIPDomains, "tailspin.example")
	s.DNS = s.healthyDNS()

	// The renewal reached every service but one: that has 5 of 46 days left.
	makeOld(&s.Cell("edge2", edge.WebConf, 443).Chain.Leaf)

	for i := range s.Cells {
		if c := &s.Cells[i]; c.Member == "edge3" {
			c.Chain.Send = []Part{{Kind: LeafPart}}
		}
	}
	s.Cell("edge1", edge.Access, 5061).Speaks = Closed
	s.Faults = []string{
		"edge2 was forgotten at the renewal: its Web Conferencing Edge has the old certificate",
		"edge3 does not send the intermediate certificate",
		"the certificate lacks sip.tailspin.example, the name of the third SIP domain",
		"the federation port 5061 of edge1 is down",
	}
	return s
}
