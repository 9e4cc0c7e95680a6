package remedy

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/finding"
	"edgecert/scanner/edge"
)

// causes are the pool's problems in the order in which their findings stand. A
// finding about services of several groups, which had one certificate, is the
// first group's; what settles it in the others is done with it, or with what else
// they need.
func (p *planner) causes() []cause {
	var out, others []cause
	places := edge.Places[string]{}
	for i, f := range p.findings {
		if f.Severity == finding.Info {
			if f.Fix == "" {
				p.findings[i].Fix = Line(f.Steps)
			}
			p.findings[i].Headline = p.note(f)
			continue
		}
		first := ""
		for g, part := range p.byGroup(f) {
			x := p.causeOf(part)
			x.findings, x.cells = []int{i}, p.about(part)
			if g > 0 {
				x.first = first
				others = append(others, x)
				continue
			}
			first = x.key
			if n, isNew := places.Of(x.key); isNew {
				out = append(out, x)
			} else {
				out[n].join(x)
			}
		}
	}
	for _, x := range others {
		first := &out[places[x.first]]
		if n, known := places[x.key]; known {
			out[n].cells = append(out[n].cells, x.cells...)
			if x.key != x.first { // as a restart is, of all groups
				first.settledBy = union(first.settledBy, []string{x.key})
			}
		} else if n := slices.IndexFunc(first.rest, func(r cause) bool { return r.key == x.key }); n >= 0 {
			first.rest[n].join(x)
		} else {
			first.rest = append(first.rest, x)
		}
	}
	for n := range out {
		out[n].order()
		for r := range out[n].rest {
			out[n].rest[r].order()
		}
	}
	return out
}

func (x *cause) join(o cause) {
	x.findings, x.cells = append(x.findings, o.findings...), append(x.cells, o.cells...)
}

// whole is a cause with what its findings blame in all groups.
func (x cause) whole() cause {
	x.cells = slices.Clone(x.cells)
	for _, r := range x.rest {
		x.cells = append(x.cells, r.cells...)
	}
	x.order()
	return x
}

func (x *cause) order() {
	slices.Sort(x.cells)
	x.cells = slices.Compact(x.cells)
}

// byGroup is a finding, for each group of its captures by itself where another
// certificate settles it.
func (p *planner) byGroup(f finding.Finding) []finding.Finding {
	if p.Rule(f.Rule).Mend != ByCertificate || f.Of != "" || p.Pool.File != nil || len(p.Groups()) < 2 || len(f.Cells) == 0 {
		return []finding.Finding{f}
	}
	parts := edge.GroupBy(f.Cells, func(i int) string { return fmt.Sprint(p.Pool.Group(p.Captures[i].Endpoint.Role)) })
	return edge.Map(parts, func(cells []int) finding.Finding {
		part := f
		part.Cells = cells
		return part
	})
}

// about are the cells that a finding blames, those of its service where it is
// about one alone.
func (p *planner) about(f finding.Finding) []int {
	if f.Of == "" {
		return f.Cells
	}
	return edge.Keep(f.Cells, func(i int) bool { return p.Captures[i].Endpoint.Role == f.Of })
}

// causeOf says which act settles a finding; findings with one key are settled
// together.
func (p *planner) causeOf(f finding.Finding) cause {
	rule := p.Rule(f.Rule)
	switch {
	case p.Pool.File == nil && p.onlyBalancer(f.Cells):
		return cause{key: "balancer", act: balance}
	case rule.Mend == BySetting:
		return cause{key: f.Rule, act: setting}
	case rule.Mend == ByMember:
		members := p.down(f.Cells)
		return cause{key: "down " + strings.Join(members, " "), act: bringBack, members: members}
	case rule.Mend == ByIntermediate:
		return cause{key: "intermediate " + p.authorities(f), act: intermediate}
	case rule.Mend == ByCommonSteps:
		return cause{key: f.Rule + " " + f.Fix, act: ownSteps}
	case rule.Mend == ByOwnSteps, len(f.Steps) > 0 && !p.replaceable(f, rule):
		return cause{key: own(f), act: ownSteps}
	}
	if p.assignedNewer(f.Cells) {
		return cause{key: "restart", act: restart}
	}
	return p.certificateCause(f, rule)
}

// replaceable says whether the pool's right certificate settles what is wrong
// with another one, whatever else would: others present it, and it is well.
func (p *planner) replaceable(f finding.Finding, rule Rule) bool {
	if rule.Weight == 0 || f.Ahead || p.Pool.File != nil || p.Pool.Kind == edge.LoosePool || len(f.Cells) == 0 {
		return false
	}
	right := p.choice(p.groupOf(f.Cells))
	return right.Usable() && right.Certificate != nil && !p.presentedAt(right.Certificate, f.Cells)
}

// own tells findings apart that bring their own steps: one record, one file.
func own(f finding.Finding) string {
	return f.Rule + " " + strings.Join(f.Subjects, " ") + " " + Line(f.Steps)
}

