package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

func federationSRVMissing() Rule {
	return missingSRV("federation-srv-missing", edge.SRVFederation,
		"a SIP domain has no SRV record for federation",
		`Partners that federate openly, Microsoft 365 and mobile push find the Edge of a SIP domain by
_sipfederationtls._tcp.<domain>. Where it is missing, federation works with those partners alone that have the Edge's
name typed in.`,
		`SRV _sipfederationtls._tcp.<domain>, 5061: per SIP domain; federation discovery, mobile push (Microsoft, "Determine DNS requirements for Lync Server 2013")`,
		federationPort)
}

func clientSRVMissing() Rule {
	return missingSRV("client-srv-missing", edge.SRVClient,
		"a SIP domain has no SRV record for clients",
		`Clients outside find the Edge of a SIP domain by _sip._tls.<domain>, and guess at sip.<domain> where it is missing;
some phones and other companies' clients do not guess.`,
		`SRV _sip._tls.<domain>, 443: per SIP domain; client auto-configuration (Microsoft, "Determine DNS requirements for Lync Server 2013")`,
		clientPort)
}

func missingSRV(id string, kind edge.SRVKind, title, doc, source string, port int) Rule {
	return Rule{
		ID: id, Family: "dns", For: edgeAlone, Wire: true, Severity: Warning, Title: title, Source: source,
		Short: "DNS lacks %s", Raised: []string{profileFederation},
		Doc: doc + fmt.Sprintf(`

How to fix it: add the record to the public zone of each SIP domain, pointing to port %d of sip.<domain> of the same
domain, which must be in the certificate.`, port),
		Applies: func(w *world) bool { return dnsAsked(w) && len(w.pool.SIPDomains) > 0 },
		Run: func(w *world, r *result) {
			var missing, add []string
			for _, d := range w.pool.SIPDomains {
				a, ok := w.srv(kind, d)
				switch {
				case w.pool.DNS.InCloud(d):
					r.pass() // domain-in-cloud
				case !ok || a.Status == edge.Unknown:
					r.couldNotTell(dnsSilent)
				case len(usable(a)) > 0:
					r.pass()
				default:
					missing = append(missing, a.Query)
					add = append(add, fmt.Sprintf("%s. SRV 0 0 %d sip.%s.", a.Query, port, d))
				}
			}
			if len(missing) > 0 {
				r.find(Finding{
					Subjects: missing,
					Message:  fmt.Sprintf("expected SRV records for %s, DNS says that there are none (resolver %s)", list(missing), w.pool.DNS.Resolver),
					Fix:      "add to the public zone: " + strings.Join(add, "; "),
				})
			}
		},
	}
}

// srv is the answer to one question, and whether it was asked.
func (w *world) srv(kind edge.SRVKind, domain string) (edge.SRVAnswer, bool) {
	return edge.Find(w.pool.DNS.SRV, func(a edge.SRVAnswer) bool { return a.Kind == kind && a.Domain == domain })
}

// usable are the records that lead somewhere: a target of "." says that the
// service is not there (RFC 2782).
func usable(a edge.SRVAnswer) []edge.SRV {
	if a.Status != edge.Found {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(a.Records), func(s edge.SRV) bool { return s.Target == "" || s.Target == "." })
}

// followed says whether a record is of those that a client tries first. The
// others matter only once these are down.
func followed(a edge.SRVAnswer, s edge.SRV) bool {
	return !slices.ContainsFunc(usable(a), func(other edge.SRV) bool { return other.Priority < s.Priority })
}

