package remedy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/finding"
	"edgecert/scanner/edge"
)

// A cause is the findings that one act mends, before it is worded.
type cause struct {
	act      act
	group    []edge.Role // of an act with a certificate
	members  []string    // of an act on members
	findings []int
	cells    []int // all that the findings blame
	urgency  []int
}

// An act is the kind of thing that settles a cause.
type act int

const (
	ownSteps     act = iota
	restart          // what is assigned already and not presented yet
	carry            // the right certificate to where another one is
	renew            // a new certificate for all
	balance          // mended at the load balancer
	bringBack        // members or services that do not answer
	intermediate     // a CA certificate in the members' stores
	setting
)

// Plan sorts findings into problems, worst first, and lays out the steps that
// settle them. It fills in the findings' Problem and, where a problem's steps
// settle them, their Fix.
func (c *Case) Plan(findings []finding.Finding) ([]finding.Problem, []finding.Step) {
	p := planner{Case: c, findings: findings, choices: map[string]Choice{}, places: map[service]answers{}, lines: map[string]int{}}
	p.count()
	causes := p.causes()
	for i := range causes {
		causes[i].urgency = p.urgency(causes[i])
	}
	slices.SortStableFunc(causes, func(a, b cause) int { return slices.Compare(a.urgency, b.urgency) })
	problems := make([]finding.Problem, len(causes))
	for n, x := range causes {
		problems[n] = finding.Problem{Severity: p.worst(x).Severity, Headline: p.headline(x), Impact: join("; ", p.impact(x), p.forgotten(x)), Members: p.membersOf(x), Findings: x.findings}
		steps := p.stepsFor(x)
		p.add(steps, n)
		line := Line(steps)
		for _, i := range x.findings {
			findings[i].Problem = n
			if line != "" {
				findings[i].Fix = line
			}
		}
	}
	return problems, p.steps
}

type planner struct {
	*Case
	findings []finding.Finding
	choices  map[string]Choice // by group
	steps    []finding.Step
	lines    map[string]int // the index of a step, by its words
	everyone int            // how many members there are
	failed   int            // captures
	places   map[service]answers
}

// A service is one port of a name, on all members.
type service struct {
	name string
	role edge.Role
	port int
}

// answers is how many endpoints of a service there are, and how many answer.
type answers struct{ planned, seen int }

func serviceOf(e edge.Endpoint) service {
	return service{e.FQDN, e.Role, e.PortOfService()}
}

// count looks at all captures once, for what is asked of every finding.
func (p *planner) count() {
	all := make([]int, len(p.Captures))
	for i := range p.Captures {
		all[i] = i
		s := serviceOf(p.Captures[i].Endpoint)
		a := p.places[s]
		a.planned++
		if p.Captures[i].Outcome == edge.Failed {
			p.failed++
		} else {
			a.seen++
		}
		p.places[s] = a
	}
	p.everyone = len(p.Names(all))
}

func (p *planner) choice(group []edge.Role) Choice {
	if len(group) == 0 {
		return Choice{}
	}
	key := fmt.Sprint(group)
	if x, known := p.choices[key]; known {
		return x
	}
	x := p.Choose(group)
	p.choices[key] = x
	return x
}

// causes are the pool's problems in the order in which their findings stand.
func (p *planner) causes() []cause {
	var out []cause
	places := edge.Places[string]{}
	for i, f := range p.findings {
		if f.Severity == finding.Info {
			if f.Fix == "" {
				p.findings[i].Fix = Line(f.Steps)
			}
			continue
		}
		key, x := p.causeOf(f)
		n, first := places.Of(key)
		if first {
			out = append(out, x)
		}
		out[n].findings = append(out[n].findings, i)
		out[n].cells = append(out[n].cells, p.about(f)...)
	}
	for n := range out {
		slices.Sort(out[n].cells)
		out[n].cells = slices.Compact(out[n].cells)
	}
	return out
}

// about are the cells that a finding blames, those of its service where it is
// about one alone.
func (p *planner) about(f finding.Finding) []int {
	if f.Of == "" {
		return f.Cells
	}
	return edge.Keep(f.Cells, func(i int) bool { return p.Captures[i].Endpoint.Role == f.Of })
}

