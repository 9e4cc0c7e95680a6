package audit

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

func changesBetweenHandshakes() Rule {
	return Rule{
		ID: "changes-between-handshakes", Family: "consistency", Wire: true, Severity: Error,
		Short: "presents several certificates in turn", Mend: remedy.ByOwnSteps,
		Title: "one address presents several certificates",
		Doc: `The same address, dialed several times with the same words, presented more than one certificate: there are several
servers behind it, and they do not agree. It is differs-across-members seen through a load balancer, and has the same
consequence: some users and partners meet the wrong certificate, some of the time.

How to fix it: find the member that is behind by asking the members themselves (name their own addresses in the targets
file), import the right certificate there and assign it with Set-CsCertificate.`,
		Source: `the same certificate sits on each Edge Server of a pool (Microsoft, "Certificate requirements for external user access in Lync Server 2013"); event 14559: "Ensure that all servers in an Access Edge Server Array have the same certificate"`,
		Run: func(w *world, r *result) {
			for i, c := range w.captures {
				w.judgeSamples(r, i, c)
			}
		},
	}
}

func (w *world) judgeSamples(r *result, i int, c edge.Capture) {
	if c.Leaf() == nil {
		if c.Endpoint.Samples > 1 && w.unasked(c) {
			r.unseen(i)
		}
		return
	}
	turns := inTurn(c)
	leaves := leavesOf(turns)
	samples := c.Offered(edge.OfferSample)
	failed := slices.ContainsFunc(samples, func(p edge.Presentation) bool { return p.Leaf() == nil })
	switch {
	case turns != nil && c.Endpoint.VIP && w.membersExplain(i, leaves):
		r.pass() // differs-across-members names who has which
	case turns != nil:
		w.findTurns(r, i, turns, leaves)
	case failed && c.StoppedAnswering():
		r.couldNotTell(stoppedToAnswer, i)
	case failed:
		r.couldNotTell("repeated handshakes failed", i)
	case len(samples) > 0:
		r.pass()
	}
}

func (w *world) findTurns(r *result, i int, turns []edge.Presentation, leaves []*edge.Certificate) {
	var seen []string
	total := 0
	for _, same := range edge.GroupBy(turns, func(p edge.Presentation) edge.Fingerprint { return printOf(p.Leaf()) }) {
		total += len(same)
		seen = append(seen, fmt.Sprintf("%s %s", times(len(same)), w.tell(same[0].Leaf())))
	}
	r.find(Finding{
		Certificates: certs(leaves...),
		Message:      fmt.Sprintf("%s presented %d certificates in %s: %s", w.at(i), len(leaves), plural(total, "handshake"), list(seen)),
		Steps:        w.behindOne(w.captures[i].Endpoint.Role),
	}, i)
}

// behindOne is for members that stand behind one address, where nobody knows
// which of them has which certificate.
func (w *world) behindOne(r edge.Role) []Step {
	steps := []Step{{Text: "ask each member behind the address by its own one (member lines of the targets file), and scan again"}}
	if right := w.choice(r); right.Usable() && right.Thumbprint != "" && w.pool.IsEdge() {
		steps = append(steps, Step{Text: "where the right certificate is missing, import it, assign it and restart",
			Commands: append([]string{remedy.Assign([]string{edge.CertificateType(r)}, right.Thumbprint)}, remedy.Restart()...)})
	}
	return steps
}

// printOf is a certificate's fingerprint, the zero one where there is none.
func printOf(c *edge.Certificate) edge.Fingerprint {
	if c == nil {
		return edge.Fingerprint{}
	}
	return c.Fingerprint
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// membersExplain says whether what a load balancer shows is what its members,
// asked one by one, differ in.
func (w *world) membersExplain(i int, certs []*edge.Certificate) bool {
	services := w.services()
	n := serviceOf(services, w.captures[i].Endpoint)
	if n < 0 {
		return false
	}
	known := w.distinct(services[n].seen)
	return !slices.ContainsFunc(certs, func(c *edge.Certificate) bool { return !edge.Holds(known, c) })
}

func dependsOnSNI() Rule {
	return Rule{
		ID: "depends-on-sni", Family: "consistency", Wire: true, Severity: Warning,
		Short: "presents another certificate without SNI", Mend: remedy.BySetting, Raised: []string{profileRenewal},
		Title: "without SNI another certificate comes",
		Doc: `Asked without a server name, the address presents another certificate than when asked for the service's name. Whoever
opens TLS without SNI, as old phones and gateways do, meets the other certificate and refuses it. An Edge has one
certificate for a service and does not look at the name, so something stands before it, mostly a reverse proxy or a load
balancer that serves several sites on one address.

How to fix it: make the Edge's certificate the default one of that address, or give the Edge an address of its own.`,
		Source: `RFC 6066 section 3: servers may use the name to choose the certificate, and clients need not send it; a certificate is assigned to a service (Set-CsCertificate -Type), not to a name`,
		Run: eachBunch(sniKey, func(w *world, b bunch) Finding {
			leaf, other := b.first.Leaf(), offer(b.first, edge.OfferWithoutSNI).shown[0]
			return Finding{
				Certificates: certs(leaf, other.Leaf()),
				Message: fmt.Sprintf("%s %s with SNI, and without it %s%s",
					w.present(b.at), w.tell(leaf), describe(w, other.Leaf()), w.wrongWith(other.Chain, b.first.Endpoint.FQDN)),
				Fix: "make the Edge's certificate the default one of this address in the reverse proxy or load balancer before it",
			}
		}),
	}
}

// sniKey tells what comes without SNI where it is something else. A server
// that refuses to talk without SNI presents nothing wrong.
func sniKey(w *world, r *result, i int, c edge.Capture) string {
	if !named(c.Endpoint) || w.scan.ev.Asked.Quick {
		return ""
	}
	if c.Leaf() == nil {
		if w.unasked(c) {
			r.unseen(i)
		}
		return ""
	}
	other := offer(c, edge.OfferWithoutSNI)
	leaves := leavesOf(other.shown)
	switch {
	case !other.asked:
		r.couldNotTell("no handshake without SNI was made", i)
	case other.why != "":
		r.couldNotTell(other.why, i)
	case other.refused, edge.Holds(c.Leaves(), leaves[0]):
		r.pass()
	case inTurn(c) != nil:
		r.couldNotTell(changesItself, i)
	default:
		return c.Leaf().Fingerprint.String() + leaves[0].Fingerprint.String()
	}
	return ""
}

// named says whether an endpoint is dialed by a name, which SNI can carry.
func named(e edge.Endpoint) bool {
	_, err := netip.ParseAddr(e.FQDN)
	return e.FQDN != "" && err != nil
}

// describe tells a certificate that may have no letter, with its names.
func describe(w *world, c *edge.Certificate) string {
	if c.X509 == nil {
		return w.tell(c)
	}
	return fmt.Sprintf("%s for %s", w.tell(c), cmp.Or(c.CommonName(), list(c.DNSNames())))
}
