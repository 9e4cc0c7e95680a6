package audit

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

// dnsAsked says whether the names of an Edge pool were looked up at all. Where
// they were, "no answer" is could-not-tell and never "missing".
func dnsAsked(w *world) bool { return w.pool.DNS != nil && w.pool.IsEdge() }

func dnsNoAddress() Rule {
	return Rule{
		ID: idNoAddress, Family: "dns", Coverage: true, Silence: true, For: edgeAlone, Wire: true, Severity: Error,
		Short: "DNS has no address for %s", Mend: remedy.ByOwnSteps,
		Title: "a service's name has no address in DNS",
		Doc: `Clients and partners look the name up and find nothing: for them the service does not exist, whatever its servers
would answer. The same holds for sip.<domain> where an SRV record leads to it. A domain whose records lead nowhere at all
is told by this rule too.

How to fix it: add an A record (and AAAA where IPv6 is used) for each member's external address of that service, or for
the load balancer's; in the public zone, not only inside.`,
		Source:  `A and AAAA of the Access, Web Conferencing and A/V names: one per member, or the VIP (Microsoft, "Determine DNS requirements for Lync Server 2013")`,
		Applies: dnsAsked,
		Run:     runNoAddress,
	}
}

func runNoAddress(w *world, r *result) {
	for _, a := range w.pool.DNS.Names {
		role, what := w.serviceRole(a.Name), ""
		if role == "" {
			if role, what = edge.Access, w.followedTo(a.Name); what == "" {
				continue // nobody is led to it
			}
		}
		at := w.those(func(c edge.Capture) bool { return c.Stage == edge.StageDNS && c.Endpoint.FQDN == a.Name })
		switch {
		case a.Status == edge.Unknown:
			r.couldNotTell(dnsSilent)
		case a.Status == edge.Found && len(a.Addresses) > 0:
			r.pass()
		case role == edge.XMPP && len(at) == 0:
			// It is the domain itself, which needs no address of its own.
		default:
			r.find(Finding{
				Also:     also(idUnreachable, len(at) > 0),
				Subjects: []string{a.Name},
				Message:  fmt.Sprintf("expected an address for %s (%s), DNS says that there is none (resolver %s)", a.Name, cmp.Or(what, role.Title()), w.pool.DNS.Resolver),
				Fix:      fmt.Sprintf("add an A record of %s for each member's external address of this service, or the load balancer's, in the public zone", a.Name),
			}, at...)
		}
	}
	if w.pool.CloudAlone() {
		r.pass()
		return
	}
	if len(w.captures) == 0 && len(r.found) == 0 && !w.resolverSilent() {
		r.find(Finding{
			Subjects: w.askedNames(),
			Message:  fmt.Sprintf("nothing to scan: DNS gives no address for %s", list(w.asked())),
			Fix:      "see whether the SIP domain is spelled right, and whether this resolver shows the public zone (--resolver)",
		})
	}
}

// followedTo says which record leads clients or partners to sip.<domain>, as
// "target of _sip._tls.fabrikam.com"; empty: none does.
func (w *world) followedTo(name string) string {
	for _, a := range w.pool.DNS.SRV {
		best, ok := a.Best()
		if ok && a.Kind != edge.SRVXMPP && a.Route == "" && strings.EqualFold(best.Target, name) && w.accessName(name) {
			return "target of " + a.Query
		}
	}
	return ""
}

// serviceRole is the role of the service with that name.
func (w *world) serviceRole(name string) edge.Role {
	s, _ := edge.Find(w.pool.Services, func(s edge.Service) bool { return s.FQDN == name })
	return s.Role
}

// resolverSilent says whether some question got no answer.
func (w *world) resolverSilent() bool {
	return slices.ContainsFunc(w.pool.DNS.Names, func(a edge.NameAnswer) bool { return a.Status == edge.Unknown }) ||
		slices.ContainsFunc(w.pool.DNS.SRV, func(a edge.SRVAnswer) bool { return a.Status == edge.Unknown })
}

// asked are the questions that DNS was asked.
func (w *world) asked() []string {
	return slices.Concat(edge.Map(w.pool.DNS.SRV, func(a edge.SRVAnswer) string { return a.Query }), w.askedNames())
}

// askedNames are the names of which an address was asked for, or the domains.
func (w *world) askedNames() []string {
	if len(w.pool.DNS.Names) == 0 {
		return w.pool.SIPDomains
	}
	return edge.Map(w.pool.DNS.Names, func(a edge.NameAnswer) string { return a.Name })
}

// Why nothing is told of what leads elsewhere, where a part of the targets was
// scanned: the whole document of all shares tells.
const (
	otherShare = "a pool of another share of the targets may be meant"
	otherPool  = "a pool of the targets that was not asked for (--pool) may be meant"
)

// leftOut is why a pool may be meant that this scan does not know; empty: it
// knows all.
func (w *world) leftOut() string {
	switch {
	case w.scan.ev.Shard != nil:
		return otherShare
	case w.scan.ev.Asked.Part:
		return otherPool
	default:
		return ""
	}
}

