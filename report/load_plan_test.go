package report_test

import (
	"bytes"
	"slices"
	"testing"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// TestWhatWasPlannedIsDue: a cell that was cut out of a saved scan was not seen.
func TestWhatWasPlannedIsDue(t *testing.T) {
	t.Parallel()
	healthy, loose := reporttest.New(t, 2).Evidence, edge.Evidence{Started: reporttest.Started(), Finished: reporttest.Finished()}
	healthy.Pools = append(healthy.Pools, edge.Pool{Name: "loose", Kind: edge.LoosePool, Loose: []edge.Loose{{Host: "192.0.2.1", Port: 443}, {Host: "192.0.2.2", Port: 444}}})
	for _, e := range edge.Plan(healthy.Pools[1:]) {
		c := healthy.Captures[0]
		c.Endpoint = e
		healthy.Captures = append(healthy.Captures, c)
	}
	loose.Pools, loose.Captures = healthy.Pools[1:], healthy.Captures[len(healthy.Captures)-2:]
	for _, whole := range []edge.Evidence{healthy, loose} {
		for cut := range len(whole.Captures) + 1 {
			ev := whole
			ev.Captures = slices.Clone(whole.Captures)
			if cut < len(ev.Captures) {
				ev.Captures = slices.Delete(ev.Captures, cut, cut+1)
			}
			r, err := report.Load(t.Context(), bytes.NewReader(encode(t, report.New(ev, nil, audit.Policy{}, reporttest.Tool()))))
			if err != nil {
				t.Fatal(err)
			}
			if r.Coverage.Planned != len(whole.Captures) || r.Coverage.Failed != len(whole.Captures)-len(ev.Captures) {
				t.Errorf("without endpoint %d: %+v", cut, r.Coverage)
			}
			for i, c := range r.Evidence.Captures {
				if i > 0 && c.Endpoint.Pool < r.Evidence.Captures[i-1].Endpoint.Pool {
					t.Errorf("without endpoint %d: %s stands behind another pool", cut, c.Endpoint.HostPort())
				}
			}
		}
	}
}
