// Package discover finds the Edge pools of SIP domains:
//
//	SIP domain ─ SRV records ─→ Access Edge ─ its certificate, conventional names ─→ edge.Pool
package discover

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets"
	"edgecert/scanner/targets/dns"
	"edgecert/scanner/targets/syntax"
)

// Pools finds the Edge pools of SIP domains. SRV records give the names and
// ports of Access and XMPP; Web Conferencing and A/V are guessed, from the
// Access certificate's own SAN and from the names that everybody uses, as far
// as they resolve and answer as that role. What is guessed says so in
// Service.Source and Pool.Notes. Domains that share an Access name are one
// pool; a domain that leads nowhere is a pool without services, so that its
// DNS can be judged all the same.
//
// capture dials endpoints, one capture each in their order; nil dials nothing,
// and guesses by DNS alone.
func Pools(ctx context.Context, domains []targets.Domain, r dns.Resolver, capture func(context.Context, []edge.Endpoint) []edge.Capture) []edge.Pool {
	if len(domains) == 0 {
		return nil
	}
	d := &discovery{Session: dns.NewSession(r), capture: complete(capture), dials: capture != nil}
	d.lookup(ctx, domains)
	for _, domain := range domains {
		d.group(domain)
	}
	d.guessAccess(ctx)
	d.wantConventional(ctx)
	d.seeAccess(ctx)
	d.guessServices(ctx)
	return d.pools(ctx)
}

// complete makes sure that there is a capture for every endpoint, or none.
func complete(capture func(context.Context, []edge.Endpoint) []edge.Capture) func(context.Context, []edge.Endpoint) []edge.Capture {
	return func(ctx context.Context, endpoints []edge.Endpoint) []edge.Capture {
		if capture == nil || len(endpoints) == 0 {
			return nil
		}
		if got := capture(ctx, endpoints); len(got) == len(endpoints) {
			return got
		}
		return nil
	}
}

// A discovery is one round of finding pools.
type discovery struct {
	*dns.Session
	capture func(context.Context, []edge.Endpoint) []edge.Capture
	dials   bool // false: guesses by DNS alone
	found   []*found
}

// A found is a pool that is being found out.
type found struct {
	pool      edge.Pool
	access    string // its name; empty: none is known
	cloud     bool   // the domain is homed in Microsoft 365, which is not dialed
	ports     []int
	source    string
	addresses []netip.Addr // of Access
	leaves    []*edge.Certificate
}

// lookup asks for the SRV records of all domains.
func (d *discovery) lookup(ctx context.Context, domains []targets.Domain) {
	for _, domain := range domains {
		d.Want(edge.Pool{Kind: edge.EdgePool, SIPDomains: []string{domain.Name}})
		d.WantNames("sip."+domain.Name, noSuchHost+domain.Name) // the first is what clients try last
	}
	d.Run(ctx)
	for _, domain := range domains {
		for _, kind := range []edge.SRVKind{edge.SRVFederation, edge.SRVClient, edge.SRVXMPP} {
			if best, ok := d.best(kind, domain.Name); ok {
				d.WantNames(best.Target)
			}
		}
	}
	d.Run(ctx)
}

// best is the record that is followed, if it leads to a name.
func (d *discovery) best(kind edge.SRVKind, domain string) (edge.SRV, bool) {
	best, ok := d.SRV(kind, domain).Best()
	if name, err := syntax.CleanName(best.Target); err != nil || name != best.Target || best.Port == 0 {
		return edge.SRV{}, false
	}
	return best, ok
}

// group puts a domain to the pool of its Access name: where partners are sent,
// and where clients are if that is elsewhere.
func (d *discovery) group(domain targets.Domain) {
	federation, hasFederation := d.best(edge.SRVFederation, domain.Name)
	client, hasClient := d.best(edge.SRVClient, domain.Name)
	inCloud := hasFederation && edge.InCloud(federation.Target) || hasClient && edge.InCloud(client.Target)
	hasFederation = hasFederation && !edge.InCloud(federation.Target)
	hasClient = hasClient && !edge.InCloud(client.Target)
	if !hasFederation && !hasClient {
		if f := d.of(domain, ""); inCloud {
			f.cloud = true
			f.note("%s is homed in Microsoft 365: nothing is dialed", domain.Name)
		}
	}
	var partners, clients *found
	if hasFederation {
		partners = d.of(domain, federation.Target)
		partners.lead(federation.Port, "SRV "+edge.SRVFederation.Query(domain.Name))
	}
	if hasClient {
		clients = d.of(domain, client.Target)
		clients.lead(client.Port, "SRV "+edge.SRVClient.Query(domain.Name))
	}
	if hasFederation && hasClient && partners != clients {
		clients.note("clients of %s are sent to %s, partners to %s: two pools", domain.Name, client.Target, federation.Target)
	}
}

// same reports whether two names are one, or have the same addresses.
func (d *discovery) same(a, b string) bool {
	first := d.addressesOf(a)
	return a == b || len(first) > 0 && slices.Equal(first, d.addressesOf(b))
}

