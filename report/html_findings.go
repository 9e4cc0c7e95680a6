package report

import (
	"strings"

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
func (b *htmlBuilder) findingLists(p Pool, byID map[string]string, l legend, order map[string]int) (act, know []htmlFinding) {
	for _, f := range l.tell(p) {
		h := b.htmlFinding(p, f, byID, order)
		if f.more > 0 {
			h.More = f.andMore() + h.Rule + ": see the JSON report"
		}
		if f.Severity == audit.Info {
			know = append(know, h)
		} else {
			act = append(act, h)
		}
	}
	return act, know
}

func (b *htmlBuilder) htmlFinding(p Pool, f told, byID map[string]string, order map[string]int) htmlFinding {
	h := htmlFinding{Class: "info", Word: "Note", Rule: b.clean(f.Rule), Where: b.clean(f.where(p)), Message: b.clean(f.Message)}
	switch f.Severity {
	case audit.Error:
		h.Class, h.Word = "error", "Error"
	case audit.Warning:
		h.Class, h.Word = "warning", "Warning"
	}
	if f.Certificate != nil && byID[*f.Certificate] != "" {
		c := newChip(byID[*f.Certificate], order)
		h.Chip = &c
	}
	if f.asFor != "" {
		h.As = b.clean(f.asFor)
		return h
	}
	h.Steps = b.steps(f.Fix)
	return h
}

// steps parts a fix into prose and commands; commands that follow one another
// are copied as one.
func (b *htmlBuilder) steps(fix string) []htmlStep {
	var out []htmlStep
	for _, s := range fixSteps(fix) {
		text := b.clean(s)
		switch {
		case !isCommand(s):
			out = append(out, htmlStep{Text: sentence(text)})
		case len(out) > 0 && out[len(out)-1].Command != "":
			out[len(out)-1].Command = strings.Join([]string{out[len(out)-1].Command, text}, "\n")
		default:
			out = append(out, htmlStep{Command: text})
		}
	}
	return out
}