// causeOf says which act settles a finding; findings with one key are settled
// together.
func (p *planner) causeOf(f finding.Finding) (key string, x cause) {
	rule := p.Rule(f.Rule)
	switch {
	case p.Pool.File == nil && p.onlyBalancer(f.Cells):
		return "balancer", cause{act: balance}
	case rule.Mend == BySetting:
		return f.Rule, cause{act: setting}
	case rule.Mend == ByMember:
		members := p.down(f.Cells)
		return "down " + strings.Join(members, " "), cause{act: bringBack, members: members}
	case rule.Mend == ByIntermediate:
		return "intermediate " + p.authorities(f), cause{act: intermediate}
	case rule.Mend == ByOwnSteps, len(f.Steps) > 0 && !p.replaceable(f, rule):
		return own(f), cause{act: ownSteps}
	}
	if p.assignedNewer(f.Cells) {
		return "restart", cause{act: restart}
	}
	return p.certificateCause(f, rule)
}

// replaceable says whether the pool's right certificate settles what is wrong
// with another one, whatever else would: others present it, and it is well.
func (p *planner) replaceable(f finding.Finding, rule Rule) bool {
	if rule.Weight == 0 || f.Ahead || p.Pool.File != nil || p.Pool.Kind == edge.LoosePool || len(f.Cells) == 0 {
		return false
	}
	right := p.choice(p.groupOf(f.Cells))
	return right.Usable() && right.Certificate != nil && !p.presentedAt(right.Certificate, f.Cells)
}

// own tells findings apart that bring their own steps: one record, one file.
func own(f finding.Finding) string {
	return f.Rule + " " + strings.Join(f.Subjects, " ") + " " + Line(f.Steps)
}

// certificateCause: what is wrong with the right certificate needs a new one;
// all else, the right one where it is not.
func (p *planner) certificateCause(f finding.Finding, rule Rule) (string, cause) {
	group := p.groupOf(p.about(f))
	right := p.choice(group)
	if f.Of != "" && right.Thumbprint != "" && slices.ContainsFunc(f.Subjects, func(s string) bool { return strings.EqualFold(s, right.Thumbprint) }) {
		return fmt.Sprint("renew ", group), cause{act: renew, group: group}
	}
	if p.Pool.Kind == edge.LoosePool { // each for itself
		return "leaf " + leafKey(f), cause{act: renew, group: group}
	}
	if !right.Usable() || p.Pool.File != nil || rule.Weight > 0 && right.Certificate != nil && edge.Holds(f.Certificates, right.Certificate) && (f.Ahead || p.presentedAt(right.Certificate, f.Cells)) {
		return fmt.Sprint("renew ", group), cause{act: renew, group: group}
	}
	return fmt.Sprint("carry ", group), cause{act: carry, group: group}
}

// assignedNewer says whether all that captures lack is a restart: by the
// inventory another certificate that lasts longer is assigned to each.
func (p *planner) assignedNewer(cells []int) bool {
	if len(cells) == 0 || p.Pool.File != nil {
		return false
	}
	assigned := false
	for _, i := range cells {
		c := p.Captures[i]
		r, known := p.Pool.Assigned(c.Endpoint.Member, c.Endpoint.Role)
		if c.Endpoint.Role == edge.XMPP && !known {
			continue // few inventories hold it
		}
		if leaf := c.Leaf(); !known || leaf == nil || strings.EqualFold(r.Thumbprint, leaf.Thumbprint()) || !r.NotAfter.After(leaf.NotAfter()) {
			return false
		}
		assigned = true
	}
	return assigned
}

func leafKey(f finding.Finding) string {
	if len(f.Certificates) == 0 {
		return f.Rule
	}
	return f.Certificates[0].Fingerprint.String()
}

func (p *planner) presentedAt(leaf *edge.Certificate, cells []int) bool {
	return slices.ContainsFunc(cells, func(i int) bool { return p.presents(i, leaf) })
}

func (p *planner) presents(i int, leaf *edge.Certificate) bool {
	return edge.Holds(p.Captures[i].Leaves(), leaf)
}

// groupOf is the certificate group of the first captures; what blames nobody
// belongs to the first.
func (p *planner) groupOf(cells []int) []edge.Role {
	groups := p.Groups()
	for _, g := range groups {
		if len(cells) > 0 && len(g) > 1 && p.xmppApart(g, cells) {
			return []edge.Role{edge.XMPP}
		}
		if len(cells) > 0 && !p.others(edge.AV, cells) && slices.Contains(g, edge.AV) && p.AVApart() {
			return []edge.Role{edge.AV}
		}
		if len(cells) > 0 && slices.Contains(g, p.Captures[cells[0]].Endpoint.Role) {
			return g
		}
	}
	if len(groups) == 0 {
		return nil
	}
	return groups[0]
}

