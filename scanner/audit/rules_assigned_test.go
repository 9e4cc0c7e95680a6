package audit

import (
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

func assignedCases() []ruleCase {
	return []ruleCase{
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
		{rule: "assigned-not-presented", name: "no inventory", want: NotApplicable, change: func(w *testWorld) { w.pool().Inventory = nil }},
	}
}
