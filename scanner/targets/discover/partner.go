package discover

import (
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// Partner takes a pool that was found before federation goes live for a
// partner's host of whatever make, unless it shows one mark of an Edge: MS-TURN
// answered, a Web Conferencing name was found and answers, or clients and
// partners are led to one host. What only an Edge has is then not asked of it.
func Partner(p edge.Pool) edge.Pool {
	access, ok := p.Service(edge.Access)
	if !ok || p.DNS == nil || marked(p) {
		return p
	}
	p.Kind = edge.PartnerPool
	p.Services = []edge.Service{access}
	p.Notes = slices.DeleteFunc(slices.Clone(p.Notes), func(n string) bool { return strings.HasPrefix(n, "no ") && strings.Contains(n, " Edge found: ") })
	p.Notes = append(p.Notes, "judged as a partner's federation host: it shows no mark of an Edge")
	return p
}

// marked reports whether p shows a mark of an Edge.
func marked(p edge.Pool) bool {
	answering := func(r edge.Role) bool {
		s, ok := p.Service(r)
		// Port 443 of the Access name itself may be anything's.
		return ok && strings.HasSuffix(s.Source, answersAsOne) && (r == edge.AV || s.FQDN != p.FQDN(edge.Access))
	}
	if answering(edge.WebConf) || answering(edge.AV) {
		return true
	}
	return slices.ContainsFunc(p.SIPDomains, func(d string) bool {
		var targets []string
		for _, a := range p.DNS.SRV {
			if best, ok := a.Best(); ok && a.Domain == d && a.Kind != edge.SRVXMPP {
				targets = append(targets, best.Target)
			}
		}
		return len(targets) == 2 && targets[0] == targets[1]
	})
}
