package sweep

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/audit"
	"edgecert/scanner/lab"
)

// The demo is run on the real clock for years: at each limit of the lifetimes
// (CA/Browser Forum SC-081v3) and long after, its pools must be told alike.
func TestTheLabDoesNotAge(t *testing.T) {
	t.Parallel()
	var demo []string
	for _, at := range []time.Time{
		now,
		time.Date(2027, 3, 14, 23, 59, 59, 0, time.UTC),
		time.Date(2027, 4, 20, 0, 0, 0, 0, time.UTC),
		time.Date(2029, 6, 1, 6, 30, 0, 0, time.UTC),
		time.Date(2036, 2, 29, 12, 0, 0, 0, time.FixedZone("", 14*3600)),
	} {
		t.Run(fmt.Sprint(at.Year()), func(t *testing.T) {
			for name, spec := range map[string]lab.Spec{"healthy": lab.Healthy(at), "demo": lab.Demo(at)} {
				spec.Keys = &keys
				l := start(t, spec)
				j := audit.Judge(t.Context(), look(t, l, described(t, l), false), policy(l), at)[0]
				switch {
				case name == "healthy" && j.Verdict != audit.VerdictOK:
					t.Errorf("the healthy pool: verdict %s, %q", j.Verdict, said(j))
				case name == "demo" && demo == nil:
					demo = said(j)
				case name == "demo":
					if diff := cmp.Diff(demo, said(j)); diff != "" {
						t.Errorf("the demo's pool: -first +now\n%s", diff)
					}
				}
			}
		})
	}
}