// certificateCause: what is wrong with the right certificate needs a new one;
// all else, the right one where it is not.
func (p *planner) certificateCause(f finding.Finding, rule Rule) cause {
	group := p.groupOf(p.about(f))
	right := p.choice(group)
	if f.Of != "" && right.Thumbprint != "" && slices.ContainsFunc(f.Subjects, func(s string) bool { return strings.EqualFold(s, right.Thumbprint) }) {
		return cause{key: fmt.Sprint("renew ", group), act: renew, group: group}
	}
	if !p.Pool.XMPPDeclared && slices.Equal(group, []edge.Role{edge.XMPP}) && p.choice(p.Pool.Group(edge.XMPP)).Certificate != nil {
		return cause{key: "either", act: either, group: group}
	}
	if leaf := f.Certificate(); leaf != nil && keyless(p.Captures[f.Cells[0]], leaf.Thumbprint()) && rule.Weight == 0 && p.Pool.File == nil { // it is there, without its key
		switch {
		case p.Pool.Kind == edge.LoosePool:
			return cause{key: "key " + leafKey(f), act: ownSteps}
		case leaf == right.Certificate && right.Usable():
			return cause{key: "key " + leafKey(f), act: carry, group: group}
		}
	}
	if p.Pool.Kind == edge.LoosePool { // each for itself
		return cause{key: "leaf " + leafKey(f), act: renew, group: group}
	}
	if !right.Usable() || p.Pool.File != nil || rule.Weight > 0 && right.Certificate != nil && edge.Holds(f.Certificates, right.Certificate) && (f.Ahead || p.presentedAt(right.Certificate, f.Cells)) {
		return cause{key: fmt.Sprint("renew ", group), act: renew, group: group}
	}
	return cause{key: fmt.Sprint("carry ", group), act: carry, group: group}
}

// assignedNewer says whether all that captures lack is a restart: by the
// inventory another certificate that lasts longer is assigned to each.
func (p *planner) assignedNewer(cells []int) bool {
	if len(cells) == 0 || p.Pool.File != nil {
		return false
	}
	assigned := false
	for _, i := range cells {
		c := p.Captures[i]
		r, known := p.Pool.Assigned(c.Endpoint.Member, c.Endpoint.Role)
		if c.Endpoint.Role == edge.XMPP && !known {
			continue // few inventories hold it
		}
		if leaf := c.Leaf(); !known || leaf == nil || strings.EqualFold(r.Thumbprint, leaf.Thumbprint()) || !r.NotAfter.After(leaf.NotAfter()) {
			return false
		}
		assigned = true
	}
	return assigned
}

func leafKey(f finding.Finding) string {
	if len(f.Certificates) == 0 {
		return f.Rule
	}
	return f.Certificates[0].Fingerprint.String()
}

func (p *planner) presentedAt(leaf *edge.Certificate, cells []int) bool {
	return slices.ContainsFunc(cells, func(i int) bool { return p.presents(i, leaf) })
}

func (p *planner) presents(i int, leaf *edge.Certificate) bool {
	return edge.Holds(p.Captures[i].Leaves(), leaf)
}

// groupOf is the certificate group of the first captures; what blames nobody
// belongs to the first.
func (p *planner) groupOf(cells []int) []edge.Role {
	groups := p.Groups()
	for _, g := range groups {
		if len(cells) > 0 && p.xmppApart(g, cells) {
			return []edge.Role{edge.XMPP}
		}
		if len(cells) > 0 && !p.others(edge.AV, cells) && slices.Contains(g, edge.AV) && p.AVApart() {
			return []edge.Role{edge.AV}
		}
		if len(cells) > 0 && slices.Contains(g, p.Captures[cells[0]].Endpoint.Role) {
			return g
		}
	}
	if len(groups) == 0 {
		return nil
	}
	return groups[0]
}

// others says whether captures are of other services than r, too.
func (p *planner) others(r edge.Role, cells []int) bool {
	return slices.ContainsFunc(cells, func(i int) bool { return p.Captures[i].Endpoint.Role != r })
}

func (p *planner) onlyBalancer(cells []int) bool {
	return len(cells) > 0 && p.membersAsked() && !slices.ContainsFunc(cells, func(i int) bool { return !p.Captures[i].Endpoint.VIP })
}

// down is what has to be brought back: a service that answers on no member, else
// the members.
func (p *planner) down(cells []int) []string {
	if p.failed == len(p.Captures) && p.failed > 1 {
		return []string{everything}
	}
	if len(cells) > 0 && p.nobodyServes(p.Captures[cells[0]].Endpoint) {
		return []string{place(p.Captures[cells[0]].Endpoint)}
	}
	return p.Names(cells)
}

const everything = "every endpoint"

// nobodyServes says whether the service of an endpoint answers on no member, of
// several.
func (p *planner) nobodyServes(e edge.Endpoint) bool {
	a := p.places[serviceOf(e)]
	return e.Role != edge.Other && a.planned > 1 && a.seen == 0
}

// authorities names the CA certificates that a finding is about.
func (p *planner) authorities(f finding.Finding) string {
	out := edge.Map(p.above(f), func(c *edge.Certificate) string { return c.Fingerprint.String() })
	slices.Sort(out)
	return strings.Join(out, " ")
}

// above are a finding's certificates that its captures do not present as leaves.
func (p *planner) above(f finding.Finding) []*edge.Certificate {
	return slices.DeleteFunc(slices.Clone(f.Certificates), func(c *edge.Certificate) bool { return p.presentedAt(c, f.Cells) })
}
