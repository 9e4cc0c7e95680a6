package report_test

import (
	"regexp"
	"strings"
	"testing"

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
