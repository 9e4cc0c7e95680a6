// Package sweep has tests alone: every single fact of the healthy pool,
// changed through real sockets, must be named by the right rule at the right
// member, service and port, and nothing else may be said.
//
// One lab holds every changed cell, one scan brings them all home. A world is
// then the healthy captures with some of them replaced, in one cell, on one
// member, in one service, everywhere, and is judged without a socket.

//go:debug tlssha1=1
//go:debug x509negativeserial=1
//go:debug rsa1024min=0
//go:debug tlsmaxrsasize=16384

package sweep

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A scope is the changed cells of a world.
type scope struct {
	name  string
	kind  scopeKind
	cells []place
}

type scopeKind int

const (
	oneCell scopeKind = iota
	oneMember
	oneService // one port of it, on every member
	wholePool
)

// scopes are the ways in which a mutation can stand in the pool.
func (s *field) scopes(m mutation) []scope {
	var all []place
	for _, c := range s.cells {
		if m.applies(c) {
			all = append(all, placeOf(c))
		}
	}
	out := []scope{{"the whole pool", wholePool, all}}
	for _, p := range all {
		out = append(out, scope{p.String(), oneCell, []place{p}})
	}
	for _, member := range []string{"edge1", "edge2", "edge3"} {
		out = append(out, scope{member, oneMember, pick(all, func(p place) bool { return p.member == member })})
	}
	for _, p := range all {
		if p.member == "edge1" {
			same := pick(all, func(q place) bool { return q.role == p.role && q.port == p.port })
			out = append(out, scope{fmt.Sprintf("%s %d of all", p.role, p.port), oneService, same})
		}
	}
	return out
}

func pick(all []place, want func(place) bool) []place {
	return slices.DeleteFunc(slices.Clone(all), func(p place) bool { return !want(p) })
}

func TestEverySingleFactIsNamed(t *testing.T) {
	t.Parallel()
	s := newField(t)
	var mu sync.Mutex
	reached := map[string]bool{}
	t.Run("facts", func(t *testing.T) {
		t.Run("at random", func(t *testing.T) {
			t.Parallel()
			s.randomWorlds(t)
		})
		for _, m := range mutations() {
			for _, sc := range s.scopes(m) {
				t.Run(m.name+"/"+sc.name, func(t *testing.T) {
					t.Parallel()
					found := s.check(t, m, sc)
					mu.Lock()
					defer mu.Unlock()
					maps.Copy(reached, found)
				})
			}
		}
	})
	maps.Copy(reached, s.usual)
	for rule := range told(worlds()) {
		reached[rule] = true
	}
	for _, r := range audit.Rules() {
		reason, ok := elsewhere()[r.ID]
		switch {
		case !ok && !reached[r.ID]:
			t.Errorf("no mutation reaches %s", r.ID)
		case ok && reached[r.ID]:
			t.Errorf("%s is reached after all, yet said to be elsewhere: %s", r.ID, reason)
		}
	}
}

// check judges one world and returns the rules that it reached.
func (s *field) check(t *testing.T, m mutation, sc scope) map[string]bool {
	ev := s.world(t, m, sc.cells)
	want := s.expected(m, sc)
	found := map[string]bool{}
	covered := map[string]map[place]bool{}
	j := judge(ev, s.policy)
	if alone := sc.kind == oneCell || sc.kind == oneMember; !alone || sc.cells[0].member == "edge2" { // chance has the others
		r := seams(t, ev, s.policy, j)
		tellsChanges(t, s.usually, r)
		tellsChanges(t, r, s.usually)
		if sc.kind != oneService { // on all members as on one
			floor(t, ev, s.policy, j, false)
		}
		addMember(t, ev, s.policy, j, s.healthy...)
	}
	for _, f := range j.Findings {
		if s.usual[f.Rule] && f.Severity == audit.Info || slices.Contains(m.around, f.Rule) {
			continue
		}
		severity, ok := want[f.Rule]
		if !ok {
			t.Errorf("also: %s", show(f))
			continue
		}
		if f.Severity != severity {
			t.Errorf("%s, want severity %s", show(f), severity)
		}
		if f.Message == "" || f.Fix == "" && f.Severity != audit.Info {
			t.Errorf("%s: message and fix must say something (fix %q)", show(f), f.Fix)
		}
		found[f.Rule] = true
		if covered[f.Rule] == nil {
			covered[f.Rule] = map[place]bool{}
		}
		hit := s.covers(f, sc)
		if len(hit) == 0 {
			t.Errorf("at the wrong place: %s", show(f))
		}
		for _, p := range hit {
			covered[f.Rule][p] = true
		}
	}
	for rule := range want {
		for _, p := range sc.cells {
			if !covered[rule][p] {
				t.Errorf("%s says nothing of %s", rule, p)
			}
		}
	}
	return found
}

// covers returns the changed cells that a finding speaks of: none where it
// names a member, service or port that is healthy, or where it names less than
// all the changed cells have in common.
func (s *field) covers(f audit.Finding, sc scope) []place {
	between := betweenServices(f.Rule)
	hit := pick(sc.cells, func(p place) bool {
		return (f.Member == "" || f.Member == p.member) && (f.Role == "" || f.Role == p.role) &&
			(f.Port == 0 || f.Port == s.dialed(p))
	})
	one := sc.cells[0]
	vague := f.Member == "" && !slices.ContainsFunc(sc.cells, func(p place) bool { return p.member != one.member }) ||
		!between && f.Role == "" && !slices.ContainsFunc(sc.cells, func(p place) bool { return p.role != one.role }) ||
		!between && f.Port == 0 && len(sc.cells) == 1
	if vague {
		return nil
	}
	return hit
}

// betweenServices says whether a rule compares services or ports of a member,
// so that its finding is about several.
func betweenServices(rule string) bool {
	return slices.Contains([]string{"differs-across-services", "differs-across-ports", "chain-differs-across-members"}, rule)
}

// expected is what a world must yield beyond the healthy pool: what the
// mutation says, and the difference that it makes.
func (s *field) expected(m mutation, sc scope) map[string]audit.Severity {
	finds := m.finds
	if sc.kind == wholePool && m.wide != nil {
		finds = m.wide
	}
	want := map[string]audit.Severity{}
	for _, f := range finds {
		id, severity, own := strings.Cut(f, "=")
		if rule, _ := audit.Find(id); !own {
			severity = string(rule.Severity)
		}
		want[id] = audit.Severity(severity)
	}
	differ := func(rule string) { want[rule] = audit.Error }
	switch p := sc.cells[0]; {
	case !s.changesLeaf(m, p):
	case sc.kind == oneCell, sc.kind == oneMember:
		differ("differs-across-members")
	case sc.kind == oneService && p.role == edge.Access:
		differ("differs-across-ports")
	case sc.kind == oneService && p.role != edge.AV:
		differ("differs-across-services")
	}
	if m.chains && sc.kind != wholePool {
		want["chain-differs-across-members"] = audit.Warning
	}
	return want
}

func show(f audit.Finding) string {
	return fmt.Sprintf("%s %s at %q %q %d: %s", f.Severity, f.Rule, f.Member, f.Role, f.Port, f.Message)
}
