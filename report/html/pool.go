package html

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"edgecert/report"
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
	Folded       bool // all is well, and other pools are to be read
	Headline     string
	Facts        []string
	Matrix       *htmlMatrix // nil for a list of loose endpoints
	Failures     []htmlFailure
	Certificates []htmlCertificate
	MoreCerts    string
	Problems     []htmlProblem // worst first
	MoreProblems string
	Plan         []htmlStep
	Notes        []htmlNote
	MoreNotes    string
	Untold       []string
	Findings     []htmlFinding
	Counts       string // of the findings
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
	Blamed                                         []string // by which rules
}

// htmlChecks is the rules of one outcome.
type htmlChecks struct {
	Label string
	Rules []string
}

func (b *htmlBuilder) pool(p report.Pool, anchor string) htmlPool {
	h := htmlPool{Anchor: anchor, Name: b.clean(p.Plan.Name), Verdict: newHTMLVerdict(p.Verdict), Headline: b.clean(p.Headline())}
	h.Folded = p.Verdict == audit.VerdictOK && len(b.r.Pools) > 1
	h.Facts = []string{p.ProblemCount()}
	if p.Plan.File == nil {
		h.Facts = append(h.Facts, p.Coverage().Seen())
	}
	if len(p.Plan.SIPDomains) > 0 {
		h.Facts = append(h.Facts, "SIP domains "+b.clean(report.FirstFew(p.Plan.SIPDomains, 8)))
	}
	loose := p.Plan.Kind == edge.LoosePool || p.TooTall()
	leaves := p.Leaves()
	if loose {
		leaves = byCount(p, leaves)
		h.Failures = b.failureList(p)
	} else {
		h.Matrix = b.htmlMatrix(report.NewMatrix(p))
	}
	for i, c := range leaves {
		if i == maxHTMLCertificates {
			h.MoreCerts = "and " + report.Plural(len(leaves)-i, "more certificate") + ": see the JSON report"
			break
		}
		h.Certificates = append(h.Certificates, b.leaf(p, c, loose))
	}
	h.Problems, h.MoreProblems = b.problems(p, anchor)
	h.Plan = b.plan(p, h.Problems)
	h.Notes, h.MoreNotes = b.notes(p)
	for _, u := range p.Untold {
		h.Untold = append(h.Untold, b.clean(report.UntoldText(u)))
	}
	h.Findings, h.Counts = b.findings(p), report.Counts(p.Findings)
	h.Endpoints, h.MoreEnds = b.endpointList(p)
	h.Checks = b.checks(p)
	for _, n := range p.Plan.Notes[:min(len(p.Plan.Notes), 20)] {
		h.Remarks = append(h.Remarks, b.clean(n))
	}
	return h
}

func (b *htmlBuilder) htmlMatrix(m report.Matrix) *htmlMatrix {
	h := &htmlMatrix{}
	for _, c := range m.Columns {
		head := htmlColumn{Role: string(c.Role), Port: fmt.Sprint(c.Port)}
		if c.Role == edge.Other {
			head.Role = "port"
		}
		h.Columns = append(h.Columns, head)
	}
	for i, name := range m.Rows {
		row := htmlRow{Name: b.clean(name)}
		for j := range m.Columns {
			var cell []chip
			for _, mark := range strings.Split(m.Cell(i, j), "/") {
				cell = append(cell, newChip(mark))
			}
			row.Cells = append(row.Cells, cell)
		}
		h.Rows = append(h.Rows, row)
	}
	for _, mark := range m.Marks {
		if mark != report.NotPlanned {
			h.Marks = append(h.Marks, htmlMark{newChip(mark), report.MarkMeaning(mark)})
		}
	}
	return h
}

// byCount orders leaves by how many endpoints present them.
func byCount(p report.Pool, leaves []*edge.Certificate) []*edge.Certificate {
	count := map[edge.Fingerprint]int{}
	for i := range p.Captures {
		for _, c := range p.Captures[i].Leaves() {
			count[c.Fingerprint]++
		}
	}
	slices.SortStableFunc(leaves, func(x, y *edge.Certificate) int { return cmp.Compare(count[y.Fingerprint], count[x.Fingerprint]) })
	return leaves
}

func (b *htmlBuilder) failureList(p report.Pool) []htmlFailure {
	places := map[string][]string{}
	for i := range p.Captures {
		if c := &p.Captures[i]; c.Leaf() == nil {
			mark := p.CellMarks(c)[0]
			places[mark] = append(places[mark], c.Place())
		}
	}
	var out []htmlFailure
	for _, mark := range slices.Sorted(maps.Keys(places)) {
		out = append(out, htmlFailure{mark, report.MarkMeaning(mark), report.Places(places[mark])})
	}
	return out
}

func (b *htmlBuilder) endpointList(p report.Pool) (list []htmlEndpoint, more string) {
	blamed := p.RulesByCell()
	for i := range p.Captures {
		c := &p.Captures[i]
		if i == maxHTMLEndpoints {
			return list, "and " + report.Plural(len(p.Captures)-i, "more endpoint") + ": see the JSON report"
		}
		h := htmlEndpoint{Place: b.clean(c.Place()), Dialed: b.clean(c.Dialed()), Outcome: b.clean(string(c.Outcome))}
		for _, rule := range blamed[i] {
			h.Blamed = append(h.Blamed, b.clean(rule))
		}
		if c.Fault != nil {
			h.Outcome = b.clean(fmt.Sprintf("%s (%s): %s", c.Outcome, c.Stage, c.Fault))
		}
		if c.TLS != nil {
			h.TLS, h.Client = b.clean(c.TLS.Version+" "+c.TLS.Cipher), b.clean(string(c.TLS.ClientCertificate))
		}
		if c.Handshake > 0 {
			h.Handshake = fmt.Sprintf("%d ms", c.Handshake.Round(time.Millisecond).Milliseconds())
		}
		list = append(list, h)
	}
	return list, ""
}

// checks lists the rules by outcome: what could not be told first, since
// silence would read as passed.
func (b *htmlBuilder) checks(p report.Pool) []htmlChecks {
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
