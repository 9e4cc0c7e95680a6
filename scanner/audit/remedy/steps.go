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
		words := fmt.Sprintf("%q", []any{s.On, s.Text, s.Commands})
		n, known := p.lines[words]
		if !known {
			n = len(p.steps)
			p.lines[words] = n
			p.steps = append(p.steps, s)
		}
		p.steps[n].Problems = append(p.steps[n].Problems, problem)
	}
}

// Line is the steps in one line: "on edge2: assign it: Set-CsCertificate …".
func Line(steps []finding.Step) string {
	var out []string
	for _, s := range steps {
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

func (p *planner) stepsFor(x cause) []finding.Step {
	switch x.act {
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
	wrong, assigned := p.wrongTypes(x, right.Thumbprint)
	if !p.Pool.IsEdge() {
		return []finding.Step{{On: p.membersOf(x), Text: "install the certificate with " + right.named()}}
	}
	var out []finding.Step
	holders := p.holders(right.Thumbprint)
	var lacking []string
	for _, m := range wrong {
		for _, name := range m.names {
			if !slices.Contains(holders, name) && name != edge.VIPMember {
				lacking = append(lacking, name)
			}
		}
	}
	if len(lacking) > 0 || right.Thumbprint == "" {
		out = append(out, p.exportStep(right, holders))
	}
	if len(lacking) > 0 {
		out = append(out, copyStep(lacking))
	}
	what := "it"
	if len(out) == 0 {
		what = "the certificate " + right.short()
	}
	for _, m := range wrong {
		out = append(out, assignStep(what, m.names, right.assign(m.types)))
	}
	if len(assigned) > 0 {
		out = append(out, RestartAlone(assigned))
	}
	return out
}

// RestartAlone is for members that have the right certificate assigned already.
func RestartAlone(members []string) finding.Step {
	return finding.Step{On: members, Text: "the certificate is assigned already, only the restart is missing" + InTurn(members), Commands: Restart()}
}

// InTurn is the end of a step that takes members out of service.
func InTurn(members []string) string {
	if len(members) == 1 {
		return ""
	}
	return ", one member after the other"
}

func (p *planner) exportStep(right Choice, holders []string) finding.Step {
	if len(holders) == 0 || holders[0] == edge.VIPMember {
		if right.Expected {
			return finding.Step{Text: "have the PFX of the certificate that is meant, " + right.named() + ", at hand as " + edgePFX}
		}
		return finding.Step{Text: "where it is assigned, export the certificate with its private key", Commands: []string{ExportPFX(InStore(right.Thumbprint), edgePFX)}}
	}
	return finding.Step{On: holders[:1], Text: "export the certificate with its private key", Commands: []string{ExportPFX(InStore(right.Thumbprint), edgePFX)}}
}

func copyStep(members []string) finding.Step {
	return finding.Step{On: members, Text: "copy that file there and import it", Commands: []string{ImportPFX(edgePFX)}}
}

func assignStep(what string, members []string, command string) finding.Step {
	text := "assign " + what + " and restart" + InTurn(members)
	if slices.Equal(members, []string{edge.VIPMember}) { // nobody was asked but the load balancer
		members, text = nil, "on every member that lacks it, import "+what+", assign it and restart"+InTurn(nil)
	}
	return finding.Step{On: members, Text: text,
		Commands: append([]string{command}, Restart()...)}
}

// Members with the same types to be assigned.
type sameTypes struct {
	names []string
	types []string
}

// wrongTypes are the certificate types that each member has wrong, and the
// members whose inventory says that the right certificate is assigned to them
// already.
func (p *planner) wrongTypes(x cause, right string) (wrong []sameTypes, assigned []string) {
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
		case known && strings.EqualFold(record.Thumbprint, right):
		case e.Role == edge.AV && !known: // nothing says that it is wrong
		default:
			byMember[name] = append(byMember[name], use)
		}
	}
	places := edge.Places[string]{}
	for _, name := range order {
		types := byMember[name]
		if len(types) == 0 {
			assigned = append(assigned, name)
			continue
		}
		slices.SortFunc(types, byOrder)
		n, first := places.Of(strings.Join(types, ","))
		if first {
			wrong = append(wrong, sameTypes{types: types})
		}
		wrong[n].names = append(wrong[n].names, name)
	}
	return wrong, assigned
}

// holders are the members that present a certificate on some service, or have
// it by their inventory.
func (p *planner) holders(thumbprint string) []string {
	var at []int
	for i := range p.Captures {
		if leaf := p.Captures[i].Leaf(); leaf != nil && !p.Captures[i].Endpoint.VIP && strings.EqualFold(leaf.Thumbprint(), thumbprint) {
			at = append(at, i)
		}
	}
	out := p.Names(at)
	for _, r := range p.Pool.Inventory {
		if strings.EqualFold(r.Thumbprint, thumbprint) && !slices.Contains(out, r.Member) {
			out = append(out, r.Member)
		}
	}
	return out
}

// renewSteps request a certificate with all the names that are due, bring it to
// every member and assign it for the types of the group.
func (p *planner) renewSteps(x cause) []finding.Step {
	if !p.Pool.IsEdge() {
		return []finding.Step{{On: p.membersOf(x), Text: "have a certificate issued without this fault, and install it there"}}
	}
	for _, q := range edge.CertificateRequests(p.Pool) {
		if len(x.group) > 0 && slices.Contains(q.Types, edge.CertificateType(x.group[0])) {
			return p.requestSteps(x, q)
		}
	}
	return []finding.Step{{Text: "request a certificate with the right names and use, and assign it"}}
}

func (p *planner) requestSteps(x cause, q edge.CertificateRequest) []finding.Step {
	signer := "a public CA"
	if p.Pool.PrivateIssuer {
		signer = "the pool's CA"
	}
	var first, others, all []string
	one, rest := "one member", "the others"
	if len(p.Pool.Members) > 0 && p.Pool.File == nil {
		for _, m := range p.Pool.Members {
			all = append(all, m.Name)
		}
		first, others, one = all[:1], all[1:], all[0]
	}
	cer, pfx := q.File+".cer", q.File+".pfx"
	out := []finding.Step{
		{On: first, Text: onOne(first, one) + "request a new certificate with all names that are due", Commands: []string{q.Command}},
		{Text: fmt.Sprintf("have %s sign %s.req, and save the answer as %s on %s", signer, q.File, cer, one)},
	}
	bring := []string{importCER(cer)}
	file := cer
	if len(p.Pool.Members) != 1 || p.Pool.File != nil {
		bring = append(bring, ExportPFX(`(Join-Path Cert:\LocalMachine\My (Get-PfxCertificate `+Quote(cer)+`).Thumbprint)`, pfx))
		file = pfx
	}
	out = append(out, finding.Step{On: first, Text: onOne(first, one) + "import it", Commands: bring})
	if file == pfx {
		out[len(out)-1].Text += ", and export it with its private key"
		out = append(out, finding.Step{On: others, Text: onOne(others, rest) + "copy that file there and import it", Commands: []string{ImportPFX(pfx)}})
	}
	s := assignStep("it", all, assignFile(p.renewedTypes(x.group, q.Types), file))
	s.Text = onOne(all, "every member") + s.Text
	return append(out, s)
}

// onOne says where, for whom no member is named.
func onOne(named []string, who string) string {
	if len(named) > 0 {
		return ""
	}
	return "on " + who + " "
}

// renewedTypes leaves out what was not found wrong: an A/V that by the inventory
// has another certificate, and XMPP that presents one of its own everywhere.
func (p *planner) renewedTypes(group []edge.Role, types []string) []string {
	right := p.choice(group)
	return slices.DeleteFunc(slices.Clone(types), func(use string) bool {
		if len(types) == 1 || right.Thumbprint == "" {
			return false
		}
		switch use {
		case edge.TypeAV:
			return p.apartInInventory(right.Thumbprint)
		case edge.TypeXMPP:
			return p.apartOnWire(edge.XMPP, right.Certificate)
		default:
			return false
		}
	})
}

func (p *planner) apartInInventory(right string) bool {
	found := false
	for _, m := range p.Pool.Members {
		if r, ok := p.Pool.Assigned(m.Name, edge.AV); ok {
			if strings.EqualFold(r.Thumbprint, right) || !r.NotAfter.IsZero() && r.NotAfter.Before(p.Now) {
				return false
			}
			found = true
		}
	}
	return found
}

// apartOnWire says whether a service presents one and the same certificate
// everywhere, which is not the right one.
func (p *planner) apartOnWire(role edge.Role, right *edge.Certificate) bool {
	var own *edge.Certificate
	for i := range p.Captures {
		c := p.Captures[i]
		if c.Endpoint.Role != role || c.Leaf() == nil {
			continue
		}
		if right != nil && p.presents(i, right) || own != nil && own.Fingerprint != c.Leaf().Fingerprint {
			return false
		}
		own = c.Leaf()
	}
	return own != nil
}

// byOrder sorts certificate types as the documentation lists them.
func byOrder(a, b string) int {
	order := []string{edge.TypeAccess, edge.TypeWebConf, edge.TypeAV, edge.TypeXMPP, edge.TypeInternal}
	return slices.Index(order, a) - slices.Index(order, b)
}