func dnsUnknownAddress() Rule {
	return Rule{
		ID: "dns-unknown-address", Family: "dns", For: edgeAlone, Wire: true, Severity: Warning,
		Short: "DNS gives %s an address that no member has", Mend: remedy.ByCommonSteps,
		Title: "DNS gives an address that no member has",
		Doc: `The service's name leads to an address that the description of the pool does not know, so it was not looked at: a
member that was taken away and left in DNS (every so many connections go nowhere), a new one that nobody told this file
of (it may have the old certificate), or an attack on the name. Addresses of the other pools of a scan are known. A
sip.<domain> that is still an alias of Microsoft 365's, while the domain's SRV records lead to this pool, is told too:
what falls back to that name ends in the cloud.

How to fix it: add the member to the targets file, or remove the record.`,
		Source:  `A and AAAA of a service's name: one per member, or the VIP (Microsoft, "Determine DNS requirements for Lync Server 2013")`,
		Applies: func(w *world) bool { return comparesAddresses(w) || dnsAsked(w) && len(w.leftInCloud()) > 0 },
		Run: func(w *world, r *result) {
			for _, a := range w.leftInCloud() {
				r.find(Finding{
					Short:    remedy.SafeNames([]string{a.Name}, 1) + " is still an alias into Microsoft 365",
					Subjects: []string{a.Name, a.CNAME},
					Message:  fmt.Sprintf("%s is an alias of %s, in Microsoft 365, and the domain's SRV records lead here: what falls back to that name ends in the cloud", a.Name, a.CNAME),
					Fix:      fmt.Sprintf("remove the alias %s, or give the name the Access Edge's addresses", a.Name),
				})
			}
			if !comparesAddresses(w) {
				return
			}
			var found []Finding
			var strangers []netip.Addr
			w.eachComparable(r, func(s edge.Service, dns, known []netip.Addr) {
				strange := without(dns, known)
				if len(strange) > 0 {
					strange = without(strange, w.sisters())
				}
				if len(strange) == 0 {
					r.pass()
					return
				}
				if why := w.leftOut(); why != "" {
					r.couldNotTell(why)
					return
				}
				strangers = append(strangers, without(strange, strangers)...)
				found = append(found, Finding{
					Short:    fmt.Sprintf("DNS gives %s %s, which no member has", remedy.SafeNames([]string{s.FQDN}, 1), remedy.SafeNames(texts(strange), 3)),
					Subjects: append(texts(strange), s.FQDN),
					Message: fmt.Sprintf("%s has %s in DNS, which no member's %s has; known are %s",
						s.FQDN, list(texts(strange)), s.Role.Title(), list(texts(known))),
				})
			})
			for _, f := range found { // most often it is one member that the targets file lacks
				f.Fix = fmt.Sprintf("add the member with %s to the targets file, or remove from DNS what is no member's", list(texts(strangers)))
				r.find(f)
			}
		},
	}
}

func memberNotInDNS() Rule {
	return Rule{
		ID: "member-not-in-dns", Family: "dns", For: edgeAlone, Wire: true, Severity: Info,
		Short: "is not in DNS", Mend: remedy.ByOwnSteps,
		Title: "a member's address is not in DNS",
		Doc: `The member answers, but nobody from outside is sent to it: it was taken out for maintenance and forgotten, or never
added. The pool carries its load on the others.

How to fix it: add the member's address to the name's A (or AAAA) records, or take the member out of the topology.`,
		Source:  `DNS load balancing: one A or AAAA per member for each service name (Microsoft, "Determine DNS requirements for Lync Server 2013")`,
		Applies: comparesAddresses,
		Run: func(w *world, r *result) {
			w.eachComparable(r, func(s edge.Service, dns, known []netip.Addr) {
				if len(addressesOf(w.pool.VIPs, s.Role)) > 0 {
					return // behind a load balancer DNS shows its address alone
				}
				hidden := without(known, dns)
				if len(hidden) == 0 {
					r.pass()
				}
				for _, ip := range hidden {
					at := w.those(func(c edge.Capture) bool { return c.Endpoint.Role == s.Role && c.Endpoint.Address == ip })
					r.find(Finding{
						Subjects: []string{s.FQDN, ip.String()},
						Short:    "is not among the addresses of " + remedy.SafeNames([]string{s.FQDN}, 1) + " in DNS",
						Message:  fmt.Sprintf("%s does not lead to %s (%s); DNS has %s", s.FQDN, list(w.names(at)), ip, list(texts(dns))),
						Fix:      fmt.Sprintf("add %s to the records of %s, or take the member out of the pool", ip, s.FQDN),
					}, at...)
				}
			})
		},
	}
}

// leftInCloud are the sip.<domain> that lead to Microsoft 365 while the domain's
// own records do not.
func (w *world) leftInCloud() []edge.NameAnswer {
	var out []edge.NameAnswer
	for _, d := range w.pool.SIPDomains {
		a, ok := w.answer("sip." + d)
		if ok && edge.InCloud(a.CNAME) && !w.pool.DNS.InCloud(d) && w.homed(d) {
			out = append(out, a)
		}
	}
	return out
}

// homed says whether an SRV record leads somewhere for a domain.
func (w *world) homed(domain string) bool {
	return slices.ContainsFunc(w.pool.DNS.SRV, func(a edge.SRVAnswer) bool {
		return a.Domain == domain && a.Kind != edge.SRVXMPP && len(usable(a)) > 0
	})
}

func comparesAddresses(w *world) bool { return dnsAsked(w) && w.named() }