func srvWrongDomain() Rule {
	return Rule{
		ID: "srv-wrong-domain", Family: "dns", For: edgeAlone, Wire: true, Severity: Error,
		Short: "an SRV record points out of its SIP domain: %s", Mend: remedy.ByOwnSteps,
		Title: "an SRV record points out of its SIP domain",
		Doc: `The name that an SRV record points to must lie in the SIP domain itself, directly below it: for contoso.com that is
sip.contoso.com, and neither sip.it.contoso.com nor sip.contoso-edge.com. Otherwise anybody who can forge the DNS answer
could lead clients to a server with a valid certificate of its own; so Lync asks its user, phones refuse, and Skype for
Business Server 2019 and Microsoft 365 do not federate.

How to fix it: point the record to sip.<domain> of the same domain, give that name the Access Edge's addresses, and have it
in the certificate.`,
		Source:  `SRV records need to point to a name "in the same domain in which the DNS SRV record's being created" (Microsoft, "Advanced Edge Server DNS planning for Skype for Business Server"); since 2019 by a top-level suffix match (Microsoft, Skype for Business Server documentation, deploy-skype-connectivity)`,
		Applies: dnsAsked,
		Run: eachSRV(func(_ *world, _ *result, a edge.SRVAnswer) (f Finding) {
			leaving := edge.Keep(usable(a), func(s edge.SRV) bool { return followed(a, s) && !edge.SRVTargetFits(a.Domain, s.Target) })
			if wrong := edge.Map(leaving, func(s edge.SRV) string { return s.Target }); len(wrong) > 0 {
				f.Message = fmt.Sprintf("expected %s to point to a name directly below %s, got %s", a.Query, a.Domain, list(wrong))
				f.Short = pointsTo(a, wrong) + ", out of its SIP domain"
				f.Subjects = append(wrong, a.Query)
				f.Fix = fmt.Sprintf("point %s to sip.%s, and have that name in DNS and in the certificate", a.Query, a.Domain)
			}
			return f
		}),
	}
}

// eachSRV is for rules that look at the answers about federation and clients
// that hold records; without a message nothing is wrong with one. A missing one
// is told by its own rule.
func eachSRV(wrong func(*world, *result, edge.SRVAnswer) Finding) func(*world, *result) {
	return func(w *world, r *result) {
		for _, a := range w.pool.DNS.SRV {
			switch {
			case a.Kind == edge.SRVXMPP: // may point anywhere: the certificate is for the domain
			case a.Status == edge.Unknown:
				r.couldNotTell(dnsSilent)
			case w.pool.DNS.InCloud(a.Domain):
				r.pass() // domain-in-cloud
			case len(usable(a)) > 0:
				if f := wrong(w, r, a); f.Message != "" {
					r.find(f)
				} else {
					r.pass()
				}
			}
		}
	}
}

func srvUnexpected() Rule {
	return Rule{
		ID: "srv-unexpected", Family: "dns", For: edgeAlone, Wire: true, Severity: Warning,
		Short: "an SRV record leads elsewhere: %s", Mend: remedy.ByOwnSteps,
		Title: "an SRV record with a port, or a host, that is no Access Edge's",
		Doc: `The record leads to a port that the pool's Access Edge does not serve for that purpose, or to a host that is neither the
Access Edge FQDN nor sip.<domain> of a SIP domain: a remainder of an earlier deployment, or another pool's. Records of a
lower priority are looked at too, since they come into use on the worst day.

How to fix it: federation belongs to 5061 (_sipfederationtls._tcp), clients to 443 (_sip._tls) of sip.<domain>; remove or
mend the record.`,
		Source:  `SRV _sipfederationtls._tcp has port 5061, _sip._tls 443 (Microsoft, "Determine DNS requirements for Lync Server 2013"); Access names are the Access FQDN and every sip.<domain>`,
		Applies: dnsAsked,
		Run: eachSRV(func(w *world, r *result, a edge.SRVAnswer) Finding {
			var odd, hosts []string
			subjects := []string{a.Query}
			for _, s := range usable(a) {
				switch why := w.unexpected(a, s); why {
				case "":
				case otherShare, otherPool:
					r.couldNotTell(why)
				default:
					subjects = append(subjects, s.Target, strconv.Itoa(s.Port))
					hosts = append(hosts, fmt.Sprintf("%s:%d", s.Target, s.Port))
					odd = append(odd, fmt.Sprintf("%s:%d (priority %d): %s", s.Target, s.Port, s.Priority, why))
				}
			}
			if len(odd) == 0 {
				return Finding{}
			}
			return Finding{
				Short:    pointsTo(a, hosts) + ", which is no host of this pool",
				Subjects: subjects,
				Message:  fmt.Sprintf("%s points to %s", a.Query, strings.Join(odd, "; and to ")),
				Fix:      fmt.Sprintf("mend or remove the record %s; expected is sip.%s, port %s", a.Query, a.Domain, list(ports(w.srvPorts(a.Kind)))),
			}
		}),
	}
}

