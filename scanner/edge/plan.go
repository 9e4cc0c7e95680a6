package edge

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// samplesBehindOne is how many handshakes an address gets behind which several
// members may hide: with two members a second certificate stays unseen once in
// 32 scans.
const samplesBehindOne = 6

// Plan writes out every cell that has to be seen: pools in order, then members
// as described, those that DNS found by address, names without any address,
// load balancers; within a member by role and service port. It asks nothing:
// names are looked up in Pool.DNS. A name without an address is one endpoint a
// port that has its Fault already.
func Plan(pools []Pool) []Endpoint {
	var out []Endpoint
	for _, p := range pools {
		if p.Listed() {
			out = append(out, planLoose(p)...)
		} else {
			out = append(out, planPool(p)...)
		}
	}
	return out
}

// The order of a pool's rows.
const (
	rankMember = iota // as described
	rankDNS           // by address
	rankNone          // no address
	rankVIP
)

// A cell is an endpoint with what it is ordered by.
type cell struct {
	Endpoint
	rank, index int // index: the member's place among the described ones
}

func planPool(p Pool) []Endpoint {
	var cells []cell
	for _, s := range p.Services {
		cells = append(cells, planService(p, s)...)
		for _, a := range p.VIPsFor(s.Role) {
			e := Endpoint{Member: VIPMember, VIP: true, Samples: samplesBehindOne}
			cells = append(cells, perPort(p, s, a, cell{Endpoint: e, rank: rankVIP})...)
		}
	}
	slices.SortStableFunc(cells, func(a, b cell) int {
		byAddress := 0
		if a.rank == rankDNS {
			byAddress = a.Address.Compare(b.Address)
		}
		return cmp.Or(a.rank-b.rank, a.index-b.index, byAddress, a.Role.Order()-b.Role.Order(), a.ServicePort-b.ServicePort)
	})
	return Map(cells, func(c cell) Endpoint { return c.Endpoint })
}

// planService writes out a service on the members: on their addresses, or on
// those of its name in DNS where no member gives any.
func planService(p Pool, s Service) []cell {
	var cells []cell
	for i, m := range p.Members {
		for _, a := range m.For(s.Role) {
			cells = append(cells, perPort(p, s, a, cell{Endpoint: Endpoint{Member: m.Name}, index: i})...)
		}
	}
	if len(cells) > 0 {
		return cells
	}
	name := s.FQDN
	if s.Role == XMPP { // on the Access addresses, whatever the domain's own address is
		name = p.FQDN(Access)
	}
	answer := p.DNS.Name(name)
	vips := p.VIPsFor(s.Role)
	isVIP := func(ip netip.Addr) bool {
		return slices.ContainsFunc(vips, func(v Address) bool { return v.IP == ip })
	}
	if answer.Status == Absent && len(vips) > 0 {
		return nil // the load balancer is where the service is; what DNS lacks is a rule's to tell
	}
	if len(answer.Addresses) == 0 {
		e := Endpoint{Fault: noAddress(name, answer)}
		return perPort(p, s, Address{Source: "DNS of " + name}, cell{Endpoint: e, rank: rankNone})
	}
	samples := 0
	if len(answer.Addresses) == 1 && len(p.Members) != 1 {
		samples = samplesBehindOne
	}
	for _, ip := range answer.Addresses {
		if isVIP(ip) {
			continue
		}
		c := cell{Endpoint: Endpoint{Member: ip.String(), Samples: samples, Fault: noHost(ip, name)}, rank: rankDNS}
		if len(p.Members) == 1 { // whose else should it be
			c.Member, c.rank = p.Members[0].Name, rankMember
		}
		cells = append(cells, perPort(p, s, Address{IP: ip, Source: recordOf(ip, name)}, c)...)
	}
	return cells
}

// perPort writes out c for every port of a service at one address.
func perPort(p Pool, s Service, a Address, c cell) []cell {
	var cells []cell
	for i, port := range s.Ports {
		c.Pool, c.Role, c.FQDN, c.Source = p.Name, s.Role, s.FQDN, a.Source
		c.Address, c.Port, c.ServicePort = a.IP, port, port
		if i < len(a.Ports) {
			c.Port = a.Ports[i]
		}
		if c.Port != 0 {
			cells = append(cells, c)
		}
	}
	return cells
}

// planLoose writes out a list of endpoints in its order, those of the command
// line by address. Every address of a name is an endpoint of its own, so that
// no dead family hides behind a living one.
func planLoose(p Pool) []Endpoint {
	index := map[string]NameAnswer{} // thousands of them
	if p.DNS != nil {
		for _, a := range p.DNS.Names {
			index[a.Name] = a
		}
	}
	var out []Endpoint
	for _, l := range p.Loose {
		e := Endpoint{Pool: p.Name, Role: Other, Port: l.Port, ServicePort: l.Port, Source: l.Source}
		if ip, err := netip.ParseAddr(l.Host); err == nil {
			e.Member, e.Address, e.FQDN = ip.String(), ip, l.SNI
			if e.Member == l.Host { // once for thousands of them
				e.Member = l.Host
			}
			out = append(out, e)
			continue
		}
		e.FQDN = cmp.Or(l.SNI, l.Host)
		answer := index[l.Host]
		if len(answer.Addresses) == 0 {
			e.Fault = noAddress(l.Host, answer)
			out = append(out, e)
			continue
		}
		for _, ip := range answer.Addresses {
			e.Member, e.Address, e.Fault = ip.String(), ip, noHost(ip, l.Host)
			e.Source = l.Source + ", " + recordOf(ip, l.Host)
			out = append(out, e)
		}
	}
	if p.Kind == CommandLinePool {
		sortByMember(out)
	}
	return out
}

// sortByMember brings endpoints of one address together, by first appearance,
// then by port.
func sortByMember(list []Endpoint) {
	first := map[string]int{}
	for i, e := range list {
		if _, ok := first[e.Member]; !ok {
			first[e.Member] = i
		}
	}
	slices.SortStableFunc(list, func(a, b Endpoint) int { return cmp.Or(first[a.Member]-first[b.Member], a.Port-b.Port) })
}

// noAddress is why nothing can be dialed.
func noAddress(name string, a NameAnswer) *Fault {
	f := &Fault{Class: ClassDNS}
	switch {
	case a.Status == Absent:
		f.Message = name + " has no address in DNS"
	case a.Status == Unknown:
		f.Message = "looking up " + name + ": " + a.Error
	default:
		f.Message = name + " was not looked up"
	}
	return f
}

// noHost is why an address of DNS is not dialed; nil: it is.
func noHost(ip netip.Addr, name string) *Fault {
	if OfHost(ip) {
		return nil
	}
	return &Fault{Class: ClassDNS, Message: fmt.Sprintf("%s is %s, which is no address of a host", recordOf(ip, name), ip)}
}

func recordOf(ip netip.Addr, name string) string {
	if ip.Is4() {
		return "A of " + name
	}
	return "AAAA of " + name
}

// OfHost reports whether ip can be the address of an Edge. To dial 0.0.0.0, which
// some resolvers give for what they block, is to dial this host itself; a
// link-local IPv6 address means nothing without its zone.
func OfHost(ip netip.Addr) bool {
	return !ip.IsUnspecified() && !ip.IsMulticast() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255}) &&
		!(ip.Is6() && ip.IsLinkLocalUnicast())
}
