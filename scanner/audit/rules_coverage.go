package audit

import (
	"fmt"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

// The rules about what was not seen.
const (
	idUnreachable = "endpoint-unreachable"
	idNoAddress   = "dns-no-address"
	idNotTLS      = "tls-not-spoken"
)

func endpointUnreachable() Rule {
	return Rule{
		ID: idUnreachable, Family: "coverage", Coverage: true, Silence: true, Wire: true, Severity: Error,
		Short: "presents no certificate", Mend: remedy.ByMember,
		Title: "a planned endpoint gave no certificate",
		Doc: `An address that should present a certificate was dialed and presented none: nobody listens, a firewall
drops the packets, or the handshake broke before the certificate came. What was not seen may be wrong, so nothing that
needs this endpoint counts as passed, and the pool is called incomplete rather than well.

One dead member of a DNS load-balanced pool means that every so many sign-ins, meetings or federated messages fail.

How to fix it: see on the member whether the services run (Get-CsWindowsService) and hold a certificate
(Get-CsCertificate), then whether the firewall and NAT let the port through from where this scan ran.`,
		Source: `"Port and protocol planning" (Lync Server 2013) says which ports must answer; scanners that leave out what is down call two members consistent of which one was never seen`,
		Run:    runUnreachable,
	}
}

func runUnreachable(w *world, r *result) {
	if len(w.captures) == 0 {
		w.judgeNothing(r)
	}
	for i, c := range w.captures {
		switch {
		case c.Leaf() != nil || silent(c):
			r.pass()
		case c.NotRun():
			r.unseen(i)
		case ours(c):
			r.couldNotTell("this host or its proxy failed: "+c.Fault.Message, i)
		case notTLS(c) && !w.allowed(idNotTLS), w.unresolved(c) && !w.allowed(idNoAddress):
			r.pass() // tls-not-spoken and dns-no-address tell it, also for this rule
		default:
			f := Finding{
				Message: w.gaveNone(i),
				Fix:     w.unreachableFix(c),
			}
			if n := w.scan.unanswered; n > 0 {
				f.Steps = []Step{{On: []string{}, Text: fmt.Sprintf("see whether this host has a way out (firewall, route, --proxy): none of the %d endpoints answers", n)}, {Text: f.Fix}}
			}
			r.find(f, i)
		}
	}
}

// noneAnswers counts the endpoints where not one of several gave any answer: it
// may as well be about the host that looks. 0: some did.
func noneAnswers(captures []edge.Capture) int {
	for _, c := range captures {
		if c.Outcome != edge.Failed || c.Stage != edge.StageDial {
			return 0
		}
	}
	if len(captures) < 2 {
		return 0
	}
	return len(captures)
}

// judgeNothing is for a pool that no endpoint was planned for. Where DNS says
// that there is nothing, dns-no-address tells it.
func (w *world) judgeNothing(r *result) {
	if w.pool.DNS == nil || !w.resolverSilent() || w.scan.ev.Interrupted {
		r.couldNotTell("nothing was planned to be dialed")
		return
	}
	r.find(Finding{
		Message: fmt.Sprintf("nothing could be planned: the resolver %s did not answer", w.pool.DNS.Resolver),
		Fix:     otherResolver,
	})
}

// otherResolver is the way out where this resolver gave no usable answer; what it
// says is not there is dns-no-address's.
const otherResolver = "ask another resolver (--resolver), or name the members' addresses in the targets file"

// gaveNone says in words what an endpoint did instead of presenting a certificate,
// and what the network said of it where that is more.
func (w *world) gaveNone(i int) string {
	c := w.captures[i]
	at := target(c.Endpoint)
	if !w.pool.Listed() {
		at = strings.TrimSpace(c.Member + " " + c.Column())
		if c.ServicePort != c.Port {
			at += " (dialed " + c.HostPort() + ")"
		}
	}
	text := at + " " + remedy.DownWord(c)
	if c.Fault == nil || c.Fault.Class == edge.ClassRefused {
		return text
	}
	return text + ": " + c.Fault.Message
}

func (w *world) unreachableFix(c edge.Capture) string {
	if c.Fault == nil {
		return "scan again with -v"
	}
	switch c.Fault.Class {
	case edge.ClassDNS:
		if a, asked := w.answer(c.Endpoint.FQDN); asked && a.Status == edge.Absent {
			return "see whether the name is spelled right, and whether this resolver shows the public zone (--resolver)"
		}
		return otherResolver
	case edge.ClassRefused:
		return w.atEdge("start the service if it is stopped, then see whether the port is right", "Get-CsWindowsService")
	case edge.ClassTimeout, edge.ClassUnreachable:
		return "see whether the member is up and the firewall lets the port through from here"
	case edge.ClassReset:
		return w.atEdge("see whether the service has a certificate at all; a load balancer without a live member resets too", "Get-CsCertificate")
	case edge.ClassBadCertificate:
		return w.atEdge("assign a certificate to the service again", "Set-CsCertificate")
	default:
		return "see on the member what listens on this port and what its event log says of Schannel"
	}
}

// atEdge names the command that helps, where there is an Edge to run it on.
func (w *world) atEdge(text, command string) string {
	if !w.pool.IsEdge() {
		return text
	}
	return text + " (" + command + ")"
}

func tlsNotSpoken() Rule {
	return Rule{
		ID: idNotTLS, Family: "coverage", Silence: true, Wire: true, Severity: Error,
		Short: "does not speak TLS", Mend: remedy.ByMember,
		Title: "something else than TLS answers",
		Doc: `The port is open, but what answers there is not TLS: a web server's plain text, another protocol's banner, or the
pseudo-TLS of an A/V Edge on an Access or Web Conferencing address. No client can sign in there and no partner can federate.

How to fix it: compare the address and port with the topology (Get-CsService -EdgeServer); a NAT rule or a load
balancer that points to the wrong port is the usual cause.`,
		Source: `Access Edge speaks "SIP over TLS" and Web Conferencing "PSOM over TLS" ("Port and protocol planning", Lync Server 2013)`,
		Run: func(w *world, r *result) {
			for i, c := range w.captures {
				switch {
				case c.Leaf() != nil:
					r.pass()
				case notTLS(c):
					r.find(Finding{
						Also:    []string{idUnreachable},
						Message: fmt.Sprintf("expected TLS from %s, got something else: %s", w.at(i), otherProtocol(c)),
						Fix:     w.atEdge("compare address and port with what should listen there, then the NAT rule or load balancer before it", "Get-CsService -EdgeServer"),
					}, i)
				case !silent(c):
					r.unseen(i)
				}
			}
		},
	}
}

// notTLS says whether something that is not TLS answered where TLS was due.
func notTLS(c edge.Capture) bool {
	if c.Leaf() != nil || silent(c) {
		return false
	}
	return c.Outcome == edge.NoCertificate || c.Fault != nil && c.Fault.Class == edge.ClassNotTLS
}

func otherProtocol(c edge.Capture) string {
	if c.Outcome == edge.NoCertificate {
		return "the pseudo-TLS of an A/V Edge, which presents no certificate"
	}
	return c.Fault.Message
}

// unresolved says whether dns-no-address tells that an endpoint has no address:
// DNS says that its name has none. Where DNS did not answer, nobody knows.
func (w *world) unresolved(c edge.Capture) bool {
	if c.Stage != edge.StageDNS || !w.scan.byID[idNoAddress].For.covers(w.pool) {
		return false
	}
	a, ok := w.answer(c.Endpoint.FQDN)
	return ok && a.Status == edge.Absent
}

// answer is what DNS said of a name, and whether it was asked.
func (w *world) answer(name string) (edge.NameAnswer, bool) {
	if w.pool.DNS == nil {
		return edge.NameAnswer{}, false
	}
	return edge.Find(w.pool.DNS.Names, func(a edge.NameAnswer) bool { return a.Name == name })
}
