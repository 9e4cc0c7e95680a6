package report

import (
	"net"
	"strconv"
	"strings"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// Where is the place of a finding in the words of the matrix: its one cell, or
// what all of its cells have in common.
func (p Pool) Where(f audit.Finding) string {
	if len(f.Cells) == 1 {
		e := p.Captures[f.Cells[0]].Endpoint
		place := e.Place()
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