// addressesOf are the addresses of a name that was looked up.
func (d *discovery) addressesOf(name string) []netip.Addr {
	return d.Name(name).Addresses
}

// of is the pool of an Access name, with the domain in it: the same name, or
// another of the same addresses, since each domain's records have to lead to a
// name of its own. Without a name every domain is a pool of its own.
func (d *discovery) of(domain targets.Domain, access string) *found {
	i := slices.IndexFunc(d.found, func(f *found) bool { return access != "" && f.access != "" && d.same(f.access, access) })
	if i < 0 {
		f := &found{access: access, pool: edge.Pool{Name: access, Kind: edge.EdgePool, Source: targets.FoundSource + domain.Name}}
		if access == "" {
			f.pool.Name = domain.Name
		}
		d.found = append(d.found, f)
		i = len(d.found) - 1
	}
	f := d.found[i]
	if !slices.Contains(f.pool.SIPDomains, domain.Name) {
		f.pool.SIPDomains = append(f.pool.SIPDomains, domain.Name)
	}
	if access != f.access {
		f.shares(domain.Name, access)
	}
	return f
}

// lead adds a port of Access and where it is known from.
func (f *found) lead(port int, source string) {
	if !slices.Contains(f.ports, port) {
		f.ports = append(f.ports, port)
		slices.Sort(f.ports)
	}
	if f.source == "" || f.source == source {
		f.source = source
	} else if !slices.Contains(strings.Split(f.source, ", "), source) {
		f.source += ", " + source
	}
}

// shares notes that a domain is led to the pool by another name.
func (f *found) shares(domain, name string) {
	note := fmt.Sprintf("%s of %s has the addresses of %s: one pool", name, domain, f.access)
	if !slices.Contains(f.pool.Notes, note) {
		f.pool.Notes = append(f.pool.Notes, note)
	}
}

func (f *found) note(format string, args ...any) {
	f.pool.Notes = append(f.pool.Notes, fmt.Sprintf(format, args...))
}

// endpoints writes out a service at every address of its name, unless that is
// an alias of Microsoft 365's.
func (d *discovery) endpoints(f *found, s edge.Service) []edge.Endpoint {
	if edge.InCloud(d.Name(s.FQDN).CNAME) {
		return nil
	}
	p := edge.Pool{Name: f.pool.Name, Kind: edge.EdgePool, Services: []edge.Service{s}, DNS: &edge.DNS{Names: []edge.NameAnswer{d.Name(s.FQDN)}}}
	return slices.DeleteFunc(edge.Plan([]edge.Pool{p}), func(e edge.Endpoint) bool { return e.Fault != nil })
}

// seeAccess captures the Access Edges, whose certificates name the other
// services.
func (d *discovery) seeAccess(ctx context.Context) {
	var endpoints []edge.Endpoint
	var owners []*found
	for _, f := range d.found {
		if f.access == "" {
			continue
		}
		f.addresses = d.addressesOf(f.access)
		for _, e := range d.endpoints(f, edge.Service{Role: edge.Access, FQDN: f.access, Ports: f.ports}) {
			endpoints, owners = append(endpoints, e), append(owners, f)
		}
	}
	for i, c := range d.capture(ctx, endpoints) {
		if leaf := c.Leaf(); leaf != nil {
			owners[i].leaves = append(owners[i].leaves, leaf)
		}
	}
}

// pools finishes what was found: services in role order, XMPP, and DNS.
func (d *discovery) pools(ctx context.Context) []edge.Pool {
	var out []edge.Pool
	for _, f := range d.found {
		if f.access != "" && len(f.ports) > 0 {
			access := edge.Service{Role: edge.Access, FQDN: f.access, Ports: f.ports, Source: f.source}
			f.pool.Services = append([]edge.Service{access}, f.pool.Services...)
			d.addXMPP(f)
		}
		out = append(out, f.pool)
	}
	for _, p := range out {
		d.Want(p)
	}
	d.Run(ctx)
	for i, p := range out {
		out[i].DNS = d.Answer(p)
		out[i].Notes = append(out[i].Notes, dns.PartNotes(out[i].DNS)...)
	}
	return out
}

// addXMPP adds the XMPP proxy where its SRV record leads to this Edge.
func (d *discovery) addXMPP(f *found) {
	for _, domain := range f.pool.SIPDomains {
		best, ok := d.best(edge.SRVXMPP, domain)
		if !ok {
			continue
		}
		if !d.same(best.Target, f.access) {
			f.note("XMPP of %s is served by %s, which is not this Edge: not scanned", domain, best.Target)
			continue
		}
		if _, has := f.pool.Service(edge.XMPP); !has {
			f.pool.Services = append(f.pool.Services, edge.Service{Role: edge.XMPP, FQDN: domain, Ports: []int{best.Port},
				Source: "SRV " + edge.SRVXMPP.Query(domain)})
		}
	}
}
