package oracle

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab/peer"
)

// Every run judges the same worlds; another seed is a change to this line.
const (
	seed   = 20261129
	worlds = 2000
	batch  = 250 // worlds that share a call of OpenSSL and a scan of ours
)

// An explanation is a difference between the two sides that is meant.
type explanation struct {
	name    string
	mutated []string // only where one of these was done to the world
	with    []string // and one of these, where there are any
	ours    []fault  // what we say and OpenSSL does not
	theirs  []fault  // what OpenSSL says and we do not
	instead fault    // what OpenSSL means by it; empty: nothing
}

func TestVerdictsAgreeWithOpenSSL(t *testing.T) {
	t.Parallel()
	program := peer.OpenSSL(t)
	k := newKeys(t)
	all := generate(t, k)
	explained := newTally()
	t.Run("batches", func(t *testing.T) {
		for from := 0; from < len(all); from += batch {
			part := all[from:min(from+batch, len(all))]
			t.Run(fmt.Sprint("from world ", from), func(t *testing.T) {
				t.Parallel()
				theirs, ours := openssl(t, program, part), judge(t, part)
				for i, w := range part {
					compare(t, explained, w, ours[i], theirs[i])
				}
			})
		}
	})
	for _, e := range explanations() {
		if explained.n[e.name] == 0 {
			t.Errorf("explained and never seen: %s", e.name)
		}
	}
	t.Logf("%d worlds of seed %d: %d differences, all explained: %v", len(all), seed, explained.sum(), explained.n)
}

// generate makes each mutation alone, then random worlds of none to three.
func generate(t *testing.T, k keys) []*world {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	known := mutations()
	var all []*world
	for n := range worlds {
		w := healthy(n)
		var picked []mutation
		if n < len(known) {
			picked = known[n : n+1]
		} else {
			for range r.IntN(4) {
				picked = append(picked, known[r.IntN(len(known))])
			}
		}
		for _, m := range picked {
			m.change(w)
			w.mutations = append(w.mutations, m.name)
		}
		w.make(t, k, n)
		all = append(all, w)
	}
	return all
}

// judge is our side: the audit of each world as a pool of one member.
func judge(t *testing.T, part []*world) []verdict {
	t.Helper()
	ev := edge.Evidence{Started: now(), Finished: now()}
	p := audit.Policy{OnlyRoots: true}
	for i, w := range part {
		ev.Pools = append(ev.Pools, w.pool(i))
		ev.Captures = append(ev.Captures, w.capture(i))
		if w.trust != nil {
			p.Roots = append(p.Roots, w.trust)
		}
	}
	out := make([]verdict, len(part))
	for i, j := range audit.Judge(t.Context(), ev, p, now()) {
		out[i] = verdict{}
		for _, f := range j.Findings {
			if kind := ourFault(f.Rule); kind != "" && f.Severity == audit.Error {
				out[i][kind] = true
			}
		}
	}
	return out
}

func ourFault(rule string) fault {
	switch rule {
	case "server-auth-missing", "key-usage-unsuitable":
		return purpose
	case "access-name-missing":
		return hostname
	case "expired", "not-yet-valid":
		return validity
	case "intermediate-expired":
		return authority
	case "untrusted-issuer", "chain-incomplete", "certificate-undecodable", "not-judged":
		return path
	default:
		return "" // rules that OpenSSL knows nothing of
	}
}

// compare demands that both call a world good or both bad, that we name every
// fault that OpenSSL names, and that it names ours where there is one alone:
// of several OpenSSL may stop at the first.
func compare(t *testing.T, explained *tally, w *world, ours, theirs verdict) {
	t.Helper()
	for _, e := range explanations() {
		if e.applies(w, ours, theirs) {
			explained.add(e.name)
			without(ours, e.ours)
			without(theirs, e.theirs)
			if e.instead != "" {
				theirs[e.instead] = true
			}
		}
	}
	agree := (len(ours) == 0) == (len(theirs) == 0)
	for f := range theirs {
		agree = agree && ours[f]
	}
	if len(ours) == 1 {
		agree = agree && maps.Equal(ours, theirs)
	}
	if !agree {
		t.Errorf("world of %q: we say %s, OpenSSL says %s", w.mutations, words(ours), words(theirs))
	}
}

func (e explanation) applies(w *world, ours, theirs verdict) bool {
	done := func(m string) bool { return slices.Contains(w.mutations, m) }
	mutated := slices.ContainsFunc(e.mutated, done) && (len(e.with) == 0 || slices.ContainsFunc(e.with, done))
	return mutated && differs(e.ours, ours, theirs) && differs(e.theirs, theirs, ours)
}

// differs says whether one side has all these faults and the other none.
func differs(fs []fault, in, not verdict) bool {
	for _, f := range fs {
		if !in[f] || not[f] {
			return false
		}
	}
	return true
}

func without(v verdict, fs []fault) {
	for _, f := range fs {
		delete(v, f)
	}
}

func words(v verdict) string {
	if len(v) == 0 {
		return "good"
	}
	var out []string
	for f := range v {
		out = append(out, string(f))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// A tally counts how often each explanation was needed.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func newTally() *tally { return &tally{n: map[string]int{}} }

func (c *tally) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[name]++
}

func (c *tally) sum() int {
	n := 0
	for _, each := range c.n {
		n += each
	}
	return n
}
