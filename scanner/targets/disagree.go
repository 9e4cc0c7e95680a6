package targets

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// disagreements tells, by name, where an export says otherwise than what
// counts for the pool of that name: the targets file, or the export read first.
// Names that a targets file asks for beyond the topology are no disagreement:
// the list of domains is the user's to extend.
func disagreements(counts, export edge.Pool) []string {
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
			note("ports of "+s.Role.Title(), joinPorts(s.Ports), joinPorts(own.Ports))
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

// countNotes tells where DNS has another number of addresses than the pool has
// members, for services whose addresses come from DNS.
func countNotes(p edge.Pool) []string {
	if len(p.Members) < 2 || p.DNS == nil {
		return nil
	}
	var notes []string
	for _, s := range p.Services {
		if s.Role == edge.XMPP || slices.ContainsFunc(p.Members, func(m edge.Member) bool { return len(m.For(s.Role)) > 0 }) {
			continue
		}
		four, six := 0, 0
		for _, ip := range lookedUp(p.DNS, s.FQDN).Addresses {
			if ip.Is4() {
				four++
			} else {
				six++
			}
		}
		for _, n := range []int{four, six} {
			if n > 0 && n != len(p.Members) {
				notes = append(notes, fmt.Sprintf("DNS has %s for %s, and the pool %d members", addresses(n), s.FQDN, len(p.Members)))
			}
		}
	}
	return notes
}

// partNotes tells what was found in part only: one family did not answer, or
// there is more than is taken. A member may hide behind it.
func partNotes(d *edge.DNS) []string {
	const most = 20
	var notes []string
	for _, a := range d.Names {
		if a.Status == edge.Found && a.Error != "" {
			notes = append(notes, fmt.Sprintf("DNS of %s is known in part: %s", a.Name, a.Error))
		}
	}
	for _, a := range d.SRV {
		if a.Status == edge.Found && a.Error != "" {
			notes = append(notes, fmt.Sprintf("DNS of %s is known in part: %s", a.Query, a.Error))
		}
	}
	if further := len(notes) - most; further > 0 {
		notes = append(notes[:most], fmt.Sprintf("DNS of %d further names is known in part", further))
	}
	return notes
}

func addresses(n int) string {
	if n == 1 {
		return "1 address"
	}
	return fmt.Sprintf("%d addresses", n)
}