// xmppApart says whether captures are XMPP's alone, which presents a certificate
// of its own on every member.
func (p *planner) xmppApart(group []edge.Role, cells []int) bool {
	return !p.others(edge.XMPP, cells) && !p.Pool.XMPPDeclared && slices.Contains(group, edge.XMPP) && p.apartOnWire(edge.XMPP, p.choice(group).Certificate)
}

// others says whether captures are of other services than r, too.
func (p *planner) others(r edge.Role, cells []int) bool {
	return slices.ContainsFunc(cells, func(i int) bool { return p.Captures[i].Endpoint.Role != r })
}

func (p *planner) onlyBalancer(cells []int) bool {
	return len(cells) > 0 && p.membersAsked() && !slices.ContainsFunc(cells, func(i int) bool { return !p.Captures[i].Endpoint.VIP })
}

// down is what has to be brought back: a service that answers on no member, else
// the members.
func (p *planner) down(cells []int) []string {
	if p.failed == len(p.Captures) && p.failed > 1 {
		return []string{everything}
	}
	if len(cells) > 0 && p.nobodyServes(p.Captures[cells[0]].Endpoint) {
		return []string{place(p.Captures[cells[0]].Endpoint)}
	}
	return p.Names(cells)
}

const everything = "every endpoint"

// nobodyServes says whether the service of an endpoint answers on no member, of
// several.
func (p *planner) nobodyServes(e edge.Endpoint) bool {
	a := p.places[serviceOf(e)]
	return e.Role != edge.Other && a.planned > 1 && a.seen == 0
}

// authorities names the CA certificates that a finding is about.
func (p *planner) authorities(f finding.Finding) string {
	out := edge.Map(p.above(f), func(c *edge.Certificate) string { return c.Fingerprint.String() })
	slices.Sort(out)
	return strings.Join(out, " ")
}

// above are a finding's certificates that its captures do not present as leaves.
func (p *planner) above(f finding.Finding) []*edge.Certificate {
	return slices.DeleteFunc(slices.Clone(f.Certificates), func(c *edge.Certificate) bool { return p.presentedAt(c, f.Cells) })
}

func (p *planner) membersOf(x cause) []string {
	switch x.act {
	case carry:
		return p.Names(p.lagging(x))
	case bringBack:
		return p.Names(x.cells)
	default:
		return p.Names(slices.DeleteFunc(slices.Clone(x.cells), func(i int) bool { return p.Captures[i].Endpoint.VIP && p.membersAsked() }))
	}
}

// lagging are the captures of a group that present another certificate than the
// right one, and those that a finding blames though nothing is on the wire (A/V).
func (p *planner) lagging(x cause) []int {
	right := p.choice(x.group)
	var out []int
	for _, i := range x.cells {
		c := p.Captures[i]
		if c.Endpoint.VIP && p.membersAsked() {
			continue
		}
		if right.Certificate != nil && c.Leaf() != nil && len(c.Leaves()) == 1 && p.presents(i, right.Certificate) {
			continue
		}
		out = append(out, i)
	}
	if len(out) == 0 {
		return x.cells
	}
	return out
}

// worst is the finding that a problem is called by.
func (p *planner) worst(x cause) finding.Finding {
	worst := p.findings[x.findings[0]]
	for _, i := range x.findings[1:] {
		f := p.findings[i]
		if cmp.Or(cmp.Compare(f.Severity.Rank(), worst.Severity.Rank()), cmp.Compare(p.later(f), p.later(worst)), cmp.Compare(p.Rule(worst.Rule).Weight, p.Rule(f.Rule).Weight)) < 0 {
			worst = f
		}
	}
	return worst
}

// later says whether a finding breaks nothing today.
func (p *planner) later(f finding.Finding) int {
	if p.Rule(f.Rule).Later || f.Ahead {
		return 1
	}
	if r, known := p.record(f); known && r.NotAfter.After(p.Now) {
		return 1
	}
	return 0
}

// urgency orders problems: the expected certificate that is itself wrong first,
// then by severity, what breaks today before what breaks later, then by how
// many endpoints it concerns.
func (p *planner) urgency(x cause) []int {
	first := 1
	if x.act == renew && x.group != nil {
		if right := p.choice(x.group); right.Expected && right.Condemned {
			first = 0
		}
	}
	later, place, worst := 1, len(p.Captures), p.worst(x).Severity
	for _, i := range x.findings {
		f := p.findings[i]
		if f.Severity == worst {
			later = min(later, p.later(f))
		}
		if len(f.Cells) > 0 {
			place = min(place, f.Cells[0])
		}
	}
	return []int{first, worst.Rank(), later, -len(x.cells), place}
}
