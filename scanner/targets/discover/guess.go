package discover

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/targets/syntax"
)

// answersAsOne is the proof of a guess that was dialed.
const answersAsOne = "answers as one"

// noSuchHost is a name that only a wildcard record answers for.
const noSuchHost = "edgecert-no-such-host."

// A candidate is a name that may be a service of a pool.
type candidate struct {
	owner  *found
	role   edge.Role
	name   string
	port   int
	origin string // "a name in the certificate of Access"
	same   bool   // must present the very certificate of Access: its name alone says nothing
}

// labels are the conventional first labels of a role, the usual ones first.
func labels(role edge.Role) []string {
	if role == edge.AV {
		return []string{"av", "avedge", "av-edge", "avconf", "media"}
	}
	return []string{"webcon", "webconf", "conf", "wc", "webconference", "webconferencing", "webedge", "dataedge"}
}

// otherLabels belong to servers beside the Edge, which stand in shared
// certificates: the reverse proxy, Exchange, Office Web Apps.
func otherLabels() []string {
	return []string{"sip", "sipinternal", "sipexternal", "meet", "dialin", "lyncdiscover", "lyncdiscoverinternal", "lync", "lyncweb", "lswebext",
		"webext", "admin", "scheduler", "autodiscover", "mail", "owa", "webmail", "www", "wac", "owas", "oos", "xmpp", "access"}
}

// roleOf tells the role of a name by its first label.
func roleOf(name string) (role edge.Role, conventional bool) {
	label, _, _ := strings.Cut(name, ".")
	switch {
	case slices.Contains(labels(edge.AV), label):
		return edge.AV, true
	case slices.Contains(labels(edge.WebConf), label):
		return edge.WebConf, true
	case slices.Contains(otherLabels(), label):
		return "", false
	}
	return edge.WebConf, false
}

// wantConventional looks up the conventional names of every pool's domains.
func (d *discovery) wantConventional(ctx context.Context) {
	for _, f := range d.found {
		if f.access == "" {
			continue
		}
		for _, domain := range f.pool.SIPDomains {
			for _, label := range slices.Concat(labels(edge.WebConf), labels(edge.AV)) {
				d.WantNames(label + "." + domain)
			}
		}
	}
	d.Run(ctx)
}

// guessServices finds Web Conferencing and A/V.
func (d *discovery) guessServices(ctx context.Context) {
	var candidates []candidate
	for _, f := range d.found {
		if f.access != "" {
			candidates = append(candidates, d.candidates(f)...)
		}
	}
	for _, c := range candidates {
		d.WantNames(c.name, noSuchHost+parent(c.name))
	}
	d.Run(ctx)
	var endpoints []edge.Endpoint
	var owners []candidate
	for _, c := range candidates {
		if d.byWildcard(c.name) {
			continue
		}
		for _, e := range d.endpoints(c.owner, edge.Service{Role: c.role, FQDN: c.name, Ports: []int{c.port}}) {
			if slices.Contains(c.owner.addresses, e.Address) && slices.Contains(c.owner.ports, e.Port) {
				continue // that is Access itself
			}
			endpoints, owners = append(endpoints, e), append(owners, c)
		}
	}
	captures := d.capture(ctx, endpoints)
	for _, f := range d.found {
		if f.access == "" || len(f.ports) == 0 {
			continue
		}
		for _, role := range []edge.Role{edge.WebConf, edge.AV} {
			switch {
			case f.decide(role, owners, captures):
			case d.dials:
				f.note("no %s found: neither the certificate of Access nor conventional names lead to one", role.Title())
			default:
				f.note("no %s found: no conventional name leads to one; a scan looks into the certificate of Access too", role.Title())
			}
		}
	}
}

// byWildcard reports whether a name has its addresses from a wildcard record, or
// by one from the alias of a service whose addresses change.
func (d *discovery) byWildcard(name string) bool {
	wild, own := d.Name(noSuchHost+parent(name)), d.Name(name)
	if len(wild.Addresses) == 0 {
		return false
	}
	return slices.Equal(wild.Addresses, own.Addresses) || wild.CNAME != "" && wild.CNAME == own.CNAME
}

