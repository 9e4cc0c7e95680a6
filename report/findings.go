package report

import (
	"strconv"
	"strings"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// How many findings of one rule a pool lists. An Edge pool has at most twelve
// members; a loose list has thousands of endpoints with the same trouble.
const (
	maxPerRule      = 24
	maxPerRuleLoose = 3
)

// maxRepeatedFix is how long a fix may be, in bytes, to be said again rather
// than referred to.
const maxRepeatedFix = 60

// A told finding is one as people read it among others.
type told struct {
	Finding        // its message without what the legend says
	asFor   string // the rule that a finding before it has this fix from, "" where it is new
	more    int    // how many more of its rule are not listed
}

// tell lists a pool's findings as audit ordered them, worst first, at most so
// many of a rule.
func (l legend) tell(pool Pool) []told {
	limit := maxPerRule
	if pool.Plan.Kind == edge.LoosePool || tooTall(pool) {
		limit = maxPerRuleLoose
	}
	type kind struct { // the findings of a rule that weigh the same
		rule     string
		severity audit.Severity
	}
	total, listed := map[kind]int{}, map[kind]int{}
	for _, f := range pool.Findings {
		total[kind{f.Rule, f.Severity}]++
	}
	fixes, short := map[string]string{}, l.short()
	var out []told
	for _, f := range pool.Findings {
		k := kind{f.Rule, f.Severity}
		if listed[k]++; listed[k] > limit {
			continue
		}
		t := told{Finding: f}
		t.Message = short.Replace(f.Message)
		if listed[k] == limit {
			t.more = total[k] - limit
		}
		if rule, known := fixes[f.Fix]; known && len(f.Fix) > maxRepeatedFix {
			t.asFor = rule
		} else {
			fixes[f.Fix] = f.Rule
		}
		out = append(out, t)
	}
	return out
}

// andMore counts the findings of a rule that are not listed.
func (t told) andMore() string { return "and " + thousands(t.more) + " more of " }

// findings lists a pool's findings.
func (p *page) findings(pool Pool, byID map[string]string) {
	for _, f := range p.told.tell(pool) {
		p.finding(f.Finding, f.where(pool), mark(f.Finding, byID))
		p.fix(f)
		if f.more > 0 {
			p.blank()
			p.para(plain, indentOf(p), f.andMore()+p.clean(f.Rule)+": see the JSON")
		}
		p.blank()
	}
}

// where is the place of a finding in the words of the matrix. The port of a
// finding is the one dialed; people know the service's.
func (f Finding) where(pool Pool) string { return f.whereAmong(pool.Endpoints) }

// places finds the endpoints of a port without a walk through all: a list of
// ten thousand endpoints may have as many findings.
type places map[string][]Endpoint

func newPlaces(pool Pool) places {
	x := make(places, len(pool.Endpoints))
	for _, e := range pool.Endpoints {
		key := placeKey(e.Member, e.Port)
		x[key] = append(x[key], e)
	}
	return x
}

func (x places) where(f Finding) string { return f.whereAmong(x[placeKey(f.Member, f.Port)]) }

func placeKey(member string, port int) string { return strconv.Itoa(port) + " " + member }

func (f Finding) whereAmong(endpoints []Endpoint) string {
	for _, e := range endpoints {
		if f.Port != 0 && f.Port == e.Port && f.Role == e.Role && f.Member == e.Member &&
			(f.FQDN == "" || f.FQDN == e.FQDN) && (f.Address == "" || f.Address == e.Address) {
			if e.Role == edge.Other && f.FQDN != e.FQDN { // of several names at one address
				return e.Dialed()
			}
			place := e.Place()
			if e.ServicePort != e.Port && e.Role != edge.Other {
				place += " (dialed " + e.Dialed() + ")"
			}
			return place
		}
	}
	var parts []string
	if f.Member != "" {
		parts = append(parts, f.Member)
	}
	switch {
	case f.Role != "" && f.Port != 0:
		parts = append(parts, string(f.Role)+":"+strconv.Itoa(f.Port))
	case f.Role != "" && f.Role != edge.Other:
		parts = append(parts, string(f.Role))
	case f.Port != 0:
		parts = append(parts, ":"+strconv.Itoa(f.Port))
	}
	return strings.Join(parts, " ")
}

// mark is the letter of the certificate that a finding is about.
func mark(f Finding, byID map[string]string) string {
	if f.Certificate == nil || byID[*f.Certificate] == "" {
		return ""
	}
	return "certificate " + byID[*f.Certificate]
}

// indentOf is where the text of a finding starts: under its rule, or nearer
// to the edge where there is little room.
func indentOf(p *page) string {
	if p.width < 60 {
		return "    "
	}
	return strings.Repeat(" ", 11)
}

func (p *page) finding(f Finding, where, certificate string) {
	word, weight, textInk := "note", dim, dim
	switch f.Severity {
	case audit.Error:
		word, weight, textInk = "ERROR", red, plain
	case audit.Warning:
		word, weight, textInk = "WARNING", yellow, plain
	}
	head := []string{p.clean(f.Rule)}
	for _, s := range []string{where, certificate} {
		if s != "" {
			head = append(head, p.clean(s))
		}
	}
	lead := "  " + word + strings.Repeat(" ", 9-len(word))
	if textWidth(lead+strings.Join(head, p.dot())) <= p.width {
		rest := ""
		if len(head) > 1 {
			rest = p.dot() + strings.Join(head[1:], p.dot())
		}
		nameInk := bold
		if textInk == dim {
			nameInk = dim
		}
		p.line("  ", p.paint(weight, word), lead[2+len(word):], p.paint(nameInk, head[0]), p.paint(textInk, rest))
	} else {
		p.line("  ", p.paint(weight, word), lead[2+len(word):], p.paint(textInk, head[0]))
		p.facts(textInk, indentOf(p), head[1:])
	}
	p.para(textInk, indentOf(p), p.clean(f.Message))
}

// fix writes the way out. A command stands alone on its line and is never
// wrapped, so that it can be copied; what a finding before it said already is
// only referred to.
func (p *page) fix(f told) {
	if f.Fix == "" {
		return
	}
	in := plain
	if f.Severity == audit.Info {
		in = dim
	}
	if f.asFor != "" {
		p.para(in, indentOf(p)+"fix: ", "as for "+p.clean(f.asFor)+" above")
		return
	}
	first := indentOf(p) + "fix: "
	if whole := p.clean(f.Fix); textWidth(first+whole) <= p.width {
		p.line(first, p.paint(in, whole))
		return
	}
	rest := strings.Repeat(" ", len(first))
	for _, s := range fixSteps(f.Fix) {
		if isCommand(s) {
			if strings.TrimSpace(first) != "" {
				p.line(first)
			}
			p.line(rest, "  ", p.paint(in, p.clean(s)))
		} else {
			p.para(in, first, p.clean(s))
		}
		first = rest
	}
}
