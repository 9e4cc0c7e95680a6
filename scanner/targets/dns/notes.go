package dns

import (
	"fmt"
	"slices"

	"edgecert/scanner/edge"
)

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
		for _, ip := range p.DNS.Name(s.FQDN).Addresses {
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

// PartNotes tells what was found in part only: one family did not answer, or
// there is more than is taken. A member may hide behind it.
func PartNotes(d *edge.DNS) []string {
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
