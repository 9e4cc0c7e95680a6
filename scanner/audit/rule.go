package audit

import (
	"slices"

	"edgecert/scanner/edge"
)

// A Rule is one thing that can be wrong with an Edge pool, as a value: what it
// is, why it matters, who says so, and the function that looks for it.
type Rule struct {
	ID       string   // as people script against it: lower-case words joined by hyphens
	Family   string   // the group it stands in: coverage, consistency, names, usage, trust, validity, tls, av, dns
	Severity Severity // of its findings, unless the finding says otherwise
	Varies   string   // when it says otherwise; empty: never
	Title    string   // "finding when", one line
	Doc      string   // what is wrong, what it breaks, and, as the last paragraph, how to fix it
	Source   string   // who says so, quoted where it can be
	Applies  func(*world) bool
	Run      func(*world, *result)
}

// A result gathers what a rule saw of one pool. The rule reports every single
// thing it looked at, so that a pass needs something positively seen: a rule
// that never looked is not applicable, one that could not look everywhere has
// not passed.
type result struct {
	w      *world
	found  []placed
	passed int
	unsure int
	told   int
}

// placed is a finding with its place in the endpoint order.
type placed struct {
	Finding
	at []int // indexes of the captures it is about; empty: the pool
}

// first is the finding's place in the endpoint order; what is about the pool
// comes last.
func (p placed) first(w *world) int {
	if len(p.at) == 0 {
		return len(w.captures)
	}
	return slices.Min(p.at)
}

// pass says: looked at one thing, nothing wrong with it.
func (r *result) pass() { r.passed++ }

// couldNotTell says: one thing could not be looked at.
func (r *result) couldNotTell() { r.unsure++ }

// elsewhere says: one thing is wrong, and a more specific rule tells it. One
// cause, one finding; but it is no pass either.
func (r *result) elsewhere() { r.told++ }

// find adds a finding about the captures with these indexes. What they agree
// in (member, role, address, port) is where the finding is; the rest stays
// empty. No indexes: the finding is about the pool.
func (r *result) find(f Finding, at ...int) {
	r.found = append(r.found, r.w.place(f, at))
}

// about says whether the rule found something that concerns this capture.
func (r *result) about(i int) bool {
	return slices.ContainsFunc(r.found, func(p placed) bool { return slices.Contains(p.at, i) })
}

// outcome is what the rule says of the pool as a whole.
func (r *result) outcome() Outcome {
	switch {
	case len(r.found) > 0:
		return Found
	case r.unsure > 0:
		return CouldNotTell
	case r.passed > 0 && r.told == 0:
		return Pass
	default:
		return NotApplicable
	}
}

// place fills in where the finding is. An address says nothing of several
// members that share it, as behind a tunnel or a NAT.
func (w *world) place(f Finding, at []int) placed {
	if len(at) == 0 {
		return placed{f, nil}
	}
	first := w.captures[at[0]].Endpoint
	f.FQDN = first.FQDN
	f.Member, f.Role, f.Address, f.Port = first.Member, first.Role, address(first), first.Port
	for _, i := range at[1:] {
		e := w.captures[i].Endpoint
		if e.Member != first.Member {
			f.Member = ""
		}
		if e.Role != first.Role {
			f.Role = ""
		}
		if address(e) != address(first) || e.Member != first.Member {
			f.Address = ""
		}
		if e.FQDN != first.FQDN {
			f.FQDN = ""
		}
		if e.Port != first.Port {
			f.Port = 0
		}
	}
	return placed{f, at}
}

// address is the endpoint's address as text, empty where it has none.
func address(e edge.Endpoint) string {
	if !e.Address.IsValid() {
		return ""
	}
	return e.Address.String()
}
