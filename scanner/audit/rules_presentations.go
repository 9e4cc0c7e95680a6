package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

func dependsOnKeyType() Rule {
	return Rule{
		ID: "depends-on-key-type", Family: "consistency", Wire: true, Severity: Info,
		Short: "presents an RSA and an ECDSA certificate", Mend: remedy.ByOwnSteps,
		Title: "RSA and ECDSA certificates side by side",
		Doc: `The server has two certificates, one with an RSA key and one with an EC key, and presents the one that suits the
client. Both are judged and both are compared across members. It is no fault, but twice the work at each renewal: the one
that the scanner's own client does not meet is the one that is forgotten.

How to fix it: nothing is wrong. An Edge assigns one certificate to a service, so see what stands before it, and whether the
second certificate is wanted.`,
		Source: `RFC 8446 section 4.4.2.2 and RFC 5246 section 7.4.2: the server's certificate must suit the signature algorithms that the client offers`,
		Run: eachBunch(further(otherKeyType), func(w *world, b bunch) Finding {
			leaf, other := b.first.Leaf(), differentKey(b.first)
			return Finding{
				Certificates: certs(leaf, other),
				Message: fmt.Sprintf("%s %s to most, and %s to whoever takes %s keys alone",
					w.present(b.at), w.tell(leaf), w.tell(other), other.Key().Algorithm),
				Fix: "nothing has to be done; at the next renewal renew both",
			}
		}),
	}
}

// differentKey is the leaf that an offer of one key type alone brought, nil
// where it is of the same type as the normal one.
func differentKey(c edge.Capture) *edge.Certificate {
	for _, o := range []edge.Offer{edge.OfferRSA, edge.OfferECDSA} {
		for _, p := range c.Offered(o) {
			if leaf := p.Leaf(); leaf != nil && leaf.Key().Algorithm != c.Leaf().Key().Algorithm {
				return leaf
			}
		}
	}
	return nil
}

// compareOtherKeys compares the certificates that members present to whoever
// takes the other type of key alone. Which of them is right nobody knows but
// the most.
func (w *world) compareOtherKeys(r *result, s service) {
	other := map[int]*edge.Certificate{}
	var at []int
	for _, i := range s.seen {
		if c := differentKey(w.captures[i]); c != nil {
			other[i] = c
			at = append(at, i)
		}
	}
	print := func(i int) edge.Fingerprint { return other[i].Fingerprint }
	var leaves []*edge.Certificate
	var parts []string
	for _, same := range edge.GroupBy(at, print) {
		leaves = append(leaves, other[same[0]])
		parts = append(parts, fmt.Sprintf("%s: %s", list(w.names(same)), w.tell(other[same[0]])))
	}
	odd := slices.Clone(at)
	if usual := mostOften(at, print); len(usual) == 1 {
		odd = slices.DeleteFunc(odd, func(i int) bool { return print(i) == usual[0] })
	}
	if len(leaves) > 1 {
		r.find(Finding{
			Certificates: certs(leaves...),
			Message:      fmt.Sprintf("%s %d: to whoever takes %s keys alone: %s", s.role, s.port, leaves[0].Key().Algorithm, strings.Join(parts, "; ")),
			Fix:          "export the right one with its key, import it on the other members and assign it there beside the other type",
		}, odd...)
	}
}

func otherKeyType(w *world, r *result, i int, c edge.Capture) string {
	rsa, ecdsa := offer(c, edge.OfferRSA), offer(c, edge.OfferECDSA)
	other := differentKey(c)
	switch {
	case !rsa.asked && !ecdsa.asked:
		if !w.scan.ev.Asked.Quick {
			r.couldNotTell("the other type of key was not asked for", i)
		}
	case inTurn(c) != nil:
		r.couldNotTell(changesItself, i)
	case other != nil:
		return c.Leaf().Fingerprint.String() + other.Fingerprint.String()
	case rsa.asked && rsa.why != "":
		r.couldNotTell(rsa.why, i)
	case ecdsa.asked && ecdsa.why != "":
		r.couldNotTell(ecdsa.why, i)
	default:
		r.pass()
	}
	return ""
}

