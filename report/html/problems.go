package html

import (
	"fmt"
	"regexp"
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

// A piece of a command; no line breaks in a whole one.
type piece struct {
	Text  string
	Whole bool
}

// hyphened matches the names in a command that have a hyphen, behind which a
// browser would break the line: "-Thumbprint", "Set-CsCertificate". Who copies
// it from paper must not wonder whether a blank belongs there.
var hyphened = regexp.MustCompile(`\B-[A-Za-z]{1,40}\b|\b[A-Za-z]{1,40}-[A-Za-z]{1,40}\b`)

func pieces(command string) []piece {
	var out []piece
	end := 0
	for _, m := range hyphened.FindAllStringIndex(command, -1) {
		out = append(out, piece{command[end:m[0]], false}, piece{command[m[0]:m[1]], true})
		end = m[1]
	}
	return append(out, piece{command[end:], false})
}

// htmlFinding is one finding, told in full for who asks for it.
type htmlFinding struct {
	Class, Word string
	Rule, Where string
	Chip        *chip
	Message     string
	Fix         string // where no step of the plan settles it
	More        string // how many more of the rule are not shown
}

func (b *htmlBuilder) findings(p report.Pool) []htmlFinding {
	var out []htmlFinding
	for _, f := range p.Listed() {
		class, word := severity(f.Severity)
		h := htmlFinding{Class: class, Word: word, Rule: b.clean(f.Rule), Where: b.clean(p.Where(f.Finding)), Message: b.clean(f.Message)}
		if c := f.Certificate(); c != nil && p.Letters[c.Fingerprint] != "" {
			mark := newChip(p.Letters[c.Fingerprint])
			h.Chip = &mark
		}
		if f.Problem < 0 && f.Severity != audit.Info {
			h.Fix = b.clean(f.Fix)
		}
		if f.More > 0 {
			h.More = f.AndMore() + h.Rule + ": see the JSON report"
		}
		out = append(out, h)
	}
	return out
}

// severity is a severity as a class of the style and as a word.
func severity(s audit.Severity) (class, word string) {
	switch s {
	case audit.Error:
		return "error", "Error"
	case audit.Warning:
		return "warning", "Warning"
	default:
		return "info", "Note"
	}
}
