package text

import (
	"slices"
	"strings"

	"edgecert/report"
	"edgecert/scanner/edge"
)

// legend describes the certificates behind the letters.
func (p *page) legend(pool report.Pool) {
	leaves, more := report.Cut(pool.Leaves(), report.MaxLegend, "certificate")
	for _, c := range leaves {
		p.certificate(pool.Letters[c.Fingerprint], c, "on "+p.clean(pool.Holders(c)))
	}
	p.more(more)
	if len(leaves) > 0 {
		p.blank()
	}
}

// more says how much of a list is left out, if any is.
func (p *page) more(more string) {
	if more != "" {
		p.line("  ", more)
	}
}

// certificate describes one certificate by everything a person recognises it
// by in Windows.
func (p *page) certificate(mark string, c *edge.Certificate, where string) {
	subject := p.name(c.Subject())
	if subject == "" {
		subject = "(no subject)"
	}
	first := "  " + mark + strings.Repeat(" ", max(3-len(mark), 1))
	if one := subject + p.dot() + where; report.TextWidth(first+one) <= p.width {
		p.line(first, p.paint(bold, subject), p.dot(), where)
	} else {
		p.para(bold, first, subject)
		p.para(plain, "     ", where)
	}
	end := report.Expiry(c.NotAfter(), p.now)
	if p.now.After(c.NotAfter()) && !c.NotAfter().IsZero() {
		end = p.paint(red, end)
	}
	facts := []string{end, "thumbprint " + strings.ToUpper(c.Thumbprint())}
	if serial := c.Serial(); serial != "" {
		facts = append(facts, "serial "+serial)
	}
	if issuer := c.Issuer(); issuer != "" {
		facts = append(facts, "issuer "+p.name(report.CommonName(issuer)))
	}
	p.facts(plain, "     ", facts)
	if c.ParseError != "" { // what stands above was read field by field
		p.para(plain, "     ", "malformed: "+p.clean(c.ParseError))
	}
}

// meanings explains every mark of the matrix that is no letter, and says whether
// there was one to explain.
func (p *page) meanings(marks []string, short bool) bool {
	// These words say it themselves.
	marks = slices.DeleteFunc(slices.Clone(marks), func(m string) bool { return !short && (m == "refused" || m == "timeout" || m == "reset") })
	signs := slices.Clone(marks)
	width := 0
	for i, mark := range marks {
		if s := shortMarks(mark); short && s != mark {
			signs[i] = s + " " + mark
		}
		width = max(width, len(signs[i]))
	}
	for i, mark := range marks {
		p.para(dim, "  "+signs[i]+strings.Repeat(" ", width-len(signs[i])+2), report.MarkMeaning(mark))
	}
	return len(marks) > 0
}