func parent(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	return rest
}

// candidates lists what may be a service of f, the likeliest first: names of
// the certificate, conventional names, and the Access name's other ports, for
// an Edge with a single address.
func (d *discovery) candidates(f *found) []candidate {
	var out []candidate
	add := func(role edge.Role, name, origin string, same bool) {
		known := slices.ContainsFunc(out, func(c candidate) bool { return c.role == role && c.name == name })
		if known || len(out) >= limits.GuessedNames {
			return
		}
		ports := []int{443}
		if role == edge.WebConf {
			ports = []int{443, 444} // 444 is single-IP mode's
		}
		for _, port := range ports {
			out = append(out, candidate{owner: f, role: role, name: name, port: port, origin: origin, same: same})
		}
	}
	sans := f.sans()
	for _, wantConventional := range []bool{true, false} {
		for _, name := range sans {
			if role, conventional := roleOf(name); role != "" && conventional == wantConventional {
				add(role, name, "a name in the certificate of Access", !conventional)
			}
		}
	}
	for _, domain := range f.pool.SIPDomains {
		for _, role := range []edge.Role{edge.WebConf, edge.AV} {
			for _, label := range labels(role) {
				if name := label + "." + domain; len(d.addressesOf(name)) > 0 {
					add(role, name, "a conventional name", false)
				}
			}
		}
	}
	add(edge.WebConf, f.access, "the name of Access, for an Edge with one address", false)
	add(edge.AV, f.access, "the name of Access, for an Edge with one address", false)
	return out
}

// sans are the names of the Access certificates that lie in a domain of the
// pool, or beside its Access name.
func (f *found) sans() []string {
	var out []string
	for _, leaf := range f.leaves {
		for i, raw := range leaf.DNSNames() {
			name, err := syntax.CleanName(raw)
			if i >= limits.GuessedFrom {
				break
			}
			if err != nil || name == f.access || slices.Contains(out, name) || !f.related(name) {
				continue
			}
			out = append(out, name)
		}
	}
	return out
}

// related reports whether a name may belong to the pool's owner.
func (f *found) related(name string) bool {
	domains := slices.Clone(f.pool.SIPDomains)
	if beside := parent(f.access); strings.Contains(beside, ".") {
		domains = append(domains, beside)
	}
	return slices.ContainsFunc(domains, func(d string) bool { return strings.HasSuffix(name, "."+d) })
}

// decide takes the best candidate of a role that answers as one, if there is
// one: with the certificate of Access rather than with another. Where nothing
// was dialed the likeliest name that resolves is taken.
func (f *found) decide(role edge.Role, owners []candidate, captures []edge.Capture) bool {
	var best *candidate
	bestSame := false
	for i, c := range owners {
		if c.owner != f || c.role != role {
			continue
		}
		if captures == nil {
			if c.name != f.access && !c.same {
				f.take(c, "not dialed")
				return true
			}
			continue
		}
		answers, same := f.answers(c, captures[i])
		if answers && (best == nil || same && !bestSame) {
			best, bestSame = &owners[i], same
		}
	}
	if best == nil {
		return false
	}
	f.take(*best, answersAsOne)
	return true
}

// answers reports whether a capture shows the role, and whether it presents
// the certificate of Access.
func (f *found) answers(c candidate, got edge.Capture) (answers, same bool) {
	if c.role == edge.AV {
		return got.Outcome == edge.NoCertificate, false
	}
	if got.Outcome != edge.Captured {
		return false, false
	}
	leaf := got.Leaf()
	same = leaf != nil && edge.Holds(f.leaves, leaf)
	return same || !c.same, same
}

// take makes a candidate a service of the pool.
func (f *found) take(c candidate, proof string) {
	f.pool.Services = append(f.pool.Services, edge.Service{Role: c.role, FQDN: c.name, Ports: []int{c.port},
		Source: fmt.Sprintf("guessed: %s, %s", c.origin, proof)})
	f.note("%s %s, port %d, is guessed: %s, %s", c.role.Title(), c.name, c.port, c.origin, proof)
}
