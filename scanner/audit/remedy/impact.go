package remedy

import (
	"slices"
	"strings"
	"time"

	"edgecert/scanner/audit/finding"
	"edgecert/scanner/edge"
)

// impact says what stops working, for whom and when, in a sentence that needs
// no knowledge of certificates. Empty where nothing stops.
func (p *planner) impact(x cause) string {
	f := p.worst(x)
	if f.Severity.Rank() > 0 && (f.Ahead || p.later(f) == 0) || !p.Pool.IsEdge() || len(f.Cells) == 0 {
		return ""
	}
	if len(x.members) == 1 && x.members[0] == everything {
		return "" // as likely it is this host that has no way out
	}
	until := p.lasts(x)
	cells := p.failing(x, f, until)
	const everybody = " for everybody outside"
	whom, reach := everybody, " on "
	if names := p.lacked(f); len(names) > 0 {
		cells = p.needing(f.Cells, names)
		if domains := domainsOf(names); len(domains) > 0 {
			whom = " for users of " + SafeNames(domains, 3)
			reach = " who reach "
		}
	}
	switch x.act {
	case carry, renew, either, restart, bringBack, intermediate:
		if who := p.membersOf(cause{act: x.act, group: x.group, cells: cells}); !p.all(cells) && (x.act != renew || len(cells) < len(x.cells) && p.later(f) > 0) {
			whom = strings.TrimSuffix(whom, everybody) + reach + SafeNames(who, 3)
		}
	case balance:
		whom = " for those who come through the load balancer"
	}
	what := p.services(cells)
	if r, known := p.record(f); known {
		what = p.servicesOf(r, cells)
	}
	if what == "" {
		return ""
	}
	if reach != " on " { // when it ends, it does for all others too
		cells = nil
	}
	switch {
	case p.later(f) > 0 && p.lastsAsLong(x, until):
		return "Nothing stops working for this before " + until.UTC().Format(time.DateOnly)
	case p.later(f) > 0 && !until.IsZero():
		return what + " will fail" + whom + " from " + until.UTC().Format(time.DateOnly) + p.failsNext(x, cells, what)
	case f.Ahead:
		return ""
	}
	return what + " can fail now" + whom + p.failsNext(x, cells, what)
}

// failing are the captures where something fails first as the worst finding says:
// of members with several certificates to be replaced, those of the worst ones.
func (p *planner) failing(x cause, worst finding.Finding, until time.Time) []int {
	var out []int
	switch {
	case p.later(worst) > 0:
		out = edge.Keep(x.cells, func(i int) bool { return !until.IsZero() && p.endOf(i).Equal(until) })
	case x.act == carry:
		for _, i := range x.findings {
			if f := p.findings[i]; f.Severity == worst.Severity && p.later(f) == 0 {
				out = append(out, f.Cells...)
			}
		}
		slices.Sort(out)
		out = slices.Compact(out)
	}
	if len(out) == 0 {
		return x.cells
	}
	return out
}

// endOf is when what a service has ends: what it presents, else what is assigned
// to it; zero where nobody knows.
func (p *planner) endOf(i int) time.Time {
	c := p.Captures[i]
	var first time.Time
	for _, leaf := range c.Leaves() {
		if end := leaf.NotAfter(); first.IsZero() || end.Before(first) {
			first = end
		}
	}
	if first.IsZero() {
		r, _ := p.Pool.Assigned(c.Endpoint.Member, c.Endpoint.Role)
		first = r.NotAfter
	}
	return first
}

// failsNext says when the others of a problem follow, and which services where
// those are others.
func (p *planner) failsNext(x cause, now []int, what string) string {
	right, follow := p.choice(x.group).Certificate, []int(nil)
	switch x.act {
	case carry:
		follow = p.lagging(x)
	case renew:
		right = nil
		for _, i := range x.findings {
			if f := p.findings[i]; p.later(p.worst(x)) > 0 && p.later(f) > 0 && p.Rule(f.Rule).Weight > 0 {
				follow = union(follow, f.Cells)
			}
		}
	}
	var ends []time.Time
	byEnd := map[time.Time][]int{}
	for _, i := range follow {
		end := p.endOf(i).UTC()
		if p.Captures[i].Leaf() == nil || slices.Contains(now, i) || !end.After(p.Now) || right != nil && !end.Before(right.NotAfter()) {
			continue
		}
		ends = union(ends, []time.Time{end})
		byEnd[end] = append(byEnd[end], i)
	}
	slices.SortFunc(ends, time.Time.Compare)
	text := ""
	for _, end := range ends[:min(len(ends), 3)] {
		text += ", and from " + end.Format(time.DateOnly)
		if services := p.services(byEnd[end]); services != "" && services != what {
			text += " " + strings.ToLower(services[:1]) + services[1:]
		}
		text += " on " + SafeNames(p.Names(byEnd[end]), 3)
	}
	return text
}

