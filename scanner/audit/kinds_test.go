package audit

import (
	"crypto/x509"
	"math/big"
	"slices"
	"strings"
	"testing"

	"edgecert/scanner/edge"
)

// perService gives each service a certificate of its own.
func (w *testWorld) perService() {
	w.pool().Groups, w.pool().XMPPDeclared = nil, true
	for _, s := range w.pool().Services {
		w.pool().Groups = append(w.pool().Groups, []edge.Role{s.Role})
	}
}

// ofKind makes the healthy pool's members serve names of their own.
func ofKind(w *testWorld, kind edge.PoolKind, role edge.Role, names ...string) {
	p := w.pool()
	p.Kind, p.SIPDomains, p.ExtraNames, p.Inventory, p.DNS, p.Services = kind, nil, nil, nil, nil, nil
	var captures []edge.Capture
	for _, name := range names {
		p.Services = append(p.Services, edge.Service{Role: role, FQDN: name, Ports: []int{443}})
		for _, m := range p.Members {
			c := *w.cell(m.Name, edge.Access, 443)
			c.Endpoint.Role, c.Endpoint.FQDN = role, name
			captures = append(captures, c)
		}
	}
	w.ev.Captures = captures
}

// What only an Edge has to be is asked of no other server, and no command of the
// Edge is advised there.
func TestKindsOfPool(t *testing.T) {
	t.Parallel()
	bare := func(c *leafTemplate) { // right for a web server, wrong in every way for an Edge
		c.Subject.CommonName, c.DNSNames, c.CRLDistributionPoints = "*.contoso.com", []string{"*.contoso.com"}, nil
	}
	for _, c := range []struct {
		name  string
		kind  edge.PoolKind
		role  edge.Role
		leaf  leafOption
		names []string
		want  []string // rules that find an error or a warning
	}{
		{"a wildcard on a reverse proxy", edge.WebPool, edge.Web, bare, []string{"meet.contoso.com"}, nil},
		{"a name that the wildcard does not cover", edge.WebPool, edge.Web, bare, []string{"meet.contoso.com", "dialin.fabrikam.com"}, []string{"host-name-missing"}},
		{"a wildcard on the internal side", edge.InternalPool, edge.Internal, bare, []string{"edgepool.contoso.com"}, []string{"host-name-missing"}},
		{"for clients alone", edge.WebPool, edge.Web, func(c *leafTemplate) { bare(c); c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} },
			[]string{"meet.contoso.com"}, []string{"server-auth-missing"}},
		{"a partner without the name that is followed", edge.PartnerPool, edge.Access, bare, []string{"exp.tailspin.example"}, []string{"srv-target-name-missing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			ofKind(w, c.kind, c.role, c.names...)
			leaf := makeLeaf(t, c.leaf)
			for i := range w.ev.Captures {
				present(leaf, &w.ev.Captures[i])
			}
			j := w.judge()
			var got []string
			for _, f := range j.Findings {
				if f.Severity != Info {
					got = append(got, f.Rule)
				}
				if strings.Contains(f.Fix, "-Cs") {
					t.Errorf("%s: a command of the Edge: %s", f.Rule, f.Fix)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
			for _, r := range Rules() {
				if r.For == edgeAlone && j.Rules[r.ID] != NotApplicable {
					t.Errorf("%s is %s", r.ID, j.Rules[r.ID])
				}
			}
		})
	}
}

// Each group of roles has its one certificate, names due and right one.
func TestGroups(t *testing.T) {
	t.Parallel()
	other := func(names ...string) leafOption {
		return func(c *leafTemplate) {
			c.SerialNumber, c.DNSNames = big.NewInt(0xa7), append(names, c.Subject.CommonName)
		}
	}
	w := healthy(t)
	w.pool().Groups, w.pool().XMPPDeclared, w.pool().Inventory = [][]edge.Role{{edge.Access, edge.XMPP}, {edge.WebConf}, {edge.AV}}, true, nil
	webcon := makeLeaf(t, other("webcon.contoso.com"))
	present(webcon, w.cells(edge.WebConf)...)
	j := w.judge()
	for _, f := range j.Findings {
		if f.Severity == Error {
			t.Errorf("%s: %s", f.Rule, f.Message)
		}
	}
	if got := j.Right[edge.WebConf]; got == nil || got.Fingerprint != webcon.Fingerprint {
		t.Errorf("right of webcon is %v", got)
	}
	if a, x := j.Right[edge.Access], j.Right[edge.XMPP]; a == nil || a != x || a.Fingerprint == webcon.Fingerprint {
		t.Errorf("right of access and xmpp are %v and %v", a, x)
	}
}

// XMPP's certificate is assigned, forgotten and mended like the others; one of
// its own on every member only the administrator can explain.
func TestXMPPIsTheFourthType(t *testing.T) {
	t.Parallel()
	own := func(w *testWorld) *edge.Certificate {
		return makeLeaf(w.t, func(c *leafTemplate) {
			c.SerialNumber, c.DNSNames = big.NewInt(0xa8), append(c.DNSNames, "contoso.com")
		})
	}
	w := healthy(t)
	w.pool().Inventory = nil
	present(oldLeaf(w), w.cell("edge2", edge.XMPP, 5269))
	j := w.judge()
	if len(j.Problems) != 1 || !slices.Equal(j.Problems[0].Members, []string{"edge2"}) || j.Problems[0].Severity != Error {
		t.Fatalf("forgotten on one: %+v", j.Problems)
	}
	if plan := commands(j); !strings.Contains(plan, "Set-CsCertificate -Type XmppServer -Thumbprint ") || strings.Contains(plan, "AccessEdge") {
		t.Errorf("forgotten on one: plan %s", plan)
	}
	w = healthy(t)
	w.pool().Inventory = nil
	present(own(w), w.cells(edge.XMPP)...)
	j = w.judge()
	if len(j.Problems) != 1 || j.Problems[0].Severity != Warning {
		t.Fatalf("on all: %+v", j.Problems)
	}
	if f := j.Findings[j.Problems[0].Findings[0]]; f.Rule != idServices || !strings.Contains(f.Fix, `write "certificates access+webcon+av xmpp"`) || !strings.Contains(f.Fix, "-Type XmppServer") {
		t.Errorf("on all: %s, fix %s", f.Rule, f.Fix)
	}
}

// commands are all commands of a plan, a line each.
func commands(j Judgement) string {
	var out []string
	for _, s := range j.Steps {
		out = append(out, s.Commands...)
	}
	return strings.Join(out, "\n")
}
