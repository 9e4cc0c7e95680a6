package target

import (
	"context"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// guessAccess tries sip.<domain> where no SRV record leads anywhere, as clients
// do in the end. It counts if it speaks TLS on a port of Access.
func (d *discovery) guessAccess(ctx context.Context) {
	const answered, resolved = "guessed: a conventional name that answers", "guessed: a conventional name, not dialed"
	var endpoints []edge.Endpoint
	var owners []*found
	for _, f := range d.found {
		name := "sip." + f.pool.Name
		if f.access != "" || len(d.addressesOf(name)) == 0 || d.taken(name) {
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
	for _, f := range d.found {
		for _, domain := range f.pool.SIPDomains {
			d.noteTrouble(f, domain)
		}
		if f.access == "" {
			f.note("no SRV record of %s leads to an Edge, and sip.%s does not answer as one", f.pool.Name, f.pool.Name)
		} else if strings.HasPrefix(f.source, "guessed") {
			f.note("Access Edge %s is %s; no SRV record leads to an Edge", f.access, f.source)
		}
	}
}

// noteTrouble says that a record may be there all the same.
func (d *discovery) noteTrouble(f *found, domain string) {
	for _, kind := range []edge.SRVKind{edge.SRVFederation, edge.SRVClient} {
		if a := d.srv[srvQuestion{kind, domain}]; a.Status == edge.Unknown {
			f.note("%s could not be looked up: %s", a.Query, a.Error)
		}
	}
}

// taken reports whether a name is some pool's Access name already.
func (d *discovery) taken(name string) bool {
	return slices.ContainsFunc(d.found, func(f *found) bool { return f.access == name })
}
