package report

import (
	"regexp"
	"strings"

	"edgecert/scanner/edge"
)

// How audit names a certificate in a message: by its letter in the pool, then
// "(thumbprint …, serial …)", with "issued by …, expires …" before the bracket
// closes where that tells two apart; or, where it is clear, by the letter alone.
var (
	withNumbers = regexp.MustCompile(`\b([A-Z]{1,2}) \(thumbprint ([0-9A-Fa-f]{40})(?:, serial [0-9a-f]+(\)|, ))?`)
	letterAlone = regexp.MustCompile(`\b(certificates? (?:already, )?)([A-Z]{1,2})\b`)
)

// legend is the certificates that a report describes beside its findings, by
// letter.
type legend map[string]Certificate

// short takes out of a message what the legend says of a certificate already:
// its numbers and its issuer. A reader who meets two thumbprints a finding
// cannot see the sentence. The end stays, as findings are about it.
func (l legend) short(message string) string {
	var b strings.Builder
	for {
		m := withNumbers.FindStringSubmatchIndex(message)
		if m == nil {
			return b.String() + message
		}
		letter, thumbprint := message[m[2]:m[3]], message[m[4]:m[5]]
		c, told := l[letter]
		switch rest := message[m[1]:]; {
		case !told || !strings.EqualFold(c.ThumbprintSHA1, thumbprint) || m[6] < 0:
			b.WriteString(message[:m[1]])
			message = rest
		case message[m[6]:m[7]] == ")":
			b.WriteString(message[:m[3]])
			message = rest
		default:
			b.WriteString(message[:m[3]] + " (")
			message = strings.TrimPrefix(rest, "issued by "+commonName(c.Issuer)+", ")
		}
	}
}

// event is the message of a change for people. What is new speaks of the
// certificates of this report; what is gone has the letters of an earlier one,
// and keeps its numbers.
func (r Report) event(c Change) string {
	if c.Kind != FindingNew && c.Kind != FindingSeverity {
		return c.Message
	}
	for _, p := range r.Pools {
		if p.Name != c.Pool || p.Plan.Kind == edge.LoosePool || tooTall(p) {
			continue
		}
		l := legend{}
		byID, order := letters(p)
		for _, id := range order[:min(len(order), maxLegend)] {
			l[byID[id]] = r.Certificates[id]
		}
		return l.short(c.Message)
	}
	return c.Message
}

// relabel puts the letters of a merged pool into what was said of a pool of
// one scan, in which the same certificates had others.
func relabel(v view, merged map[string]string, certs map[string]Certificate) view {
	byID, order := letters(v.pool)
	byLetter, byThumbprint := map[string]string{}, map[string]string{}
	for _, id := range order {
		byLetter[byID[id]], byThumbprint[certs[id].ThumbprintSHA1] = merged[id], merged[id]
	}
	put := func(text string) string {
		text = letterAlone.ReplaceAllStringFunc(text, func(s string) string {
			m := letterAlone.FindStringSubmatch(s)
			if l := byLetter[m[2]]; l != "" {
				return m[1] + l
			}
			return s
		})
		return withNumbers.ReplaceAllStringFunc(text, func(s string) string {
			m := withNumbers.FindStringSubmatch(s)
			if l := byThumbprint[strings.ToLower(m[2])]; l != "" {
				return l + s[len(m[1]):]
			}
			return s
		})
	}
	findings := make([]Finding, len(v.pool.Findings))
	for i, f := range v.pool.Findings {
		f.Message, f.Fix = put(f.Message), put(f.Fix)
		findings[i] = f
	}
	v.pool.Findings = findings
	return v
}
