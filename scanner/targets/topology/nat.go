package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// addAddresses gives the members the addresses that the topology knows for
// sure. A service of which it does not know every member's gets none: its
// addresses come from DNS, and Notes say so.
func (t *Exports) addAddresses(p *edge.Pool, s edgeService, c cluster) {
	single := singleIP(s)
	taken := map[netip.AddrPort]string{}
	var fromDNS []string
	for _, svc := range p.Services {
		if svc.Role == edge.XMPP { // reached where Access is
			continue
		}
		port := s.ports[slices.IndexFunc(s.ports, func(e edgePort) bool { return e.role == svc.Role })]
		var found [][]netip.Addr
		for _, m := range c.machines {
			if list := publicAddresses(m, port.iface, svc.Role, single); len(list) > 0 {
				found = append(found, list)
			}
		}
		if len(found) == 0 || len(found) < len(p.Members) {
			fromDNS = append(fromDNS, svc.Role.Title()+" ("+svc.FQDN+")")
			continue
		}
		if clash := claim(taken, *p, svc, found); clash != "" {
			p.Notes = append(p.Notes, clash+": completed from DNS")
			continue
		}
		for i := range p.Members {
			for _, ip := range found[i] {
				p.Members[i].Addresses = append(p.Members[i].Addresses, edge.Address{Role: svc.Role, IP: ip, Source: c.source})
			}
		}
	}
	if len(fromDNS) > 0 {
		why := "the public addresses (NAT)"
		if len(c.machines) == 0 || !slices.ContainsFunc(s.ports, func(e edgePort) bool { return e.addressed }) {
			why = "the addresses"
		}
		p.Notes = append(p.Notes, fmt.Sprintf("%s of %s are not in the topology: completed from DNS", why, strings.Join(fromDNS, ", ")))
		if private := privateMembers(c); len(private) > 0 {
			p.Notes = append(p.Notes, "the topology has private addresses where public ones are expected: "+strings.Join(private, ", "))
		}
	}
	if len(c.machines) == 0 {
		p.Notes = append(p.Notes, "the topology does not list the pool's members: found by DNS, and named by address")
	}
}

// privateMembers lists the members whose external interfaces have private
// addresses, with these.
func privateMembers(c cluster) []string {
	var out []string
	for _, m := range c.machines {
		text := m.fqdn
		for _, i := range m.interfaces {
			for _, ip := range []netip.Addr{i.address, i.configured} {
				if ip.IsValid() && behindNAT(ip) {
					text += " " + ip.String()
				}
			}
		}
		if text != m.fqdn {
			out = append(out, text)
		}
	}
	return out
}

// claim notes whose the addresses of a service are, one list a member, and tells
// where one is somebody's already: a member behind another's address would not
// be seen, and look well.
func claim(taken map[netip.AddrPort]string, p edge.Pool, svc edge.Service, found [][]netip.Addr) string {
	for i, m := range p.Members {
		for _, ip := range found[i] {
			for _, port := range svc.Ports {
				at, cell := netip.AddrPortFrom(ip, uint16(port)), fmt.Sprintf("%s of %s", svc.Role.Title(), m.Name)
				if other, twice := taken[at]; twice {
					return fmt.Sprintf("the topology gives %s to %s and to %s", at, other, cell)
				}
				taken[at] = cell
			}
		}
	}
	return ""
}

// singleIP reports whether Access, Web Conferencing and A/V share an interface.
func singleIP(s edgeService) bool {
	numbers := map[string]bool{}
	for _, p := range s.ports {
		if p.role != edge.XMPP {
			numbers[p.iface] = true
		}
	}
	return len(numbers) == 1
}

// publicAddresses are the addresses at which the outside reaches the interface
// of a machine. ConfiguredIPAddress, the public address before a NAT, is kept
// up for A/V, which hands it to its clients, and in single-IP mode for all; for
// the others Topology Builder leaves there whatever it likes. A private address
// is none that DNS gives to the outside.
func publicAddresses(m machine, number string, role edge.Role, single bool) []netip.Addr {
	var out []netip.Addr
	for _, i := range m.interfaces {
		if i.number != number {
			continue
		}
		ip := i.address
		if i.configured.IsValid() && (role == edge.AV || single) {
			ip = i.configured
		}
		if ip.IsValid() && !behindNAT(ip) && !slices.Contains(out, ip) {
			out = append(out, ip)
		}
	}
	return out
}

// behindNAT reports whether ip is not routed on the internet: RFC 1918, RFC
// 4193, RFC 6598 (carriers), link-local.
func behindNAT(ip netip.Addr) bool {
	carrier := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)
	return ip.IsPrivate() || ip.IsLinkLocalUnicast() || carrier.Contains(ip)
}
