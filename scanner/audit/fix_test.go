package audit

import (
	"crypto/x509"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"edgecert/scanner/edge"
)

// A fix is pasted, so it holds nothing that must be replaced first, and its
// paths are whole: the cmdlets ask for that.
func TestFixesCanBePasted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testWorld){
		"one member without the names": func(w *testWorld) {
			present(makeLeaf(t, func(c *leafTemplate) { c.DNSNames = []string{"sip.contoso.com"} }), w.member("edge2")...)
		},
		"a certificate for everything but servers": func(w *testWorld) {
			w.everywhere(makeLeaf(t, func(c *leafTemplate) { c.ExtKeyUsage = nil }))
		},
		"certificates per service": func(w *testWorld) {
			w.perService()
			w.everywhere(makeLeaf(t, func(c *leafTemplate) { c.DNSNames = []string{"sip.contoso.com"} }))
		},
		"staged on two members": func(w *testWorld) { w.stage("edge1", "edge2") },
		"three A/V certificates": func(w *testWorld) {
			for i, m := range []string{"edge1", "edge2", "edge3"} {
				inventoried(m, edge.TypeAV, func(r *edge.InventoryRecord) { r.Thumbprint = strings.Repeat(string(rune('a'+i)), 40) })(w)
			}
		},
	} {
		w := healthy(t)
		change(w)
		fs := w.judge().Findings
		if len(fs) == 0 {
			t.Errorf("%s: nothing found", name)
		}
		for _, f := range fs {
			for _, bad := range []string{"<", `.\`, "...", "AllSipDomain"} {
				if strings.Contains(f.Fix, bad) {
					t.Errorf("%s: %s: the fix holds %q: %s", name, f.Rule, bad, f.Fix)
				}
			}
		}
	}
}

// A place that all members share, as behind a tunnel, is no place.
func TestAnAddressThatMembersShareIsNoPlace(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.everywhere(makeLeaf(t, func(c *leafTemplate) { c.DNSNames = c.DNSNames[1:] }))
	for i := range w.ev.Captures {
		w.ev.Captures[i].Endpoint.Address = w.ev.Captures[0].Endpoint.Address
	}
	fs := w.judge().Findings
	i := slices.IndexFunc(fs, func(f Finding) bool { return f.Rule == "access-name-missing" })
	if i < 0 || fs[i].Address != "" || fs[i].Member != "" {
		t.Errorf("%+v", fs)
	}
}

// A command takes no more than its service: one service's own certificate is
// never assigned to another one.
func TestFixesKeepToTheirService(t *testing.T) {
	t.Parallel()
	own := func(c *leafTemplate) { c.Subject.CommonName, c.DNSNames = "contoso.com", []string{"contoso.com"} }
	for name, c := range map[string]struct {
		change    func(*testWorld)
		want, not string
	}{
		"separate certificates": {func(w *testWorld) {
			w.perService()
			w.pool().Inventory = nil
			present(oldLeaf(w), w.cell("edge1", edge.Access, 5061), w.cell("edge2", edge.Access, 5061), w.cell("edge3", edge.Access, 5061))
		}, "-Type " + edge.TypeAccess + " -Thumbprint", edge.TypeWebConf},
		"an XMPP proxy with its own": {func(w *testWorld) {
			present(makeLeaf(t, own), w.cells(edge.XMPP)...)
			present(makeLeaf(t, func(c *leafTemplate) { own(c); valid(date(2026, 1, 1), date(2026, 5, 30))(c) }), w.cell("edge2", edge.XMPP, 5269))
		}, "Set-CsCertificate -Type XmppServer", "AccessEdgeExternal"},
		"load balancers alone": {func(w *testWorld) {
			behindVIP(w)
			present(oldLeaf(w), w.cell(edge.VIPMember, edge.WebConf, 443))
		}, "on every member that lacks it", "on vip"},
	} {
		w := healthy(t)
		c.change(w)
		found := 0
		for _, f := range w.judge().Findings {
			if f.Severity == Info {
				continue
			}
			found++
			if !strings.Contains(f.Fix, c.want) || strings.Contains(f.Fix, c.not) {
				t.Errorf("%s: %s: fix %q", name, f.Rule, f.Fix)
			}
		}
		if found < 2 {
			t.Errorf("%s: %d findings", name, found)
		}
	}
}

// Whatever a pool's members present, its fixes agree: they carry one
// certificate, one that is valid.
func TestFixesAgree(t *testing.T) {
	t.Parallel()
	carries := regexp.MustCompile(`on ([^:;]+): Set-CsCertificate -Type [A-Za-z,]+ -Thumbprint ([0-9A-F]{40})`)
	good := makeLeaf(t, nil)
	leaves := []*edge.Certificate{good, good, good}
	for n, change := range []leafOption{
		valid(date(2026, 1, 1), date(2026, 5, 30)), valid(date(2026, 7, 1), date(2026, 12, 30)), valid(date(2026, 1, 1), date(2026, 6, 20)),
		lacking("sip.fabrikam.com"), lacking("webcon.contoso.com"), usage(x509.ExtKeyUsageClientAuth),
		func(c *leafTemplate) { c.CRLDistributionPoints = nil },
	} {
		leaves = append(leaves, makeLeaf(t, func(c *leafTemplate) { change(c); c.SerialNumber = big.NewInt(int64(n + 1)) }))
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		w := healthy(t)
		for _, m := range w.pool().Members {
			leaf := leaves[random.IntN(len(leaves))]
			present(leaf, w.member(m.Name)...)
			if random.IntN(4) == 0 {
				present(leaves[random.IntN(len(leaves))], w.member(m.Name)[random.IntN(3)])
			}
			for _, use := range []string{edge.TypeAccess, edge.TypeWebConf, edge.TypeAV} {
				inventoried(m.Name, use, func(r *edge.InventoryRecord) {
					r.Thumbprint, r.NotBefore, r.NotAfter = leaf.Thumbprint(), leaf.NotBefore(), leaf.NotAfter()
				})(w)
			}
		}
		carried := map[string]string{}
		for _, f := range w.judge().Findings {
			for _, m := range carries.FindAllStringSubmatch(f.Fix, -1) {
				carried[m[2]] = f.Rule
			}
		}
		if len(carried) > 1 {
			t.Fatalf("several are carried: %v", carried)
		}
		for _, leaf := range leaves {
			if rule, ok := carried[thumbprint(leaf)]; ok && (leaf.NotAfter().Before(today()) || leaf.NotBefore().After(today())) {
				t.Fatalf("%s carries one that is not valid", rule)
			}
		}
	}
}
