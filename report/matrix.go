package report

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"edgecert/scanner/edge"
)

// A Matrix is a pool at a glance: members down, services across, and in each
// cell who was met there.
type Matrix struct {
	Rows    []string
	Columns []Column
	Marks   []string            // every mark that is no letter, by first appearance
	cells   map[position]string // the marks of one cell, joined by "/"
}

type position struct{ row, column int }

// A Column is one service and port.
type Column struct {
	Role edge.Role
	Port int
}

// Head is the column's name on one line, "access:443", or the role above the
// port on two.
func (c Column) Head(twoLines bool) string {
	port := strconv.Itoa(c.Port)
	switch {
	case c.Role == edge.Other:
		return ":" + port
	case twoLines:
		return string(c.Role) + "\n" + port
	default:
		return string(c.Role) + ":" + port
	}
}

// NotPlanned marks a cell that nobody expects anything of.
const NotPlanned = "-"

// NewMatrix lays a pool out.
func NewMatrix(p Pool) Matrix {
	m := Matrix{cells: map[position]string{}}
	rows, columns := map[string]int{}, map[Column]int{}
	for i := range p.Captures {
		c := &p.Captures[i]
		if name := RowName(c.Endpoint); rows[name] == 0 {
			m.Rows = append(m.Rows, name)
			rows[name] = len(m.Rows)
		}
		columns[Column{c.Role, c.ServicePort}] = 0
	}
	m.Columns = slices.SortedFunc(maps.Keys(columns), func(a, b Column) int {
		return cmp.Or(cmp.Compare(a.Role.Order(), b.Role.Order()), cmp.Compare(a.Port, b.Port))
	})
	for i, c := range m.Columns {
		columns[c] = i
	}
	seen := map[position][]string{}
	for i := range p.Captures {
		c := &p.Captures[i]
		at := position{rows[RowName(c.Endpoint)] - 1, columns[Column{c.Role, c.ServicePort}]}
		for _, mark := range p.CellMarks(c) {
			if !slices.Contains(seen[at], mark) {
				seen[at] = append(seen[at], mark)
			}
			if !IsLetter(mark) && !slices.Contains(m.Marks, mark) {
				m.Marks = append(m.Marks, mark)
			}
		}
	}
	for at, marks := range seen {
		m.cells[at] = strings.Join(marks, "/")
	}
	if len(m.cells) < len(m.Rows)*len(m.Columns) {
		m.Marks = append(m.Marks, NotPlanned)
	}
	return m
}

// Cell is what stands in a row and column.
func (m Matrix) Cell(row, column int) string {
	return cmp.Or(m.cells[position{row, column}], NotPlanned)
}

// TooTall says whether a matrix would scroll its own head away: more rows than
// any Edge pool has members.
func (p Pool) TooTall() bool {
	const maxRows = 48
	rows := map[string]bool{}
	for i := range p.Captures {
		if rows[RowName(p.Captures[i].Endpoint)] = true; len(rows) > maxRows {
			return true
		}
	}
	return false
}

// RowName is the member; hosts of the command line go by the name they were
// given as, with the address where the name has several.
func RowName(e edge.Endpoint) string {
	if e.Role != edge.Other || e.FQDN == "" || e.FQDN == e.Member {
		return e.Member
	}
	if e.Member == "" {
		return e.FQDN
	}
	return e.FQDN + " " + e.Member
}

// CellMarks are what one endpoint puts into its cell: the letters of all leaves
// that it presented, or a word for why there is none.
func (p Pool) CellMarks(c *edge.Capture) []string {
	if c.Leaf() == nil {
		if c.Outcome == edge.NoCertificate {
			return []string{"alive"}
		}
		return []string{classWord(c.Fault)}
	}
	var marks []string
	for _, leaf := range c.Leaves() {
		marks = append(marks, cmp.Or(p.Letters[leaf.Fingerprint], "other"))
	}
	return marks
}

// IsLetter tells a certificate's letter from a word: words are lower case.
func IsLetter(mark string) bool { return mark != "" && mark[0] >= 'A' && mark[0] <= 'Z' }

// classWord is an error class in a word short enough for a cell.
func classWord(f *edge.Fault) string {
	if f == nil {
		return "failed"
	}
	switch f.Class {
	case edge.ClassDNS:
		return "no address"
	case edge.ClassUnreachable:
		return "no route"
	case edge.ClassNotTLS:
		return "not tls"
	case edge.ClassTLSAlert:
		return "alert"
	case edge.ClassTooLarge:
		return "too large"
	case edge.ClassBadCertificate:
		return "bad cert"
	case edge.ClassInterrupted:
		return "not run"
	case edge.ClassRefused, edge.ClassTimeout, edge.ClassReset, edge.ClassProtocol, edge.ClassLocal:
		return string(f.Class)
	default:
		return "failed"
	}
}

// MarkMeaning explains a mark of the matrix in the legend.
func MarkMeaning(mark string) string {
	switch mark {
	case "alive":
		return "answers, and by its protocol shows no certificate: not seen, not passed"
	case "other":
		return "a further certificate, seen in repeated handshakes only"
	case "no address":
		return "DNS gave no address to dial"
	case "refused":
		return "the connection was refused"
	case "timeout":
		return "no answer in time"
	case "reset":
		return "the connection was closed before a certificate came"
	case "no route":
		return "the address cannot be reached from here"
	case "not tls":
		return "something answers, and it is not TLS"
	case "alert":
		return "the server refused the handshake before its certificate"
	case "protocol":
		return "TLS that breaks its own rules"
	case "too large":
		return "more than a handshake may hold"
	case "bad cert":
		return "a certificate message that cannot be read"
	case "not run":
		return "the scan ended before it came to this one"
	case "local":
		return "not dialed: this host or its proxy could not"
	case NotPlanned:
		return "not planned"
	default:
		return "no certificate was captured"
	}
}
