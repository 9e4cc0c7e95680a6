package remedy

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/finding"
	"edgecert/scanner/edge"
)

// xmppApart says whether captures are XMPP's alone, which nobody declared, and
// which presents one certificate of its own on every member: forgotten on all of
// them, or meant so. Only the administrator knows.
func (p *planner) xmppApart(group []edge.Role, cells []int) bool {
	return len(group) > 1 && slices.Contains(group, edge.XMPP) && !p.Pool.XMPPDeclared && !p.others(edge.XMPP, cells) &&
		p.apartOnWire(edge.XMPP, p.choice(group).Certificate)
}

// eitherSteps are the two ways out for an XMPP proxy with a certificate of its
// own: the declaration, or the pool's certificate for XmppServer alone.
func (p *planner) eitherSteps(x cause) []finding.Step {
	out, orElse := []finding.Step{p.DeclareApart(edge.XMPP)}, "if not, "
	if p.Rule(p.worst(x).Rule).Weight > 0 {
		out[0].Text += ", and scan again for how to renew it"
	}
	x.group = p.Pool.Group(edge.XMPP)
	right := p.choice(x.group)
	if _, assigned, _ := p.wrongTypes(x, right.Thumbprint); len(assigned) > 0 { // the inventory knows, too
		out, orElse = nil, ""
	}
	pools := p.poolsForXMPP(x, right)
	pools[0].Text = orElse + pools[0].Text
	for i := range pools {
		pools[i].Optional = orElse != ""
	}
	return append(out, pools...)
}

// poolsForXMPP bring the pool's certificate to XMPP: the new one where the plan
// has asked for it, else the right one.
func (p *planner) poolsForXMPP(x cause, right Choice) []finding.Step {
	types := []string{edge.TypeXMPP}
	if file := p.requested[fmt.Sprint(x.group)]; file != "" {
		return []finding.Step{{On: p.membersOf(x), Text: "assign the new certificate for XMPP too", Commands: []string{assignFile(types, file)}, Restart: true}}
	}
	if right.Usable() {
		return p.carrySteps(x)
	}
	return []finding.Step{{On: p.membersOf(x), Text: "assign the pool's certificate, once it is mended, for the type " + edge.TypeXMPP}}
}

// DeclareApart is the line by which a pool's description says that a service has
// a certificate of its own.
func (c *Case) DeclareApart(r edge.Role) finding.Step {
	var groups []string
	for _, g := range c.Groups() {
		g = slices.DeleteFunc(slices.Clone(g), func(o edge.Role) bool { return o == r })
		if len(g) > 0 {
			groups = append(groups, strings.Join(edge.Map(g, func(o edge.Role) string { return string(o) }), "+"))
		}
	}
	return finding.Step{Text: fmt.Sprintf("if the %s is meant to have a certificate of its own, write %q into the pool's description",
		r.Title(), "certificates "+strings.Join(append(groups, string(r)), " "))}
}
