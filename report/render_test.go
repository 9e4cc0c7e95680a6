package report_test

import (
	"bytes"
	"testing"

	"edgecert/report"
	"edgecert/report/formats"
)

// render writes a report in a format.
func render(t testing.TB, format string, r report.Report) string {
	t.Helper()
	f, ok := formats.Named(format)
	if !ok {
		t.Fatalf("no format %q", format)
	}
	var b bytes.Buffer
	if err := f.Render(&b, r, formats.Options{}); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

func encode(t testing.TB, r report.Report) []byte { return []byte(render(t, "json", r)) }
