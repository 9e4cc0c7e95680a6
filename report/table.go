package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// TableOptions are the manners of a terminal. The zero value is 80 columns
// without colour.
type TableOptions struct {
	Width int  // columns; 0: 80; laid out for 40 to 200
	Color bool // SGR colours
	ASCII bool // no character outside ASCII: consoles without UTF-8
}

// Table writes the report for people: what changed, a summary where there are
// several pools, then each pool with its verdict, matrix, certificates and
// findings, and what was seen of what was planned.
//
// Days left are counted from the end of the scan, so that a saved scan renders
// the same on every day.
func Table(w io.Writer, r Report, o TableOptions) error {
	p := newPage(o, r.Finished)
	p.changes(r)
	if len(r.Pools) > 1 {
		if err := p.summary(r); err != nil {
			return fmt.Errorf("drawing the summary: %w", err)
		}
	}
	for i, pool := range r.Pools {
		if i > 0 {
			p.rule()
		}
		if err := p.pool(pool, r.Certificates); err != nil {
			return fmt.Errorf("drawing pool %s: %w", Clean(pool.Name), err)
		}
	}
	p.footer(r)
	return p.writeTo(w)
}

// pool writes everything about one pool.
func (p *page) pool(pool Pool, certs map[string]Certificate) error {
	p.verdictLine(pool)
	p.file(pool.Plan.File)
	p.blank()
	byID, order := letters(pool)
	p.told = legend{}
	switch {
	case len(pool.Endpoints) == 0: // a domain that gave nothing to dial has findings alone
	case pool.Plan.Kind == edge.LoosePool || tooTall(pool):
		p.groups(pool, certs, byID, order)
	default:
		m := newMatrix(pool, byID)
		short, err := p.matrix(m)
		if err != nil {
			return err
		}
		p.meanings(m.marks, short)
		p.legend(pool, certs, byID, order)
	}
	p.findings(pool, byID)
	p.untold(pool)
	return nil
}

// tooTall says whether a matrix would scroll its own head away: more rows than
// any Edge pool has members.
func tooTall(pool Pool) bool {
	const maxRows = 48
	rows := map[string]bool{}
	for _, e := range pool.Endpoints {
		rows[rowName(e)] = true
	}
	return len(rows) > maxRows
}

// verdictLine is the pool in one line: name, verdict, counts, coverage.
func (p *page) verdictLine(pool Pool) {
	name, word := p.clean(pool.Name), verdictWord(pool.Verdict)
	c := pool.Coverage()
	facts := append([]string{word}, counts(pool.Findings)...)
	facts = append(facts, seenOf(c))
	first := name + "  "
	if textWidth(first+strings.Join(facts, p.dot())) <= p.width {
		p.line(p.paint(bold, name), "  ", p.paint(verdictInk(pool.Verdict), word), p.dot(), strings.Join(facts[1:], p.dot()))
		return
	}
	p.line(p.paint(bold, p.elide(name, p.width-2-len(word))), "  ", p.paint(verdictInk(pool.Verdict), word))
	p.facts(plain, "  ", facts[1:])
}

func verdictWord(v audit.Verdict) string { return strings.ToUpper(Clean(string(v))) }

func verdictInk(v audit.Verdict) ink {
	switch v {
	case audit.VerdictOK:
		return green
	case audit.VerdictWarning:
		return yellow
	default:
		return red
	}
}

// counts are the findings by severity in words, what is absent left out.
func counts(fs []Finding) []string {
	var out []string
	for _, s := range []struct {
		severity audit.Severity
		noun     string
	}{{audit.Error, "error"}, {audit.Warning, "warning"}, {audit.Info, "note"}} {
		if n := countSeverity(fs, s.severity); n > 0 {
			out = append(out, plural(n, s.noun))
		}
	}
	if len(out) == 0 {
		return []string{"no findings"}
	}
	return []string{strings.Join(out, ", ")}
}

