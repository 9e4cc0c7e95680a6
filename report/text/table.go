package text

import (
	"fmt"
	"io"
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
	// Verbose unfolds what is well, and tells every finding.
	Verbose bool
}

// Write writes the report for people: what changed, a summary where there are
// several pools, worst first, then each pool that is not well with its verdict
// and headline, matrix, certificates, problems and the plan that settles them.
// The last lines, which are what a terminal shows, say it once more: verdict,
// headline and what to do first.
//
// Days left are counted from the end of the scan, so that a saved scan renders
// the same on every day.
func Write(w io.Writer, r report.Report, o Options) error {
	p := newPage(o, r.Now())
	p.verbose = o.Verbose
	p.changes(r)
	if len(r.Pools) > 1 {
		if err := p.summary(r); err != nil {
			return fmt.Errorf("drawing the summary: %w", err)
		}
	}
	for i, pool := range r.WorstFirst() {
		if len(r.Pools) > 1 && pool.Verdict == audit.VerdictOK && !o.Verbose {
			continue // its row of the summary says it
		}
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

// roomy is how many members a pool has at most whose parts have a blank line
// between them: a longer one is to stay within two screens.
const roomy = 8

// pool writes everything about one pool.
func (p *page) pool(pool report.Pool) error {
	p.verdictLine(pool)
	p.file(pool.Plan.File)
	list := pool.Plan.Kind == edge.LoosePool || pool.TooTall()
	var m report.Matrix
	if !list {
		m = report.NewMatrix(pool)
		p.dense = len(m.Rows) > roomy
		defer func() { p.dense = false }()
	}
	p.blank()
	switch {
	case len(pool.Captures) == 0: // a domain that gave nothing to dial has findings alone
	case list:
		p.groups(pool)
	default:
		short, err := p.matrix(m)
		if err != nil {
			return err
		}
		if explained := p.meanings(m.Marks, short); explained && len(pool.Leaves()) == 0 {
			p.blank()
		}
		p.legend(pool)
	}
	p.problems(pool)
	p.plan(pool)
	p.notes(pool)
	return nil
}

// verdictLine is the pool in one line: name, verdict, counts, coverage.
func (p *page) verdictLine(pool report.Pool) {
	name, word := p.clean(pool.Plan.Name), report.VerdictWord(pool.Verdict)
	c := pool.Coverage()
	facts := []string{word, pool.ProblemCount(), c.Seen()}
	if pool.Plan.File != nil {
		facts = facts[:2]
	}
	first := name + "  "
	if report.TextWidth(first+strings.Join(facts, p.dot())) <= p.width {
		p.line(p.paint(bold, name), "  ", p.paint(verdictInk(pool.Verdict), word), p.dot(), strings.Join(facts[1:], p.dot()))
	} else {
		p.line(p.paint(bold, p.elide(name, p.width-2-len(word))), "  ", p.paint(verdictInk(pool.Verdict), word))
		p.facts(plain, "  ", facts[1:])
	}
	if h := pool.Headline(); h != "" {
		p.para(bold, "  ", p.clean(h))
	}
}

func verdictInk(v audit.Verdict) ink {
	switch v {
	case audit.VerdictOK:
		return green
	case audit.VerdictWarning:
		return amber
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

// footer is the scan as a whole: coverage, when, from where, with what; and at
// last what it comes to.
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
	file := r.OfFile() != nil
	var facts []string
	if c := r.Coverage; c.Planned > 0 && !file {
		facts = append(facts, report.Plural(c.Planned, "endpoint"), report.Thousands(c.Captured)+" with a certificate")
		if c.NoCertificate > 0 {
			facts = append(facts, report.Thousands(c.NoCertificate)+" alive without one")
		}
		if gone := c.Failed - notRun(r); gone > 0 {
			facts = append(facts, report.Thousands(gone)+" failed")
		}
		if n := notRun(r); n > 0 {
			facts = append(facts, report.Thousands(n)+" not dialed")
		}
	}
	facts = append(facts, r.Evidence.Started.Format("2006-01-02 15:04:05 UTC"))
	if !file {
		facts = append(facts, "took "+report.Took(r.Evidence.Finished.Sub(r.Evidence.Started)))
		if r.Evidence.Host != "" {
			facts = append(facts, "from "+p.clean(r.Evidence.Host))
		}
	}
	for _, fact := range r.Source() {
		facts = append(facts, p.clean(fact))
	}
	p.facts(dim, "", facts)
	p.outcome(r)
}

// notRun counts the endpoints that were not dialed before the scan ended.
func notRun(r report.Report) int {
	n := 0
	for i := range r.Evidence.Captures {
		if f := r.Evidence.Captures[i].Fault; f != nil && f.Class == edge.ClassInterrupted && r.Evidence.Captures[i].Leaf() == nil {
			n++
		}
	}
	return n
}

// outcome says the verdict once more, with what is worst and the first step: it
// is the end of a report that one sees in a terminal.
func (p *page) outcome(r report.Report) {
	what := []string{}
	switch bad := report.Unwell(r.Pools); {
	case r.Coverage.Planned == 0 && len(r.Pools) == 0:
		what = append(what, "nothing was scanned")
	case r.OfFile() != nil:
		verdict := r.OfFile().FileVerdict()
		if lost := r.Lost(); len(lost) > 0 {
			verdict += ", but it loses " + report.FirstFew(lost, 3)
		}
		what = append(what, p.clean(verdict))
	case len(r.Pools) == 1:
		what = append(what, p.name(r.Pools[0].Plan.Name), r.ProblemCount())
	case len(bad) == 0:
		what = append(what, report.Attention(r.Pools, 0))
	default:
		what = append(what, report.Attention(r.Pools, len(bad))+": "+p.clean(report.FirstFew(bad, report.MaxHolders)))
	}
	if h := r.Headline(); h != "" && len(r.Pools) > 0 {
		what = append(what, p.clean(h))
	}
	if r.Verdict == audit.VerdictOK && len(report.Untold(r.Pools)) > 0 {
		what = append(what, "not everything could be told")
	}
	word := report.VerdictWord(r.Verdict)
	p.para(plain, p.paint(verdictInk(r.Verdict), word)+p.dot(), strings.Join(what, p.dot()))
	first := r.FirstStep()
	if first == "" {
		return
	}
	plan := "the plan above: "
	if len(r.Pools) > 1 {
		plan = "its plan above: "
	}
	p.para(plain, "first: ", p.clean(first))
	p.facts(dim, "", []string{plan + report.Plural(len(r.WorstFirst()[0].Steps), "step"), "-v tells every finding", "edgecert explain RULE says why it matters"})
}
