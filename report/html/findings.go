package html

import (
	"edgecert/report"
	"edgecert/scanner/audit"
)

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
