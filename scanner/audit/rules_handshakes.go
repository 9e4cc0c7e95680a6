package audit

import (
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
	samples := c.Offered(edge.OfferSample)
	if len(samples) == 0 {
		if c.Endpoint.Samples > 1 && !silent(c) && !w.scan.ev.Asked.Quick {
			r.unseen(i)
		}
		return
	}
	leaves := presented(c)
	failed := slices.ContainsFunc(samples, func(p edge.Presentation) bool { return p.Leaf() == nil })
	switch {
	case len(leaves) < 2 && (failed || len(leaves) == 0):
		r.couldNotTell("repeated handshakes failed", i)
	case len(leaves) < 2:
		r.pass()
	case c.Endpoint.VIP && w.membersExplain(i, leaves):
		r.pass() // differs-across-members names who has which
	default:
		var seen []string
		total := 0
		for _, cert := range leaves {
			n := timesPresented(cert, c, samples)
			total += n
			seen = append(seen, fmt.Sprintf("%s %s", times(n), w.tell(cert)))
		}
		r.find(Finding{
			Certificates: certs(leaves...),
			Message:      fmt.Sprintf("%s presented %d certificates in %s: %s", w.at(i), len(leaves), plural(total, "handshake"), list(seen)),
			Steps:        w.behindOne(c.Endpoint.Role),
		}, i)
	}
}

// timesPresented counts how often a certificate came with the normal offer.
func timesPresented(cert *edge.Certificate, c edge.Capture, samples []edge.Presentation) int {
	n := 0
	for _, leaf := range append([]edge.Presentation{{Chain: c.Chain}}, samples...) {
		if leaf := leaf.Leaf(); leaf != nil && leaf.Fingerprint == cert.Fingerprint {
			n++
		}
	}
	return n
}

// behindOne is for members that stand behind one address, where nobody knows
// which of them has which certificate.
func (w *world) behindOne(r edge.Role) []Step {
	steps := []Step{{Text: "ask each member behind the address by its own one (member lines of the targets file), and scan again"}}
	if right := w.choice(r); right.Usable() && w.pool.IsEdge() {
		steps = append(steps, Step{Text: "where the right certificate is missing, import it, assign it and restart",
			Commands: append([]string{remedy.Assign([]string{edge.CertificateType(r)}, right.Thumbprint)}, remedy.Restart()...)})
	}
	return steps
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
	return !slices.ContainsFunc(certs, func(c *edge.Certificate) bool { return !holds(known, c) })
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
		Run: func(w *world, r *result) {
			for _, b := range w.bunches(func(i int, c edge.Capture) string { return sniKey(w, r, i, c) }) {
				c := w.captures[b.at[0]]
				other := c.Offered(edge.OfferWithoutSNI)[0].Leaf()
				r.find(Finding{
					Certificates: certs(c.Leaf(), other),
					Message: fmt.Sprintf("%s %s %s with SNI, and without it %s", w.where(b.at), w.verb(b.at, "presents", "present"),
						w.tell(c.Leaf()), describe(w, other)),
					Fix: "make the Edge's certificate the default one of this address in the reverse proxy or load balancer before it",
				}, b.at...)
			}
		},
	}
}

// sniKey tells what comes without SNI where it is something else. A server
// that refuses to talk without SNI presents nothing wrong.
func sniKey(w *world, r *result, i int, c edge.Capture) string {
	asked := c.Offered(edge.OfferWithoutSNI)
	if len(asked) == 0 {
		if !silent(c) && named(c.Endpoint) && !w.scan.ev.Asked.Quick {
			r.unseen(i)
		}
		return ""
	}
	h := asked[0]
	leaf, other := c.Leaf(), h.Leaf()
	switch {
	case leaf == nil, other == nil && !refused(h):
		r.couldNotTell("the handshake without SNI brought no answer", i)
	case other == nil || other.Fingerprint == leaf.Fingerprint:
		r.pass()
	case len(presented(c)) > 1: // the address changes its mind anyway
		r.couldNotTell("the address changes its certificate by itself", i)
	default:
		return leaf.Fingerprint.String() + other.Fingerprint.String()
	}
	return ""
}

// named says whether an endpoint is dialed by a name, which SNI can carry.
func named(e edge.Endpoint) bool {
	_, err := netip.ParseAddr(e.FQDN)
	return e.FQDN != "" && err != nil
}

// refused says whether a handshake failed because the server did not want it,
// rather than because the network lost it.
func refused(h edge.Presentation) bool {
	if h.Fault == nil {
		return false
	}
	switch h.Fault.Class {
	case edge.ClassTLSAlert, edge.ClassReset, edge.ClassProtocol:
		return true
	default:
		return false
	}
}

// describe tells a certificate that may have no letter, with its names.
func describe(w *world, c *edge.Certificate) string {
	if c.X509 == nil {
		return w.tell(c)
	}
	name := c.CommonName()
	if name == "" {
		name = list(c.DNSNames())
	}
	return fmt.Sprintf("%s for %s", w.tell(c), name)
}
