package text

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// Options are the manners of a terminal. The zero value is 80 columns
// without colour.
type Options struct {
	Width int  // columns; 0: 80; laid out for 40 to 200
	Color bool // SGR colours
	ASCII bool // no character outside ASCII: consoles without UTF-8
}

// Write writes the report for people: what changed, a summary where there are
// several pools, then each pool with its verdict, matrix, certificates and
// findings, and what was seen of what was planned.
//
// Days left are counted from the end of the scan, so that a saved scan renders
// the same on every day.
func Write(w io.Writer, r report.Report, o Options) error {
	p := newPage(o, r.Now())
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
		if err := p.pool(pool); err != nil {
			return fmt.Errorf("drawing pool %s: %w", report.Clean(pool.Plan.Name), err)
		}
	}
	p.footer(r)
	return p.writeTo(w)
}

// pool writes everything about one pool.
func (p *page) pool(pool report.Pool) error {
	p.verdictLine(pool)
	p.file(pool.Plan.File)
	p.blank()
	switch {
	case len(pool.Captures) == 0: // a domain that gave nothing to dial has findings alone
	case pool.Plan.Kind == edge.LoosePool || pool.TooTall():
		p.groups(pool)
	default:
		m := report.NewMatrix(pool)
		short, err := p.matrix(m)
		if err != nil {
			return err
		}
		p.meanings(m.Marks, short)
		p.legend(pool)
	}
	p.findings(pool)
	p.untold(pool)
	return nil
}

// verdictLine is the pool in one line: name, verdict, counts, coverage.
func (p *page) verdictLine(pool report.Pool) {
	name, word := p.clean(pool.Plan.Name), report.VerdictWord(pool.Verdict)
	c := pool.Coverage()
	facts := []string{word, report.Counts(pool.Findings), c.Seen()}
	first := name + "  "
	if report.TextWidth(first+strings.Join(facts, p.dot())) <= p.width {
		p.line(p.paint(bold, name), "  ", p.paint(verdictInk(pool.Verdict), word), p.dot(), strings.Join(facts[1:], p.dot()))
		return
	}
	p.line(p.paint(bold, p.elide(name, p.width-2-len(word))), "  ", p.paint(verdictInk(pool.Verdict), word))
	p.facts(plain, "  ", facts[1:])
}

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
func (p *page) untold(pool report.Pool) {
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
		p.para(dim, "  ", fmt.Sprintf("could not tell: %s, for want of what was not seen (the JSON names them)", report.Plural(len(rules), "rule")))
	case len(rules) > 0:
		p.para(dim, "  ", "could not tell: "+strings.Join(rules, ", "))
	}
	const maxNotes = 20
	for i, n := range pool.Plan.Notes {
		if i == maxNotes {
			p.para(dim, "  ", fmt.Sprintf("and %s: see the JSON", report.Plural(len(pool.Plan.Notes)-i, "more note")))
			break
		}
		p.para(dim, "  ", "note: "+p.clean(n))
	}
	if len(rules)+len(pool.Plan.Notes) > 0 {
		p.blank()
	}
}

// footer is the scan as a whole: coverage, when, from where, with what.
func (p *page) footer(r report.Report) {
	if len(r.Pools) > 0 {
		p.rule()
	}
	if r.Evidence.Interrupted {
		p.para(red, "", "INTERRUPTED: the scan ended early, and the report holds what was captured until then")
	}
	if n := len(r.Evidence.Missing); n > 0 {
		p.para(red, "", "INCOMPLETE: "+report.Plural(n, "part")+" of the scan missing (--shard): "+fmt.Sprint(r.Evidence.Missing))
	}
	p.outcome(r)
	if c := r.Coverage; c.Planned > 0 {
		facts := []string{report.Plural(c.Planned, "endpoint"), report.Thousands(c.Captured) + " with a certificate"}
		if c.NoCertificate > 0 {
			facts = append(facts, report.Thousands(c.NoCertificate)+" alive without one")
		}
		if c.Failed > 0 {
			facts = append(facts, report.Thousands(c.Failed)+" failed")
		}
		p.facts(plain, "", facts)
	}
	facts := []string{r.Evidence.Started.Format("2006-01-02 15:04:05 UTC"), "took " + report.Took(r.Evidence.Finished.Sub(r.Evidence.Started))}
	if r.Evidence.Host != "" {
		facts = append(facts, "from "+p.clean(r.Evidence.Host))
	}
	for _, fact := range r.Source() {
		facts = append(facts, p.clean(fact))
	}
	p.facts(dim, "", facts)
}

// outcome says the verdict once more: it is the end of a report that one sees
// in a terminal, and that of many pools has scrolled their summary away.
func (p *page) outcome(r report.Report) {
	what := ""
	switch bad := report.Unwell(r.Pools); {
	case r.Coverage.Planned == 0:
		what = "nothing was scanned"
	case len(r.Pools) == 1:
		what = p.name(r.Pools[0].Plan.Name)
	case len(bad) == 0:
		what = report.Attention(r.Pools, 0)
	default:
		what = report.Attention(r.Pools, len(bad)) + ": " + p.clean(report.FirstFew(bad, report.MaxHolders))
	}
	word := report.VerdictWord(r.Verdict)
	p.para(plain, p.paint(verdictInk(r.Verdict), word)+p.dot(), what)
}
