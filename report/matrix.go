package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// A matrix is a pool at a glance: members down, services across, and in each
// cell who was met there.
type matrix struct {
	rows    []string
	columns []column
	cells   map[position]string // the marks of one cell, joined by "/"
	marks   []string            // every mark that is no letter, by first appearance
}

type position struct{ row, column int }

// A column is one service and port.
type column struct {
	role edge.Role
	port int
}

// head is the column's name on one line, "access:443", or the role above the
// port on two.
func (c column) head(twoLines bool) string {
	port := strconv.Itoa(c.port)
	switch {
	case c.role == edge.Other:
		return ":" + port
	case twoLines:
		return string(c.role) + "\n" + port
	default:
		return string(c.role) + ":" + port
	}
}

// notPlanned marks a cell that nobody expects anything of.
const notPlanned = "-"

// letters gives each distinct leaf of a pool its letter, by first appearance in
// the order of the endpoints: audit names them so in its messages. The second
// result lists the leaves in that order.
func letters(p Pool) (map[string]string, []string) {
	byID := map[string]string{}
	var order []string
	for _, e := range p.Endpoints {
		if e.Certificate == nil {
			continue
		}
		if _, known := byID[*e.Certificate]; !known {
			byID[*e.Certificate] = audit.Letter(len(order))
			order = append(order, *e.Certificate)
		}
	}
	return byID, order
}

func newMatrix(p Pool, byID map[string]string) matrix {
	m := matrix{cells: map[position]string{}}
	rows := map[string]int{}
	for _, e := range p.Endpoints {
		if name := rowName(e); !slices.Contains(m.rows, name) {
			rows[name] = len(m.rows)
			m.rows = append(m.rows, name)
		}
		if c := (column{e.Role, e.ServicePort}); !slices.Contains(m.columns, c) {
			m.columns = append(m.columns, c)
		}
	}
	slices.SortStableFunc(m.columns, func(a, b column) int {
		return cmp.Or(cmp.Compare(a.role.Order(), b.role.Order()), cmp.Compare(a.port, b.port))
	})
	seen := map[position][]string{}
	for _, e := range p.Endpoints {
		at := position{rows[rowName(e)], slices.Index(m.columns, column{e.Role, e.ServicePort})}
		for _, mark := range cellMarks(e, byID) {
			if !slices.Contains(seen[at], mark) {
				seen[at] = append(seen[at], mark)
			}
			if !isLetter(mark) && !slices.Contains(m.marks, mark) {
				m.marks = append(m.marks, mark)
			}
		}
	}
	for at, marks := range seen {
		m.cells[at] = strings.Join(marks, "/")
	}
	if len(m.cells) < len(m.rows)*len(m.columns) {
		m.marks = append(m.marks, notPlanned)
	}
	return m
}

func (m matrix) cell(row, column int) string {
	return cmp.Or(m.cells[position{row, column}], notPlanned)
}

// rowName is the member; hosts of the command line go by the name they were
// given as, with the address where the name has several.
func rowName(e Endpoint) string {
	if e.Role != edge.Other || e.FQDN == "" || e.FQDN == e.Member {
		return e.Member
	}
	if e.Member == "" {
		return e.FQDN
	}
	return e.FQDN + " " + e.Member
}

// cellMarks are what one endpoint puts into its cell: the letters of all leaves
// that it showed, or a word for why there is none.
func cellMarks(e Endpoint, byID map[string]string) []string {
	if e.Certificate == nil {
		if e.Outcome == edge.NoCertificate {
			return []string{"alive"}
		}
		return []string{classWord(e)}
	}
	var marks []string
	for _, id := range leaves(e) {
		mark, known := byID[id]
		if !known {
			mark = "other"
		}
		marks = append(marks, mark)
	}
	return marks
}

// isLetter tells a certificate's letter from a word: words are lower case.
func isLetter(mark string) bool { return mark != "" && mark[0] >= 'A' && mark[0] <= 'Z' }

func classOf(e Endpoint) edge.ErrorClass {
	if e.Error == nil {
		return ""
	}
	return e.Error.Class
}

// classWord is an error class in a word short enough for a cell.
func classWord(e Endpoint) string {
	switch classOf(e) {
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
	case edge.ClassRefused, edge.ClassTimeout, edge.ClassReset, edge.ClassProtocol:
		return string(classOf(e))
	default:
		return "failed"
	}
}

// markMeaning explains a mark of the matrix in the legend.
func markMeaning(mark string) string {
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
	case notPlanned:
		return "not planned"
	default:
		return "no certificate was captured"
	}
}
