package html

import (
	"fmt"
	"strings"

	"edgecert/report"
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

// htmlStep is a step of the plan; Commands are copied as one.
type htmlStep struct {
	Text, Commands string
	Settles        []htmlProblem
}

type htmlNote struct{ Rule, Message string }

func (b *htmlBuilder) problems(p report.Pool, anchor string) (list []htmlProblem, more string) {
	for i, x := range p.Problems {
		if i == maxHTMLProblems {
			return list, "and " + report.Plural(len(p.Problems)-i, "more problem") + ": see the JSON report"
		}
		h := htmlProblem{Anchor: fmt.Sprintf("%s-problem-%d", anchor, i+1), Number: i + 1,
			Headline: b.clean(x.Headline), Impact: b.clean(x.Impact), Settled: p.StepsOf(i)}
		h.Class, h.Word = severity(x.Severity)
		for _, id := range p.RulesOf(x) {
			h.Rules = append(h.Rules, b.clean(id))
		}
		list = append(list, h)
	}
	return list, ""
}

// plan is the pool's steps. A step that settles a problem beyond the bound names
// none.
func (b *htmlBuilder) plan(p report.Pool, problems []htmlProblem) []htmlStep {
	var out []htmlStep
	for _, s := range p.Steps {
		h := htmlStep{Text: sentence(b.clean(report.StepText(s)))}
		var commands []string
		for _, c := range s.Commands {
			commands = append(commands, report.Clean(c)) // whole, however long: it is pasted
		}
		h.Commands = strings.Join(commands, "\n")
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
	for i, f := range p.Notes(false) {
		if i == maxHTMLNotes {
			return list, "and " + report.Plural(len(p.Notes(false))-i, "more note") + ": see the JSON report"
		}
		list = append(list, htmlNote{b.clean(f.Rule), b.clean(f.Message)})
	}
	return list, ""
}
