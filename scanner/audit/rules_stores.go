package audit

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

func rootStoreMisplaced() Rule {
	return Rule{
		ID: "root-store-misplaced", Family: "trust", For: edgeAndInternal, Wire: true, Severity: Warning,
		Short: "has in its Root store what is no root", Mend: remedy.ByOwnSteps,
		Title: "by the inventory a member's Root store holds a certificate that is not self-signed",
		Doc: `Windows' store for trusted roots (Cert:\LocalMachine\Root) is for self-signed certificates alone. Since Windows Server
2012 an intermediate in it makes Schannel distrust certificates of its peers in mutual TLS: federation, and the connections
to the servers inside, fail with 0x800b0109 for certificates that are well, and services may not start. It happens when an
intermediate is imported into the wrong store, or handed out by group policy.

How to fix it: move it to the store for intermediate CAs, and restart:
    Get-ChildItem Cert:\LocalMachine\Root | Where-Object { $_.Subject -ne $_.Issuer } | Move-Item -Destination Cert:\LocalMachine\CA
If it comes back, a group policy hands it out: correct it there.`,
		Source:  `Microsoft's Lync support, "Checks to do in the Lync/Skype4B Certificate Store" (2015), check 1: "Windows Server 2012 ... started to check misplaced certificates and it affected Lync Server 2013"; the knowledge base article that it cites, "Lync Server 2013 Front-End service cannot start in Windows Server 2012"`,
		Applies: func(w *world) bool { return len(w.pool.Stores) > 0 },
		Run:     runMisplaced,
	}
}

func runMisplaced(w *world, r *result) {
	members := map[string][]string{}
	var order []edge.StoredCertificate
	for _, m := range w.pool.Members {
		if _, known := w.stores(m.Name); !known {
			r.couldNotTell("no inventory of the stores", w.ofMembers(m.Name)...)
		}
	}
	for _, s := range w.pool.Stores {
		found := w.misplaced(s)
		for _, c := range found {
			if members[c.Thumbprint] == nil {
				order = append(order, c)
			}
			members[c.Thumbprint] = append(members[c.Thumbprint], s.Member)
		}
		switch {
		case !s.Sorted:
			r.couldNotTell("the inventory does not say what in the Root store is not self-signed", w.ofMembers(s.Member)...)
		case len(found) == 0:
			r.pass()
		}
	}
	for _, c := range order {
		who := members[c.Thumbprint]
		has := "has"
		if len(who) > 1 {
			has = "have"
		}
		r.find(Finding{
			Subjects: []string{strings.ToUpper(c.Thumbprint)},
			Message: fmt.Sprintf("by the inventory %s %s %q, thumbprint %s, in the store for trusted roots, and it is not self-signed: its issuer is %q",
				list(who), has, c.Subject, strings.ToUpper(c.Thumbprint), c.Issuer),
			Steps: []Step{moveToCA(who, []string{c.Thumbprint})},
		}, w.serviceCells(edge.Access, who)...)
	}
}

// stores is what a member's stores hold by the inventory.
func (w *world) stores(member string) (edge.Store, bool) {
	n := slices.IndexFunc(w.pool.Stores, func(s edge.Store) bool { return s.Member == member })
	if n < 0 {
		return edge.Store{}, false
	}
	return w.pool.Stores[n], true
}

// misplaced is what is no root in a Root store: what the inventory says, and
// what is known from a chain on the wire.
func (w *world) misplaced(s edge.Store) []edge.StoredCertificate {
	out := slices.Clone(s.Misplaced)
	for _, c := range w.captures {
		if len(c.Chain) < 2 {
			continue
		}
		for _, above := range c.Chain[1:] {
			thumb := above.Thumbprint()
			told := slices.ContainsFunc(out, func(o edge.StoredCertificate) bool { return o.Thumbprint == thumb })
			if !told && above.X509 != nil && !trust.IsSelfSigned(above) && slices.Contains(s.Root, thumb) {
				out = append(out, edge.StoredCertificate{Thumbprint: thumb, Subject: above.Subject(), Issuer: above.Issuer()})
			}
		}
	}
	return out
}

// moveToCA takes certificates out of the members' Root stores.
func moveToCA(members, thumbprints []string) Step {
	var commands []string
	for _, t := range thumbprints {
		if t = remedy.HexOnly(t); t != "" {
			commands = append(commands, `Move-Item Cert:\LocalMachine\Root\`+t+` -Destination Cert:\LocalMachine\CA`)
		}
	}
	return Step{On: members, Text: "move what is no root to the store for intermediate CAs", Commands: commands, Restart: true}
}

// whereMissing sorts members by what their stores say of intermediates that they
// do not send: in the store for intermediate CAs already, in the Root store by
// mistake, or, of the rest, in neither, where absent says that it is certain.
func (w *world) whereMissing(members []string, missing []*edge.Certificate) (stored, misplaced, rest []string, absent bool) {
	absent = true
	for _, m := range members {
		s, known := w.stores(m)
		in := func(list []string) bool {
			return !slices.ContainsFunc(missing, func(c *edge.Certificate) bool { return !slices.Contains(list, c.Thumbprint()) })
		}
		switch {
		case known && in(s.CA):
			stored = append(stored, m)
		case known && in(append(slices.Clone(s.CA), s.Root...)):
			misplaced = append(misplaced, m)
		default:
			rest = append(rest, m)
			absent = absent && known
		}
	}
	return stored, misplaced, rest, absent && len(rest) > 0
}

// storesSay is what the inventory knows of intermediates that are not sent.
func (w *world) storesSay(g chainGroup) string {
	stored, misplaced, rest, absent := w.whereMissing(w.names(g.at), g.trust.Missing)
	var parts []string
	for _, p := range []struct {
		who []string
		has string
	}{{stored, "in the store for intermediate CAs of"}, {misplaced, "in the Root store, where it does not belong, of"}, {rest, "in no store of"}} {
		if len(p.who) > 0 && (absent || p.has != "in no store of") {
			parts = append(parts, p.has+" "+list(p.who))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; by the inventory it is " + list(parts)
}
