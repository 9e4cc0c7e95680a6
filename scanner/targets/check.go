package targets

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets/syntax"
)

// manyMembers is beyond what anybody runs as one pool: Microsoft supports 12.
const manyMembers = 100

// endPool checks the pool that ends here as a whole, and keeps it.
func (p *parser) endPool() {
	d := p.draft
	p.draft, p.outside = nil, false
	if d == nil || d.skip {
		return
	}
	d.clean = len(p.errs) == d.errors
	p.checkKind(d)
	slices.SortStableFunc(d.pool.Services, func(a, b edge.Service) int { return a.Role.Order() - b.Role.Order() })
	for i := range d.pool.Members {
		p.checkMember(d, i)
	}
	for i := range d.pool.VIPs {
		p.checkAddress(d, &d.pool.VIPs[i], d.vips[i], "vip")
	}
	p.checkInventory(d)
	if d.clean {
		p.checkGroups(d)
		p.checkExpect(d)
	}
	if len(p.errs) > d.errors { // the rest would only repeat it
		return
	}
	p.checkCoverage(d)
	p.checkOverlap(d)
	if n := len(d.pool.Members); n > manyMembers {
		d.pool.Notes = append(d.pool.Notes, fmt.Sprintf("%d members: a pool of Edge Servers has up to 12", n))
	}
	p.pools = append(p.pools, d.pool)
}

// checkMember checks a member's addresses one by one.
func (p *parser) checkMember(d *draft, i int) {
	m := &d.pool.Members[i]
	anyRole, oneRole := false, len(d.members[i].dns) > 0
	for k := range m.Addresses {
		p.checkAddress(d, &m.Addresses[k], d.members[i].line, "member "+m.Name)
		anyRole = anyRole || m.Addresses[k].Role == ""
		oneRole = oneRole || m.Addresses[k].Role != ""
	}
	for role := range d.members[i].dns {
		p.checkByDNS(d, *m, role, d.members[i].line)
	}
	if anyRole && oneRole {
		p.failAt(d.members[i].line, "give each service its own, as in access=… av=…",
			"member %q has an address for every service and another for one of them", m.Name)
	}
}

// checkByDNS checks a ROLE=dns.
func (p *parser) checkByDNS(d *draft, m edge.Member, role edge.Role, line int) {
	if _, ok := d.pool.Service(role); !ok && d.clean {
		p.failAt(line, fmt.Sprintf("add a line `%s NAME`", role), "member %s has %s=dns, and the pool has no such service", m.Name, role)
	}
	if role == edge.XMPP {
		p.failAt(line, "leave it out", "xmpp=dns: XMPP is reached on the addresses of access")
	}
	if len(m.Own(role)) > 0 {
		p.failAt(line, "", "member %q has both an address for %s and %s=dns", m.Name, role, role)
	}
}

// checkAddress checks that an address belongs to a service of the pool and
// lays its ports over the service's.
func (p *parser) checkAddress(d *draft, a *edge.Address, line int, who string) {
	if a.Role == "" {
		p.checkBare(d, a, line, who)
		return
	}
	s, ok := d.pool.Service(a.Role)
	if !ok {
		if d.clean {
			p.failAt(line, fmt.Sprintf("add a line `%s NAME`", a.Role), "%s has an address for %s, and the pool has no such service", who, a.Role)
		}
		return
	}
	ports, err := syntax.MapPorts(s.Ports, a.Ports)
	if err != nil {
		p.failAt(line, "", "%s: %s=%s: %v", who, a.Role, a.IP, err)
		return
	}
	a.Ports = ports
	for i, port := range ports {
		if port == 0 {
			d.pool.Notes = append(d.pool.Notes, fmt.Sprintf("%s: %s port %d is not dialed: %s gives other ports only",
				who, a.Role, s.Ports[i], a.IP))
		}
	}
}

// checkBare lays the ports of an address that stands for every service over
// theirs, where a kind has one service: all its names are reached alike.
func (p *parser) checkBare(d *draft, a *edge.Address, line int, who string) {
	if len(a.Ports) == 0 || len(d.pool.Services) == 0 {
		return
	}
	first := d.pool.Services[0]
	switch differ := func(s edge.Service) bool { return !slices.Equal(s.Ports, first.Ports) }; {
	case d.pool.IsEdge():
		p.failAt(line, fmt.Sprintf("say which service they belong to, as in access=%s", addressWord(*a)), "%s: %s gives ports for every service at once", who, addressWord(*a))
		return
	case slices.ContainsFunc(d.pool.Services, differ):
		p.failAt(line, "give names of other ports a pool of their own", "%s: %s gives ports, and the names of the pool have several", who, addressWord(*a))
		return
	}
	ports, err := syntax.MapPorts(first.Ports, a.Ports)
	if err != nil {
		p.failAt(line, "", "%s: %s: %v", who, a.IP, err)
		return
	}
	a.Ports = ports
}

