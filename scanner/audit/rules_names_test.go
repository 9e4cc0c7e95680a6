package audit

import (
	"crypto/x509"
	"net/netip"
	"slices"

	"edgecert/scanner/edge"
)

// with makes the pool's one certificate another one.
func with(change leafOption) func(*testWorld) {
	return func(w *testWorld) { w.everywhere(makeLeaf(w.t, change)) }
}

// sans makes the certificate's SAN hold these names.
func sans(names ...string) leafOption {
	return func(c *x509.Certificate) { c.DNSNames = names }
}

// without takes names out of the SAN.
func lacking(names ...string) leafOption {
	return func(c *x509.Certificate) {
		c.DNSNames = slices.DeleteFunc(c.DNSNames, func(n string) bool { return slices.Contains(names, n) })
	}
}

func subject(cn string) leafOption {
	return func(c *x509.Certificate) { c.Subject.CommonName = cn }
}

// wildcardFor puts a wildcard in the place of a name.
func wildcardFor(name, wildcard string) leafOption {
	return func(c *x509.Certificate) { lacking(name)(c); c.DNSNames = append(c.DNSNames, wildcard) }
}

// followsSRV points an SRV record to a host and port.
func followsSRV(query string, records ...edge.SRV) func(*testWorld) {
	return func(w *testWorld) {
		for i := range w.pool().DNS.SRV {
			if a := &w.pool().DNS.SRV[i]; a.Query == query {
				a.Status, a.Records = edge.Found, records
			}
		}
	}
}

// ordered makes the pool a list of endpoints of some kind, each dialed by its
// name.
func ordered(kind edge.PoolKind, change func(*testWorld)) func(*testWorld) {
	return func(w *testWorld) {
		p := w.pool()
		*p = edge.Pool{Name: p.Name, Kind: kind}
		w.ev.Captures = slices.DeleteFunc(w.ev.Captures, func(c edge.Capture) bool { return c.Leaf() == nil })
		for i := range w.ev.Captures {
			e := &w.ev.Captures[i].Endpoint
			e.Role, e.Member = edge.Other, e.Address.String()
		}
		change(w)
	}
}

func unchanged(*testWorld) {}

