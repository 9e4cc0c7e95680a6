package report_test

import (
	"regexp"
	"strings"
	"testing"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
)

// pluginLine is the form of the Monitoring Plugins Development Guidelines:
// SERVICE STATUS - text|'label'=value[UOM];[warn];[crit];[min];[max] ...
var pluginLine = regexp.MustCompile(`^EDGECERT (OK|WARNING|CRITICAL) - [^|\n]+\|[a-z_]+=-?[0-9.]+s?(;[0-9.]*){0,4}( [a-z_]+=-?[0-9.]+s?(;[0-9.]*){0,4})*\n$`)

func TestNagiosLine(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Reports(t) {
		line := render(t, "nagios", r)
		if !pluginLine.MatchString(line) || len(line) > 1024 {
			t.Errorf("%s: %d bytes: %q", name, len(line), line)
		}
		status := map[audit.Verdict]string{audit.VerdictOK: "OK", audit.VerdictWarning: "WARNING"}[r.Verdict]
		if status == "" {
			status = "CRITICAL"
		}
		if !strings.HasPrefix(line, "EDGECERT "+status+" - ") {
			t.Errorf("%s: verdict %s told as %q", name, r.Verdict, line)
		}
	}
}

// A line and an exit status that contradict each other are two answers.
func TestNagiosLineGoesWithTheExitStatus(t *testing.T) {
	t.Parallel()
	bad := audit.VerdictError
	for _, c := range []struct {
		verdict      audit.Verdict
		failOn, want string
		interrupted  bool
	}{
		{bad, "never", "OK", false}, {bad, "error", "CRITICAL", false}, {bad, "warning", "CRITICAL", false}, {bad, "", "CRITICAL", false}, {bad, "never", "CRITICAL", true},
		{audit.VerdictWarning, "never", "OK", false}, {audit.VerdictWarning, "error", "OK", false}, {audit.VerdictWarning, "warning", "WARNING", false},
		{audit.VerdictIncomplete, "error", "CRITICAL", false}, {audit.VerdictIncomplete, "never", "OK", false}, {audit.VerdictOK, "error", "OK", false},
	} {
		w := reporttest.New(t, 2)
		w.Evidence.Interrupted = c.interrupted
		r := w.Report()
		r.Verdict = c.verdict
		var b strings.Builder
		if err := report.Nagios(&b, r, c.failOn); err != nil || !strings.HasPrefix(b.String(), "EDGECERT "+c.want+" - ") {
			t.Errorf("%s with --fail-on %s: %q, %v, want %s", c.verdict, c.failOn, &b, err, c.want)
		}
	}
}
