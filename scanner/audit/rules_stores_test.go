package audit

import (
	"strings"

	"edgecert/scanner/edge"
)

// stored says what a member's stores hold, all of Root self-signed.
func (w *testWorld) stored(member string, ca, root []string) {
	w.pool().Stores = append(w.pool().Stores, edge.Store{Member: member, CA: ca, Root: root, Sorted: true})
}

func storeCases() []ruleCase {
	const rule = "root-store-misplaced"
	all := func(change func(*edge.Store)) func(*testWorld) {
		return func(w *testWorld) {
			for _, m := range w.pool().Members {
				w.stored(m.Name, nil, nil)
				change(&w.pool().Stores[len(w.pool().Stores)-1])
			}
		}
	}
	misplaced := func(s *edge.Store) {
		if s.Member != "edge2" {
			s.Misplaced = []edge.StoredCertificate{{Thumbprint: strings.Repeat("ab", 20), Subject: "CN=Issuing $(calc)", Issuer: "CN=Root"}}
		}
	}
	return []ruleCase{
		{
			rule: rule, name: "two members", want: Found, change: all(misplaced), at: "access",
			says: []string{`edge1 and edge3 have "CN=Issuing $(calc)", thumbprint ABAB`},
			fix:  `on edge1 and edge3: move what is no root to the store for intermediate CAs and restart, one member after the other: Move-Item Cert:\LocalMachine\Root\` + strings.Repeat("AB", 20) + " -Destination",
		},
		{
			rule: rule, name: "known from the wire alone", want: Found, at: "edge1 access",
			change: func(w *testWorld) {
				w.pool().Stores = []edge.Store{{Member: "edge1", Root: []string{testPKI().intermediate.Thumbprint()}}}
			},
			says: []string{"Example Issuing CA", "it is not self-signed"},
		},
		{rule: rule, name: "all in order", want: Pass, change: all(func(s *edge.Store) { s.Root = []string{testPKI().root.Thumbprint()} })},
		{rule: rule, name: "a file that lists thumbprints alone", want: CouldNotTell, change: all(func(s *edge.Store) { s.Sorted = false })},
		{rule: rule, name: "a member without one", want: CouldNotTell, change: func(w *testWorld) { w.stored("edge1", nil, nil) }},
		{rule: rule, name: "no inventory", want: NotApplicable, change: unchanged},
	}
}
