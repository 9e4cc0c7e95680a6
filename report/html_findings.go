package report

import (
	"regexp"
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

// findingLists parts a pool's findings into those to act on and those to know
// of, each bounded for a rule as in the terminal report.
func (b *htmlBuilder) findingLists(p Pool, byID map[string]string, told legend, order map[string]int, loose bool) (act, know []htmlFinding) {
	limit := maxPerRule
	if loose {
		limit = maxPerRuleLoose
	}
	total, listed := map[string]int{}, map[string]int{}
	for _, f := range p.Findings {
		total[f.ruleKey()]++
	}
	said, short := map[string]string{}, told.short()
	for _, f := range p.Findings {
		key := f.ruleKey()
		if listed[key]++; listed[key] > limit {
			continue
		}
		f.Message = short.Replace(f.Message)
		h := b.htmlFinding(p, f, byID, order, said)
		if left := total[key] - limit; listed[key] == limit && left > 0 {
			h.More = "and " + thousands(left) + " more of " + h.Rule + ": see the JSON report"
		}
		if f.Severity == audit.Info {
			know = append(know, h)
		} else {
			act = append(act, h)
		}
	}
	return act, know
}

func (b *htmlBuilder) htmlFinding(p Pool, f Finding, byID map[string]string, order map[string]int, said map[string]string) htmlFinding {
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
	if rule, known := said[f.Fix]; known && len(f.Fix) > 60 {
		h.As = b.clean(rule)
		return h
	}
	said[f.Fix] = f.Rule
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
