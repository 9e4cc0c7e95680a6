package audit

import (
	"net/netip"
	"slices"

	"edgecert/scanner/edge"
)

// eachComparable runs compare for every service whose addresses in DNS can be
// compared with the members'. They cannot where DNS does not answer, and where
// the members are known by addresses of another kind: private ones behind NAT,
// or a tunnel's loopback.
func (w *world) eachComparable(r *result, compare func(s edge.Service, dns, known []netip.Addr)) {
	for _, s := range w.addressed() {
		a, ok := w.answer(s.FQDN)
		if ok && a.Status == edge.Absent {
			r.pass() // dns-no-address
			continue
		}
		all := slices.Clone(w.pool.VIPs)
		for _, m := range w.pool.Members {
			all = append(all, m.Addresses...)
		}
		known := addressesOf(all, s.Role)
		if !ok || a.Status != edge.Found || !sameKind(a.Addresses, known) {
			r.couldNotTell(w.noComparison(a, ok))
			continue
		}
		compare(s, a.Addresses, known)
	}
}

// addressed are the services by every name whose addresses lead to them: Access
// stands under each sip.<domain> too that a record leads to, unless it has the
// same addresses and nothing else could be said. XMPP does not stand there: its
// name is the domain, which leads to the web site.
func (w *world) addressed() []edge.Service {
	out := slices.DeleteFunc(slices.Clone(w.pool.Services), func(s edge.Service) bool { return s.Role == edge.XMPP })
	access, ok := w.pool.Service(edge.Access)
	own, _ := w.answer(access.FQDN)
	for _, a := range w.pool.DNS.Names {
		if ok && w.serviceRole(a.Name) == "" && w.followedTo(a.Name) != "" && !edge.InCloud(a.CNAME) && !slices.Equal(a.Addresses, own.Addresses) {
			access.FQDN = a.Name
			out = append(out, access)
		}
	}
	return out
}

// addressesOf picks the addresses that serve a role.
func addressesOf(all []edge.Address, role edge.Role) []netip.Addr {
	var out []netip.Addr
	for _, a := range all {
		if (a.Role == "" || a.Role == role) && !slices.Contains(out, a.IP) {
			out = append(out, a.IP)
		}
	}
	return out
}

// sameKind says whether two lists have an address in common, or at least one
// from the same side of a NAT or tunnel.
func sameKind(dns, known []netip.Addr) bool {
	return slices.ContainsFunc(dns, func(d netip.Addr) bool {
		return slices.ContainsFunc(known, func(k netip.Addr) bool { return kindOf(d) == kindOf(k) })
	})
}

func kindOf(ip netip.Addr) string {
	switch {
	case ip.IsLoopback():
		return "loopback"
	case ip.IsPrivate() || ip.IsLinkLocalUnicast():
		return "private"
	default:
		return "public"
	}
}

func without[T comparable](all, known []T) []T {
	return slices.DeleteFunc(slices.Clone(all), func(x T) bool { return slices.Contains(known, x) })
}

// sisters are the addresses of the other pools of the scan.
func (w *world) sisters() []netip.Addr {
	var out []netip.Addr
	for _, p := range w.scan.ev.Pools {
		if p.Name == w.pool.Name || p.Listed() {
			continue
		}
		for _, s := range p.Services {
			out = append(out, p.KnownAddresses(s.Role)...)
		}
	}
	return out
}

func texts(ips []netip.Addr) []string { return edge.Map(ips, netip.Addr.String) }

// noComparison says why the addresses of a service cannot be held against DNS.
func (w *world) noComparison(a edge.NameAnswer, asked bool) string {
	if asked && a.Status == edge.Found {
		return "DNS and the description give private and public addresses, which cannot be compared"
	}
	return dnsSilent
}
