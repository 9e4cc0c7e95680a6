package audit

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

const (
	idServices = "differs-across-services"
	idPorts    = "differs-across-ports"
)

func differsAcrossServices() Rule {
	return Rule{
		ID: idServices, Family: "consistency", Compares: true, Wire: true, Severity: Error, Later: true,
		Short: "presents different certificates on its services", Mend: remedy.ByCertificate,
		Title: "Access, Web Conferencing (and A/V, where it presents one) of a member present different certificates",
		Doc: `One certificate is meant to serve the external interfaces of the Access Edge, Web Conferencing Edge and A/V Edge
services. Where it was assigned to one service and not to another, sign-in works and meetings do not, or the other way
round; and the forgotten one ends on its own day.

How to fix it: on the member, Set-CsCertificate -Type AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication
-Thumbprint ... and restart the services. Where separate certificates are meant, say "certificates per-service" in the
targets file.`,
		Source:  `"assigned to the external interfaces of: Access Edge service, Web Conferencing Edge service, A/V Edge service" (Microsoft, "Certificate summary - Public instant messaging connectivity in Lync Server 2013")`,
		Applies: func(w *world) bool { return w.pool.Kind != edge.LoosePool && w.shares() },
		Run:     runServices,
	}
}

// shares says whether two services of the pool share a certificate, or a command
// line's hosts.
func (w *world) shares() bool {
	return w.pool.Kind == edge.CommandLinePool ||
		slices.ContainsFunc(w.remedies().Groups(), func(g []edge.Role) bool { return len(g) > 1 })
}

// withGroup says whether a service is compared with the others of its group.
// XMPP is where somebody said so; else its proxy may have a certificate of its
// own on every member (xmppAlone), and is compared between members.
func (w *world) withGroup(r edge.Role) bool { return r != edge.XMPP || w.pool.XMPPDeclared }

func runServices(w *world, r *result) {
	if w.pool.Kind == edge.CommandLinePool {
		runPorts(w, r, w.hostsApart())
		return
	}
	units := w.units()
	for _, u := range units {
		r.unseen(u.gone...)
	}
	for _, b := range w.apart(r, units, byRole) {
		if b.differ {
			w.tellApart(r, b, "one certificate is expected on all of them")
		} else {
			r.pass()
		}
	}
	w.xmppAlone(r)
}

// xmppAlone tells of an XMPP proxy that has one certificate on all members, and
// another one than its group: forgotten everywhere, or meant to be its own.
func (w *world) xmppAlone(r *result) {
	shared := w.pool.Group(edge.XMPP)
	if w.pool.XMPPDeclared || len(shared) < 2 {
		return
	}
	at := w.those(func(c edge.Capture) bool { return c.Endpoint.Role == edge.XMPP && c.Leaf() != nil && !c.Endpoint.VIP })
	own := w.distinct(at)
	others := w.group(func(e edge.Endpoint) bool { return e.Role != edge.XMPP && slices.Contains(shared, e.Role) })
	if len(own) != 1 || len(others) == 0 {
		return // differs-across-members, or nothing to compare with
	}
	if slices.ContainsFunc(others, func(g group) bool { return g.cert.Fingerprint == own[0].Fingerprint }) {
		r.pass()
		return
	}
	why := "it was forgotten on every member, or the XMPP proxy has a certificate of its own on purpose"
	if right := w.choice(edge.XMPP); !slices.ContainsFunc(at, func(i int) bool {
		return !strings.EqualFold(w.assigned(w.captures[i].Endpoint).Thumbprint, right.Thumbprint)
	}) {
		why = "by the inventory the pool's is assigned already, and only the restart is missing"
	}
	r.find(Finding{
		Severity: Warning, Certificates: certs(own...),
		Message: fmt.Sprintf("%s %s, which no other service does: %s", w.present(at), w.tell(own[0]), why),
	}, at...)
}

func differsAcrossPorts() Rule {
	return Rule{
		ID: idPorts, Family: "consistency", Compares: true, Wire: true, Severity: Error, Later: true,
		Short: "presents different certificates on its ports", Mend: remedy.ByCertificate,
		Title: "Access 443 and 5061 of a member present different certificates",
		Doc: `Clients reach the Access Edge on 443, partners on 5061, and both are the same service with the same certificate. Where
they differ, something else answers on one of the two: a load balancer or reverse proxy that ends TLS, a NAT rule to
another server, or a service that has not been restarted since the renewal.

How to fix it: Get-CsCertificate -Type AccessEdgeExternal on the member says which of the two is right; restart the Access
Edge service (Stop-CsWindowsService -Name RTCSRV; Start-CsWindowsService -Name RTCSRV), then look at what stands before the port.`,
		Source:  `both ports belong to the Access Edge service ("Port and protocol planning"), which has one certificate, of use AccessEdgeExternal (Set-CsCertificate)`,
		Applies: func(w *world) bool { return w.pool.Kind != edge.LoosePool },
		Run: func(w *world, r *result) {
			units := w.portUnits()
			if w.pool.Kind == edge.CommandLinePool {
				units = w.hosts()
			}
			runPorts(w, r, units)
		},
	}
}

