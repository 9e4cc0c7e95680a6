package audit

import (
	"context"
	"slices"
	"testing"

	"edgecert/scanner/edge"
)

// A judgement that is ended plans nothing any more: every finding that was made
// has its problem all the same, told by its own words.
func TestAnEndedJudgementPlansNothing(t *testing.T) {
	t.Parallel()
	w := manyHosts(t, 40, edge.CommandLinePool)
	s := newScan(t.Context(), w.ev, w.policy, w.now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	j := newWorld(s, s.inView(w.ev.Pools[0]), w.ev.Captures).judge(ctx)
	if len(j.Problems) == 0 || len(j.Steps) > 0 {
		t.Fatalf("%d problems, %d steps", len(j.Problems), len(j.Steps))
	}
	for n, f := range j.Findings {
		if f.Severity == Info {
			continue
		}
		if f.Problem < 0 || !slices.Contains(j.Problems[f.Problem].Findings, n) {
			t.Errorf("finding %d (%s) is in no problem", n, f.Rule)
		}
	}
	for _, p := range j.Problems {
		if p.Headline == "" || p.Members == nil {
			t.Errorf("%+v", p)
		}
	}
}