// lastsAsLong says whether the certificates to be replaced last as long as the
// right one.
func (p *planner) lastsAsLong(x cause, until time.Time) bool {
	right := p.choice(x.group).Certificate
	return x.act == carry && right != nil && !until.IsZero() && !right.NotAfter().After(until)
}

// forgotten says who still presents an older certificate than the others, where
// all need a new one: the headline is about that.
func (p *planner) forgotten(x cause) string {
	right := p.choice(x.group).Certificate
	if x.act != renew || right == nil || p.Pool.File != nil || p.Pool.Listed() {
		return ""
	}
	var cells []int
	var old *edge.Certificate
	for _, i := range x.findings {
		f := p.findings[i]
		if p.Rule(f.Rule).Weight > 0 {
			continue
		}
		for _, at := range f.Cells {
			leaf := p.Captures[at].Leaf()
			if leaf == nil || Newer(right, leaf) <= 0 || p.Captures[at].Endpoint.VIP || slices.Contains(cells, at) {
				continue
			}
			if old != nil && old.Fingerprint != leaf.Fingerprint {
				return ""
			}
			cells, old = append(cells, at), leaf
		}
	}
	if old == nil || p.all(cells) {
		return ""
	}
	slices.Sort(cells)
	return fit(p.stillPresent(x, cells, old))
}

// join puts words together that are not empty.
func join(between string, words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), between)
}

// lacked are the required names that a finding is about; empty where it is about
// anything else.
func (p *planner) lacked(f finding.Finding) []edge.RequiredName {
	var out []edge.RequiredName
	required := edge.RequiredNames(p.Pool)
	for _, s := range f.Subjects {
		i := slices.IndexFunc(required, func(n edge.RequiredName) bool { return n.Name == s })
		if i < 0 {
			return nil
		}
		out = append(out, required[i])
	}
	return out
}

// needing are those of cells whose clients look for one of names.
func (p *planner) needing(cells []int, names []edge.RequiredName) []int {
	return slices.DeleteFunc(slices.Clone(cells), func(i int) bool {
		role := p.Captures[i].Endpoint.Role
		return !slices.ContainsFunc(names, func(n edge.RequiredName) bool {
			switch n.Kind {
			case edge.WebConfName:
				return role == edge.WebConf
			case edge.XMPPName:
				return role == edge.XMPP
			default:
				return role == edge.Access
			}
		})
	})
}

// domainsOf are the SIP domains whose users alone miss the names; empty where
// others do, too.
func domainsOf(names []edge.RequiredName) []string {
	var out []string
	for _, n := range names {
		domain, ok := strings.CutPrefix(n.Name, "sip.")
		if !ok || n.Kind != edge.SIPDomainName {
			return nil
		}
		out = append(out, domain)
	}
	return out
}

// servicesOf says what goes through the service of a certificate of the
// inventory; the internal one is everybody's.
func (p *planner) servicesOf(r edge.InventoryRecord, cells []int) string {
	role := edge.RoleOf(r.Use)
	own := edge.Keep(cells, func(i int) bool { return p.Captures[i].Endpoint.Role == role })
	switch {
	case len(own) > 0:
		return p.services(own)
	case role == edge.Internal || role == "":
		return p.services(cells)
	default:
		return capital(word(edge.Endpoint{Role: role}))
	}
}

// services says in a user's words what goes through captures.
func (p *planner) services(cells []int) string {
	var out []string
	for _, i := range cells {
		if w := word(p.Captures[i].Endpoint); w != "" {
			out = union(out, []string{w})
		}
	}
	return capital(List(out, 5))
}

func word(e edge.Endpoint) string {
	switch {
	case e.Role == edge.Access && strings.HasSuffix(place(e), ":5061"):
		return "federation"
	case e.Role == edge.Access:
		return "sign-in"
	case e.Role == edge.WebConf:
		return "meeting content"
	case e.Role == edge.AV:
		return "calls"
	case e.Role == edge.XMPP:
		return "chat with XMPP partners"
	default:
		return ""
	}
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// lasts is until when the first of the certificates lasts that a problem is
// about.
func (p *planner) lasts(x cause) time.Time {
	var first time.Time
	var right *edge.Certificate
	if x.act == carry {
		right = p.choice(x.group).Certificate
	}
	for _, i := range x.findings {
		if r, known := p.record(p.findings[i]); known && (first.IsZero() || r.NotAfter.Before(first)) {
			first = r.NotAfter
		}
		for _, c := range p.findings[i].Certificates {
			if end := c.NotAfter(); c != right && !p.findings[i].Ahead && p.later(p.findings[i]) > 0 && !end.IsZero() && (first.IsZero() || end.Before(first)) {
				first = end
			}
		}
	}
	return first
}