func countSeverity(fs []Finding, s audit.Severity) int {
	n := 0
	for _, f := range fs {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// seenOf says how much of the plan answered at all.
func seenOf(c Coverage) string {
	if c.Planned == 0 {
		return "nothing to scan"
	}
	if c.Failed == 0 {
		if c.Planned == 1 {
			return "the one endpoint seen"
		}
		return "all " + plural(c.Planned, "endpoint") + " seen"
	}
	return fmt.Sprintf("%s of %s seen", thousands(c.Planned-c.Failed), plural(c.Planned, "endpoint"))
}

// file says what was judged where no endpoint was: a certificate file, before it
// is assigned.
func (p *page) file(f *edge.CheckedFile) {
	if f == nil {
		return
	}
	key := map[edge.KeyStatus]string{
		edge.KeyAbsent:     "without a private key",
		edge.KeyMatches:    "with its private key",
		edge.KeyDiffers:    "with a private key of another certificate",
		edge.KeyUnreadable: "with a private key that could not be compared",
	}
	p.facts(plain, "  ", []string{"judged " + p.clean(f.Name), p.clean(f.Format), key[f.Key]})
}

// untold says what could not be judged and what was guessed: silence would
// read as "passed".
func (p *page) untold(pool Pool) {
	var rules []string
	for _, id := range slices.Sorted(maps.Keys(pool.Rules)) {
		if pool.Rules[id] == audit.CouldNotTell {
			rules = append(rules, p.clean(id))
		}
	}
	// One cell that was not seen leaves most rules open; their names would say
	// less than their number.
	const maxRules = 6
	switch {
	case len(rules) > maxRules:
		p.para(dim, "  ", fmt.Sprintf("could not tell: %s, for want of what was not seen (the JSON names them)", plural(len(rules), "rule")))
	case len(rules) > 0:
		p.para(dim, "  ", "could not tell: "+strings.Join(rules, ", "))
	}
	const maxNotes = 20
	for i, n := range pool.Plan.Notes {
		if i == maxNotes {
			p.para(dim, "  ", fmt.Sprintf("and %s: see the JSON", plural(len(pool.Plan.Notes)-i, "more note")))
			break
		}
		p.para(dim, "  ", "note: "+p.clean(n))
	}
	if len(rules)+len(pool.Plan.Notes) > 0 {
		p.blank()
	}
}

// footer is the scan as a whole: coverage, when, from where, with what.
func (p *page) footer(r Report) {
	if len(r.Pools) > 0 {
		p.rule()
	}
	if r.Interrupted {
		p.para(red, "", "INTERRUPTED: the scan ended early, and the report holds what was captured until then")
	}
	p.outcome(r)
	if c := r.Coverage; c.Planned > 0 {
		facts := []string{plural(c.Planned, "endpoint"), thousands(c.Captured) + " with a certificate"}
		if c.NoCertificate > 0 {
			facts = append(facts, thousands(c.NoCertificate)+" alive without one")
		}
		if c.Failed > 0 {
			facts = append(facts, thousands(c.Failed)+" failed")
		}
		p.facts(plain, "", facts)
	}
	facts := []string{r.Started.Format("2006-01-02 15:04:05 UTC"), "took " + took(r.Finished.Sub(r.Started))}
	if r.Vantage.Host != "" {
		facts = append(facts, "from "+p.clean(r.Vantage.Host))
	}
	for _, fact := range r.source() {
		facts = append(facts, p.clean(fact))
	}
	p.facts(dim, "", facts)
}

// outcome says the verdict once more: it is the end of a report that one sees
// in a terminal, and that of many pools has scrolled their summary away.
func (p *page) outcome(r Report) {
	what := ""
	switch bad := unwell(r.Pools); {
	case r.Coverage.Planned == 0:
		what = "nothing was scanned"
	case len(r.Pools) == 1:
		what = p.name(r.Pools[0].Name)
	case len(bad) == 0:
		what = attention(r.Pools, 0)
	default:
		what = attention(r.Pools, len(bad)) + ": " + p.clean(some(bad, maxHolders))
	}
	word := verdictWord(r.Verdict)
	p.para(plain, p.paint(verdictInk(r.Verdict), word)+p.dot(), what)
}

func took(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}
