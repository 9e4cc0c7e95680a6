package discover

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// guessAccess tries sip.<domain> where no SRV record leads anywhere, as clients
// do in the end. It counts if it speaks TLS on a port of Access; behind a
// wildcard record any web server does.
func (d *discovery) guessAccess(ctx context.Context) {
	const answered, resolved = "guessed: a conventional name that answers", "guessed: a conventional name, not dialed"
	var endpoints []edge.Endpoint
	var owners []*found
	for _, f := range d.found {
		name := "sip." + f.pool.Name
		if f.access != "" || f.cloud || edge.InCloud(d.Name(name).CNAME) || len(d.addressesOf(name)) == 0 || d.byWildcard(name) {
			continue
		}
		f.source = ""
		if !d.dials {
			f.access = name
			f.lead(443, resolved)
			f.lead(5061, resolved)
			continue
		}
		for _, e := range d.endpoints(f, edge.Service{Role: edge.Access, FQDN: name, Ports: []int{443, 5061}}) {
			endpoints, owners = append(endpoints, e), append(owners, f)
		}
	}
	for i, c := range d.capture(ctx, endpoints) {
		if c.Outcome == edge.Captured {
			owners[i].access = c.Endpoint.FQDN
			owners[i].lead(c.Endpoint.Port, answered)
		}
	}
	d.unite()
	for _, f := range d.found {
		for _, domain := range f.pool.SIPDomains {
			d.noteTrouble(f, domain)
		}
		if f.cloud {
			continue
		}
		if f.access == "" {
			f.note("no Edge of %s found: %s", f.pool.Name, d.whyNone(f.pool.Name))
		} else if f.guessed() {
			f.note("Access Edge %s is %s; no SRV record leads to an Edge", f.access, f.source)
		}
	}
}

// guessed reports whether no SRV record led to the Access name.
func (f *found) guessed() bool { return f.source == "" || strings.HasPrefix(f.source, "guessed") }

// unite puts a domain that no SRV record leads out of to the pool whose Access
// Edges have the addresses of its sip.<domain>.
func (d *discovery) unite() {
	others := slices.DeleteFunc(slices.Clone(d.found), (*found).guessed)
	var kept []*found
	for _, f := range d.found {
		name := "sip." + f.pool.Name
		i := slices.IndexFunc(others, func(o *found) bool { return o.access != "" && d.same(o.access, name) })
		if !f.guessed() || f.cloud || i < 0 {
			kept = append(kept, f)
			if f.guessed() {
				others = append(others, f)
			}
			continue
		}
		others[i].pool.SIPDomains = append(others[i].pool.SIPDomains, f.pool.SIPDomains...)
		others[i].shares(f.pool.Name, name)
	}
	d.found = kept
}

// whyNone is why a domain leads nowhere. What could not be looked up may be
// there all the same, and is told apart.
func (d *discovery) whyNone(domain string) string {
	srv := "no SRV record leads to one"
	for _, kind := range []edge.SRVKind{edge.SRVFederation, edge.SRVClient} {
		if d.SRV(kind, domain).Status == edge.Unknown {
			srv = "its SRV records are not known"
		}
	}
	switch name := d.Name("sip." + domain); name.Status {
	case edge.Found:
		if edge.InCloud(name.CNAME) {
			return fmt.Sprintf("%s, and sip.%s is an alias of Microsoft 365's", srv, domain)
		}
		if d.byWildcard(name.Name) {
			return fmt.Sprintf("%s, and sip.%s is there by a wildcard record alone", srv, domain)
		}
		return fmt.Sprintf("%s, and sip.%s does not answer as one", srv, domain)
	case edge.Absent:
		if _, rest, _ := strings.Cut(domain, "."); strings.HasPrefix(domain, "sip.") {
			return fmt.Sprintf("%s, and sip.%s has no address; is the SIP domain %s?", srv, domain, rest)
		}
		return fmt.Sprintf("%s, and sip.%s has no address", srv, domain)
	default:
		return fmt.Sprintf("%s, and sip.%s could not be looked up: %s", srv, domain, name.Error)
	}
}

// noteTrouble says that a record may be there all the same.
func (d *discovery) noteTrouble(f *found, domain string) {
	for _, kind := range []edge.SRVKind{edge.SRVFederation, edge.SRVClient} {
		if a := d.SRV(kind, domain); a.Status == edge.Unknown {
			f.note("%s could not be looked up: %s", a.Query, a.Error)
		}
	}
}
