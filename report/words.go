package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// Plural is a number and its noun: "1 error", "12 errors", "3,412 endpoints".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Thousands(n) + " " + noun + "s"
}

// Thousands writes a number as people read it: 3,412.
func Thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// FirstFew lists the first few words and counts the rest.
func FirstFew(words []string, atMost int) string {
	if len(words) <= atMost+1 { // "and 1 more" is no shorter than the one
		return strings.Join(words, ", ")
	}
	return strings.Join(words[:atMost], ", ") + " and " + Thousands(len(words)-atMost) + " more"
}

// Cut is the beginning of a list and, where that is not all, how many more of a
// noun there are: "and 3 more changes: see the JSON".
func Cut[T any](list []T, atMost int, noun string) (shown []T, more string) {
	if len(list) <= atMost {
		return list, ""
	}
	return list[:atMost], "and " + Plural(len(list)-atMost, "more "+noun) + ": see the JSON"
}

// Enumerate joins names: "a, b and c", cut where there are very many. A pool has
// 12 members at most, a list of loose endpoints any number.
func Enumerate(names []string) string {
	const listed = 12
	if len(names) > listed {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:listed], ", "), len(names)-listed)
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Span tells a length of time in days, or in hours and minutes where it is
// short. It takes seconds: a time.Duration ends at 292 years, and Windows' zero
// date is 1601.
func Span(seconds int64) string {
	const hour = 3600
	switch {
	case seconds >= 48*hour:
		return Plural(int(seconds/(24*hour)), "day")
	case seconds >= hour:
		return Plural(int(seconds/hour), "hour")
	default:
		return Plural(int(seconds/60), "minute")
	}
}

// Expiry says when a certificate ends, seen from now.
func Expiry(end, now time.Time) string {
	switch left := end.Unix() - now.Unix(); {
	case end.IsZero():
		return "end unknown"
	case end.Before(now):
		return fmt.Sprintf("expired %s, %s ago", end.Format(time.DateOnly), Span(-left))
	default:
		return fmt.Sprintf("expires %s, in %s", end.Format(time.DateOnly), Span(left))
	}
}

// DaysLeft are the whole days until the end. It is negative once the end has
// passed, from the first minute on.
func DaysLeft(end, now time.Time) int {
	days := int((end.Unix() - now.Unix()) / (24 * 3600))
	if end.Before(now) {
		days = min(days, -1)
	}
	return days
}

// CommonName picks the CN of a distinguished name for a line that has no room
// for all of it.
func CommonName(dn string) string {
	if rest, ok := strings.CutPrefix(dn, "CN="); ok {
		if i := strings.Index(rest, ","); i > 0 && rest[i-1] != '\\' {
			return rest[:i]
		}
	}
	return dn
}

// Count counts the findings of a severity.
func Count(fs []audit.Finding, s audit.Severity) int {
	n := 0
	for i := range fs {
		if fs[i].Severity == s {
			n++
		}
	}
	return n
}

// Counts are the findings by severity in words, what is absent left out.
func Counts(fs []audit.Finding) string {
	var out []string
	for _, s := range []struct {
		severity audit.Severity
		noun     string
	}{{audit.Error, "error"}, {audit.Warning, "warning"}, {audit.Info, "note"}} {
		if n := Count(fs, s.severity); n > 0 {
			out = append(out, Plural(n, s.noun))
		}
	}
	if len(out) == 0 {
		return "no findings"
	}
	return strings.Join(out, ", ")
}

// Seen says how much of the plan answered at all.
func (c Coverage) Seen() string {
	if c.Planned == 0 {
		return "nothing to scan"
	}
	if c.Failed == 0 {
		if c.Planned == 1 {
			return "the one endpoint seen"
		}
		return "all " + Plural(c.Planned, "endpoint") + " seen"
	}
	return fmt.Sprintf("%s of %s seen", Thousands(c.Planned-c.Failed), Plural(c.Planned, "endpoint"))
}

// VerdictWord is a verdict for people.
func VerdictWord(v audit.Verdict) string { return strings.ToUpper(Clean(string(v))) }

// FirstExpiry is the first end among the leaves of a pool, zero where none is
// known.
func (p Pool) FirstExpiry() time.Time {
	var first time.Time
	for _, c := range p.Leaves() {
		if end := c.NotAfter(); !end.IsZero() && (first.IsZero() || end.Before(first)) {
			first = end
		}
	}
	return first
}

// Leaves are the distinct leaves of a pool, by first appearance.
func (p Pool) Leaves() []*edge.Certificate {
	var out []*edge.Certificate
	known := map[edge.Fingerprint]bool{}
	for i := range p.Captures {
		for _, c := range p.Captures[i].Leaves() {
			if !known[c.Fingerprint] {
				known[c.Fingerprint] = true
				out = append(out, c)
			}
		}
	}
	return out
}

// TextWidth is how many cells text takes, its own colours not counted.
func TextWidth(s string) int {
	return displaywidth.Options{ControlSequences: true}.String(s)
}

// Elide shortens a name to width cells by leaving out its middle, where names
// of one kind are most alike.
func Elide(s string, width int, sign string) string {
	if TextWidth(s) <= width {
		return s
	}
	rest := width - TextWidth(sign)
	head := displaywidth.TruncateString(s, (rest+1)/2, "")
	runes := []rune(s)
	tail := ""
	for i := len(runes) - 1; i >= 0 && TextWidth(string(runes[i])+tail) <= rest-TextWidth(head); i-- {
		tail = string(runes[i]) + tail
	}
	return head + sign + tail
}

// The bounds of reports for people: how many changes and how many certificates
// of one pool are described, and how long a name is that only has to be
// recognised.
const (
	MaxChanges = 60
	MaxLegend  = 26
	MaxName    = 200
)

// Letter is the letter of the certificate that a finding is about, with the
// noun; empty where it is about none or several.
func (p Pool) Letter(f audit.Finding) string {
	if c := f.Certificate(); c != nil && p.Letters[c.Fingerprint] != "" {
		return "certificate " + p.Letters[c.Fingerprint]
	}
	return ""
}

// KeyOf says what key a certificate is about and how it was signed; empty where
// it cannot be read.
func KeyOf(c *edge.Certificate) string {
	d := newFacts(c)
	if d.KeyBits == 0 {
		return ""
	}
	return fmt.Sprintf("%s %d, signed with %s", d.KeyType, d.KeyBits, d.SignatureAlgorithm)
}
