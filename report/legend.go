package report

import (
	"slices"
	"strings"
)

// How many certificates of one pool are described, and how many members of one
// kind are named.
const (
	maxLegend  = 26
	maxHolders = 12
)

// legend describes the certificates behind the letters.
func (p *page) legend(pool Pool, certs map[string]Certificate, byID map[string]string, order []string) {
	for i, id := range order {
		if i == maxLegend {
			p.line("  and ", plural(len(order)-i, "more certificate"), ": see the JSON")
			p.blank()
			return
		}
		p.certificate(byID[id], certs[id])
		p.para(plain, "     ", "on "+p.holders(pool, id))
		p.blank()
	}
}

// certificate describes one certificate by everything a person recognises it
// by in Windows.
func (p *page) certificate(mark string, c Certificate) {
	p.told[mark] = c
	subject := p.name(c.Subject)
	if subject == "" {
		subject = "(no subject)"
	}
	first := "  " + mark + strings.Repeat(" ", max(3-len(mark), 1))
	p.para(bold, first, subject)
	facts := []string{expiry(c.NotAfter, p.now), "thumbprint " + strings.ToUpper(c.ThumbprintSHA1)}
	if c.Serial != "" {
		facts = append(facts, "serial "+c.Serial)
	}
	if c.Issuer != "" {
		facts = append(facts, "issuer "+p.name(commonName(c.Issuer)))
	}
	p.facts(plain, "     ", facts)
	if c.ParseError != "" { // what stands above was read field by field
		p.para(plain, "     ", "malformed: "+p.clean(c.ParseError))
	}
}

// commonName picks the CN of a distinguished name for a line that has no room
// for all of it.
func commonName(dn string) string {
	if rest, ok := strings.CutPrefix(dn, "CN="); ok {
		if i := strings.Index(rest, ","); i > 0 && rest[i-1] != '\\' {
			return rest[:i]
		}
	}
	return dn
}

// holders names those who present a certificate, as groups of members: first
// those that present nothing else, then those with some of their services on
// it.
func (p *page) holders(pool Pool, id string) string {
	names, with, other := presenters(pool, id)
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
		groups[what] = append(groups[what], p.clean(name))
	}
	var parts []string
	for _, what := range services {
		switch {
		case groups[what] == nil:
		case what == "":
			parts = append(parts, some(groups[what], maxHolders))
		default:
			parts = append(parts, some(groups[what], maxHolders)+" ("+what+")")
		}
	}
	return strings.Join(parts, "; ")
}

// presenters are the rows of the matrix that present a certificate, each with
// the columns it does so in, and the rows that present another one.
func presenters(pool Pool, id string) (names []string, with map[string][]string, other map[string]bool) {
	with, other = map[string][]string{}, map[string]bool{}
	for _, e := range pool.Endpoints {
		name := rowName(e)
		switch {
		case e.Certificate == nil:
			continue
		case *e.Certificate != id:
			other[name] = true
			continue
		case with[name] == nil:
			names = append(names, name)
		}
		if c := (column{e.Role, e.ServicePort}).head(false); !slices.Contains(with[name], c) {
			with[name] = append(with[name], c)
		}
	}
	return names, with, other
}

// meanings explains every mark of the matrix that is no letter.
func (p *page) meanings(marks []string, short bool) {
	signs := slices.Clone(marks)
	width := 0
	for i, mark := range marks {
		if s := shortMarks(mark); short && s != mark {
			signs[i] = s + " " + mark
		}
		width = max(width, len(signs[i]))
	}
	for i, mark := range marks {
		p.para(dim, "  "+signs[i]+strings.Repeat(" ", width-len(signs[i])+2), markMeaning(mark))
	}
	if len(marks) > 0 {
		p.blank()
	}
}
