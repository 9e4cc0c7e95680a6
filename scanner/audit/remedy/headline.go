package remedy

import (
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
		return fmt.Sprintf("%s lack%s a restart, and still present%s %s%s", p.who(x.cells), p.s(x.cells), p.s(x.cells), print(leaf)[:8], p.onServices(x.cells)) + p.wrongWith(x, leaf)
	case carry:
		return p.carryHeadline(x)
	case renew:
		return p.renewHeadline(x)
	case either:
		return p.eitherHeadline(x)
	case bringBack:
		return p.downHeadline(x)
	case balance:
		return p.balancerHeadline(x)
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
	return p.who(f.Cells) + " " + p.agreed(f.Cells, f) + p.presentedOn(f)
}

// presentedOn says on which services members present what they should not,
// where it is not on all: of the A/V address the finding says so itself.
func (p *planner) presentedOn(f finding.Finding) string {
	where := p.onServices(f.Cells)
	if !strings.HasPrefix(p.short(f), "presents ") || !p.others(edge.AV, f.Cells) || where == " on every service" {
		return ""
	}
	return where
}

// named is the worst finding of a problem, with the names that others miss in
// the same certificates.
func (p *planner) named(x cause) finding.Finding {
	worst := p.worst(x)
	if !p.Rule(worst.Rule).Lacks {
		return worst
	}
	for _, i := range x.findings {
		if f := p.findings[i]; p.Rule(f.Rule).Lacks && slices.Equal(f.Certificates, worst.Certificates) {
			worst.Subjects = union(slices.Clone(worst.Subjects), f.Subjects)
		}
	}
	return worst
}

// balancerHeadline: "the load balancer presents 3F2A9C11, which no member does".
func (p *planner) balancerHeadline(x cause) string {
	f := p.named(x)
	for _, i := range x.cells {
		leaf := p.Captures[i].Leaf()
		if leaf == nil || slices.ContainsFunc(p.Captures, func(c edge.Capture) bool { return !c.Endpoint.VIP && edge.Holds(c.Leaves(), leaf) }) {
			continue
		}
		text := "the load balancer presents " + print(leaf)[:8] + ", which no member does"
		if p.Rule(f.Rule).Weight > 0 && edge.Holds(f.Certificates, leaf) {
			text += ": it " + p.short(f)
		}
		return text
	}
	return "the load balancer " + p.short(f)
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
		return p.othersPresented(x, lag, right)
	case right.Certificate != nil && Newer(right.Certificate, leaves[0]) > 0:
		return p.stillPresent(x, lag, leaves[0])
	default:
		text := fmt.Sprintf("%s present%s %s%s instead of %s", who, p.s(lag), print(leaves[0])[:8], p.onServices(lag), right.short())
		if f := p.named(x); p.Rule(f.Rule).Weight > 0 {
			text += ": it " + p.short(f)
		} else if right.Certificate != nil && Reissued(right.Certificate, leaves[0]) {
			text += ": another key, same dates"
		}
		return text
	}
}

// othersPresented tells the worst of several certificates first, but that of an
// expected one others come.
func (p *planner) othersPresented(x cause, lag []int, right Choice) string {
	than := right.short()
	if right.Expected {
		than = "the expected " + than
	}
	text := fmt.Sprintf("%s present%s other certificates than %s%s", p.who(lag), p.s(lag), than, p.onServices(lag))
	f := p.named(x)
	if p.Rule(f.Rule).Weight == 0 || f.Certificate() == nil {
		return text
	}
	worst := print(f.Certificate())[:8] + " of " + p.who(f.Cells) + " " + p.short(f)
	if right.Expected && p.later(f) > 0 {
		return text + ": " + worst
	}
	return worst + ": " + text
}

// stillPresent: "edge7 still presents the old certificate 3F2A9C11 on every
// service, which ends in 5 days".
func (p *planner) stillPresent(x cause, cells []int, old *edge.Certificate) string {
	return fmt.Sprintf("%s still present%s the old certificate %s%s", p.who(cells), p.s(cells), print(old)[:8], p.onServices(cells)) + p.wrongWith(x, old)
}

// wrongWith is what an old certificate breaks today, else when it ends. Where all
// need a new one, the headline has told what is broken.
func (p *planner) wrongWith(x cause, old *edge.Certificate) string {
	if f := p.named(x); x.act != renew && p.Rule(f.Rule).Weight > 0 && p.later(f) == 0 && p.short(f) != p.ends(old) && edge.Holds(f.Certificates, old) {
		return ": it " + p.short(f)
	}
	return ", which " + p.ends(old)
}

// Reissued says whether one certificate is the other again, for another key.
func Reissued(a, b *edge.Certificate) bool {
	return !a.NotAfter().IsZero() && a.NotBefore().Equal(b.NotBefore()) && a.NotAfter().Equal(b.NotAfter()) && a.KeyID() != b.KeyID()
}

func (p *planner) renewHeadline(x cause) string {
	f := p.named(x)
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
	f := p.named(x)
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
	f := p.named(x)
	return &f
}
