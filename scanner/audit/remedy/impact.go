package remedy

import (
	"slices"
	"strings"
	"time"

	"edgecert/scanner/edge"
)

// impact says what stops working, for whom and when, in a sentence that needs
// no knowledge of certificates. Empty where nothing stops.
func (p *planner) impact(x cause) string {
	f := p.worst(x)
	if f.Severity.Rank() > 0 && (f.Ahead || p.later(f) == 0) || !p.Pool.IsEdge() || len(f.Cells) == 0 {
		return ""
	}
	cells := x.cells
	whom := " for everybody outside"
	switch x.act {
	case carry, restart, bringBack, intermediate:
		if !p.all(cells) {
			whom = " for those who reach " + p.safeNames(p.membersOf(x), 3)
		}
	case balance:
		whom = " for those who come through the load balancer"
	}
	what := p.services(cells)
	if what == "" {
		return ""
	}
	switch until := p.lasts(x); {
	case p.later(f) > 0 && !until.IsZero():
		return what + " will fail" + whom + " from " + until.UTC().Format(time.DateOnly) + " on"
	case f.Ahead:
		return ""
	}
	return what + " can fail now" + whom
}

// services says in a user's words what goes through captures.
func (p *planner) services(cells []int) string {
	var out []string
	for _, i := range cells {
		e := p.Captures[i].Endpoint
		word := ""
		switch {
		case e.Role == edge.Access && strings.HasSuffix(place(e), ":5061"):
			word = "federation"
		case e.Role == edge.Access:
			word = "sign-in"
		case e.Role == edge.WebConf:
			word = "meeting content"
		case e.Role == edge.AV:
			word = "calls"
		case e.Role == edge.XMPP:
			word = "chat with XMPP partners"
		}
		if word != "" && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	text := List(out, 5)
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// lasts is until when the first of the certificates lasts that a problem is
// about.
func (p *planner) lasts(x cause) time.Time {
	var first time.Time
	for _, i := range x.findings {
		for _, c := range p.findings[i].Certificates {
			if end := c.NotAfter(); !p.findings[i].Ahead && p.later(p.findings[i]) > 0 && !end.IsZero() && (first.IsZero() || end.Before(first)) {
				first = end
			}
		}
	}
	return first
}
