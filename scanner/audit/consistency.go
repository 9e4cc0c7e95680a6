package audit

import (
	"slices"

	"edgecert/scanner/edge"
)

// What the consistency rules share. A service here is one role on one port;
// its cells are the members' endpoints, a load balancer's never among them.
//
// A single wrong cell is one cause, though it differs from the other members,
// from the member's other services and from its other port at once. So each
// service has its usual certificates, those that most members present, and a
// member's services differ among themselves only where the usual ones do: else
// the cell is the odd one out of its service, and told there.

// A service is one role on one port.
type service struct {
	role edge.Role
	fqdn string // of a web service, which may have a certificate for each name
	port int    // the service's, not the one dialed
	all  []int  // its members' captures
	seen []int  // those that present a certificate
	gone []int  // those that should and do not
}

// services lists what the pool's members serve, in endpoint order.
func (w *world) services() []service {
	var out []service
	for i, c := range w.captures {
		if c.Endpoint.VIP {
			continue
		}
		out = addCell(out, i, c)
	}
	return out
}

// serviceOf is the place of an endpoint's service in the list, -1 where no
// member serves it.
func serviceOf(services []service, e edge.Endpoint) int {
	return slices.IndexFunc(services, func(s service) bool { return s.role == e.Role && s.port == e.PortOfService() && s.fqdn == ownName(e) })
}

// ownName is the name that an endpoint has a certificate for by itself: a
// reverse proxy chooses by the name. All names of another service share one.
func ownName(e edge.Endpoint) string {
	if e.Role == edge.Web {
		return e.FQDN
	}
	return ""
}

func addCell(out []service, i int, c edge.Capture) []service {
	n := serviceOf(out, c.Endpoint)
	if n < 0 {
		n = len(out)
		out = append(out, service{role: c.Endpoint.Role, fqdn: ownName(c.Endpoint), port: c.Endpoint.PortOfService()})
	}
	s := &out[n]
	s.all = append(s.all, i)
	switch {
	case c.Leaf() != nil:
		s.seen = append(s.seen, i)
	case !silent(c):
		s.gone = append(s.gone, i)
	}
	return out
}

// leaf is the fingerprint of what a capture presents.
func (w *world) leaf(i int) edge.Fingerprint { return w.captures[i].Leaf().Fingerprint }

// distinct returns the different leaves of these captures, by first appearance.
func (w *world) distinct(at []int) []*edge.Certificate {
	return certs(edge.Map(at, func(i int) *edge.Certificate { return w.captures[i].Leaf() })...)
}

// usual returns the leaves that a service presents most often. Where that is a
// tie, what the pool presents most often decides; where that is one too, all
// of them are usual.
func (w *world) usual(at []int) []edge.Fingerprint {
	top := mostOften(at, w.leaf)
	if len(top) < 2 {
		return top
	}
	rest := slices.Concat(edge.Map(w.services(), func(s service) []int { return s.seen })...)
	return mostOften(slices.DeleteFunc(rest, func(i int) bool { return !slices.Contains(top, w.leaf(i)) }), w.leaf)
}

func mostOften(at []int, leaf func(int) edge.Fingerprint) []edge.Fingerprint {
	most := 0
	var top []edge.Fingerprint
	for _, same := range edge.GroupBy(at, leaf) {
		if len(same) > most {
			most, top = len(same), nil
		}
		if len(same) == most {
			top = append(top, leaf(same[0]))
		}
	}
	return top
}

// intersect says whether two lists share a leaf.
func intersect(a, b []edge.Fingerprint) bool {
	return slices.ContainsFunc(a, func(f edge.Fingerprint) bool { return slices.Contains(b, f) })
}
