package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// The bounds of the page: a browser lays out thousands of rows, a person reads
// a few. The JSON report has everything.
const (
	maxHTMLCertificates = 60
	maxHTMLEndpoints    = 150
	maxHTMLNames        = 100
	maxHTMLChain        = 12
)

// htmlPool is one pool.
type htmlPool struct {
	Anchor, Name string
	Verdict      htmlVerdict
	Facts        []string
	Matrix       *htmlMatrix // nil for a list of loose endpoints
	Failures     []htmlFailure
	Certificates []htmlCertificate
	MoreCerts    string
	Findings     []htmlFinding // errors and warnings
	Notes        []htmlFinding // information
	Endpoints    []htmlEndpoint
	MoreEnds     string
	Checks       []htmlChecks
	Remarks      []string
}

type htmlMatrix struct {
	Columns []htmlColumn
	Rows    []htmlRow
	Marks   []htmlMark
}

type htmlColumn struct{ Role, Port string }

type htmlRow struct {
	Name  string
	Cells [][]chip
}

type htmlMark struct {
	Chip    chip
	Meaning string
}

// htmlFailure is how many endpoints failed in one way, where there is no
// matrix to show it.
type htmlFailure struct{ Word, Meaning, Places string }

type htmlEndpoint struct {
	Place, Dialed, Outcome, TLS, Client, Handshake string
}

// htmlChecks is the rules of one outcome.
type htmlChecks struct {
	Label string
	Rules []string
}

func (b *htmlBuilder) pool(p Pool, anchor string) htmlPool {
	byID, order := letters(p)
	h := htmlPool{Anchor: anchor, Name: b.clean(p.Name), Verdict: newHTMLVerdict(p.Verdict)}
	h.Facts = append(counts(p.Findings), seenOf(p.Coverage()))
	if len(p.SIPDomains) > 0 {
		h.Facts = append(h.Facts, "SIP domains "+b.clean(some(p.SIPDomains, 8)))
	}
	loose := p.Plan.Kind == edge.LoosePool || tooTall(p)
	if loose {
		order = b.byCount(p, order)
		h.Failures = b.failureList(p, byID)
	} else {
		h.Matrix = b.htmlMatrix(newMatrix(p, byID), chipOrder(order))
	}
	places := chipOrder(order)
	if loose { // the letters stay those of the matrix, whatever the order
		_, original := letters(p)
		places = chipOrder(original)
	}
	l := legend{}
	for i, id := range order {
		if i == maxHTMLCertificates {
			h.MoreCerts = "and " + plural(len(order)-i, "more certificate") + ": see the JSON report"
			break
		}
		l[byID[id]] = b.r.Certificates[id]
		h.Certificates = append(h.Certificates, b.leaf(p, id, newChip(byID[id], places), loose))
	}
	h.Findings, h.Notes = b.findingLists(p, byID, l, places)
	h.Endpoints, h.MoreEnds = b.endpointList(p)
	h.Checks = b.checks(p)
	for _, n := range p.Plan.Notes[:min(len(p.Plan.Notes), 20)] {
		h.Remarks = append(h.Remarks, b.clean(n))
	}
	return h
}

func (b *htmlBuilder) htmlMatrix(m matrix, order map[string]int) *htmlMatrix {
	h := &htmlMatrix{}
	for _, c := range m.columns {
		head := htmlColumn{Role: string(c.role), Port: fmt.Sprint(c.port)}
		if c.role == edge.Other {
			head.Role = "port"
		}
		h.Columns = append(h.Columns, head)
	}
	for i, name := range m.rows {
		row := htmlRow{Name: b.clean(name)}
		for j := range m.columns {
			var cell []chip
			for _, mark := range strings.Split(m.cell(i, j), "/") {
				cell = append(cell, newChip(mark, order))
			}
			row.Cells = append(row.Cells, cell)
		}
		h.Rows = append(h.Rows, row)
	}
	for _, mark := range m.marks {
		if mark != notPlanned {
			h.Marks = append(h.Marks, htmlMark{newChip(mark, order), markMeaning(mark)})
		}
	}
	return h
}

// byCount orders leaves by how many endpoints present them.
func (b *htmlBuilder) byCount(p Pool, ids []string) []string {
	count := map[string]int{}
	for _, e := range p.Endpoints {
		if e.Certificate != nil {
			count[*e.Certificate]++
		}
	}
	ids = slices.Clone(ids)
	slices.SortStableFunc(ids, func(x, y string) int { return cmp.Compare(count[y], count[x]) })
	return ids
}

func (b *htmlBuilder) failureList(p Pool, byID map[string]string) []htmlFailure {
	places := map[string][]string{}
	for _, e := range p.Endpoints {
		if e.Certificate == nil {
			mark := cellMarks(e, byID)[0]
			places[mark] = append(places[mark], e.Place())
		}
	}
	var out []htmlFailure
	for _, mark := range slices.Sorted(maps.Keys(places)) {
		out = append(out, htmlFailure{mark, markMeaning(mark), b.listed(places[mark])})
	}
	return out
}

func (b *htmlBuilder) endpointList(p Pool) (list []htmlEndpoint, more string) {
	for i, e := range p.Endpoints {
		if i == maxHTMLEndpoints {
			return list, "and " + plural(len(p.Endpoints)-i, "more endpoint") + ": see the JSON report"
		}
		h := htmlEndpoint{Place: b.clean(e.Place()), Dialed: b.clean(e.Dialed()), Outcome: b.clean(failureOf(e))}
		if e.Error != nil {
			h.Outcome = b.clean(fmt.Sprintf("%s (%s): %s", e.Outcome, e.Stage, e.Error))
		}
		if e.TLS != nil {
			h.TLS, h.Client = b.clean(e.TLS.Version+" "+e.TLS.Cipher), b.clean(string(e.TLS.ClientCertificate))
		}
		if e.TimingMS.Handshake > 0 {
			h.Handshake = fmt.Sprintf("%.0f ms", e.TimingMS.Handshake)
		}
		list = append(list, h)
	}
	return list, ""
}

// checks lists the rules by outcome: what could not be told first, since
// silence would read as passed.
func (b *htmlBuilder) checks(p Pool) []htmlChecks {
	var out []htmlChecks
	for _, o := range []struct {
		outcome audit.Outcome
		label   string
	}{{audit.CouldNotTell, "could not tell"}, {audit.Found, "with findings"}, {audit.Pass, "passed"}, {audit.NotApplicable, "not applicable"}} {
		var rules []string
		for _, id := range slices.Sorted(maps.Keys(p.Rules)) {
			if p.Rules[id] == o.outcome {
				rules = append(rules, b.clean(id))
			}
		}
		if len(rules) > 0 {
			out = append(out, htmlChecks{fmt.Sprintf("%d %s", len(rules), o.label), rules})
		}
	}
	return out
}
