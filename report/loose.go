package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The bounds of a long list's report: enough to see what kinds of things there
// are; the JSON has everything.
const (
	maxGroups      = 8
	maxGroupPlaces = 6
)

// groups stands in for the matrix where endpoints have nothing to do with each
// other, or are too many: by certificate, those on most endpoints first, and
// the failures by class.
func (p *page) groups(pool Pool, certs map[string]Certificate, byID map[string]string, order []string) {
	places := map[string][]string{}
	failed := map[string][]string{}
	for _, e := range pool.Endpoints {
		if e.Certificate != nil {
			places[*e.Certificate] = append(places[*e.Certificate], e.Place())
			continue
		}
		word := cellMarks(e, byID)[0]
		failed[word] = append(failed[word], e.Place())
	}
	order = slices.Clone(order)
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(len(places[b]), len(places[a])) })
	if len(order) > maxGroups {
		p.para(plain, "  ", fmt.Sprintf("%s; the %d on most endpoints:", plural(len(order), "certificate"), maxGroups))
		p.blank()
	}
	for i, id := range order {
		if i == maxGroups {
			p.line("  and ", plural(len(order)-i, "more certificate"), ": see the JSON")
			p.blank()
			break
		}
		p.certificate(byID[id], certs[id])
		p.para(plain, "     ", "on "+p.listed(places[id]))
		p.blank()
	}
	p.failures(failed)
}

// listed counts the endpoints and names the first few.
func (p *page) listed(places []string) string {
	if len(places) == 1 {
		return p.clean(places[0])
	}
	shown := slices.Clone(places[:min(len(places), maxGroupPlaces+1)])
	for i, s := range shown {
		shown[i] = p.clean(s)
	}
	text := strings.Join(shown, ", ")
	if len(places) > maxGroupPlaces+1 {
		text = strings.Join(shown[:maxGroupPlaces], ", ") + " and " + thousands(len(places)-maxGroupPlaces) + " more"
	}
	return plural(len(places), "endpoint") + ": " + text
}

// failures lists the endpoints without a certificate, by why.
func (p *page) failures(failed map[string][]string) {
	words := make([]string, 0, len(failed))
	for w := range failed {
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b string) int {
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
		p.para(plain, "  "+p.paint(in, w)+strings.Repeat(" ", width-len(w)+2), p.listed(failed[w]))
	}
	if len(words) > 0 {
		p.blank()
	}
}

// changes tells what happened since the previous scan, where there was one.
func (p *page) changes(r Report) {
	if r.Changes == nil {
		return
	}
	if len(r.Changes) == 0 {
		p.line(p.paint(green, "nothing changed"), " since the previous scan")
		p.blank()
		return
	}
	p.line(p.paint(bold, "changed since the previous scan"))
	for i, c := range r.Changes {
		if i == maxChanges {
			p.line("  and ", plural(len(r.Changes)-i, "more change"), ": see the JSON")
			break
		}
		text := p.clean(r.event(c))
		if pool := r.poolOf(c); pool != "" {
			text = p.clean(pool) + ": " + text
		}
		p.para(plain, "  "+p.glyph("•", "*")+" ", text)
	}
	p.blank()
}

// maxChanges bounds the changes that are listed.
const maxChanges = 60
