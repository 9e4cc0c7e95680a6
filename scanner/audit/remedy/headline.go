package remedy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/finding"
	"edgecert/scanner/edge"
)

// A headline is a mail's subject and a plugin's line, too.
const maxHeadline = 120

// headline names what is wrong, and who has it: not the eleven that are right. Of
// long names it has fewer, and no list of services: what is wrong is always said.
func (p *planner) headline(x cause) string {
	for brief := *p; brief.most >= 0; brief.most-- {
		for _, brief.anywhere = range []bool{false, true} {
			if text := printable(brief.sentence(x)); len(text) <= maxHeadline {
				return text
			}
		}
	}
	return fit(p.sentence(x))
}

func (p *planner) sentence(x cause) string {
	switch x.act {
	case restart:
		leaf := p.Captures[x.cells[0]].Leaf()
		return fmt.Sprintf("%s lack%s a restart, and still present%s %s%s, which %s", p.who(x.cells), p.s(x.cells), p.s(x.cells), print(leaf)[:8], p.onServices(x.cells), p.ends(leaf))
	case carry:
		return p.carryHeadline(x)
	case renew:
		return p.renewHeadline(x)
	case either:
		return p.eitherHeadline(x)
	case bringBack:
		return p.downHeadline(x)
	case balance:
		return "the load balancer presents what no member does: " + p.short(p.worst(x))
	case intermediate:
		where := p.onServices(x.cells)
		if where == " on every service" {
			where = ""
		}
		return p.who(x.cells) + where + " " + p.agreed(x.cells, p.worst(x))
	default:
		f := p.worst(x)
		if len(x.findings) > 1 && len(x.cells) == 0 {
			f.Short, f.Subjects = "", p.subjects(x)
		}
		if len(f.Cells) == 0 {
			return p.short(f)
		}
		return p.says(f)
	}
}

