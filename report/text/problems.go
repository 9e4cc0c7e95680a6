package text

import (
	"fmt"
	"strings"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// maxProblems bounds the problems of one pool that are told: a list of ten
// thousand endpoints has any number. The JSON has all.
const maxProblems = 24

// problems tells a pool's causes, worst first: what is wrong, what it means, and
// which steps settle it. The findings behind them are told on request.
func (p *page) problems(pool report.Pool) {
	problems, more := report.Cut(pool.Problems, maxProblems, "problem")
	for n, x := range problems {
		word, weight := "ERROR", red
		if x.Severity == audit.Warning {
			word, weight = "WARNING", amber
		}
		lead := "  " + p.paint(weight, word) + strings.Repeat(" ", 9-len(word))
		p.para(bold, lead, p.clean(x.Headline))
		if x.Impact != "" {
			p.para(plain, indent, p.clean(x.Impact))
		}
		facts := pool.RulesOf(x)
		if at := p.dialed(pool, x); at != "" {
			facts = append(facts, at)
		}
		if s := pool.StepsOf(n); s != "" {
			facts = append(facts, "settled by "+s)
		}
		p.facts(dim, indent, facts)
		if p.verbose {
			for _, i := range x.Findings {
				p.detail(pool, pool.Findings[i])
			}
		}
	}
	p.more(more)
}

const indent = "           "

// dialed says where one endpoint was dialed, where a tunnel makes it differ.
func (p *page) dialed(pool report.Pool, x audit.Problem) string {
	var at *edge.Capture
	for _, i := range x.Findings {
		for _, cell := range pool.Findings[i].Cells {
			c := &pool.Captures[cell]
			if at != nil && at != c {
				return ""
			}
			at = c
		}
	}
	if at == nil || at.Endpoint.ServicePort == 0 || at.Endpoint.ServicePort == at.Endpoint.Port {
		return ""
	}
	return "dialed " + p.clean(at.Endpoint.HostPort())
}

// detail tells one finding.
func (p *page) detail(pool report.Pool, f audit.Finding) {
	head := p.clean(f.Rule)
	if where := pool.Where(f); where != "" {
		head += p.dot() + p.clean(where)
	}
	p.para(plain, indent+p.glyph("• ", "* "), head+": "+p.clean(f.Message))
}

// plan lays out the pool's one plan. A command stands alone on its line and is
// never wrapped, so that it can be copied.
func (p *page) plan(pool report.Pool) {
	if len(pool.Steps) == 0 {
		return
	}
	p.line("  ", p.paint(bold, "plan"))
	for n, s := range pool.Steps {
		p.para(plain, fmt.Sprintf("  %2d  ", n+1), p.clean(report.StepText(s)))
		for _, c := range s.Commands {
			p.line("        ", report.Clean(c)) // whole, however long: it is pasted
		}
	}
}

// notes tells what is only to be known, in a line each, why something could not
// be told, and what was guessed: silence would read as "passed".
func (p *page) notes(pool report.Pool) {
	for _, f := range pool.Notes(p.verbose) {
		text := p.clean(f.Rule) + ": " + p.clean(f.Message)
		if !p.verbose {
			if f.Headline != "" {
				text = p.clean(f.Rule) + ": " + p.clean(f.Headline)
			}
			text = p.beginning(text, max(p.width-8, 32))
		}
		p.para(dim, "  note  ", text)
	}
	why := edge.Map(pool.Untold, func(u audit.Untold) string { return p.clean(report.UntoldText(u)) })
	if len(why) > 0 {
		p.para(dim, "  ", "could not tell: "+strings.Join(why, "; "))
	}
	const maxNotes = 20
	remarks, more := report.Cut(pool.Plan.Notes, maxNotes, "note")
	for _, note := range remarks {
		p.para(dim, "  ", "note: "+p.clean(note))
	}
	p.more(p.paint(dim, more))
}
