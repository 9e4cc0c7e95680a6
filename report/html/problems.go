package html

import (
	"fmt"
	"strings"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// The bounds of what is told of one pool: a list of ten thousand endpoints has
// any number of problems.
const (
	maxHTMLProblems = 24
	maxHTMLNotes    = 24
)

// htmlProblem is a cause: what is wrong, what it means, what settles it.
type htmlProblem struct {
	Anchor           string
	Number           int
	Class, Word      string
	Headline, Impact string
	Rules            []string
	Settled          string
}

// htmlStep is a step of the plan; Commands are copied as one, each whole however
// long.
type htmlStep struct {
	Text, Commands string
	Settles        []htmlProblem
}

type htmlNote struct{ Rule, Message string }

func (b *htmlBuilder) problems(p report.Pool, anchor string) (list []htmlProblem, more string) {
	shown, more := cut(p.Problems, maxHTMLProblems, "problem")
	for i, x := range shown {
		h := htmlProblem{Anchor: fmt.Sprintf("%s-problem-%d", anchor, i+1), Number: i + 1,
			Headline: b.clean(x.Headline), Impact: b.clean(x.Impact), Settled: p.StepsOf(i), Rules: edge.Map(p.RulesOf(x), b.clean)}
		h.Class, h.Word = severity(x.Severity)
		list = append(list, h)
	}
	return list, more
}

// plan is the pool's steps. A step that settles a problem beyond the bound names
// none.
func (b *htmlBuilder) plan(p report.Pool, problems []htmlProblem) []htmlStep {
	var out []htmlStep
	for _, s := range p.Steps {
		h := htmlStep{Text: sentence(b.clean(report.StepText(s))), Commands: strings.Join(edge.Map(s.Commands, report.Clean), "\n")}
		for _, i := range s.Problems {
			if i >= 0 && i < len(problems) {
				h.Settles = append(h.Settles, problems[i])
			}
		}
		out = append(out, h)
	}
	return out
}

// notes are what is only to be known.
func (b *htmlBuilder) notes(p report.Pool) (list []htmlNote, more string) {
	shown, more := cut(p.Notes(false), maxHTMLNotes, "note")
	return edge.Map(shown, func(f audit.Finding) htmlNote { return htmlNote{b.clean(f.Rule), b.clean(f.Message)} }), more
}
