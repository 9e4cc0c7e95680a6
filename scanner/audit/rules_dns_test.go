package audit

import (
	"net/netip"
	"slices"

	"edgecert/scanner/edge"
)

// resolves changes what DNS says of a name.
func resolves(name string, change func(*edge.NameAnswer)) func(*testWorld) {
	return func(w *testWorld) {
		for i := range w.pool().DNS.Names {
			if a := &w.pool().DNS.Names[i]; a.Name == name {
				change(a)
			}
		}
	}
}

// answers changes what DNS says to one SRV question.
func answers(query string, change func(*edge.SRVAnswer)) func(*testWorld) {
	return func(w *testWorld) {
		for i := range w.pool().DNS.SRV {
			if a := &w.pool().DNS.SRV[i]; a.Query == query {
				change(a)
			}
		}
	}
}

func absent(a *edge.NameAnswer)     { a.Status, a.Addresses = edge.Absent, nil }
func unanswered(a *edge.NameAnswer) { a.Status, a.Addresses, a.Error = edge.Unknown, nil, "SERVFAIL" }
func noRecord(a *edge.SRVAnswer)    { a.Status, a.Records = edge.Absent, nil }
func noAnswer(a *edge.SRVAnswer)    { a.Status, a.Records, a.Error = edge.Unknown, nil, "timed out" }

// nothingKnown is a resolver without a view of the public zone.
func nothingKnown(w *testWorld) {
	for i := range w.pool().DNS.Names {
		absent(&w.pool().DNS.Names[i])
	}
	for i := range w.pool().DNS.SRV {
		noRecord(&w.pool().DNS.SRV[i])
	}
}

// sister adds another pool that has the SIP domain fabrikam.com as well.
func sister(w *testWorld) {
	w.ev.Pools = append(w.ev.Pools, edge.Pool{Name: "edge-us", Kind: edge.EdgePool, SIPDomains: []string{"fabrikam.com"},
		Services: []edge.Service{{Role: edge.Access, FQDN: "route.fabrikam.com", Ports: []int{5061}}},
		Members:  []edge.Member{{Name: "us1", Addresses: []edge.Address{{IP: netip.MustParseAddr("198.51.100.1")}}}}})
}

// inCloud homes fabrikam.com in Microsoft 365.
func inCloud(w *testWorld) {
	for query, target := range map[string]string{"_sipfederationtls._tcp.fabrikam.com": "sipfed.online.lync.com", "_sip._tls.fabrikam.com": "sipdir.online.lync.com"} {
		answers(query, func(a *edge.SRVAnswer) { a.Status, a.Records = edge.Found, []edge.SRV{{Target: target, Port: 443}} })(w)
	}
	resolves("sip.fabrikam.com", func(a *edge.NameAnswer) {
		a.CNAME, a.Addresses = "sipdir.online.lync.com", []netip.Addr{netip.MustParseAddr("192.0.2.200")}
	})(w)
}

