package targets

import (
	"net/netip"
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/targets/syntax"
)

// byDNS stands in place of an address where it is not known which of the
// addresses in DNS is this member's, as behind NAT.
const byDNS = "dns"

// member reads `member NAME ADDRESS...`.
func (p *parser) member(args []string) {
	name := args[0]
	if !syntax.PlainWord(name) || strings.Contains(args[0], "=") {
		p.fail("a member has a name, and then its addresses", "%q is no name of a member", name)
		return
	}
	if strings.EqualFold(name, edge.VIPMember) {
		p.fail("a load balancer's address stands in a line `vip ADDRESS`", "a member named %q", name)
		return
	}
	d := p.draft
	if first, twice := d.memberNames[strings.ToLower(name)]; twice {
		p.fail("", "member %q stands twice: first in line %d", name, first)
		return
	}
	if nameless(name, args[1:]) {
		p.fail("a member has a name, and then its addresses: `member edge1 "+name+"`", "%q is an address where a member's name is expected", name)
		return
	}
	if len(args) == 1 {
		p.fail("a member's addresses follow its name; without any `member`, the members come from DNS", "member %q without an address", name)
		return
	}
	ml := memberLine{line: p.line, dns: map[edge.Role]bool{}}
	if addresses, ok := p.addresses(args[1:], ml.dns); ok {
		d.pool.Members = append(d.pool.Members, edge.Member{Name: name, Addresses: addresses, Source: p.place()})
		d.members = append(d.members, ml)
		d.memberNames[strings.ToLower(name)] = p.line
	}
}

// nameless says whether a member's line begins with its first address, which
// nobody would dial. An address may well name a member that is reached by one of
// another kind, behind NAT or through a tunnel.
func nameless(name string, values []string) bool {
	ip, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	for _, v := range values {
		other, err := netip.ParseAddr(v)
		if err != nil || other == ip || other.IsPrivate() != ip.IsPrivate() || other.IsLoopback() != ip.IsLoopback() {
			return false
		}
	}
	return true
}

// vip reads `vip ADDRESS...`.
func (p *parser) vip(args []string) {
	addresses, ok := p.addresses(args, nil)
	if !ok {
		return
	}
	if len(p.draft.pool.VIPs)+len(addresses) > limits.AddressesOfMember {
		p.fail("", "more than %d load balancers", limits.AddressesOfMember)
		return
	}
	for range addresses {
		p.draft.vips = append(p.draft.vips, p.line)
	}
	p.draft.pool.VIPs = append(p.draft.pool.VIPs, addresses...)
}

// addresses reads ADDRESS and ROLE=ADDRESS words, and notes ROLE=dns in dns
// where that is allowed (not nil). Ports are laid over those of the service
// when the pool ends, since its line may come later.
func (p *parser) addresses(args []string, dns map[edge.Role]bool) ([]edge.Address, bool) {
	if len(args) > limits.AddressesOfMember {
		p.fail("", "more than %d addresses", limits.AddressesOfMember)
		return nil, false
	}
	var out []edge.Address
	for _, arg := range args {
		a, value, ok := p.role(arg)
		if !ok {
			return nil, false
		}
		if dns != nil && a.Role != "" && value == byDNS {
			dns[a.Role] = true
			continue
		}
		if !p.address(&a, value) {
			return nil, false
		}
		if slices.ContainsFunc(out, func(b edge.Address) bool {
			return a.Role == b.Role && a.IP == b.IP && slices.Equal(a.Ports, b.Ports)
		}) {
			p.fail("", "%q stands twice", arg)
			return nil, false
		}
		out = append(out, a)
	}
	return out, true
}

// role splits ROLE=VALUE, or takes the whole word for a value.
func (p *parser) role(arg string) (edge.Address, string, bool) {
	a := edge.Address{Source: p.place()}
	role, value, named := strings.Cut(arg, "=")
	if !named {
		return a, arg, true
	}
	a.Role = edge.Role(role)
	if !slices.Contains(edgeRoles(), a.Role) {
		p.fail("the services are access, webcon, av and xmpp", "unknown service %q in %q", role, arg)
		return a, "", false
	}
	return a, value, true
}

// address reads the address itself.
func (p *parser) address(a *edge.Address, value string) bool {
	var err error
	a.IP, a.Ports, err = syntax.ParseAddress(value)
	if err != nil {
		hint := ""
		switch {
		case strings.EqualFold(value, byDNS):
			hint = "dns is for one service of a member, in lower case: access=dns"
		case a.IP == (netip.Addr{}):
			hint = "an address is 203.0.113.10, 203.0.113.10:443,5061, 2001:db8::7 or [2001:db8::7]:5061"
		case strings.HasSuffix(value, ","):
			hint = "no blank stands between ports"
		}
		p.fail(hint, "%v", err)
		return false
	}
	return true
}