func nameCases() []ruleCase {
	const federation = "_sipfederationtls._tcp.contoso.com"
	request := `Request-CsCertificate -New -Type AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer -DomainName 'sip.contoso.com,webcon.contoso.com,sip.fabrikam.com,meet.contoso.com,contoso.com' `
	return []ruleCase{
		{
			rule: "access-name-missing", name: "the Access name in the subject alone", want: Found, change: with(lacking("sip.contoso.com")),
			at: "pool", says: []string{"lacks sip.contoso.com (Access Edge)", "it is valid for webcon.contoso.com", "edge1, edge2 and edge3 (access 443 and 5061, webcon 443)"}, fix: request,
		},
		{
			rule: "access-name-missing", name: "one member's Web Conferencing with another site's certificate", want: Found,
			change: func(w *testWorld) {
				present(makeLeaf(w.t, func(c *x509.Certificate) { subject("www.contoso.com")(c); sans("www.contoso.com")(c) }), w.cell("edge2", edge.WebConf, 443))
			},
			at: "edge2 webcon 443", also: []string{idMembers, "webcon-name-missing", "sip-domain-name-missing", "extra-name-missing", "subject-not-access-name"},
		},
		{
			rule: "access-name-missing", name: "another member unreachable, the rest well", want: CouldNotTell,
			change: func(w *testWorld) { down(edge.ClassTimeout, w.cell("edge2", edge.WebConf, 443)) }, also: []string{idUnreachable},
		},
		{rule: "access-name-missing", name: "in capital letters", want: Pass, change: with(func(c *x509.Certificate) { c.DNSNames[0] = "SIP.Contoso.COM" })},
		{
			rule: "webcon-name-missing", name: "SAN without Web Conferencing", want: Found, change: with(lacking("webcon.contoso.com")),
			at: "pool", says: []string{"lacks webcon.contoso.com (Web Conferencing Edge)"},
		},
		{
			rule: "webcon-name-missing", name: "separate certificates, Access without the webcon name", want: Pass,
			change: func(w *testWorld) {
				w.perService()
				w.pool().Inventory = nil
				present(makeLeaf(w.t, lacking("webcon.contoso.com")), w.cells(edge.Access)...)
				present(makeLeaf(w.t, func(c *x509.Certificate) { subject("webcon.contoso.com")(c); sans("webcon.contoso.com")(c) }), w.cells(edge.WebConf)...)
			},
		},
		{
			rule: "webcon-name-missing", name: "separate certificates, Web Conferencing with that of Access", want: Found,
			change: func(w *testWorld) {
				w.perService()
				w.pool().Inventory = nil
				present(makeLeaf(w.t, lacking("webcon.contoso.com")), append(w.cells(edge.Access), w.cells(edge.WebConf)...)...)
			},
			at: "webcon 443", fix: "Request-CsCertificate -New -Type DataEdgeExternal",
			says: []string{"edge1, edge2 and edge3 (webcon 443)"},
		},
		{
			rule: "webcon-name-missing", name: "separate certificates, Web Conferencing's without the name that it shares with Access", want: Found,
			change: func(w *testWorld) {
				w.perService()
				w.pool().Inventory = nil
				for i, s := range w.pool().Services {
					if s.Role == edge.WebConf {
						w.pool().Services[i].FQDN = "sip.contoso.com"
					}
				}
				present(makeLeaf(w.t, func(c *x509.Certificate) { subject("webcon.contoso.com")(c); sans("webcon.contoso.com")(c) }), w.cells(edge.WebConf)...)
			},
			at: "webcon 443", says: []string{"lacks sip.contoso.com (Web Conferencing Edge)"}, also: []string{"dns-unknown-address"},
		},
		{
			rule: "sip-domain-name-missing", name: "one SIP domain forgotten", want: Found, change: with(lacking("sip.fabrikam.com")),
			at: "pool", says: []string{"lacks sip.fabrikam.com (SIP domain fabrikam.com)"},
		},
		{
			rule: "sip-domain-name-missing", name: "forgotten in the old certificate and in the new one", want: Found,
			change: func(w *testWorld) {
				with(lacking("sip.fabrikam.com"))(w)
				present(makeLeaf(w.t, func(c *leafTemplate) { lacking("sip.fabrikam.com")(c); c.NotBefore = date(2026, 5, 2) }), w.cell("edge2", edge.WebConf, 443))
			},
			at: "pool", says: []string{"certificates A (thumbprint", "and B (thumbprint", "lack sip.fabrikam.com"}, also: []string{idMembers},
		},
		{
			rule: "srv-target-name-missing", name: "federation follows SRV to another host", want: Found,
			change: followsSRV(federation, edge.SRV{Target: "edge.contoso.com", Port: 5061}),
			at:     "pool", says: []string{"lacks edge.contoso.com (target of " + federation + ")"},
		},
		{
			rule: "srv-target-name-missing", name: "that host in the SAN", want: Pass,
			change: func(w *testWorld) {
				followsSRV(federation, edge.SRV{Target: "edge.contoso.com", Port: 5061})(w)
				with(func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "edge.contoso.com") })(w)
			},
			also: []string{"srv-unexpected"},
		},
		{rule: "extra-name-missing", name: "SAN without the extra name", want: Found, change: with(lacking("meet.contoso.com")), at: "pool", says: []string{"meet.contoso.com (extra name)"}},
		{rule: "xmpp-name-missing", name: "SAN without the XMPP domain", want: Found, change: with(lacking("contoso.com")), at: "xmpp 5269", says: []string{"contoso.com (XMPP federation)"}},
		{
			rule: "subject-not-in-san", name: "a subject that is repeated nowhere", want: Found, change: with(subject("edge.contoso.com")),
			at: "pool", says: []string{"the subject edge.contoso.com, which its SAN does not repeat"}, also: []string{"subject-not-access-name"},
		},
		{
			rule: "subject-not-in-san", name: "separate certificates, Web Conferencing's with the Access name in the subject alone", want: Found,
			change: func(w *testWorld) {
				w.perService()
				w.pool().Inventory = nil
				present(makeLeaf(w.t, sans("webcon.contoso.com")), w.cells(edge.WebConf)...)
			},
			at: "webcon 443", says: []string{"the subject sip.contoso.com, which its SAN does not repeat; it is valid for webcon.contoso.com"},
		},
		{
			rule: "subject-not-access-name", name: "Web Conferencing as the subject", want: Found, change: with(subject("webcon.contoso.com")),
			at: "pool", says: []string{"expected the subject sip.contoso.com, got the subject webcon.contoso.com"},
		},
		{
			rule: "subject-not-access-name", name: "an empty subject", want: Found,
			change: with(func(c *x509.Certificate) { c.Subject.CommonName, c.Subject.Organization = "", nil }),
			at:     "pool", says: []string{"no common name in its subject"},
		},
		{
			rule: "subject-not-first", name: "webcon listed first", want: Found,
			change: with(func(c *x509.Certificate) { slices.Reverse(c.DNSNames[:2]) }),
			at:     "pool", says: []string{"webcon.contoso.com before its subject sip.contoso.com"},
		},
		{
			rule: "wildcard-subject", name: "a wildcard as the subject", want: Found,
			change: with(func(c *x509.Certificate) {
				subject("*.contoso.com")(c)
				c.DNSNames = append(c.DNSNames, "*.contoso.com")
			}),
			at: "pool", says: []string{"expected a host as the subject, got *.contoso.com"},
		},
		{
			rule: "wildcard-only", name: "Web Conferencing under a wildcard", want: Found, change: with(wildcardFor("webcon.contoso.com", "*.contoso.com")),
			at: "pool", says: []string{"holds webcon.contoso.com (Web Conferencing Edge) through a wildcard alone"},
		},
		{rule: "wildcard-extra", name: "a wildcard beside all names", want: Found, change: with(wildcardFor("", "*.contoso.com")), at: "pool", says: []string{"*.contoso.com too"}},
		{
			rule: "name-not-dns-safe", name: "an underscore in an extra name", want: Found,
			change: with(func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "lync_old.contoso.com") }),
			at:     "pool", says: []string{`"lync_old.contoso.com" has an underscore`},
		},
		{
			rule: "host-name-missing", name: "a loose endpoint dialed by a name it does not hold", want: Found,
			change: ordered(edge.LoosePool, func(w *testWorld) { w.ev.Captures[3].Endpoint.FQDN = "mail.contoso.com" }),
			at:     w3(), says: []string{"expected a certificate for mail.contoso.com"},
		},
		{
			rule: "host-name-missing", name: "hosts of a command line that hold their names", want: Pass,
			change: ordered(edge.CommandLinePool, func(w *testWorld) {
				for i := range w.ev.Captures {
					w.ev.Captures[i].Endpoint.FQDN = "sip.contoso.com"
				}
			}),
		},
		{
			rule: "host-name-missing", name: "endpoints given by address alone", want: NotApplicable,
			change: ordered(edge.LoosePool, func(w *testWorld) {
				for i := range w.ev.Captures {
					w.ev.Captures[i].Endpoint.FQDN = ""
				}
			}),
		},
	}
}

// w3 is where the fourth endpoint of a list of the healthy pool's stands.
func w3() string { return netip.MustParseAddr("203.0.113.10").String() + " other 5269" }