func dnsCases() []ruleCase {
	const (
		federation = "_sipfederationtls._tcp.fabrikam.com"
		client     = "_sip._tls.contoso.com"
		webcon     = "webcon.contoso.com"

		sipFabrikam = "sip.fabrikam.com"
	)
	record := func(target string, port, priority int) edge.SRV {
		return edge.SRV{Target: target, Port: port, Priority: priority}
	}
	notAsked := func(w *testWorld) { w.pool().DNS = nil }
	return []ruleCase{
		{rule: idNoAddress, name: "Web Conferencing unknown to DNS", want: Found, change: resolves(webcon, absent), at: "pool", says: []string{"expected an address for webcon.contoso.com (Web Conferencing Edge)"}},
		{rule: idNoAddress, name: "the resolver fails", want: CouldNotTell, change: resolves(webcon, unanswered)},
		{rule: idNoAddress, name: "a record that leads to a name without an address", want: Found, change: resolves(sipFabrikam, absent), at: "pool", says: []string{"expected an address for sip.fabrikam.com (target of _sipfederationtls._tcp.fabrikam.com)"}},
		{rule: idNoAddress, name: "the resolver fails for the name that a record leads to", want: CouldNotTell, change: resolves(sipFabrikam, unanswered)},
		{
			rule: idNoAddress, name: "sip.<domain> without an address, to which no record leads", want: Pass,
			change: func(w *testWorld) {
				resolves(sipFabrikam, absent)(w)
				for _, query := range []string{federation, "_sip._tls.fabrikam.com"} {
					answers(query, noRecord)(w)
				}
			},
			also: []string{"federation-srv-missing", "client-srv-missing"},
		},
		{rule: idNoAddress, name: "the system's resolver knows none of the pool's names", want: CouldNotTell, change: nothingKnown},
		{rule: "federation-srv-missing", name: "the system's resolver knows none of the pool's names", want: CouldNotTell, change: nothingKnown},
		{
			rule: "federation-srv-missing", name: "the system's resolver knows none of the pool's names and fails for one", want: CouldNotTell,
			change: func(w *testWorld) {
				nothingKnown(w)
				resolves(webcon, unanswered)(w)
			},
		},
		{
			rule: "federation-srv-missing", name: "a resolver that the user named knows none of the pool's names", want: Found, at: "pool",
			change: func(w *testWorld) {
				nothingKnown(w)
				w.pool().DNS.Resolver = "192.0.2.53:53"
			},
			also: []string{idNoAddress, "client-srv-missing"},
		},
		{
			rule: "federation-srv-missing", name: "nothing known before federation goes live", want: Found, severity: Error, at: "pool",
			change: func(w *testWorld) {
				nothingKnown(w)
				w.policy.Profile = profileFederation
			},
			also: []string{idNoAddress, "client-srv-missing"},
		},
		{rule: idNoAddress, name: "DNS was not asked", want: NotApplicable, change: notAsked},
		{
			rule: idNoAddress, name: "members by DNS, and a name without an address", want: Found, at: "webcon 443",
			change: func(w *testWorld) {
				foundByDNS(w)
				resolves(webcon, absent)(w)
				c := *w.cells(edge.WebConf)[0]
				c.Endpoint.Member, c.Endpoint.Address = "", netip.Addr{}
				down(edge.ClassDNS, &c)
				c.Stage = edge.StageDNS
				w.ev.Captures = slices.DeleteFunc(w.ev.Captures, func(c edge.Capture) bool { return c.Endpoint.Role == edge.WebConf })
				w.ev.Captures = append(w.ev.Captures, c)
			},
		},
		{
			rule: idNoAddress, name: "a domain that gives nothing to scan", want: Found, at: "pool", says: []string{"nothing to scan", client},
			change: func(w *testWorld) {
				w.pool().Services, w.pool().Members, w.pool().Inventory, w.ev.Captures = nil, nil, nil, nil
				w.pool().DNS.Names = nil
				for i := range w.pool().DNS.SRV {
					noRecord(&w.pool().DNS.SRV[i])
				}
			},
			also: []string{"federation-srv-missing", "client-srv-missing"},
		},
		{
			rule: "dns-unknown-address", name: "a sister pool's address under a shared name", want: Pass,
			change: func(w *testWorld) {
				sister(w)
				resolves(sipFabrikam, func(a *edge.NameAnswer) { a.Addresses = []netip.Addr{netip.MustParseAddr("198.51.100.1")} })(w)
			},
		},
		{
			rule: "srv-unexpected", name: "the federation route is a sister pool's", want: Pass,
			change: func(w *testWorld) {
				sister(w)
				answers(federation, func(a *edge.SRVAnswer) { a.Records = []edge.SRV{record("route.fabrikam.com", 5061, 0)} })(w)
			},
		},
		{
			rule: "srv-target-name-missing", name: "the federation route is a sister pool's", want: NotApplicable,
			change: func(w *testWorld) {
				sister(w)
				answers(federation, func(a *edge.SRVAnswer) { a.Records = []edge.SRV{record("route.fabrikam.com", 5061, 0)} })(w)
			},
		},
		{
			rule: "srv-unexpected", name: "the route of a pool without the domain", want: Pass, also: []string{"srv-target-name-missing"},
			change: func(w *testWorld) {
				sister(w)
				w.ev.Pools[1].SIPDomains = []string{"contoso.com"}
				answers(federation, func(a *edge.SRVAnswer) { a.Records = []edge.SRV{record("route.fabrikam.com", 5061, 0)} })(w)
			},
		},
		{rule: "domain-in-cloud", name: "a domain homed in Microsoft 365", want: Found, severity: Info, at: "pool", says: []string{"fabrikam.com is homed in Microsoft 365: its records lead to sipdir.online.lync.com and sipfed.online.lync.com"}, change: inCloud},
		{
			rule: "dns-unknown-address", name: "one of several shares of the targets", want: CouldNotTell,
			change: func(w *testWorld) {
				w.ev.Shard = &edge.Shard{Index: 1, Of: 2}
				resolves(webcon, func(a *edge.NameAnswer) {
					a.Addresses = append(slices.Clone(a.Addresses), netip.MustParseAddr("203.0.113.29"))
				})(w)
			},
		},
		{
			rule: "srv-unexpected", name: "one of several shares of the targets", want: CouldNotTell, also: []string{"srv-target-name-missing"},
			change: func(w *testWorld) {
				w.ev.Shard = &edge.Shard{Index: 1, Of: 2}
				answers(federation, func(a *edge.SRVAnswer) { a.Records = []edge.SRV{record("route.fabrikam.com", 5061, 0)} })(w)
			},
		},
		{
			rule: "dns-unknown-address", name: "some pools of the targets were left out", want: CouldNotTell,
			change: func(w *testWorld) {
				w.ev.Asked.Part = true
				resolves(webcon, func(a *edge.NameAnswer) {
					a.Addresses = append(slices.Clone(a.Addresses), netip.MustParseAddr("203.0.113.29"))
				})(w)
			},
		},
		{
			rule: "srv-unexpected", name: "the route of a pool that was left out, by a name of the domain", want: CouldNotTell,
			change: func(w *testWorld) {
				w.ev.Asked.Part = true
				w.pool().Services[0].Ports = []int{443}
				w.ev.Captures = slices.DeleteFunc(w.ev.Captures, func(c edge.Capture) bool { return c.Endpoint.Port == 5061 })
				resolves(sipFabrikam, func(a *edge.NameAnswer) { a.Addresses = []netip.Addr{netip.MustParseAddr("203.0.113.29")} })(w)
			},
		},
		{
			rule: "srv-unexpected", name: "a pool without 5061", want: Pass,
			change: func(w *testWorld) {
				w.pool().Services[0].Ports = []int{443}
				w.ev.Captures = slices.DeleteFunc(w.ev.Captures, func(c edge.Capture) bool { return c.Endpoint.Port == 5061 })
			},
		},
		{rule: "domain-in-cloud", name: "every domain at home", want: Pass, change: func(*testWorld) {}},
		{rule: "srv-wrong-domain", name: "a domain homed in Microsoft 365", want: Pass, change: inCloud},
		{rule: "srv-unexpected", name: "a domain homed in Microsoft 365", want: Pass, change: inCloud},
		{rule: "sip-domain-name-missing", name: "a domain homed in Microsoft 365, not in the certificate", want: Found, at: "pool", change: func(w *testWorld) {
			inCloud(w)
			with(lacking(sipFabrikam))(w)
		}},
		{
			rule: "domain-in-cloud", name: "nothing but a domain homed in Microsoft 365", want: Found, severity: Info, at: "pool",
			change: func(w *testWorld) {
				inCloud(w)
				p := w.pool()
				p.SIPDomains, p.Services, p.Members, p.Inventory, w.ev.Captures, p.DNS.Names = []string{"fabrikam.com"}, nil, nil, nil, nil, nil
				p.DNS.SRV = slices.DeleteFunc(p.DNS.SRV, func(a edge.SRVAnswer) bool { return a.Domain != "fabrikam.com" })
			},
		},
		{
			rule: "dns-unknown-address", name: "an alias into the cloud left behind", want: Found, at: "pool", says: []string{"sip.fabrikam.com is an alias of sipdir.online.lync.com"},
			change: func(w *testWorld) {
				resolves(sipFabrikam, func(a *edge.NameAnswer) {
					a.CNAME, a.Addresses = "sipdir.online.lync.com", []netip.Addr{netip.MustParseAddr("192.0.2.200")}
				})(w)
				for _, q := range []string{federation, "_sip._tls.fabrikam.com"} {
					answers(q, func(a *edge.SRVAnswer) { a.Records[0].Target = "sip.contoso.com" })(w)
				}
			},
			also: []string{"srv-wrong-domain"},
		},
		{
			rule: "dns-unknown-address", name: "a fourth address in DNS", want: Found, at: "pool", says: []string{"webcon.contoso.com has 203.0.113.29 in DNS"},
			change: resolves(webcon, func(a *edge.NameAnswer) {
				a.Addresses = append(slices.Clone(a.Addresses), netip.MustParseAddr("203.0.113.29"))
			}),
		},
		{
			rule: "dns-unknown-address", name: "a domain's name left on an old pool", want: Found, at: "pool", says: []string{"sip.fabrikam.com has 203.0.113.99 in DNS"},
			change: resolves(sipFabrikam, func(a *edge.NameAnswer) { a.Addresses = []netip.Addr{netip.MustParseAddr("203.0.113.99")} }),
			also:   []string{"member-not-in-dns"},
		},
		{
			rule: "dns-unknown-address", name: "members known by their addresses behind NAT", want: CouldNotTell,
			change: func(w *testWorld) {
				for i := range w.pool().Members {
					m := &w.pool().Members[i]
					m.Addresses = []edge.Address{{IP: netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})}}
				}
			},
		},
		{rule: "dns-unknown-address", name: "the resolver fails", want: CouldNotTell, change: resolves(webcon, unanswered)},
		{
			rule: "member-not-in-dns", name: "one member taken out of one name", want: Found, at: "edge2 webcon 443", says: []string{"webcon.contoso.com does not lead to edge2 (203.0.113.21); DNS has "},
			change: resolves(webcon, func(a *edge.NameAnswer) { a.Addresses = slices.Delete(slices.Clone(a.Addresses), 1, 2) }),
		},
		{
			rule: "member-not-in-dns", name: "an address that all members share", want: Found, at: "access", says: []string{"does not lead to edge1, edge2 and edge3 (198.51.100.7)"}, count: 3,
			change: func(w *testWorld) { // once for each service
				for i := range w.pool().Members {
					w.pool().Members[i].Addresses = []edge.Address{{IP: netip.MustParseAddr("198.51.100.7")}}
				}
				for i := range w.ev.Captures {
					w.ev.Captures[i].Endpoint.Address = netip.MustParseAddr("198.51.100.7")
				}
			},
			also: []string{"dns-unknown-address"},
		},
		{rule: "member-not-in-dns", name: "a load balancer's address in DNS", want: Pass, change: func(w *testWorld) { withVIP(w) }},
		{rule: "federation-srv-missing", name: "one SIP domain without", want: Found, change: answers(federation, noRecord), at: "pool", says: []string{federation}, fix: federation + ". SRV 0 0 5061 sip.fabrikam.com."},
		{rule: "federation-srv-missing", name: "the same with --profile federation", want: Found, severity: Error, at: "pool", change: func(w *testWorld) {
			w.policy.Profile = "federation"
			answers(federation, noRecord)(w)
		}},
		{rule: "federation-srv-missing", name: "a record that says no", want: Found, at: "pool", change: followsSRV(federation, record(".", 0, 0))},
		{rule: "federation-srv-missing", name: "the resolver times out", want: CouldNotTell, change: answers(federation, noAnswer)},
		{rule: "client-srv-missing", name: "one SIP domain without", want: Found, change: answers(client, noRecord), at: "pool", says: []string{client}},
		{rule: "client-srv-missing", name: "the resolver times out", want: CouldNotTell, change: answers(client, noAnswer)},
		{rule: "srv-wrong-domain", name: "into another of our domains", want: Found, change: followsSRV(federation, record("sip.contoso.com", 5061, 0)), at: "pool", says: []string{"directly below fabrikam.com, got sip.contoso.com"}, fix: "sip.fabrikam.com"},
		{rule: "srv-wrong-domain", name: "into a domain that only ends alike", want: Found, change: followsSRV(client, record("sip.evilcontoso.com", 443, 0)), at: "pool"},
		{rule: "srv-wrong-domain", name: "a spare record into another domain", want: Pass, change: followsSRV(client, record("sip.contoso.com", 443, 0), record("sip.contoso-edge.com", 443, 10)), also: []string{"srv-unexpected"}},
		{rule: "srv-wrong-domain", name: "the resolver times out", want: CouldNotTell, change: answers(client, noAnswer)},
		{rule: "srv-unexpected", name: "clients sent to the federation port", want: Found, change: followsSRV(client, record("sip.contoso.com", 5061, 0)), at: "pool", says: []string{"sip.contoso.com:5061 (priority 0): the port is not 443"}},
		{rule: "srv-unexpected", name: "a spare record to another host", want: Found, change: followsSRV(client, record("sip.contoso.com", 443, 0), record("old.contoso.com", 443, 10)), at: "pool", says: []string{"old.contoso.com:443 (priority 10): the host is no Access Edge name"}},
		{rule: "srv-unexpected", name: "a single address whose Access port is 5061", want: Pass, change: func(w *testWorld) {
			w.pool().Services[0].Ports = []int{5061}
			followsSRV(client, record("sip.contoso.com", 5061, 0))(w)
			followsSRV("_sip._tls.fabrikam.com", record("sip.fabrikam.com", 5061, 0))(w)
		}},
	}
}
