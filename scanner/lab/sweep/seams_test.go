package sweep

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"edgecert/report"
	"edgecert/report/diff"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/audit/remedy/shelltest"
	"edgecert/scanner/edge"
)

// seams holds what is true of every world: all formats say the same, the plan
// can be followed, and the document holds all evidence.
func seams(t *testing.T, ev edge.Evidence, p audit.Policy, j audit.Judgement) report.Report {
	t.Helper()
	r := report.New(ev, []audit.Judgement{j}, p, report.Tool{Name: "edgecert"})
	r.At = now
	sameCells(t, r)
	sameLoaded(t, r)
	planHolds(t, r.Pools[0])
	return r
}

// sameLoaded demands that a scan, written as JSON and read back, is judged as
// it was live.
func sameLoaded(t *testing.T, r report.Report) {
	t.Helper()
	file := render(t, "json", r)
	loaded, err := report.Load(t.Context(), bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	byFingerprint := cmp.Comparer(func(a, b *edge.Certificate) bool {
		return a == b || a != nil && b != nil && a.Fingerprint == b.Fingerprint
	})
	for i, p := range r.Pools {
		if diff := cmp.Diff(p.Judgement, loaded.Pools[i].Judgement, byFingerprint, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("judged from the file it is another pool: -live +saved\n%s", diff)
		}
	}
	loaded.Tool = r.Tool // the roots are those that judge now
	if again := render(t, "json", loaded); !bytes.Equal(file, again) {
		t.Errorf("written again it is another document: -once +twice\n%s", cmp.Diff(string(file), string(again)))
	}
}

// planHolds demands that the plan settles every problem, that no step of it
// installs what is condemned, and that nothing in a command is text of others
// but within quotes.
func planHolds(t *testing.T, p report.Pool) {
	t.Helper()
	condemned := condemned(p)
	settled := map[int]bool{}
	for _, s := range p.Steps {
		for _, problem := range s.Problems {
			settled[problem] = true
		}
		for _, c := range s.Commands {
			for thumbprint, rule := range condemned {
				if strings.Contains(strings.ToLower(c), thumbprint) && !strings.Contains(c, "Remove-") {
					t.Errorf("a step installs what %s condemns: %s", rule, c)
				}
			}
			open, err := shelltest.Unquoted(c)
			if err != nil {
				t.Errorf("%v: %s", err, c)
			}
			if foreign.MatchString(open) {
				t.Errorf("text of others outside quotes: %s", c)
			}
		}
	}
	for n, problem := range p.Problems {
		if !settled[n] {
			t.Errorf("no step settles %q", problem.Headline)
		}
	}
}

// foreign is every name in a certificate, record or answer of the lab.
var foreign = regexp.MustCompile(`(?i)contoso|fabrikam|lync\.com|example|calc|junk`)

// condemned are the leaves presented, by thumbprint, in which an error stands
// that another certificate would mend.
func condemned(p report.Pool) map[string]string {
	out := map[string]string{}
	for _, f := range p.Findings {
		if rule, _ := audit.Find(f.Rule); f.Severity != audit.Error || rule.Weight == 0 {
			continue
		}
		for _, c := range f.Certificates {
			if p.Letters[c.Fingerprint] != "" {
				out[strings.ToLower(c.Thumbprint())] = f.Rule
			}
		}
	}
	return out
}

// tellsChanges demands an event for whatever finding of one scan the other has
// not, or has with other cells or subjects. A rule that could not tell clears
// nothing; where cells are silent, an event of another kind says so.
func tellsChanges(t *testing.T, was, is report.Report) {
	t.Helper()
	events := diff.Compare(was, is)
	told := func(what string) bool {
		return slices.ContainsFunc(events, func(c report.Change) bool {
			return strings.HasPrefix(c.Kind, "finding-") && strings.Contains(c.Message, what)
		})
	}
	demand := func(f audit.Finding, in report.Pool, what string) {
		excused, open := coverage()[f.Rule], false
		for _, g := range slices.Concat(was.Pools[0].Findings, is.Pools[0].Findings) {
			open = open || g.Rule == f.Rule && untold(is.Pools[0], g)
			for _, at := range g.Cells {
				silent := was.Pools[0].Captures[at].Outcome == edge.Failed || is.Pools[0].Captures[at].Outcome == edge.Failed
				excused = excused || g.Rule == f.Rule && silent
			}
		}
		same := slices.ContainsFunc(in.Findings, func(g audit.Finding) bool { return sameFinding(f, g) })
		if !same && !open && !told(what) && !(excused && len(events) > 0) {
			t.Errorf("%s of %v about %q came or went without an event: %+v", f.Rule, f.Cells, f.Subjects, events)
		}
	}
	for _, f := range is.Pools[0].Findings {
		demand(f, was.Pools[0], f.Rule+": "+f.Message)
	}
	for _, f := range was.Pools[0].Findings {
		demand(f, is.Pools[0], f.Rule+": ")
	}
}

// untold says that the rule of a finding could not tell whether it still stands.
func untold(p report.Pool, f audit.Finding) bool {
	rule, _ := audit.Find(f.Rule)
	return slices.ContainsFunc(p.Untold, func(u audit.Untold) bool {
		return slices.Contains(u.Rules, f.Rule) && (rule.Compares || slices.ContainsFunc(f.Cells, func(at int) bool { return slices.Contains(u.Cells, at) }))
	})
}

// coverage are the rules that tell what the event of an endpoint tells, too.
func coverage() map[string]bool {
	return map[string]bool{"endpoint-unreachable": true, "tls-not-spoken": true, "dns-no-address": true}
}

func sameFinding(f, g audit.Finding) bool {
	return f.Rule == g.Rule && slices.Equal(f.Cells, g.Cells) && slices.Equal(f.Subjects, g.Subjects)
}

// randomWorlds checks hundreds of pools in which cells have what chance gives
// them, each against the one before, from which few cells differ.
func (s *field) randomWorlds(t *testing.T) {
	var names []string
	for _, m := range mutations() {
		if m.change != nil {
			names = append(names, m.name)
		}
	}
	random := rand.New(rand.NewPCG(9, 10))
	was := seams(t, s.evidence(s.healthy), s.policy, judge(s.evidence(s.healthy), s.policy))
	captures := slices.Clone(s.healthy)
	for n := range 200 {
		captures = slices.Clone(captures)
		for range 1 + random.IntN(3) {
			i := random.IntN(len(captures))
			if captures[i] = s.healthy[i]; random.IntN(3) > 0 {
				captures[i] = s.capture(names[random.IntN(len(names))], endpointPlace(captures[i].Endpoint))
			}
		}
		ev := s.evidence(captures)
		is := seams(t, ev, s.policy, judge(ev, s.policy))
		tellsChanges(t, was, is)
		tellsChanges(t, is, was)
		if was = is; t.Failed() {
			t.Fatalf("random world %d: %s", n, fmt.Sprint(said(is.Pools[0].Judgement)))
		}
	}
}

// The worlds of the report's own tests have several pools, loose lists and
// names that no lab has.
func TestFormatsBlameTheSameCells(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Reports(t) {
		if name != "hostile" { // its names are another in every medium
			t.Run(name, func(t *testing.T) {
				sameCells(t, report.Judge(t.Context(), r.Evidence, r.Policy, r.Now(), r.Tool))
			})
		}
	}
}
