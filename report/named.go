package report

import (
	"strings"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// legend is the certificates that a report describes beside its findings, by
// letter.
type legend map[string]Certificate

// short takes out of messages what the legend says of a certificate already:
// its numbers and its issuer. A reader who meets two thumbprints a finding
// cannot see the sentence. The end stays, as findings are about it.
func (l legend) short() *strings.Replacer {
	var pairs []string
	for letter, c := range l {
		whole := audit.Named(letter, c.ThumbprintSHA1, "serial "+c.Serial)
		pairs = append(pairs, whole, letter)
		for _, told := range []string{
			audit.Named(letter, c.ThumbprintSHA1, "serial "+c.Serial, "issued by "+commonName(c.Issuer)),
			whole,
			audit.Named(letter, c.ThumbprintSHA1), // one that cannot be decoded
		} {
			pairs = append(pairs, strings.TrimSuffix(told, ")")+", ", letter+" (")
		}
	}
	return strings.NewReplacer(pairs...)
}

// poolOf is the pool to name before an event: none where there is but one, or
// where the event names it by itself.
func (r Report) poolOf(c Change) string {
	if len(r.Pools) < 2 || c.Kind == PoolAppeared || c.Kind == PoolVanished {
		return ""
	}
	return c.Pool
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
		return l.short().Replace(c.Message)
	}
	return c.Message
}

// relabel puts the letters of a merged pool into what was said of a pool of
// one scan, in which the same certificates had others.
func relabel(v view, merged map[string]string, certs map[string]Certificate) view {
	byID, order := letters(v.pool)
	var pairs []string
	for _, id := range order {
		was, is := byID[id], merged[id]
		for _, name := range []func(string) string{
			func(l string) string { return strings.TrimSuffix(audit.Named(l, certs[id].ThumbprintSHA1), ")") },
			audit.ByLetter,
		} {
			pairs = append(pairs, name(was), name(is))
		}
	}
	put := strings.NewReplacer(pairs...)
	findings := make([]Finding, len(v.pool.Findings))
	for i, f := range v.pool.Findings {
		f.Message, f.Fix = put.Replace(f.Message), put.Replace(f.Fix)
		findings[i] = f
	}
	v.pool.Findings = findings
	return v
}