func dependsOnTLSVersion() Rule {
	return Rule{
		ID: "depends-on-tls-version", Family: "consistency", Wire: true, Severity: Error,
		Short: "presents another certificate or chain to older TLS versions", Mend: remedy.BySetting,
		Title: "TLS 1.2 or older gets another certificate or chain than TLS 1.3",
		Doc: `Asked with an older version of TLS, the address presents another certificate, or the same with other intermediates,
than with the newest. Browsers and scanners speak TLS 1.3; federation partners, Microsoft 365 among them, and phones speak
1.2, and meet what nobody looked at: the certificate of before the renewal, or one without its intermediate. Schannel
speaks TLS 1.3 on Windows Server 2022 and later; before an older one it comes from something else.

How to fix it: Schannel has one certificate for all versions, so look for what stands before the Edge (a load balancer or
reverse proxy that ends TLS, mostly with a profile for each version), and let it pass TCP through, or give all versions the
same certificate with its chain.`,
		Source: `"Preparing for TLS 1.2 in Office 365" (Microsoft): federation speaks TLS 1.2; RFC 8446 section 4.4.2 and RFC 5246 section 7.4.2 leave the choice of the certificate to the server`,
		Run: eachBunch(further(versionKey), func(w *world, b bunch) Finding {
			newest, differing := older(b.first)
			return Finding{
				Certificates: certs(newest.Leaf(), differing[0].Leaf()),
				Message: fmt.Sprintf("%s %s with %s, and with %s %s", w.present(b.at),
					w.tell(newest.Leaf()), newest.Version, differing[0].Version, w.instead(newest.Chain, differing[0].Chain)),
				Fix: "give all versions of TLS the same certificate and chain in what stands before the Edge, or let it pass TCP through",
			}
		}),
	}
}

// instead tells what comes where another chain should.
func (w *world) instead(should, comes []*edge.Certificate) string {
	if should[0].Fingerprint != comes[0].Fingerprint {
		return w.tell(comes[0])
	}
	above := func(chain []*edge.Certificate) string {
		return cmp.Or(list(edge.Map(chain[1:], nameOf)), "no intermediate")
	}
	return fmt.Sprintf("the same with %s above it instead of %s", above(comes), above(should))
}

// partly says whether the chain of a handshake was not kept whole.
func partly(c edge.Capture) bool {
	return c.Cut > 0 || slices.ContainsFunc(c.Presentations, func(p edge.Presentation) bool { return p.Cut > 0 })
}

func versionKey(_ *world, r *result, i int, c edge.Capture) string {
	tls12, tls11 := offer(c, edge.OfferTLS12), offer(c, edge.OfferTLS11)
	newest, differing := older(c)
	switch {
	case !tls12.asked && !tls11.asked:
	case inTurn(c) != nil:
		r.couldNotTell(changesItself, i)
	case partly(c) && (len(differing) == 0 || differing[0].Leaf().Fingerprint == newest.Leaf().Fingerprint):
		r.couldNotTell(trust.NotWhole, i)
	case len(differing) > 0:
		return trust.ChainKey(newest.Chain).String() + trust.ChainKey(differing[0].Chain).String() + differing[0].Version
	case tls12.asked && tls12.why != "":
		r.couldNotTell(tls12.why, i)
	default:
		r.pass()
	}
	return ""
}

func stoppedAnswering() Rule {
	return Rule{
		ID: "stopped-answering", Family: "coverage", Wire: true, Severity: Warning,
		Short: "stopped answering while we asked", Mend: remedy.ByOwnSteps,
		Title: "an address that answered stopped doing so while we asked",
		Doc: `The address answered, and then reset a handshake that was equal to the one before, or let it go by in silence. A rate
limit or an intrusion prevention system has taken the scan for an attack, or the server went down just then. What hangs on
the later handshakes could not be told: being blocked is not being refused.

How to fix it: scan again, slowly and one connection at a time: --per-address 1 --rate 1/s. Where that ends the same way,
exempt the scanner's address, or scan with --quick, which makes one handshake an endpoint.`,
		Source: "an equal hello gets an equal answer from a server that goes on serving; intrusion prevention systems reset what comes too often (field reports)",
		Run: eachBunch(func(w *world, r *result, i int, c edge.Capture) string {
			switch {
			case c.StoppedAnswering():
				return "stopped"
			case w.unasked(c):
				r.unseen(i)
			case len(c.Presentations) > 0:
				r.pass()
			}
			return ""
		}, func(w *world, b bunch) Finding {
			return Finding{
				Message: w.where(b.at) + " answered, and then no more, to the same words; what hangs on the later handshakes could not be told",
				Fix:     "scan again with --per-address 1 --rate 1/s, or have this host's address exempted from rate limits and intrusion prevention",
			}
		}),
	}
}

// wrongWith says what would be wrong with a chain for whoever gets it.
func (w *world) wrongWith(chain []*edge.Certificate, name string) string {
	leaf := chain[0]
	if leaf.X509 == nil {
		return ""
	}
	var out []string
	if !leaf.NotAfter().After(w.scan.now) {
		out = append(out, "has expired")
	}
	if leaf.NotBefore().After(w.scan.now) {
		out = append(out, "is not valid yet")
	}
	if name != "" && leaf.Unread(edge.Names) == "" && holdsName(leaf.X509, name) == lacked {
		out = append(out, "does not hold "+name)
	}
	if s := w.scan.forest.Judge(chain).Standing; s != trust.Trusted && !w.hostTrusts(leaf) {
		out = append(out, "has no path to a trusted root as it comes")
	}
	if len(out) == 0 {
		return ""
	}
	return ", which " + strings.Join(out, ", ")
}
