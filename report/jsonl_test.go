package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"edgecert/report"
	"edgecert/report/reporttest"
)

func TestJSONLLines(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Reports(t) {
		got := map[string]int{}
		for l := range strings.Lines(render(t, "jsonl", r)) {
			var line struct{ Type, Schema, Time string }
			if err := json.Unmarshal([]byte(l), &line); err != nil || line.Schema != report.Schema || line.Time != "2026-11-22T02:00:01.84Z" {
				t.Errorf("%s: %v: %s", name, err, l)
			}
			got[line.Type]++
		}
		findings := 0
		for _, p := range r.Pools {
			findings += len(p.Findings)
		}
		want := map[string]int{"scan": 1, "pool": len(r.Pools), "endpoint": r.Coverage.Planned, "finding": findings, "change": len(r.Changes)}
		for kind, n := range want {
			if got[kind] != n {
				t.Errorf("%s: %d lines of type %q, want %d", name, got[kind], kind, n)
			}
		}
	}
}
