package topology

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets/syntax"
)

// Disagreements tells, by name, where an export says otherwise than what
// counts for the pool of that name: the targets file, or the export read first.
// Names that a targets file asks for beyond the topology are no disagreement:
// the list of domains is the user's to extend.
func Disagreements(counts, export edge.Pool) []string {
	var notes []string
	note := func(what, there, here string) {
		notes = append(notes, fmt.Sprintf("%s: %s in %s, %s in %s", what, there, export.Source, here, counts.Source))
	}
	for _, d := range export.SIPDomains {
		if !slices.Contains(counts.SIPDomains, d) {
			note("SIP domain "+d, "listed", "not")
		}
	}
	for _, s := range export.Services {
		own, ok := counts.Service(s.Role)
		switch {
		case !ok:
			note(s.Role.Title(), s.FQDN, "none")
		case own.FQDN != s.FQDN:
			note(s.Role.Title(), s.FQDN, own.FQDN)
		case !slices.Equal(slices.Sorted(slices.Values(own.Ports)), s.Ports):
			note("ports of "+s.Role.Title(), syntax.JoinPorts(s.Ports), syntax.JoinPorts(own.Ports))
		}
	}
	if len(counts.Members) > 0 && len(export.Members) > 0 {
		memberDisagreements(counts, export, note)
	}
	return notes
}

// memberDisagreements compares members, which a targets file may call by the
// first label of their name.
func memberDisagreements(counts, export edge.Pool, note func(what, there, here string)) {
	for _, m := range export.Members {
		i := slices.IndexFunc(counts.Members, func(o edge.Member) bool { return sameMember(m, o) })
		if i < 0 {
			note("member "+m.Name, "listed", "not")
			continue
		}
		for _, a := range m.Addresses {
			own := counts.Members[i].For(a.Role)
			if len(own) > 0 && !slices.ContainsFunc(own, func(o edge.Address) bool { return o.IP == a.IP }) {
				note(a.Role.Title()+" of member "+counts.Members[i].Name, a.IP.String(), own[0].IP.String())
			}
		}
	}
	for _, m := range counts.Members {
		if !slices.ContainsFunc(export.Members, func(o edge.Member) bool { return sameMember(o, m) }) {
			note("member "+m.Name, "not", "listed")
		}
	}
}

func sameMember(a, b edge.Member) bool {
	first := func(s string) string { label, _, _ := strings.Cut(s, "."); return label }
	return strings.EqualFold(a.Name, b.Name) || strings.EqualFold(first(a.Name), first(b.Name))
}
