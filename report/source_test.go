package report_test

import (
	"slices"
	"testing"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

func TestSourceSaysHowOldTheRootsAre(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		roots string
		only  bool
		want  []string
	}{
		{"of last month", "2026-10-30", false, []string{"edgecert 1", "public roots of 2026-10-30"}},
		{"of the year before", "2025-11-20", false, []string{"edgecert 1", "public roots of 2025-11-20, more than 90 days old"}},
		{"not trusted at all", "2026-10-30", true, []string{"edgecert 1"}},
		{"of a scan that does not say", "", false, []string{"edgecert 1"}},
		{"hostile", "\x1b[2J", false, []string{"edgecert 1"}},
	} {
		r := report.Report{Tool: report.Tool{Name: "edgecert", Version: "1", PublicRoots: tt.roots}, Policy: audit.Policy{OnlyRoots: tt.only}, Evidence: edge.Evidence{Finished: reporttest.Finished()}}
		if got := r.Source(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
