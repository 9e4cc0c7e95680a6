package remedy

import (
	"cmp"
	"fmt"
	"strings"

	"edgecert/scanner/edge"
)

func (p *planner) downHeadline(x cause) string {
	f := p.worst(x)
	if len(x.cells) == 0 {
		return "nothing could be planned: the resolver did not answer"
	}
	word := p.downWord(x.cells)
	switch {
	case len(x.members) == 1 && x.members[0] == everything:
		return fmt.Sprintf("none of the %d endpoints answers: this host may have no way out", len(p.Captures))
	case len(x.cells) == 1:
		who := SafeNames(p.Names(x.cells), 1)
		if !p.Pool.Listed() { // there it is HOST:PORT already
			who = strings.TrimSpace(who + " " + place(p.Captures[x.cells[0]].Endpoint))
		}
		return who + " " + word
	case p.nobodyServes(p.Captures[x.cells[0]].Endpoint) && len(x.members) == 1:
		return place(p.Captures[f.Cells[0]].Endpoint) + " answers on no member: each " + word
	case p.s(x.cells) == "":
		return p.who(x.cells) + " " + Agree(word) + p.onServices(x.cells)
	default:
		return p.who(x.cells) + " " + word + p.onServices(x.cells)
	}
}

// downWord is what captures did, where not all did the same what they have in
// common.
func (p *planner) downWord(cells []int) string {
	word := DownWord(p.Captures[cells[0]])
	for _, i := range cells[1:] {
		if DownWord(p.Captures[i]) != word {
			return DownWord(edge.Capture{})
		}
	}
	return word
}

// Agree makes a sentence that begins with its verb one about several: "refuses
// connections" becomes "refuse connections".
func Agree(says string) string {
	verb, rest, _ := strings.Cut(says, " ")
	switch verb {
	case "has", "does", "was", "is":
		verb = map[string]string{"has": "have", "does": "do", "was": "were", "is": "are"}[verb]
	default:
		verb = strings.TrimSuffix(verb, "s")
	}
	return strings.TrimSpace(verb + " " + strings.Replace(rest, "its ", "their ", 1))
}

// DownWord says what a capture without a certificate did.
func DownWord(c edge.Capture) string {
	if c.Fault == nil {
		return "presents no certificate"
	}
	return cmp.Or(map[edge.ErrorClass]string{
		edge.ClassDNS:         "has no address",
		edge.ClassRefused:     "refuses connections",
		edge.ClassTimeout:     "does not answer",
		edge.ClassReset:       "closes connections before its certificate",
		edge.ClassUnreachable: "cannot be reached",
		edge.ClassNotTLS:      "does not speak TLS",
		edge.ClassTLSAlert:    "refuses the handshake",
		edge.ClassLocal:       "was not reached, for a fault of this host or its proxy",
		edge.ClassInterrupted: "was not asked before the scan ended",
	}[c.Fault.Class], "presents no certificate")
}
