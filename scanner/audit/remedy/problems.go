package remedy

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"edgecert/scanner/audit/finding"
	"edgecert/scanner/edge"
)

// A cause is the findings that one act mends, before it is worded.
type cause struct {
	key      string // findings with one are settled together
	act      act
	group    []edge.Role // of an act with a certificate
	members  []string    // of an act on members
	findings []int
	cells    []int // all that the findings blame
	urgency  []int

	first     string   // of what settles a finding in further groups: the key of its cause
	rest      []cause  // what settles it there, where nothing else is wrong with them
	settledBy []string // the keys of further causes whose steps it needs
}

// An act is the kind of thing that settles a cause.
type act int

const (
	ownSteps     act = iota
	restart          // what is assigned already and not presented yet
	carry            // the right certificate to where another one is
	either           // XMPP's own certificate declared, or the pool's in its place
	renew            // a new certificate for all
	balance          // mended at the load balancer
	bringBack        // members or services that do not answer
	intermediate     // a CA certificate in the members' stores
	setting
)

// Plan sorts findings into problems, worst first, and lays out the steps that
// settle them. It fills in the findings' Problem and, where a problem's steps
// settle them, their Fix. Once ctx has ended a problem is what its first finding
// says, and has no steps.
func (c *Case) Plan(ctx context.Context, findings []finding.Finding) ([]finding.Problem, []finding.Step) {
	p := planner{Case: c, findings: findings, choices: map[string]Choice{}, requested: map[string]string{}, places: map[service]answers{}, lines: map[string]int{}, most: 3}
	p.count()
	causes := p.causes()
	for i := range causes {
		causes[i].urgency = p.urgency(causes[i])
	}
	slices.SortStableFunc(causes, func(a, b cause) int { return slices.Compare(a.urgency, b.urgency) })
	problems, keys, from := make([]finding.Problem, len(causes)), map[string]int{}, make([][]finding.Step, len(causes))
	for n, x := range causes {
		if ctx.Err() != nil {
			problems[n] = finding.Problem{Severity: p.worst(x).Severity, Headline: p.worst(x).Message, Members: []string{}, Findings: x.findings}
			for _, i := range x.findings {
				findings[i].Problem = n
			}
			continue
		}
		all := x.whole()
		problems[n] = finding.Problem{Severity: p.worst(x).Severity, Headline: p.headline(all), Impact: join("; ", p.impact(all), p.forgotten(all)), Members: p.membersOf(all), Findings: x.findings}
		for _, i := range x.findings {
			findings[i].Problem = n
		}
		keys[x.key], from[n] = n, p.allSteps(x)
		if x.act == renew {
			p.breaks = append(p.breaks, len(p.steps)) // a CA takes its time: no restart waits for it
		}
		p.add(from[n], n)
	}
	for n, x := range causes {
		steps := from[n]
		for _, key := range x.settledBy {
			steps = append(slices.Clone(steps), from[keys[key]]...)
			p.add(from[keys[key]], n)
		}
		if line := Line(steps); line != "" {
			for _, i := range x.findings {
				findings[i].Fix = line
			}
		}
	}
	return problems, p.plan()
}

type planner struct {
	*Case
	findings  []finding.Finding
	choices   map[string]Choice // by group
	steps     []finding.Step
	breaks    []int             // where the plan waits for a CA: indexes into steps
	requested map[string]string // by group: the file with the new certificate that the plan asks for
	lines     map[string]int    // the index of a step, by its words
	members   []string          // all of them
	failed    int               // captures
	most      int               // names that a headline tells one by one
	places    map[service]answers
	anywhere  bool // it names no services, of several
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
	p.members = p.Names(all)
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
		if right.Certificate != nil && c.Leaf() != nil && len(c.Leaves()) == 1 && p.presents(i, right.Certificate) && !keyless(c, right.Thumbprint) {
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
