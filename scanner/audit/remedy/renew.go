package remedy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"edgecert/scanner/audit/finding"
	"edgecert/scanner/edge"
)

// renewSteps request a certificate with all the names that are due, bring it to
// every member and assign it for the types of the group.
func (p *planner) renewSteps(x cause) []finding.Step {
	if leaf := p.early(x); leaf != nil {
		return []finding.Step{{Text: "wait until " + leaf.NotBefore().UTC().Format(time.DateOnly) + " before it is assigned"}}
	}
	if !p.Pool.IsEdge() {
		return []finding.Step{{On: p.membersOf(x), Text: "have a new certificate issued that mends this, and install it there"}}
	}
	for _, q := range edge.CertificateRequests(p.Pool) {
		if len(x.group) > 0 && slices.Contains(q.Types, edge.CertificateType(x.group[0])) {
			return p.requestSteps(x, q)
		}
	}
	return []finding.Step{{Text: "request a certificate with the right names and use, and assign it"}}
}

// early is the file's or expected certificate, where nothing is wrong with it but
// that its time has not come; nil where it is presented already.
func (p *planner) early(x cause) *edge.Certificate {
	leaf := p.choice(x.group).Certificate
	if leaf == nil || p.Pool.File == nil && (!p.choice(x.group).Expected || p.presentedAt(leaf, x.cells)) {
		return nil
	}
	found := false
	for _, i := range x.findings {
		f := p.findings[i]
		if r := p.Rule(f.Rule); edge.Holds(f.Certificates, leaf) && r.Weight > 0 {
			if !r.Early {
				return nil
			}
			found = true
		}
	}
	if !found {
		return nil
	}
	return leaf
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
	p.requested[fmt.Sprint(x.group)] = file
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
			return !p.Pool.XMPPDeclared && p.apartOnWire(edge.XMPP, right.Certificate)
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
