package targets

import (
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/targets/syntax"
)

// kinds are what a pool of a targets file can be.
func kinds() []string {
	return []string{string(edge.EdgePool), string(edge.WebPool), string(edge.InternalPool), string(edge.PartnerPool)}
}

// edgeRoles are the services of an Edge.
func edgeRoles() []edge.Role { return []edge.Role{edge.Access, edge.WebConf, edge.AV, edge.XMPP} }

func (p *parser) kind(args []string) {
	if p.oneOf("kind", args[0], kinds()...) {
		p.draft.pool.Kind = edge.PoolKind(args[0])
	}
}

// nameLine reads `name NAME... [PORT]...`. A name that stands again has further
// ports.
func (p *parser) nameLine(args []string) {
	isPort := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	end := slices.IndexFunc(args, isPort)
	if end < 0 {
		end = len(args)
	}
	var ports []int
	var err error
	if end < len(args) {
		if ports, err = syntax.ParsePorts(args[end:]); err != nil {
			p.fail("the ports stand behind the names", "%v", err)
			return
		}
	}
	if end == 0 {
		p.fail("`name NAME... [PORT]...`", "`name` without a name")
	}
	for _, arg := range args[:end] {
		name, err := syntax.CleanName(arg)
		if err != nil {
			p.fail(syntax.NameHint(arg), "%v", err)
			continue
		}
		if len(p.draft.hosts) == limits.NamesOfPool {
			p.fail("", "more than %d names", limits.NamesOfPool)
			return
		}
		p.draft.hosts = append(p.draft.hosts, edge.Service{FQDN: name, Ports: ports, Source: p.place()})
	}
}

// checkKind checks that a pool has what its kind needs and nothing else, and
// makes services of its `name` lines.
func (p *parser) checkKind(d *draft) {
	kind := d.pool.Kind
	for _, line := range directives() {
		if at, said := d.said[line.word]; said && len(line.kinds) > 0 && !slices.Contains(line.kinds, kind) {
			p.failAt(at, kindHint(line.word, kind), "`%s` in a pool of kind %s", line.word, kind)
			d.clean = false
		}
	}
	if !d.clean {
		return
	}
	role, ports := edge.Web, []int{443}
	switch kind {
	case edge.WebPool:
	case edge.InternalPool:
		role, ports = edge.Internal, []int{5061, 5062, 4443}
		if at, said := d.said["issuer"]; said && !d.pool.PrivateIssuer {
			p.failAt(at, "leave it out: `kind internal` implies `issuer private`", "`issuer public` in a pool of kind internal")
		}
		d.pool.PrivateIssuer = true
	default:
		if _, ok := d.pool.Service(edge.Access); !ok {
			p.failAt(d.line, "add a line `access NAME`", "pool %q has no access service", d.pool.Name)
		}
		return
	}
	if len(d.hosts) == 0 {
		p.failAt(d.line, "add a line `name NAME`", "pool %q of kind %s has no name", d.pool.Name, kind)
	}
	d.addNames(role, ports)
}

// addNames makes a service of each name, with the usual ports where its line has
// none.
func (d *draft) addNames(role edge.Role, ports []int) {
	at := map[string]int{}
	for _, h := range d.hosts {
		if h.Role = role; h.Ports == nil {
			h.Ports = slices.Clone(ports)
		}
		i, again := at[h.FQDN]
		if !again {
			at[h.FQDN] = len(d.pool.Services)
			d.pool.Services = append(d.pool.Services, h)
			continue
		}
		for _, port := range h.Ports {
			if s := &d.pool.Services[i]; !slices.Contains(s.Ports, port) {
				s.Ports = append(slices.Clone(s.Ports), port)
			}
		}
	}
}

// kindHint is the way out for a directive that a kind does not take.
func kindHint(word string, kind edge.PoolKind) string {
	switch {
	case word == "name":
		return "an Edge's services are access, webcon, av and xmpp; `name` is for `kind web` and `kind internal`"
	case kind == edge.PartnerPool && slices.Contains([]string{"webcon", "av", "xmpp"}, word):
		return "of a partner only its Access Edge is known"
	case slices.Contains([]string{"access", "webcon", "av", "xmpp", "extra-names", "sip-domains"}, word):
		return "list its names in a line `name NAME...`"
	}
	return "leave it out"
}
