package edge

import (
	"net/netip"
	"slices"
	"strings"
)

// cloudSuffix ends the names of Microsoft 365's Edge.
const cloudSuffix = ".online.lync.com"

// InCloud reports whether a name is Microsoft 365's.
func InCloud(name string) bool { return strings.HasSuffix(strings.ToLower(name), cloudSuffix) }

// InCloud reports whether the record that is followed leads to Microsoft 365.
// One for XMPP may lead anywhere.
func (a SRVAnswer) InCloud() bool {
	best, ok := a.Best()
	return ok && a.Kind != SRVXMPP && InCloud(best.Target)
}

// InCloud reports whether a SIP domain is homed in Microsoft 365.
func (d *DNS) InCloud(domain string) bool {
	return d != nil && slices.ContainsFunc(d.SRV, func(a SRVAnswer) bool { return a.Domain == domain && a.InCloud() })
}

// CloudAlone reports whether p was found to be nothing but domains homed in
// Microsoft 365: there is nothing to scan, and nothing is wrong.
func (p Pool) CloudAlone() bool {
	return p.IsEdge() && len(p.Services) == 0 && len(p.SIPDomains) > 0 &&
		!slices.ContainsFunc(p.SIPDomains, func(d string) bool { return !p.DNS.InCloud(d) })
}

// Related marks the SRV answers of each pool that lead to another pool of the
// list: pools may share SIP domains, and one of them carries the federation
// route of all (Microsoft, Edge topologies). Lists of endpoints relate to nobody.
func Related(pools []Pool) []Pool {
	out := slices.Clone(pools)
	for i, p := range out {
		if !p.IsEdge() || p.DNS == nil {
			continue
		}
		dns := *p.DNS
		dns.SRV = slices.Clone(dns.SRV)
		for k, a := range dns.SRV {
			dns.SRV[k].Route = routeOf(p, a, pools)
		}
		out[i].DNS = &dns
	}
	return out
}

// routeOf is the name of the other pool that a record of p leads to.
func routeOf(p Pool, a SRVAnswer, pools []Pool) string {
	best, ok := a.Best()
	if !ok || a.Kind == SRVXMPP || strings.EqualFold(best.Target, p.FQDN(Access)) {
		return ""
	}
	own, led := p.KnownAddresses(Access), p.DNS.Name(best.Target).Addresses
	for _, s := range pools {
		if s.Name == p.Name || !s.IsEdge() || !slices.Contains(s.SIPDomains, a.Domain) {
			continue
		}
		theirs := s.KnownAddresses(Access)
		leads := len(led) > 0 && !slices.ContainsFunc(led, func(ip netip.Addr) bool { return slices.Contains(own, ip) || !slices.Contains(theirs, ip) })
		if strings.EqualFold(best.Target, s.FQDN(Access)) || leads {
			return s.Name
		}
	}
	return ""
}

// KnownAddresses are the addresses of p's service of a role: its members' and
// load balancers', and where no member is named those of DNS.
func (p Pool) KnownAddresses(r Role) []netip.Addr {
	ip := func(a Address) netip.Addr { return a.IP }
	var out []netip.Addr
	for _, m := range p.Members {
		out = append(out, Map(m.For(r), ip)...)
	}
	if len(out) == 0 {
		out = append(out, p.DNS.Name(p.FQDN(r)).Addresses...)
	}
	return append(out, Map(p.VIPsFor(r), ip)...)
}