func runPorts(w *world, r *result, units []unit) {
	for _, u := range units {
		if len(u.gone) > 0 && len(u.seen)+len(u.gone) > 1 {
			r.unseen(u.gone...)
		}
	}
	for _, b := range w.apart(r, units, byPort) {
		if b.differ {
			w.tellApart(r, b, "one certificate is expected on both")
		} else {
			r.pass()
		}
	}
}

// tellApart makes the finding of one difference.
func (w *world) tellApart(r *result, d difference, expected string) {
	leaves := w.distinct(d.at)
	parts := edge.Map(leaves, func(c *edge.Certificate) string { return w.present(w.withLeaf(d.at, c)) + " " + w.tell(c) })
	r.compared = append(r.compared, d.at...)
	r.find(Finding{
		Certificates: certs(leaves...),
		Message:      strings.Join(parts, "; ") + "; " + expected,
	}, w.blamed(d.at)...)
}

// A difference is the captures whose certificates were compared, and whether
// they differ. Members that differ in the same way are one difference.
type difference struct {
	differ bool
	at     []int
}

// apart compares the parts of every unit: its services, or its ports. What is
// the odd one out of its service on other members is told there.
func (w *world) apart(r *result, units []unit, part func(edge.Endpoint) string) []difference {
	var out []difference
	places := edge.Places[string]{}
	for _, u := range units {
		sets := edge.GroupBy(u.seen, func(i int) string { return part(w.captures[i].Endpoint) })
		if len(sets) < 2 {
			continue
		}
		differ := w.disjoint(sets, w.shown)
		if differ && w.toldByMembers(u.seen) && !w.disjoint(sets, w.usualOf) {
			r.pass()
			r.hidden = append(r.hidden, u.seen...) // differs-across-members
			continue
		}
		if !differ && len(w.distinct(u.seen)) > 1 {
			r.pass() // differs-across-ports, or -members
			continue
		}
		n, first := places.Of(fmt.Sprint(differ, w.pattern(sets)))
		if first {
			out = append(out, difference{differ: differ})
		}
		out[n].at = append(out[n].at, u.seen...)
	}
	return out
}

// toldByMembers says whether differs-across-members speaks of one of these
// captures' services.
func (w *world) toldByMembers(at []int) bool {
	if w.differ == nil { // once: every member is asked about
		w.differ = map[int]bool{}
		for _, s := range w.services() {
			differ := len(w.distinct(s.seen)) > 1
			for _, i := range s.seen {
				w.differ[i] = differ
			}
		}
	}
	return slices.ContainsFunc(at, func(i int) bool { return w.differ[i] })
}

// usualOf is what the services of these captures usually present.
func (w *world) usualOf(at []int) []edge.Fingerprint {
	if w.usuals == nil { // once: every member is asked about, and each may have a leaf of its own
		w.usuals = map[int][]edge.Fingerprint{}
		for _, s := range w.services() {
			usual := w.usual(s.seen)
			for _, i := range s.seen {
				w.usuals[i] = usual
			}
		}
	}
	var out []edge.Fingerprint
	for _, i := range at {
		out = append(out, w.usuals[i]...)
	}
	return out
}

// shown is what these captures present, samples included where they are a load
// balancer's.
func (w *world) shown(at []int) []edge.Fingerprint {
	leaves := edge.Map(at, func(i int) []*edge.Certificate { return presented(w.captures[i]) })
	return edge.Map(slices.Concat(leaves...), printOf)
}

// disjoint says whether two of the parts have no leaf in common.
func (w *world) disjoint(sets [][]int, leaves func([]int) []edge.Fingerprint) bool {
	for n, a := range sets {
		for _, b := range sets[n+1:] {
			if !intersect(leaves(a), leaves(b)) {
				return true
			}
		}
	}
	return false
}

// pattern tells units that differ in the same way from those that do not.
func (w *world) pattern(sets [][]int) string {
	var out strings.Builder
	for _, at := range sets {
		for _, i := range at {
			fmt.Fprint(&out, cell(w.captures[i].Endpoint), w.leaf(i), " ")
		}
	}
	return out.String()
}
