package remedy

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/finding"
	"edgecert/scanner/edge"
)

// add puts steps into the plan; one that stands there already settles one
// problem more.
func (p *planner) add(steps []finding.Step, problem int) {
	for _, s := range steps {
		words := fmt.Sprintf("%q", []any{s.On, s.Text, s.Commands, s.Restart})
		n, known := p.lines[words]
		if !known {
			n = len(p.steps)
			p.lines[words] = n
			p.steps = append(p.steps, s)
		}
		p.steps[n].Problems = union(p.steps[n].Problems, []int{problem})
	}
}

// Line is the steps in one line: "on edge2: assign it: Set-CsCertificate …".
func Line(steps []finding.Step) string {
	var out []string
	for _, s := range steps {
		s = worded(s)
		text := s.Text
		if len(s.On) > 0 {
			text = "on " + List(s.On, maxNames) + ": " + text
		}
		if len(s.Commands) > 0 {
			text += ": " + strings.Join(s.Commands, "; ")
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// maxNames is how many members a line names one by one: a pool has twelve at
// most.
const maxNames = 12

// List joins words as a sentence does, and counts those beyond most.
func List(words []string, most int) string {
	if len(words) > most {
		rest := len(words) - most
		words = append(slices.Clone(words[:most]), fmt.Sprintf("%d more", rest))
	}
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
	}
}

// allSteps are a cause's, in all groups of certificates.
func (p *planner) allSteps(x cause) []finding.Step {
	out := p.stepsFor(x)
	for _, r := range x.rest {
		out = append(out, p.stepsFor(r)...)
	}
	return out
}

func (p *planner) stepsFor(x cause) []finding.Step {
	switch x.act {
	case either:
		return p.eitherSteps(x)
	case restart:
		return []finding.Step{RestartAlone(p.membersOf(x))}
	case carry:
		return p.carrySteps(x)
	case renew:
		return p.renewSteps(x)
	case balance:
		return []finding.Step{{Text: "compare the load balancer's list of servers with the pool's members, and let it pass TCP through"}}
	default:
		return p.ownSteps(x)
	}
}

// ownSteps are those that the findings bring, or their fix as a step.
func (p *planner) ownSteps(x cause) []finding.Step {
	var out []finding.Step
	for _, i := range x.findings {
		f := p.findings[i]
		steps := f.Steps
		if len(steps) == 0 && f.Fix != "" {
			steps = []finding.Step{{Text: f.Fix}}
		}
		for _, s := range steps {
			if !p.Pool.IsEdge() {
				s = worded(s)
				s.Commands = nil // they are an Edge's
			}
			if s.On == nil && (x.act == setting || x.act == bringBack) && p.Pool.IsEdge() {
				s.On = p.membersOf(x)
			}
			if !slices.ContainsFunc(out, func(o finding.Step) bool {
				return o.Text == s.Text && slices.Equal(o.Commands, s.Commands) && slices.Equal(o.On, s.On)
			}) {
				out = append(out, s)
			}
		}
	}
	return out
}

// carrySteps bring the right certificate to the members that present another
// one, for exactly the types that are wrong there.
func (p *planner) carrySteps(x cause) []finding.Step {
	right := p.choice(x.group)
	wrong, assigned, unknown := p.wrongTypes(x, right.Thumbprint)
	if !p.Pool.IsEdge() {
		return []finding.Step{{On: p.membersOf(x), Text: "install the certificate with " + right.named() + ", and its private key"}}
	}
	var out []finding.Step
	holders := p.Holders(right.Thumbprint)
	var lacking []string
	for _, m := range wrong {
		for _, name := range m.names {
			if !slices.Contains(holders, name) && name != edge.VIPMember {
				lacking = append(lacking, name)
			}
		}
	}
	if len(lacking) > 0 || right.Thumbprint == "" {
		out = append(out, p.exportStep(right, holders, p.pfx(x.group)))
	}
	if len(lacking) > 0 {
		out = append(out, finding.Step{On: lacking, Text: "copy that file there and import it", Commands: []string{ImportPFX(p.pfx(x.group))}})
	}
	what := "it"
	if len(out) == 0 {
		what = "the certificate " + right.short()
	}
	for _, m := range wrong {
		out = append(out, assignStep(what, m.names, right.assign(m.types, p.pfx(x.group))))
	}
	if len(assigned) > 0 {
		out = append(out, RestartAlone(assigned))
	}
	if len(unknown) > 0 {
		out = append(out, finding.Step{On: unknown, Text: "see whether the A/V Edge has the certificate with " + right.named() + ": what answers on its address need not be the Edge itself",
			Commands: []string{"Get-CsCertificate -Type " + edge.TypeAV}})
	}
	return out
}

func (p *planner) exportStep(right Choice, holders []string, file string) finding.Step {
	if len(holders) == 0 || holders[0] == edge.VIPMember {
		if right.Expected {
			return finding.Step{Text: "have the PFX of the certificate that is meant, " + right.named() + ", at hand as " + file}
		}
		if slices.ContainsFunc(p.Captures, func(c edge.Capture) bool { return keyless(c, right.Thumbprint) }) {
			return finding.Step{Text: "find the PFX that holds the certificate with its private key, " + right.named() + ", as " + file + "; where there is none, request a new one"}
		}
		return finding.Step{Text: "where it is assigned, export the certificate with its private key", Commands: []string{ExportPFX(InStore(right.Thumbprint), file)}}
	}
	return finding.Step{On: holders[:1], Text: "export the certificate with its private key", Commands: []string{ExportPFX(InStore(right.Thumbprint), file)}}
}

func assignStep(what string, members []string, command string) finding.Step {
	if slices.Equal(members, []string{edge.VIPMember}) { // nobody was asked but the load balancer
		return finding.Step{Text: "on every member that lacks it, import " + what + ", assign it", Commands: []string{command}, Restart: true}
	}
	return finding.Step{On: members, Text: "assign " + what, Commands: []string{command}, Restart: true}
}

// Members with the same types to be assigned.
type sameTypes struct {
	names []string
	types []string
}

// wrongTypes are the certificate types that each member has wrong, the members
// whose inventory says that the right certificate is assigned to them already,
// and those of whose A/V certificate nobody knows.
func (p *planner) wrongTypes(x cause, right string) (wrong []sameTypes, assigned, unknown []string) {
	inInventory := map[string]bool{}
	byMember := map[string][]string{}
	var order []string
	for _, i := range p.lagging(x) {
		e := p.Captures[i].Endpoint
		name := p.Names([]int{i})[0]
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
		use := edge.CertificateType(e.Role)
		record, known := p.Pool.Assigned(e.Member, e.Role)
		switch {
		case use == "" || slices.Contains(byMember[name], use):
		case known && strings.EqualFold(record.Thumbprint, right) && !keyless(p.Captures[i], right):
			inInventory[name] = true
		case e.Role == edge.AV && !known: // nothing says that it is wrong
		default:
			byMember[name] = append(byMember[name], use)
		}
	}
	places := edge.Places[string]{}
	for _, name := range order {
		types := byMember[name]
		switch {
		case len(types) > 0:
		case inInventory[name]:
			assigned = append(assigned, name)
			continue
		default:
			unknown = append(unknown, name)
			continue
		}
		slices.SortFunc(types, byOrder)
		n, first := places.Of(strings.Join(types, ","))
		if first {
			wrong = append(wrong, sameTypes{types: types})
		}
		wrong[n].names = append(wrong[n].names, name)
	}
	return wrong, assigned, unknown
}

// Holders are the members that present a certificate on some service, or have
// it by their inventory; but those that do not hold its key.
func (c *Case) Holders(thumbprint string) []string {
	var at []int
	without := map[string]bool{}
	for i := range c.Captures {
		x := c.Captures[i]
		if leaf := x.Leaf(); leaf != nil && !x.Endpoint.VIP && strings.EqualFold(leaf.Thumbprint(), thumbprint) {
			at = append(at, i)
			without[c.Names([]int{i})[0]] = without[c.Names([]int{i})[0]] || keyless(x, thumbprint)
		}
	}
	out := c.Names(at)
	for _, r := range c.Pool.Inventory {
		if strings.EqualFold(r.Thumbprint, thumbprint) && !slices.Contains(out, r.Member) {
			out = append(out, r.Member)
		}
	}
	return slices.DeleteFunc(out, func(name string) bool { return without[name] })
}

// keyless says whether an endpoint presents a certificate and signs with another
// key.
func keyless(c edge.Capture, thumbprint string) bool {
	is := func(leaf *edge.Certificate) bool {
		return leaf != nil && strings.EqualFold(leaf.Thumbprint(), thumbprint)
	}
	return c.Proof.State == edge.Disproved && is(c.Leaf()) || slices.ContainsFunc(c.Presentations, func(p edge.Presentation) bool {
		return p.Proof.State == edge.Disproved && p.Offer != edge.OfferWithoutSNI && is(p.Leaf())
	})
}
