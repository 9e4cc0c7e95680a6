package text

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"edgecert/report"
)

// maxGroups bounds a long list's report: enough to see what kinds of things there
// are; the JSON has everything.
const maxGroups = 8

// groups stands in for the matrix where endpoints have nothing to do with each
// other, or are too many: by certificate, those on most endpoints first, and
// the failures by class.
func (p *page) groups(pool report.Pool) {
	all, places, failed := pool.ByCertificate()
	order, more := report.Cut(all, maxGroups, "certificate")
	if more != "" {
		p.para(plain, "  ", fmt.Sprintf("%s; the %d on most endpoints:", report.Plural(len(all), "certificate"), maxGroups))
		p.blank()
	}
	for _, c := range order {
		p.certificate(pool.Letters[c.Fingerprint], c, "on "+p.clean(report.Places(places[c.Fingerprint])))
		p.blank()
	}
	if more != "" {
		p.more(more)
		p.blank()
	}
	p.failures(failed)
}

// failures lists the endpoints without a certificate, by why.
func (p *page) failures(failed map[string][]string) {
	words := slices.SortedFunc(maps.Keys(failed), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(failed[b]), len(failed[a])), cmp.Compare(a, b))
	})
	width := 0
	for _, w := range words {
		width = max(width, len(w))
	}
	for _, w := range words {
		in := red
		if w == "alive" || w == "not run" {
			in = dim
		}
		p.para(plain, "  "+p.paint(in, w)+strings.Repeat(" ", width-len(w)+2), p.clean(report.Places(failed[w])))
	}
	if len(words) > 0 {
		p.blank()
	}
}

// changes tells what happened since the previous scan, where there was one.
func (p *page) changes(r report.Report) {
	if r.Changes == nil {
		return
	}
	file := r.OfFile() != nil
	switch {
	case len(r.Changes) == 0 && file:
		p.line(p.paint(green, "no other certificate"), " was presented in the previous scan")
		p.blank()
		return
	case len(r.Changes) == 0:
		p.line(p.paint(green, "nothing changed"), " since the previous scan")
		p.blank()
		return
	case file:
		p.line(p.paint(bold, "compared with what the previous scan saw"))
	default:
		p.line(p.paint(bold, "changed since the previous scan"))
	}
	changes, more := report.Cut(r.Happened(), report.MaxChanges, "change")
	for _, c := range changes {
		text := p.clean(c.Message)
		if pool := r.PoolOf(c); pool != "" {
			text = p.clean(pool) + ": " + text
		}
		p.para(plain, "  "+p.glyph("•", "*")+" ", text)
	}
	p.more(more)
	p.blank()
}
