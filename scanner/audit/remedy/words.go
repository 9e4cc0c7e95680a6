package remedy

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgecert/scanner/audit/finding"
	"edgecert/scanner/edge"
)

// short is the end of the sentence, with the subjects put in.
func (p *planner) short(f finding.Finding) string {
	text := cmp.Or(f.Short, p.Rule(f.Rule).Short)
	if text == "" {
		return "fails " + f.Rule
	}
	if strings.Contains(text, "%d") {
		for _, c := range f.Certificates {
			return strings.ReplaceAll(text, "%d", p.ends(c))
		}
	}
	names := slices.DeleteFunc(slices.Clone(f.Subjects), func(s string) bool {
		_, err := netip.ParseAddr(s)
		return err == nil
	})
	if len(names) == 0 {
		names = f.Subjects
	}
	return strings.ReplaceAll(text, "%s", SafeNames(names, max(p.most, 1)))
}

// who names members: all of them, or the first, or says how many there are.
func (p *planner) who(cells []int) string {
	if p.all(cells) {
		if p.Pool.Listed() {
			return "every endpoint"
		}
		return "every member"
	}
	names := p.Names(cells)
	if told := SafeNames(names, max(p.most, 1)); len(names) == 1 || p.most > 0 && told != unfitNames(len(names)) {
		return told
	}
	if p.Pool.Listed() {
		return strconv.Itoa(len(names)) + " endpoints"
	}
	return strconv.Itoa(len(names)) + " members"
}

// all says whether captures are of every member, of several.
func (p *planner) all(cells []int) bool {
	return len(p.members) > 1 && len(cells) >= len(p.members) && len(p.Names(cells)) == len(p.members)
}

func (p *planner) s(cells []int) string {
	if p.all(cells) || len(p.Names(cells)) == 1 {
		return "s"
	}
	return ""
}

// SafeNames lists what is fit for a headline: DNS-safe names, addresses, ports.
func SafeNames(names []string, most int) string {
	var out []string
	unfit := 0
	for _, n := range names {
		if at, err := netip.ParseAddrPort(n); err == nil && at.Addr().Is6() { // fit takes the brackets away
			n = fmt.Sprintf("%s port %d", at.Addr(), at.Port())
		}
		if strings.Trim(n, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:_ /") != "" || n == "" || len(n) > 60 {
			unfit++
			continue
		}
		out = append(out, n)
	}
	if len(out) == 0 && unfit > 0 {
		return unfitNames(unfit)
	}
	if unfit > 0 {
		out = append(out, strconv.Itoa(unfit)+" more")
	}
	return List(out, most)
}

// unfitNames stands for names of which none is fit for a headline.
func unfitNames(n int) string {
	if n == 1 {
		return "a name"
	}
	return strconv.Itoa(n) + " names"
}

// onServices says on which services, where it is not on all that the members
// have. What is alive and shows no certificate counts where others do not answer,
// and not where they present a wrong one.
func (p *planner) onServices(cells []int) string {
	presented := slices.ContainsFunc(cells, func(i int) bool { return len(p.Captures[i].Chain) > 0 })
	members := p.Names(cells)
	var places []string
	others := false
	for i := range p.Captures {
		c := p.Captures[i]
		if presented && len(c.Chain) == 0 && c.Outcome != edge.Failed {
			continue
		}
		if !slices.Contains(cells, i) {
			others = others || slices.Contains(members, p.Names([]int{i})[0])
			continue
		}
		if at := place(c.Endpoint); !slices.Contains(places, at) {
			places = append(places, at)
		}
	}
	switch {
	case p.Pool.Listed() || p.anywhere && len(places) > 1:
		return ""
	case !others && len(places) > 1:
		return " on every service"
	default:
		return " on " + List(places, max(p.most, 1))
	}
}

// place is a service with its port: "webcon:443".
func place(e edge.Endpoint) string {
	port := e.PortOfService()
	if e.Role == edge.Other || e.Role == "" {
		return "port " + strconv.Itoa(port)
	}
	return string(e.Role) + ":" + strconv.Itoa(port)
}

// ends says when a certificate ends: "ends in 5 days", "expired on 2026-06-06".
func (p *planner) ends(c *edge.Certificate) string { return p.endsAt(c.NotAfter()) }

func (p *planner) endsAt(end time.Time) string {
	if end.IsZero() {
		return "ends nobody knows when"
	}
	days := (end.Unix() - p.Now.Unix()) / 86400
	date := end.UTC().Format(time.DateOnly)
	switch {
	case end.Before(p.Now):
		return "expired on " + date
	case days < 1:
		return "ends within a day, on " + date
	case days == 1:
		return "ends in 1 day"
	case days > 90:
		return "ends on " + date
	default:
		return fmt.Sprintf("ends in %d days", days)
	}
}

// fit keeps a headline to 120 characters of printable ASCII without quotes or
// shell signs.
func fit(text string) string {
	out := printable(text)
	if len(out) <= maxHeadline {
		return out
	}
	out = out[:maxHeadline-3]
	if i := strings.LastIndexByte(out, ' '); i > maxHeadline/2 {
		out = out[:i]
	}
	return strings.TrimRight(out, " ,:.") + "..."
}

// printable leaves what every medium can show and no shell takes for its own.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < ' ' || r > '~' || strings.ContainsRune("\"'`$;&|<>(){}[]*?!#~\\^%=@", r) {
			continue
		}
		b.WriteRune(r)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