// pointsTo is the beginning of a headline about a record.
func pointsTo(a edge.SRVAnswer, hosts []string) string {
	return remedy.SafeNames([]string{a.Query}, 1) + " points to " + remedy.SafeNames(hosts, 2)
}

// unexpected says what is odd about a record, and nothing where a more specific
// rule speaks of it.
func (w *world) unexpected(a edge.SRVAnswer, s edge.SRV) string {
	if followed(a, s) && !edge.SRVTargetFits(a.Domain, s.Target) {
		return "" // srv-wrong-domain
	}
	var parts []string
	switch {
	case w.ofSister(a, s):
		return "" // one route for several pools: the port is that pool's
	case w.leftOut() != "" && !w.leadsHere(s.Target):
		return w.leftOut()
	case w.accessName(s.Target):
	case followed(a, s) && w.targetLacked(s.Target):
		// srv-target-name-missing, or wildcard-only
	default:
		parts = append(parts, "the host is no Access Edge name of this pool")
	}
	if expected := w.srvPorts(a.Kind); !slices.Contains(expected, s.Port) {
		parts = append(parts, "the port is not "+list(ports(expected)))
	}
	return strings.Join(parts, ", ")
}

// leadsHere says whether a name is the Access Edge's, or one of its domains' and
// leads to none but its addresses.
func (w *world) leadsHere(name string) bool {
	return strings.EqualFold(name, w.pool.FQDN(edge.Access)) ||
		w.accessName(name) && len(without(w.pool.DNS.Name(name).Addresses, w.pool.KnownAddresses(edge.Access))) == 0
}

// ofSister says whether a record leads to another pool of the scan that has the
// domain as well.
func (w *world) ofSister(a edge.SRVAnswer, s edge.SRV) bool {
	if a.Route != "" && s == best(a) {
		return true
	}
	return slices.ContainsFunc(w.scan.ev.Pools, func(p edge.Pool) bool {
		return p.Name != w.pool.Name && p.IsEdge() && slices.Contains(p.SIPDomains, a.Domain) && strings.EqualFold(p.FQDN(edge.Access), s.Target)
	})
}

func best(a edge.SRVAnswer) edge.SRV {
	s, _ := a.Best()
	return s
}

// accessName says whether a name is one of the pool's Access Edge.
func (w *world) accessName(name string) bool {
	if strings.EqualFold(name, w.pool.FQDN(edge.Access)) {
		return true
	}
	return slices.ContainsFunc(w.pool.SIPDomains, func(d string) bool { return strings.EqualFold(name, "sip."+d) })
}

// targetLacked says whether a certificate that must hold the SRV target does
// not, and a finding says so.
func (w *world) targetLacked(name string) bool {
	if !slices.ContainsFunc(w.required, func(n edge.RequiredName) bool { return strings.EqualFold(n.Name, name) }) {
		return false
	}
	return slices.ContainsFunc(w.group(w.bearers(edge.SRVTargetName)), func(g group) bool {
		return g.cert.X509 != nil && holdsName(g.cert.X509, name) != exactly
	})
}

// srvPorts are the ports that a record may lead to: the usual one where the
// Access Edge serves it, else any that it serves (5061 for both with a single
// address). A pool that is described without 5061 leaves federation to another.
func (w *world) srvPorts(kind edge.SRVKind) []int {
	usual := clientPort
	if kind == edge.SRVFederation {
		usual = federationPort
	}
	access, ok := w.pool.Service(edge.Access)
	if !ok || len(access.Ports) == 0 || slices.Contains(access.Ports, usual) {
		return []int{usual}
	}
	if kind == edge.SRVFederation {
		return append([]int{usual}, without(access.Ports, []int{clientPort})...)
	}
	return access.Ports
}

func ports(ps []int) []string { return edge.Map(ps, strconv.Itoa) }
