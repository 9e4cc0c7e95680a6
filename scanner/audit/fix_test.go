package audit

import (
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
			w.pool().PerService = true
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
