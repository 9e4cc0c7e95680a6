package text

import (
	"io"
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"

	"edgecert/report"
)

// The widths a terminal report is laid out for. Narrower ones overflow, wider
// ones leave the rest empty: nobody reads lines of 300 characters.
const (
	minWidth     = 40
	maxWidth     = 200
	defaultWidth = 80
	maxProse     = 120 // sentences do not get wider than one reads
)

// An ink is how a piece of text stands out where colours are wanted. Words
// carry the meaning; ink only helps to find them.
type ink string

// The inks: SGR parameters of ECMA-48. Yellow and green of the 8 colours are
// hardly to be seen on white; those of the 256 are read on black and on white.
const (
	plain ink = ""
	bold  ink = "1"
	dim   ink = "2"
	red   ink = "1;31"
	green ink = "1;38;5;28"
	amber ink = "1;38;5;130"
)

// A page collects a terminal report.
type page struct {
	b       strings.Builder
	width   int
	color   bool
	ascii   bool
	verbose bool
	dense   bool      // leave blank lines out
	now     time.Time // the end of the scan: days left are counted from it
}

func newPage(o Options, now time.Time) *page {
	width := o.Width
	if width <= 0 {
		width = defaultWidth
	}
	return &page{width: min(max(width, minWidth), maxWidth), color: o.Color, ascii: o.ASCII, now: now}
}

func (p *page) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, p.b.String())
	return err
}

// clean makes text from anywhere fit for the page.
func (p *page) clean(s string) string {
	s = report.Bounded(s)
	if !p.ascii {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r == '…':
			b.WriteString("...")
		default:
			report.EscapeRune(&b, r)
		}
	}
	return b.String()
}

// name makes a name fit that has only to be recognised: a certificate may
// carry one of thousands of characters.
func (p *page) name(s string) string { return p.elide(p.clean(s), report.MaxName) }

// glyph picks a sign for this terminal: consoles without UTF-8 get ASCII.
func (p *page) glyph(utf8, ascii string) string {
	if p.ascii {
		return ascii
	}
	return utf8
}

func (p *page) dot() string { return p.glyph(" · ", " - ") }

func (p *page) paint(i ink, s string) string {
	if !p.color || i == plain || s == "" {
		return s
	}
	return "\x1b[" + string(i) + "m" + s + "\x1b[0m"
}

// line writes one line, without blanks at its end.
func (p *page) line(parts ...string) {
	p.b.WriteString(strings.TrimRight(strings.Join(parts, ""), " ") + "\n")
}

func (p *page) blank() {
	if !p.dense {
		p.b.WriteByte('\n')
	}
}

// rule draws a line across, to part one pool from the next.
func (p *page) rule() {
	rule := p.paint(dim, strings.Repeat(p.glyph("─", "-"), min(p.width, 100))) + "\n"
	if !strings.HasSuffix(p.b.String(), rule) {
		p.b.WriteString(rule)
	}
}

// para writes text wrapped, the first line behind first and the others
// indented as far. Both the text and first are clean already.
func (p *page) para(i ink, first, text string) {
	indent := report.TextWidth(first)
	for n, l := range Wrap(text, min(p.width, maxProse)-indent) {
		if n > 0 {
			first = strings.Repeat(" ", indent)
		}
		p.line(first, p.paint(i, l))
	}
}

// facts writes short facts in a row, parted by dots, and breaks between them
// only: a thumbprint stays whole, to be copied. A fact longer than a line is
// wrapped unless it ends in such a number.
func (p *page) facts(i ink, first string, facts []string) {
	blank := strings.Repeat(" ", report.TextWidth(first))
	row := ""
	flush := func() {
		if row != "" {
			p.line(first, p.paint(i, row))
			first, row = blank, ""
		}
	}
	for _, f := range facts {
		room := p.width - len(blank)
		switch {
		case row != "" && report.TextWidth(row+p.dot()+f) <= room:
			row += p.dot() + f
		case report.TextWidth(f) <= room || hexNumber(f):
			flush()
			row = f
		default:
			flush()
			p.para(i, first, f)
			first = blank
		}
	}
	flush()
}

// hexNumber says whether a fact is a thumbprint or a serial number.
func hexNumber(fact string) bool {
	label, digits, _ := strings.Cut(fact, " ")
	return (label == "thumbprint" || label == "serial") && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}

// Wrap breaks text between words into lines of at most width cells, of 16 at
// the least. A word that is longer is broken where it must be.
func Wrap(text string, width int) []string {
	width = max(width, 16)
	var lines []string
	row, used := "", 0
	for _, word := range strings.Fields(text) {
		w := report.TextWidth(word)
		if row != "" && used+1+w > width {
			lines, row, used = append(lines, row), "", 0
		}
		for w > width {
			head := displaywidth.TruncateString(word, width, "")
			if head == "" { // one character wider than the line
				break
			}
			lines, word = append(lines, head), word[len(head):]
			w = report.TextWidth(word)
		}
		if row != "" {
			row, used = row+" ", used+1
		}
		row, used = row+word, used+w
	}
	if row != "" || len(lines) == 0 {
		lines = append(lines, row)
	}
	return lines
}

// beginning is as much of a sentence as fits, in whole words.
func (p *page) beginning(s string, width int) string {
	if report.TextWidth(s) <= width {
		return s
	}
	sign := p.glyph("…", "..")
	s = displaywidth.TruncateString(s, width-report.TextWidth(sign)-1, "")
	if i := strings.LastIndexByte(s, ' '); i > width/2 {
		s = s[:i]
	}
	return s + " " + sign
}

func (p *page) elide(s string, width int) string { return report.Elide(s, width, p.glyph("…", "..")) }
