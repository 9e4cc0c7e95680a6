package html

import (
	"strings"

	"edgecert/report"
	"edgecert/scanner/audit"
)

// htmlFinding is one finding; Steps is its fix, commands apart from prose so
// that they can be copied.
type htmlFinding struct {
	Class, Word string
	Rule, Where string
	Chip        *chip
	Message     string
	Steps       []htmlStep
	As          string // the rule whose fix is the same
	More        string // how many more of the rule are not shown
}

type htmlStep struct{ Text, Command string }

// findingLists parts a pool's findings into those to act on and those to know
// of.
func (b *htmlBuilder) findingLists(p report.Pool) (act, know []htmlFinding) {
	for _, f := range p.Listed() {
		h := b.htmlFinding(p, f)
		if f.More > 0 {
			h.More = f.AndMore() + h.Rule + ": see the JSON report"
		}
		if f.Severity == audit.Info {
			know = append(know, h)
		} else {
			act = append(act, h)
		}
	}
	return act, know
}

func (b *htmlBuilder) htmlFinding(p report.Pool, f report.Listed) htmlFinding {
	h := htmlFinding{Class: "info", Word: "Note", Rule: b.clean(f.Rule), Where: b.clean(p.Where(f.Finding)), Message: b.clean(f.Message)}
	switch f.Severity {
	case audit.Error:
		h.Class, h.Word = "error", "Error"
	case audit.Warning:
		h.Class, h.Word = "warning", "Warning"
	}
	if c := f.Certificate(); c != nil && p.Letters[c.Fingerprint] != "" {
		mark := newChip(p.Letters[c.Fingerprint])
		h.Chip = &mark
	}
	if f.AsFor != "" {
		h.As = b.clean(f.AsFor)
		return h
	}
	h.Steps = b.steps(f.Fix)
	return h
}

// steps parts a fix into prose and commands; commands that follow one another
// are copied as one.
func (b *htmlBuilder) steps(fix string) []htmlStep {
	var out []htmlStep
	for _, s := range report.FixSteps(fix) {
		text := b.clean(s)
		switch {
		case !report.IsCommand(s):
			out = append(out, htmlStep{Text: sentence(text)})
		case len(out) > 0 && out[len(out)-1].Command != "":
			out[len(out)-1].Command = strings.Join([]string{out[len(out)-1].Command, text}, "\n")
		default:
			out = append(out, htmlStep{Command: text})
		}
	}
	return out
}
