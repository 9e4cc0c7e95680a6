package text

import (
	"strings"

	"edgecert/report"
	"edgecert/scanner/audit"
)

// findings lists a pool's findings.
func (p *page) findings(pool report.Pool) {
	for _, f := range pool.Listed() {
		p.finding(f.Finding, pool.Where(f.Finding), pool.Letter(f.Finding))
		p.fix(f)
		if f.More > 0 {
			p.blank()
			p.para(plain, indentOf(p), f.AndMore()+p.clean(f.Rule)+": see the JSON")
		}
		p.blank()
	}
}

// indentOf is where the text of a finding starts: under its rule, or nearer
// to the edge where there is little room.
func indentOf(p *page) string {
	if p.width < 60 {
		return "    "
	}
	return strings.Repeat(" ", 11)
}

func (p *page) finding(f audit.Finding, where, certificate string) {
	word, weight, textInk := "note", dim, dim
	switch f.Severity {
	case audit.Error:
		word, weight, textInk = "ERROR", red, plain
	case audit.Warning:
		word, weight, textInk = "WARNING", yellow, plain
	}
	head := []string{p.clean(f.Rule)}
	for _, s := range []string{where, certificate} {
		if s != "" {
			head = append(head, p.clean(s))
		}
	}
	lead := "  " + word + strings.Repeat(" ", 9-len(word))
	if report.TextWidth(lead+strings.Join(head, p.dot())) <= p.width {
		rest := ""
		if len(head) > 1 {
			rest = p.dot() + strings.Join(head[1:], p.dot())
		}
		nameInk := bold
		if textInk == dim {
			nameInk = dim
		}
		p.line("  ", p.paint(weight, word), lead[2+len(word):], p.paint(nameInk, head[0]), p.paint(textInk, rest))
	} else {
		p.line("  ", p.paint(weight, word), lead[2+len(word):], p.paint(textInk, head[0]))
		p.facts(textInk, indentOf(p), head[1:])
	}
	p.para(textInk, indentOf(p), p.clean(f.Message))
}

// fix writes the way out. A command stands alone on its line and is never
// wrapped, so that it can be copied; what a finding before it said already is
// only referred to.
func (p *page) fix(f report.Listed) {
	if f.Fix == "" {
		return
	}
	in := plain
	if f.Severity == audit.Info {
		in = dim
	}
	if f.AsFor != "" {
		p.para(in, indentOf(p)+"fix: ", "as for "+p.clean(f.AsFor)+" above")
		return
	}
	first := indentOf(p) + "fix: "
	if whole := p.clean(f.Fix); report.TextWidth(first+whole) <= p.width {
		p.line(first, p.paint(in, whole))
		return
	}
	rest := strings.Repeat(" ", len(first))
	for _, s := range report.FixSteps(f.Fix) {
		if report.IsCommand(s) {
			if strings.TrimSpace(first) != "" {
				p.line(first)
			}
			p.line(rest, "  ", p.paint(in, p.clean(s)))
		} else {
			p.para(in, first, p.clean(s))
		}
		first = rest
	}
}
