package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// How many names of one kind, and how many places, are spelt out.
const (
	MaxHolders = 12
	maxPlaces  = 6
)

// Unwell are the names of the pools that are not well.
func Unwell(pools []Pool) []string {
	var names []string
	for _, p := range pools {
		if p.Verdict != audit.VerdictOK {
			names = append(names, p.Plan.Name)
		}
	}
	return names
}

// Well are the pools that are well.
func Well(pools []Pool) []Pool {
	return slices.DeleteFunc(slices.Clone(pools), func(p Pool) bool { return p.Verdict != audit.VerdictOK })
}

// Attention says how many of several pools are not well.
func Attention(pools []Pool, unwell int) string {
	switch unwell {
	case 0:
		return fmt.Sprintf("all %d pools are well", len(pools))
	case 1:
		return fmt.Sprintf("1 of %d pools needs attention", len(pools))
	default:
		return fmt.Sprintf("%d of %d pools need attention", unwell, len(pools))
	}
}

// Holders names those who present a certificate, as groups of members: first
// those that present nothing else, then those with some of their services on
// it.
func (p Pool) Holders(cert *edge.Certificate) string {
	names, with, other := p.presenters(cert)
	if len(other) == 0 && len(names) > 1 {
		return "every endpoint that presents one"
	}
	groups, services := map[string][]string{}, []string{""} // "": all of a member's
	for _, name := range names {
		what := ""
		if other[name] {
			what = strings.Join(with[name], ", ")
		}
		if !slices.Contains(services, what) {
			services = append(services, what)
		}
		groups[what] = append(groups[what], Bounded(name))
	}
	var parts []string
	for _, what := range services {
		switch {
		case groups[what] == nil:
		case what == "" && len(groups[what]) > maxPlaces && len(other) > 0:
			parts = append(parts, Plural(len(groups[what]), p.member())) // the matrix names them
		case what == "":
			parts = append(parts, FirstFew(groups[what], MaxHolders))
		default:
			parts = append(parts, FirstFew(groups[what], MaxHolders)+" ("+what+")")
		}
	}
	return strings.Join(parts, "; ")
}

// presenters are the rows of the matrix that present a certificate, each with
// the columns it does so in, and the rows that present another one.
func (p Pool) presenters(cert *edge.Certificate) (names []string, with map[string][]string, other map[string]bool) {
	with, other = map[string][]string{}, map[string]bool{}
	for i := range p.Captures {
		c := &p.Captures[i]
		name := RowName(c.Endpoint)
		column := Column{Role: c.Role, Port: c.ServicePort}.Head(false)
		for _, leaf := range c.Leaves() {
			if leaf.Fingerprint != cert.Fingerprint {
				other[name] = true
				continue
			}
			if with[name] == nil {
				names = append(names, name)
			}
			if !slices.Contains(with[name], column) {
				with[name] = append(with[name], column)
			}
		}
	}
	return names, with, other
}

// ByCertificate are the distinct leaves of a pool, those on most endpoints first,
// the places of each, and those without a certificate by the mark of their cell.
func (p Pool) ByCertificate() (leaves []*edge.Certificate, places map[edge.Fingerprint][]string, failed map[string][]string) {
	places, failed = map[edge.Fingerprint][]string{}, map[string][]string{}
	place := p.placer()
	for i := range p.Captures {
		c := &p.Captures[i]
		for _, leaf := range c.Leaves() {
			places[leaf.Fingerprint] = append(places[leaf.Fingerprint], place(c.Endpoint))
		}
		if c.Leaf() == nil {
			mark := p.CellMarks(c)[0]
			failed[mark] = append(failed[mark], place(c.Endpoint))
		}
	}
	leaves = p.Leaves()
	slices.SortStableFunc(leaves, func(a, b *edge.Certificate) int {
		return cmp.Compare(len(places[b.Fingerprint]), len(places[a.Fingerprint]))
	})
	return leaves, places, failed
}

// Places counts the endpoints and names the first few.
func Places(places []string) string {
	if len(places) == 1 {
		return Bounded(places[0])
	}
	shown := slices.Clone(places[:min(len(places), maxPlaces+1)])
	for i, s := range shown {
		shown[i] = Bounded(s)
	}
	text := strings.Join(shown, ", ")
	if len(places) > maxPlaces+1 {
		text = strings.Join(shown[:maxPlaces], ", ") + " and " + Thousands(len(places)-maxPlaces) + " more"
	}
	return Plural(len(places), "endpoint") + ": " + text
}

// NextExpiry is the first end among the pool's leaves in words.
func (p Pool) NextExpiry(now time.Time, withDate bool) string {
	first := p.FirstExpiry()
	if first.IsZero() {
		return "not seen"
	}
	left := "over"
	if first.After(now) {
		left = Span(first.Unix() - now.Unix())
	}
	if withDate {
		left = first.Format(time.DateOnly) + ", " + left
	}
	return left
}

// Took says how long a scan took.
func Took(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}