func (p *parser) checkInventory(d *draft) {
	for i, f := range d.pool.InventoryFiles {
		if f.Member == edge.EveryMember {
			continue
		}
		m := slices.IndexFunc(d.pool.Members, func(m edge.Member) bool { return strings.EqualFold(m.Name, f.Member) })
		switch {
		case m >= 0:
			d.pool.InventoryFiles[i].Member = d.pool.Members[m].Name
		case len(d.pool.Members) > 0:
			p.failAt(d.inventories[i], "", "inventory of %q: the pool has no such member", f.Member)
		}
	}
}

// checkCoverage demands that a service has an address on every member, or on
// none and `dns` on each: a forgotten address must not look like a service
// that agrees everywhere. XMPP shares the address of Access.
func (p *parser) checkCoverage(d *draft) {
	for _, s := range d.pool.Services {
		byAddress, lookedUp := -1, -1
		for i, m := range d.pool.Members {
			switch {
			case d.members[i].dns[s.Role]:
				lookedUp = i
			case len(m.For(s.Role)) > 0:
				byAddress = i
			case s.Role != edge.XMPP:
				p.failAt(d.members[i].line, fmt.Sprintf("add %s=ADDRESS; where nobody knows whose is which, %s=dns to every member", s.Role, s.Role),
					"member %q lacks an address for %s", m.Name, s.Role)
			}
			if s.Role == edge.XMPP && len(m.Own(edge.XMPP)) == 0 && tunnelled(d.pool, m) {
				p.failAt(d.members[i].line, "add xmpp=ADDRESS:PORT", "member %q reaches access through other ports, so xmpp needs its own address", m.Name)
			}
		}
		if byAddress >= 0 && lookedUp >= 0 {
			p.failAt(d.members[lookedUp].line, "give every member an address, or none", "%s=dns on member %q, and an address on %q",
				s.Role, d.pool.Members[lookedUp].Name, d.pool.Members[byAddress].Name)
		}
	}
}

// tunnelled reports whether m's Access is dialed on ports that are not the
// service's.
func tunnelled(pool edge.Pool, m edge.Member) bool {
	s, _ := pool.Service(edge.Access)
	for _, a := range m.For(edge.Access) {
		for i, port := range a.Ports {
			if port != 0 && port != s.Ports[i] {
				return true
			}
		}
	}
	return false
}

// checkOverlap demands that an address and port stands for one cell of the
// pool.
func (p *parser) checkOverlap(d *draft) {
	const balancer = "the load balancer"
	type place struct {
		at   netip.AddrPort
		name string // web servers tell names apart by SNI; an Edge does not
	}
	taken := map[place]string{}
	told := map[string]bool{} // one mistake clashes on every port
	claim := func(a edge.Address, s edge.Service, who string, line int) {
		for i, port := range s.Ports {
			if len(a.Ports) > 0 {
				port = a.Ports[i]
			}
			if port == 0 {
				continue
			}
			at, cell := place{at: netip.AddrPortFrom(a.IP, uint16(port))}, fmt.Sprintf("%s of %s", s.Role, who)
			if !d.pool.IsEdge() {
				at.name = s.FQDN
			}
			// A load balancer may tell services apart by SNI, too.
			other, twice := taken[at]
			if mistake := who + " " + a.IP.String(); twice && (who != balancer || !strings.HasSuffix(other, balancer)) && !told[mistake] {
				told[mistake] = true
				p.failAt(line, "", "%s is %s and %s at once", at.at, other, cell)
			}
			taken[at] = cell
		}
	}
	for _, s := range d.pool.Services {
		for i, m := range d.pool.Members {
			for _, a := range m.For(s.Role) {
				claim(a, s, "member "+m.Name, d.members[i].line)
			}
		}
		for _, a := range d.pool.VIPsFor(s.Role) {
			claim(a, s, balancer, d.vips[0])
		}
	}
}
