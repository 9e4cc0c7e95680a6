package audit

import (
	"fmt"
	"slices"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

const avSource = `[MS-TURN] section 2.1.1: the pseudo-TLS answer is ServerHello and ServerHelloDone in one record, without a Certificate message`

func avNotObservable() Rule {
	return Rule{
		ID: "av-not-observable", Family: "av", Drawn: true, For: edgeAlone, Wire: true, Severity: Info,
		Short: "shows no A/V certificate, by design", Mend: remedy.ByOwnSteps,
		Title: "pseudo-TLS: the A/V Edge is alive, its certificate is not on the wire by design",
		Doc: `The A/V Edge's TCP port speaks MS-TURN behind a make-believe TLS hello. There is no certificate in it: the A/V
Authentication certificate is used inside, to key the tokens that relay media. So nothing can be said of it from here, good
or bad. With --udp the finding also says whether the relay answers on UDP 3478, the way that media takes first.

How to fix it: nothing is wrong. To have the certificate checked all the same, take an inventory on each member and name it
in the targets file (edgecert explain av-certificate-differs has the commands).`,
		Source: avSource,
		Run: eachBunch(func(_ *world, r *result, i int, c edge.Capture) string {
			switch {
			case silent(c) && c.Endpoint.Role != edge.XMPP:
				return relay(c.Turn, c.UDP)
			case c.Endpoint.Role != edge.AV:
			case c.Leaf() != nil:
				r.pass()
			default:
				r.unseen(i)
			}
			return ""
		}, func(w *world, b bunch) Finding {
			return Finding{
				Message: fmt.Sprintf("%s: %s; its certificate cannot be seen on the wire, by design", w.where(b.at), b.key),
				Fix:     "to have it compared, on each member: " + edge.CollectInventory + " | Out-File -Encoding utf8 certs.json; name the files in the targets file (inventory MEMBER FILE)",
			}
		}),
	}
}

// relay says what an MS-TURN conversation proved, over TCP and where it was asked
// for over UDP; that it is silent there is relay-silent's.
func relay(tcp, udp *edge.Turn) string {
	text := "answers pseudo-TLS"
	if tcp != nil && tcp.Live {
		text = "a live relay"
		if tcp.Software != "" {
			text += " (" + tcp.Software + ")"
		}
	}
	if udp != nil && udp.Live {
		text += ", which answers on UDP 3478 too"
	}
	return text
}

func relaySilent() Rule {
	return Rule{
		ID: "relay-silent", Family: "av", Wire: true, Severity: Warning,
		Short: "does not answer on UDP 3478", Mend: remedy.BySetting,
		Title: "UDP 3478 was asked and does not answer",
		Doc: `With --udp the scan also asks the A/V Edge's relay on UDP 3478, the way that media takes first. It does not answer: a
firewall lets TCP through and not UDP, or the NAT rule is missing. Calls still connect, over TCP 443, and sound worse; where
the firewall drops that too, they have no sound at all.

How to fix it: let UDP 3478 through to the A/V Edge in both directions, and see whether this host may send UDP there at all.`,
		Source: `[MS-TURN] section 2.1: the relay is on UDP 3478 and TCP 443; "Port and protocol planning" (Lync Server 2013): STUN/MSTURN on UDP 3478, inbound and outbound`,
		Applies: func(w *world) bool {
			return w.scan.ev.Asked.UDP || slices.ContainsFunc(w.captures, func(c edge.Capture) bool { return c.UDP != nil })
		},
		Run: eachBunch(func(_ *world, r *result, i int, c edge.Capture) string {
			switch {
			case c.Endpoint.Role != edge.AV:
			case c.UDP == nil:
				r.couldNotTell("UDP 3478 was not asked", i)
			case c.UDP.Live:
				r.pass()
			case c.UDP.Fault != nil && c.UDP.Fault.Class == edge.ClassInterrupted:
				r.couldNotTell("the scan ended before UDP 3478 was asked", i)
			default:
				return "silent"
			}
			return ""
		}, func(w *world, b bunch) Finding {
			return Finding{
				Message: "expected the relay to answer on UDP 3478, got nothing, so that media takes the slower way over TCP; " + w.where(b.at),
				Fix:     "let UDP 3478 through to the A/V Edge in both directions, and see whether this host may send UDP there at all",
			}
		}),
	}
}

func avPresentsCertificate() Rule {
	return Rule{
		ID: "av-presents-certificate", Family: "av", For: edgeAlone, Wire: true, Severity: Warning,
		Short: "presents a TLS certificate on the A/V address", Mend: remedy.BySetting,
		Title: "an A/V address speaks real TLS",
		Doc: `An A/V Edge presents no certificate on the wire, so something else answers: a wrong address or port, a proxy, or a
firewall that inspects TLS. Media from outside then fails, or takes the long way.

How to fix it: compare address and port with the topology (Get-CsService -EdgeServer, MediaRelayExternalTurnTcpPort) and
take TLS inspection off this address. The certificate that came is compared with the other services' all the same.`,
		Source: avSource + `; a real chain there comes from a wrong address or port, a proxy, or TLS inspection (field reports)`,
		Run: eachBunch(func(_ *world, r *result, i int, c edge.Capture) string {
			switch {
			case c.Endpoint.Role != edge.AV:
			case c.Leaf() != nil:
				return c.Leaf().Fingerprint.String()
			case silent(c):
				r.pass()
			default:
				r.unseen(i)
			}
			return ""
		}, func(w *world, b bunch) Finding {
			return Finding{
				Certificates: certs(b.first.Leaf()),
				Message:      fmt.Sprintf("expected the pseudo-TLS of an A/V Edge, got real TLS with certificate %s; %s", describe(w, b.first.Leaf()), w.where(b.at)),
				Fix:          "compare address and port with MediaRelayExternalTurnTcpPort of Get-CsService -EdgeServer, and take TLS inspection off this address",
			}
		}),
	}
}
