package audit

import (
	"slices"
	"strings"
	"time"

	"edgecert/scanner/edge"
)

// inventoried changes a member's record of one use.
func inventoried(member, use string, change func(*edge.InventoryRecord)) func(*testWorld) {
	return func(w *testWorld) {
		for i := range w.pool().Inventory {
			if r := &w.pool().Inventory[i]; r.Member == member && r.Use == use {
				change(r)
			}
		}
	}
}

// overUDP3478 has the relay asked over UDP, and answer on the first n members.
func overUDP3478(n int) func(*testWorld) {
	return func(w *testWorld) {
		for i, c := range w.cells(edge.AV) {
			c.UDP = &edge.Turn{Live: i < n}
		}
	}
}

func avCases() []ruleCase {
	speaksTLS := func(w *testWorld) { present(w.cell("edge1", edge.Access, 443).Leaf(), w.cell("edge2", edge.AV, 443)) }
	other := strings.Repeat("ab", 20)
	return []ruleCase{
		{rule: "av-not-observable", name: "the healthy pool", want: Found, change: unchanged, at: "av 443", says: []string{"a live relay", "by design"}},
		{rule: "av-not-observable", name: "UDP 3478 answers on one member alone", want: Found, change: overUDP3478(1), at: "edge1 av 443", count: 2, says: []string{"a live relay, which answers on UDP 3478 too; its"}, also: []string{"relay-silent"}},
		{rule: "av-not-observable", name: "UDP 3478 is silent", want: Found, change: overUDP3478(0), at: "av 443", says: []string{"edge1, edge2 and edge3"}, also: []string{"relay-silent"}},
		{rule: "av-not-observable", name: "real TLS everywhere", want: Pass, change: func(w *testWorld) {
			present(w.cell("edge1", edge.Access, 443).Leaf(), w.cells(edge.AV)...)
		}, also: []string{"av-presents-certificate"}},
		{rule: "av-presents-certificate", name: "one A/V address speaks real TLS", want: Found, change: speaksTLS, at: "edge2 av 443", says: []string{"got real TLS with certificate A"}},
		{rule: "av-presents-certificate", name: "one A/V address is down", want: CouldNotTell, change: func(w *testWorld) { down(edge.ClassRefused, w.cell("edge2", edge.AV, 443)) }, also: []string{idUnreachable}},
		{
			rule: "differs-across-services", name: "a lone member's A/V address presents an inspector's certificate", want: Found,
			change: func(w *testWorld) { lone(w); present(sameKeyLeaf(w), w.cell("edge1", edge.AV, 443)) },
			at:     "edge1 av 443", also: []string{"av-presents-certificate"},
		},
		{
			rule: "av-certificate-differs", name: "one member's inventory names another", want: Found,
			change: inventoried("edge2", edge.TypeAV, func(r *edge.InventoryRecord) { r.Thumbprint = other }),
			at:     "edge2 av 443", says: []string{"edge1 and edge3: thumbprint ", "edge2: thumbprint " + strings.ToUpper(other)}, fix: "Set-CsCertificate -Type AudioVideoAuthentication",
		},
		{
			rule: "av-certificate-differs", name: "all members' inventory names what the wire does not show", want: Found, severity: Warning,
			change: func(w *testWorld) {
				for _, m := range w.pool().Members {
					inventoried(m.Name, edge.TypeAV, func(r *edge.InventoryRecord) { r.Thumbprint = other })(w)
				}
			},
			at: "av 443", says: []string{"by the inventory every A/V Edge has a certificate of its own", "which no endpoint presents"},
			fix: `write "certificates access+webcon+xmpp av"`,
		},
		{
			rule: "av-certificate-differs", name: "the same with certificates per-service", want: Pass,
			change: func(w *testWorld) {
				w.perService()
				for _, m := range w.pool().Members {
					inventoried(m.Name, edge.TypeAV, func(r *edge.InventoryRecord) { r.Thumbprint = other })(w)
				}
			},
		},
		{
			rule: "inventory-expired", severity: Error, name: "A/V expired in a pool of separate certificates", want: Found,
			change: func(w *testWorld) {
				w.perService()
				w.pool().Inventory = w.pool().Inventory[:3]
				w.pool().Members = w.pool().Members[:1]
				w.ev.Captures = w.ev.Captures[:5]
				inventoried("edge1", edge.TypeAV, func(r *edge.InventoryRecord) { r.Thumbprint, r.NotAfter = other, today().Add(-24*time.Hour) })(w)
			},
			at: "edge1", says: []string{"expired 2026-05-31"}, also: []string{"dns-unknown-address"},
		},
		{
			rule: "av-certificate-differs", name: "one member's inventory, no other's, names what the wire does not show", want: Found,
			change: func(w *testWorld) {
				w.pool().Inventory = slices.DeleteFunc(w.pool().Inventory, func(r edge.InventoryRecord) bool { return r.Member != "edge2" })
				inventoried("edge2", edge.TypeAV, func(r *edge.InventoryRecord) { r.Thumbprint = other })(w)
			},
			at: "edge2 av 443", says: []string{"is not the one that Access and Web Conferencing should present: edge2: thumbprint"},
			fix: "on edge2: if not, assign the pool's certificate and restart: Set-CsCertificate -Type AudioVideoAuthentication",
		},
		{
			rule: "av-certificate-differs", name: "a member without an inventory", want: CouldNotTell,
			change: func(w *testWorld) {
				w.pool().Inventory = slices.DeleteFunc(w.pool().Inventory, func(r edge.InventoryRecord) bool { return r.Member == "edge3" })
			},
		},
		{
			rule: "av-certificate-differs", name: "the next one staged on all members", want: Pass,
			change: func(w *testWorld) { w.stage("edge1", "edge2", "edge3") },
		},
		{
			rule: "av-certificate-differs", name: "the next one staged on two of three members", want: Found, severity: Warning,
			change: func(w *testWorld) { w.stage("edge1", "edge2") }, at: "edge3 av 443", says: []string{"edge1 and edge2", "not on edge3"}, fix: "-Roll",
		},
		{
			rule: "inventory-expired", name: "the internal certificate ends in twenty days", want: Found,
			change: func(w *testWorld) {
				w.pool().Inventory = append(w.pool().Inventory, edge.InventoryRecord{Member: "edge2", Use: edge.TypeInternal, Thumbprint: strings.Repeat("cd", 20),
					NotBefore: date(2025, 6, 21), NotAfter: date(2026, 6, 21), Source: "certs-edge2.json record 4"})
			},
			at: "edge2", says: []string{"Internal of edge2", "expires 2026-06-21, in 19 days", "certs-edge2.json"}, fix: "Internal",
		},
		{
			rule: "av-certificate-differs", name: "different ones staged", want: Found,
			change: func(w *testWorld) {
				w.stage("edge1", "edge2", "edge3")
				r := &w.pool().Inventory[len(w.pool().Inventory)-1]
				r.Thumbprint, r.NotBefore = strings.Repeat("ef", 20), today()
			},
			at: "av 443", says: []string{"edge3: thumbprint EFEF"}, fix: "on edge1 and edge2: copy that file there, import it and stage it for the same day: Import-CsCertificate",
		},
		{
			rule: "inventory-expired", severity: Error, name: "A/V expired on all members of a pool of separate certificates", want: Found,
			change: func(w *testWorld) {
				w.perService()
				for _, m := range w.pool().Members {
					inventoried(m.Name, edge.TypeAV, func(r *edge.InventoryRecord) { r.Thumbprint, r.NotAfter = other, today().Add(-24*time.Hour) })(w)
				}
			},
			at: "pool", says: []string{"of edge1, edge2 and edge3, thumbprint", "expired 2026-05-31"}, fix: "Request-CsCertificate -New -Type AudioVideoAuthentication -",
		},
		{rule: "av-certificate-differs", name: "no inventory", want: NotApplicable, change: func(w *testWorld) { w.pool().Inventory = nil }},
	}
}

// stage assigns the next A/V certificate with -Roll.
func (w *testWorld) stage(members ...string) {
	for _, m := range members {
		w.pool().Inventory = append(w.pool().Inventory, edge.InventoryRecord{Member: m, Use: edge.TypeAV, Staged: true,
			Thumbprint: strings.Repeat("cd", 20), NotAfter: today().Add(300 * day)})
	}
}
