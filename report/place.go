package report

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// placer calls the endpoints of a pool by their places, with the address where a
// name and port has several.
func (p Pool) placer() func(edge.Endpoint) string {
	type host struct {
		name string
		port int
	}
	first, several := map[host]netip.Addr{}, map[host]bool{}
	for i := range p.Captures {
		if e := &p.Captures[i].Endpoint; e.Role == edge.Other && e.FQDN != "" {
			at := host{e.FQDN, e.Port}
			if address, known := first[at]; known && address != e.Address {
				several[at] = true
			}
			first[at] = e.Address
		}
	}
	return func(e edge.Endpoint) string {
		if e.Role == edge.Other && several[host{e.FQDN, e.Port}] && e.Address.IsValid() {
			return e.Place() + " at " + e.Address.String()
		}
		return e.Place()
	}
}

// Where is the place of a finding in the words of the matrix: its one cell, or
// what all of its cells have in common.
func (p Pool) Where(f audit.Finding) string {
	if len(f.Cells) == 1 {
		e := p.Captures[f.Cells[0]].Endpoint
		place := p.placer()(e)
		if e.ServicePort != e.Port && e.Role != edge.Other {
			place += " (dialed " + e.Dialed() + ")"
		}
		return place
	}
	var parts []string
	if f.Member != "" {
		parts = append(parts, f.Member)
	}
	switch {
	case f.Role == edge.Other && f.Port != 0 && f.Address != "": // several names at one address
		parts = []string{net.JoinHostPort(f.Address, strconv.Itoa(f.Port))}
	case f.Role == edge.Other && p.Plan.Listed():
		parts = []string{Plural(len(f.Cells), "endpoint")}
	case f.Role == edge.Other && f.Port != 0:
		parts = append(parts, ":"+strconv.Itoa(f.Port))
	case f.Role != "" && f.Port != 0:
		parts = append(parts, string(f.Role)+":"+strconv.Itoa(f.Port))
	case f.Role != "" && f.Role != edge.Other:
		parts = append(parts, string(f.Role))
	case f.Port != 0:
		parts = append(parts, ":"+strconv.Itoa(f.Port))
	}
	return strings.Join(parts, " ")
}
