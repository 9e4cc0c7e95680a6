package audit

import (
	"math/big"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

func assignedCases() []ruleCase {
	started := func(days int) func(*edge.InventoryRecord) {
		return func(r *edge.InventoryRecord) { r.Started = r.NotBefore.AddDate(0, 0, days) }
	}
	return []ruleCase{
		{
			rule: "assigned-not-presented", name: "what is assigned began after the service was started", want: Found,
			change: inventoried("edge2", edge.TypeWebConf, func(r *edge.InventoryRecord) { r.Thumbprint = strings.Repeat("ab", 20); started(-3)(r) }),
			at:     "edge2 webcon 443", says: []string{": only the restart is missing"},
		},
		{
			rule: "restart-missing", name: "the relay's authentication has run since before", want: Found, change: inventoried("edge2", edge.TypeAV, started(-3)),
			at: "edge2 av 443", says: []string{"AudioVideoAuthentication of edge2", "it works with the one before"},
			fix: "on edge2: the certificate is assigned already, only the restart is missing",
		},
		{
			rule: "restart-missing", name: "the internal interface's has, too", want: Found,
			change: func(w *testWorld) {
				r := w.pool().Inventory[0]
				r.Use, r.Thumbprint = edge.TypeInternal, strings.Repeat("ab", 20)
				started(-3)(&r)
				w.pool().Inventory = append(w.pool().Inventory, r)
			},
			at: "edge1", says: []string{"Internal of edge1"},
		},
		{rule: "restart-missing", name: "restarted since", want: Pass, change: inventoried("edge2", edge.TypeAV, started(1))},
		{rule: "restart-missing", name: "as clocks and time zones can make it", want: Pass, change: inventoried("edge2", edge.TypeAV, started(-1))},
		{
			rule: "restart-missing", name: "staged, and taken up on its day", want: Pass,
			change: inventoried("edge2", edge.TypeAV, func(r *edge.InventoryRecord) { started(-3)(r); r.Effective = r.NotBefore.AddDate(0, 0, 1) }),
		},
		{rule: "restart-missing", name: "the wire shows it", want: Pass, change: inventoried("edge2", edge.TypeAccess, started(-3))},
		{rule: "restart-missing", name: "no start in the inventory", want: NotApplicable, change: unchanged},
		{
			rule: "assigned-not-presented", name: "one member's inventory is of another certificate", want: Found,
			change: inventoried("edge2", edge.TypeWebConf, func(r *edge.InventoryRecord) { r.Thumbprint = strings.Repeat("ab", 20) }),
			at:     "edge2 webcon 443", says: []string{"presents A (thumbprint ", "thumbprint ABABAB"}, fix: "on edge2: ",
		},
		{
			rule: "assigned-not-presented", name: "the new one on all members, who were not restarted", want: Found,
			change: func(w *testWorld) {
				for _, m := range w.pool().Members {
					inventoried(m.Name, edge.TypeAccess, func(r *edge.InventoryRecord) { r.Thumbprint = strings.Repeat("ab", 20) })(w)
				}
			},
			at: "access", says: []string{"edge1, edge2 and edge3 (access 443 and 5061) present A"}, fix: "on edge1, edge2 and edge3: ",
		},
		{
			rule: "assigned-not-presented", name: "not restarted on one member, which the others tell", want: Pass,
			change: func(w *testWorld) { present(oldLeaf(w), w.cell("edge2", edge.WebConf, 443)) },
			also:   []string{idMembers, "expires-soon"},
		},
		{
			rule: "assigned-not-presented", name: "a member without an inventory", want: CouldNotTell,
			change: func(w *testWorld) {
				w.pool().Inventory = slices.DeleteFunc(w.pool().Inventory, func(r edge.InventoryRecord) bool { return r.Member == "edge3" })
			},
		},
		{
			rule: "assigned-not-presented", name: "the next one staged", want: Pass,
			change: func(w *testWorld) {
				r := w.pool().Inventory[0]
				r.Thumbprint, r.Staged = strings.Repeat("ab", 20), true
				w.pool().Inventory = append([]edge.InventoryRecord{r}, w.pool().Inventory...)
			},
		},
		{
			rule: "assigned-not-presented", name: "XMPP, which the pool's serves and another is assigned to", want: Found,
			change: func(w *testWorld) { records(w, oldLeaf(w), "edge2") },
			at:     "edge2 xmpp 5269", fix: "on edge2: assign the certificate ", also: []string{"inventory-expired"},
		},
		{
			rule: "inventory-differs", name: "XMPP, which the pool is described without", want: Found,
			change: func(w *testWorld) {
				withoutXMPP(w)
				records(w, oldLeaf(w), "edge1")
				records(w, w.cell("edge1", edge.Access, 443).Leaf(), "edge2", "edge3")
			},
			at: "edge1", says: []string{"different certificates for XmppServer", "edge2 and edge3: thumbprint "}, fix: "Set-CsCertificate -Type XmppServer -Thumbprint ",
			also: []string{"inventory-expired"},
		},
		{
			rule: "inventory-differs", name: "XMPP that offers no TLS, and nobody has the pool's", want: Found,
			change: func(w *testWorld) {
				for _, c := range w.cells(edge.XMPP) {
					*c = edge.Capture{Endpoint: c.Endpoint, Outcome: edge.NoCertificate, Stage: edge.StageDone, Attempts: 1, XMPP: &edge.XMPPStream{}}
				}
				records(w, makeLeaf(w.t, func(c *leafTemplate) { c.SerialNumber = big.NewInt(101) }), "edge1", "edge2")
				records(w, makeLeaf(w.t, valid(date(2026, 5, 20), date(2026, 11, 16))), "edge3")
			},
			at: "xmpp 5269", severity: Error, says: []string{"edge3: thumbprint "}, fix: "on edge3: export the certificate with its private key: ",
		},
		{
			rule: "inventory-differs", name: "the same on all members", want: Pass,
			change: func(w *testWorld) { withoutXMPP(w); records(w, oldLeaf(w), "edge1", "edge2", "edge3") }, also: []string{"inventory-expired"},
		},
		{rule: "inventory-differs", name: "what the wire shows", want: NotApplicable, change: func(w *testWorld) { records(w, oldLeaf(w), "edge2") }, also: []string{"inventory-expired", "assigned-not-presented"}},
		{rule: "assigned-not-presented", name: "no inventory", want: NotApplicable, change: func(w *testWorld) { w.pool().Inventory = nil }},
	}
}

// withoutXMPP takes the XMPP proxy out of the pool's description.
func withoutXMPP(w *testWorld) {
	w.pool().Services = w.pool().Services[:3]
	w.ev.Captures = slices.DeleteFunc(w.ev.Captures, func(c edge.Capture) bool { return c.Endpoint.Role == edge.XMPP })
}
