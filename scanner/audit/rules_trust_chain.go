package audit

import (
	"cmp"
	"fmt"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

func chainOrder() Rule {
	return layoutRule("chain-order", "a certificate is sent before the one that it certifies",
		`Each certificate of a chain should be followed by its issuer. Windows, OpenSSL and browsers sort the chain
themselves; some older phones and gateways read it strictly and fail.

How to fix it: Schannel sends the chain in order of itself, so a chain out of order comes from another device in
between (a reverse proxy, a load balancer): put its chain file in order, the server's certificate first, then each issuer.`,
		"RFC 5246 section 7.4.2: each following certificate MUST directly certify the one preceding it; relaxed by RFC 8446 section 4.4.2",
		"out of order:",
		"put the chain in order: the server's certificate first, each issuer after what it issued",
		func(l trust.Layout) []*edge.Certificate { return l.OutOfOrder })
}

func rootSent() Rule {
	return layoutRule("root-sent", "the chain holds the root itself",
		`The root need not be sent: who trusts it has it, and who does not will not take it from here. It does no harm but
some kilobytes in every handshake.

How to fix it: nothing has to be done. On Windows the root is sent when it also stands in the store for intermediate
CAs: remove it from Cert:\LocalMachine\CA and leave it in Cert:\LocalMachine\Root.`,
		"RFC 5246 section 7.4.2: the root certificate MAY be omitted from the chain",
		"the root",
		`nothing has to be done; to save the bytes, remove the root from Cert:\LocalMachine\CA (not from Root)`,
		func(l trust.Layout) []*edge.Certificate { return l.Roots })
}

func chainExtra() Rule {
	return layoutRule("chain-extra", "the chain holds certificates that have nothing to do with it",
		`Certificates that did not issue this one, or that are sent twice. Mostly a remainder: the intermediate of the
CA before the last renewal. Clients skip them; strict ones may not.

How to fix it: remove them from the chain file of the device in between, or on Windows from Cert:\LocalMachine\CA if
nothing else needs them.`,
		"RFC 5246 section 7.4.2: each following certificate MUST directly certify the one preceding it",
		"certificates that are no part of the chain:",
		"remove them from the chain that is sent",
		func(l trust.Layout) []*edge.Certificate { return l.Extra })
}

// layoutRule is a rule about how a chain was sent, told once a chain; says is
// what is sent.
func layoutRule(id, title, doc, source, says, fix string, pick func(trust.Layout) []*edge.Certificate) Rule {
	return Rule{
		ID: id, Family: "trust", Severity: Info, Title: title, Doc: doc, Source: source,
		Run: eachChain(func(w *world, r *result, g chainGroup) {
			if g.leaf().X509 == nil {
				r.couldNotTell(undecodable, g.at...)
				return
			}
			found := pick(w.scan.forest.Layout(g.chain))
			switch {
			case len(found) > 0:
			case w.scan.forest.Short(g.chain):
				r.couldNotTell(trust.NotWhole, g.at...)
				return
			default:
				r.pass()
				return
			}
			r.find(Finding{
				Certificates: certs(append(found, g.leaf())...),
				Message:      fmt.Sprintf("%s %s %s %s", w.where(g.at), w.verb(g.at, "sends", "send"), says, list(edge.Map(found, nameOf))),
				Fix:          fix,
			}, g.at...)
		}),
	}
}

// nameOf tells a certificate above a leaf: it has no letter.
func nameOf(c *edge.Certificate) string {
	if c.X509 == nil {
		return fmt.Sprintf("what is no certificate (thumbprint %s)", thumbprint(c))
	}
	return fmt.Sprintf("%q (thumbprint %s)", cmp.Or(c.CommonName(), c.Subject()), thumbprint(c))
}

func intermediateExpired() Rule {
	return Rule{
		ID: "intermediate-expired", Family: "trust", Severity: Error,
		Short: "stands below a CA certificate that is not valid now", Mend: remedy.ByIntermediate,
		Varies: "info for an expired certificate beside a good path",
		Title:  "a CA certificate of the path is not valid now",
		Doc: `The server's own certificate may be well for months: once an intermediate above it has expired, clients refuse the
chain. It strikes without anybody having changed anything, on all members at once, and shows in no list of the server's
certificates.

An expired cross certificate that is sent beside a good path is told as info: current clients find the other path,
OpenSSL before 1.1.0 and some phones did not (the "AddTrust External CA Root" outage of 30 May 2020).

How to fix it: fetch the CA's current intermediate, import it on every member into Cert:\LocalMachine\CA, delete the
expired one there, and restart the Edge services. If the CA has no newer one, request a new certificate.`,
		Source: "RFC 5280 section 6.1.3 (a)(2): the certificate validity period includes the current time, for every certificate of the path",
		Run:    eachChain(runIntermediateExpired),
	}
}

func runIntermediateExpired(w *world, r *result, g chainGroup) {
	if w.unfinished(g) {
		r.couldNotTell(noPath, g.at...)
	}
	onPath := g.trust.Expired(w.scan.now)
	for _, c := range onPath {
		r.find(Finding{
			Certificates: certs(c, g.leaf()),
			Message:      fmt.Sprintf("%s a certificate whose issuer %s is not valid now: %s", w.present(g.at), nameOf(c), w.validity(c)),
			Steps:        replaceAuthority(w.names(g.at), c, "fetch the CA's current certificate of that name as C:\\intermediate.cer, import it, remove the one that is not valid"),
		}, g.at...)
	}
	var beside []*edge.Certificate
	if len(onPath) == 0 && trusted(g) {
		beside = w.expiredBeside(g)
	}
	for _, c := range beside {
		r.find(Finding{
			Severity:     Info,
			Certificates: certs(c, g.leaf()),
			Message: fmt.Sprintf("%s %s %s, which is not valid now (%s), beside a path that is good without it",
				w.where(g.at), w.verb(g.at, "sends", "send"), nameOf(c), w.validity(c)),
			Steps: []Step{{On: w.names(g.at), Text: "remove it", Commands: []string{removeFromStore(c)}, Restart: true}},
		}, g.at...)
	}
	r.passUnless(len(onPath)+len(beside) > 0)
}

// unfinished says whether the path of a chain ends before a root: of what
// would stand above nobody has seen the dates. This host has, where it trusts it.
func (w *world) unfinished(g chainGroup) bool {
	return (g.trust.Standing == trust.Unknown || g.trust.Standing == trust.Unverified) && !w.hostTrusts(g.leaf())
}

// expiredBeside are certificates that were sent and are not valid now, while
// the path does without them.
func (w *world) expiredBeside(g chainGroup) []*edge.Certificate {
	var out []*edge.Certificate
	for _, c := range g.chain[1:] {
		outside := w.scan.now.Before(c.NotBefore()) || w.scan.now.After(c.NotAfter())
		if c.X509 != nil && outside && !edge.Holds(g.trust.Path, c) {
			out = append(out, c)
		}
	}
	return certs(out...)
}

func (w *world) validity(c *edge.Certificate) string {
	if w.scan.now.Before(c.NotBefore()) {
		return "valid from " + shortDate(c.NotBefore())
	}
	return w.expiry(c)
}

func intermediateExpiresSoon() Rule {
	return Rule{
		ID: "intermediate-expires-soon", Family: "trust", Severity: Warning,
		Short: "stands below a CA certificate that ends soon", Mend: remedy.ByIntermediate, Later: true, Raised: []string{profileRenewal},
		Title: "a CA certificate of the path ends soon",
		Doc: `An intermediate above the server's certificate ends within the warning time (30 days, or a third of its
lifetime if that is less; --warn-days). From that day on clients refuse the chain, however long the server's own
certificate lasts.

How to fix it: fetch the CA's newer intermediate and import it on every member into Cert:\LocalMachine\CA before that
day. If the CA has none, it will have issued from another one since: request a new certificate.`,
		Source: "RFC 5280 section 6.1.3 (a)(2): the validity period of every certificate of the path counts",
		Run: eachChain(func(w *world, r *result, g chainGroup) {
			if w.unfinished(g) {
				r.couldNotTell(noPath, g.at...)
			}
			found := false
			for _, c := range g.trust.Path[1:] {
				if w.scan.now.After(c.NotAfter()) || between(w.scan.now, c.NotAfter()) >= w.scan.warnBefore(lifetime(c.NotBefore(), c.NotAfter())) {
					continue
				}
				found = true
				r.find(Finding{
					Certificates: certs(c, g.leaf()),
					Message:      fmt.Sprintf("%s a certificate whose issuer %s %s", w.present(g.at), nameOf(c), w.expiry(c)),
					Steps:        replaceAuthority(w.names(g.at), nil, "fetch the CA's newer certificate of that name before that day as C:\\intermediate.cer, import it"),
				}, g.at...)
			}
			r.passUnless(found)
		}),
	}
}
