package html

import (
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
	Facts        []string // the first: how many problems
	Seen         string
	NextExpiry   string
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
	c := p.Coverage()
	h.Seen = fmt.Sprintf("%s of %s", report.Thousands(c.Planned-c.Failed), report.Thousands(c.Planned))
	h.Facts, h.NextExpiry = []string{p.ProblemCount()}, p.NextExpiry(b.now, true)
	if p.Plan.File == nil {
		h.Facts = append(h.Facts, c.Seen())
	}
	if len(p.Plan.SIPDomains) > 0 {
		h.Facts = append(h.Facts, "SIP domains "+b.clean(report.FirstFew(p.Plan.SIPDomains, 8)))
	}
	loose := p.Plan.Kind == edge.LoosePool || p.TooTall()
	leaves := p.Leaves()
	on := p.Holders
	if loose {
		byCount, places, failed := p.ByCertificate()
		leaves, on = byCount, func(c *edge.Certificate) string { return report.Places(places[c.Fingerprint]) }
		for _, mark := range slices.Sorted(maps.Keys(failed)) {
			h.Failures = append(h.Failures, htmlFailure{mark, report.MarkMeaning(mark), report.Places(failed[mark])})
		}
	} else {
		h.Matrix = b.htmlMatrix(report.NewMatrix(p))
	}
	leaves, h.MoreCerts = cut(leaves, maxHTMLCertificates, "certificate")
	for _, c := range leaves {
		h.Certificates = append(h.Certificates, b.leaf(p, c, on(c)))
	}
	h.Problems, h.MoreProblems = b.problems(p, anchor)
	h.Plan = b.plan(p, h.Problems)
	h.Notes, h.MoreNotes = b.notes(p)
	h.Untold = edge.Map(p.Untold, func(u audit.Untold) string { return b.clean(report.UntoldText(u)) })
	h.Findings, h.Counts = b.findings(p), report.Counts(p.Findings)
	h.Endpoints, h.MoreEnds = b.endpointList(p)
	h.Checks = b.checks(p)
	h.Remarks = edge.Map(p.Plan.Notes[:min(len(p.Plan.Notes), 20)], b.clean)
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

func (b *htmlBuilder) endpointList(p report.Pool) (list []htmlEndpoint, more string) {
	blamed := p.RulesByCell()
	shown, more := cut(p.Captures, maxHTMLEndpoints, "endpoint")
	for i := range shown {
		c := &shown[i]
		h := htmlEndpoint{Place: b.clean(c.Place()), Dialed: b.clean(c.Dialed()), Outcome: b.clean(string(c.Outcome)), Blamed: edge.Map(blamed[i], b.clean)}
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
	return list, more
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