// subjects are those of all findings of a cause, each once.
func (p *planner) subjects(x cause) []string {
	var out []string
	for _, i := range x.findings {
		for _, s := range p.findings[i].Subjects {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// says is whom a finding blames, and of what.
func (p *planner) says(f finding.Finding) string {
	if r, known := p.record(f); known {
		return fmt.Sprintf("the %s certificate %s of %s %s", useTitle(r.Use), HexOnly(r.Thumbprint)[:8], p.who(f.Cells), p.endsAt(r.NotAfter))
	}
	if leaf := f.Certificate(); leaf != nil && p.Rule(f.Rule).Weight > 0 && p.presentedAt(leaf, f.Cells) {
		return "the certificate " + print(leaf)[:8] + " of " + p.who(f.Cells) + " " + p.short(f)
	}
	return p.who(f.Cells) + " " + p.agreed(f.Cells, f)
}

// record is the certificate of the inventory that a finding is about, where it
// is about when one ends: its subjects are thumbprint and type.
func (p *planner) record(f finding.Finding) (edge.InventoryRecord, bool) {
	return edge.Find(p.Pool.Inventory, func(r edge.InventoryRecord) bool {
		return p.Rule(f.Rule).Ends && slices.Contains(f.Subjects, r.Thumbprint) && slices.Contains(f.Subjects, r.Use) && len(HexOnly(r.Thumbprint)) > 8
	})
}

// useTitle is a certificate type in a headline.
func useTitle(use string) string {
	if use == edge.TypeAV {
		return "A/V"
	}
	return use
}

// note is a note's message in short: what it says of which certificate, or member.
func (p *planner) note(f finding.Finding) string {
	p.most = 3
	if len(f.Cells) == 0 {
		return fit(p.short(f))
	}
	return fit(p.says(f))
}

// agreed is a finding's end of a sentence whose subject is the members of cells.
func (p *planner) agreed(cells []int, f finding.Finding) string {
	if p.s(cells) != "" {
		return p.short(f)
	}
	return Agree(p.short(f))
}

// carryHeadline: "edge7 still presents 3F2A9C11 on every service, which ends in 5
// days".
func (p *planner) carryHeadline(x cause) string {
	right := p.choice(x.group)
	lag := p.lagging(x)
	var leaves []*edge.Certificate
	for _, i := range lag {
		for _, leaf := range p.Captures[i].Leaves() {
			if strings.EqualFold(leaf.Thumbprint(), right.Thumbprint) || edge.Holds(leaves, leaf) {
				continue
			}
			leaves = append(leaves, leaf)
		}
	}
	who := p.who(lag)
	switch {
	case len(leaves) == 0:
		return p.says(p.worst(x))
	case len(leaves) > 1:
		text := fmt.Sprintf("%s present%s other certificates than %s%s", who, p.s(lag), right.short(), p.onServices(lag))
		if f := p.worst(x); p.Rule(f.Rule).Weight > 0 && f.Certificate() != nil {
			text = fmt.Sprintf("%s of %s %s: %s", print(f.Certificate())[:8], p.who(f.Cells), p.short(f), text)
		}
		return text
	case right.Certificate != nil && Newer(right.Certificate, leaves[0]) > 0:
		return p.stillPresent(lag, leaves[0])
	default:
		text := fmt.Sprintf("%s present%s %s%s instead of %s", who, p.s(lag), print(leaves[0])[:8], p.onServices(lag), right.short())
		if f := p.worst(x); p.Rule(f.Rule).Weight > 0 {
			text += ": it " + p.short(f)
		} else if right.Certificate != nil && Reissued(right.Certificate, leaves[0]) {
			text += ": another key, same dates"
		}
		return text
	}
}

// Reissued says whether one certificate is the other again, for another key.
func Reissued(a, b *edge.Certificate) bool {
	return !a.NotAfter().IsZero() && a.NotBefore().Equal(b.NotBefore()) && a.NotAfter().Equal(b.NotAfter()) && a.KeyID() != b.KeyID()
}

func (p *planner) renewHeadline(x cause) string {
	f := p.worst(x)
	if p.Pool.File != nil {
		return "the certificate " + p.short(f)
	}
	if g := p.againstExpected(x); g != nil {
		return "the expected certificate " + p.choice(x.group).short() + " " + p.short(*g)
	}
	if p.Rule(f.Rule).Weight == 0 { // nobody knows which of several is right
		return p.says(f)
	}
	text := "the certificate"
	if len(f.Certificates) > 0 && len(p.above(f)) == 0 {
		if len(f.Certificates) > 1 {
			text = "all certificates"
			if !p.all(f.Cells) {
				text = "certificates"
			}
		} else {
			text += " " + print(f.Certificates[0])[:8]
		}
	}
	what := p.short(f)
	if len(f.Certificates) > 1 {
		what = strings.NewReplacer("lacks ", "lack ", "has ", "have ", "is ", "are ").Replace(what)
	}
	return text + " of " + p.who(f.Cells) + " " + what
}

// eitherHeadline: "every member presents 3F2A9C11 on xmpp:5269, which no other
// service does: it ends in 5 days".
func (p *planner) eitherHeadline(x cause) string {
	f := p.worst(x)
	text := fmt.Sprintf("%s present%s %s%s, which no other service does", p.who(x.cells), p.s(x.cells), print(p.Captures[x.cells[0]].Leaf())[:8], p.onServices(x.cells))
	if r, known := p.record(f); known {
		return text + ", and " + HexOnly(r.Thumbprint)[:8] + " is assigned, which " + p.endsAt(r.NotAfter)
	}
	if p.Rule(f.Rule).Weight > 0 {
		text += ": it " + p.short(f)
	}
	return text
}

// againstExpected is the worst that is wrong with the certificate that was meant,
// nil where nothing is, or nothing was.
func (p *planner) againstExpected(x cause) *finding.Finding {
	right := p.choice(x.group)
	if !right.Expected || right.Certificate == nil {
		return nil
	}
	var own []int
	for _, i := range x.findings {
		f := p.findings[i]
		if p.Rule(f.Rule).Weight > 0 && edge.Holds(f.Certificates, right.Certificate) {
			own = append(own, i)
		}
	}
	if len(own) == 0 {
		return nil
	}
	x.findings = own
	f := p.worst(x)
	return &f
}

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
