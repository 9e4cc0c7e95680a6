package report_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"edgecert/report"
	"edgecert/report/formats"
	"edgecert/report/reporttest"
)

// carrying is a small report that holds s wherever a peer can put a string.
func carrying(t testing.TB, s string) report.Report {
	w := reporttest.Faulty(t)
	w.Evidence.Captures = w.Evidence.Captures[:3]
	w.Evidence.Host = s
	w.Judgements[0].Findings[0].Message, w.Judgements[0].Findings[0].Member = s, s
	leaf := reporttest.Cert(t, "carrier")
	leaf.X509.Subject.CommonName, leaf.X509.Issuer.CommonName, leaf.X509.DNSNames = s, s, []string{s}
	w.Present("edge1", reporttest.HealthyCells()[0].Role, reporttest.HealthyCells()[0].Port, leaf)
	w.Evidence.Captures[0].TLS.Cipher = s
	w.Evidence.Captures[1].Endpoint.Member = s
	return w.Report()
}

// FuzzFormats puts one string everywhere and reads each format back with its
// own parser: the string must still be there, and be nothing but a string.
func FuzzFormats(f *testing.F) {
	for _, s := range reporttest.HostileStrings() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := carrying(t, s)
		for _, format := range formats.All() {
			text := render(t, format.Name, r)
			if i := strings.IndexFunc(text, func(c rune) bool { return c != '\n' && c != '\t' && report.Unsafe(c) }); i >= 0 || !utf8.ValidString(text) {
				t.Errorf("%s can steer a terminal at %d", format.Name, i)
			}
		}
		if rows, err := csv.NewReader(strings.NewReader(render(t, "csv", r))).ReadAll(); err != nil || len(rows) != 4 {
			t.Errorf("csv: %d rows, %v", len(rows), err)
		} else if cell := rows[1][13]; strings.TrimPrefix(cell, "'") != strings.TrimPrefix(report.CellText(s), "'") || cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			t.Errorf("csv: %q became %q", s, cell)
		}
		for l := range strings.Lines(render(t, "jsonl", r)) {
			var line struct{ Type, Rule, Message string }
			if err := json.Unmarshal([]byte(l), &line); err != nil {
				t.Errorf("jsonl: %v", err)
			}
			if line.Rule == "differs-across-members" && utf8.ValidString(s) && line.Message != s {
				t.Errorf("jsonl: %q became %q", s, line.Message)
			}
		}
		if err := xml.Unmarshal([]byte(render(t, "junit", r)), new(struct{})); err != nil {
			t.Errorf("junit: %v", err)
		}
		parser := expfmt.NewTextParser(model.LegacyValidation)
		if fs, err := parser.TextToMetricFamilies(strings.NewReader(render(t, "prometheus", r))); err != nil || len(fs["edgecert_endpoint_up"].GetMetric()) != 3 {
			t.Errorf("prometheus: %v", err)
		}
		if line := render(t, "nagios", r); !pluginLine.MatchString(line) {
			t.Errorf("nagios: %q", line)
		}
		if m := meaning.FindString(withoutCode(render(t, "markdown", r))); m != "" {
			t.Errorf("markdown: %q has a meaning", m)
		}
	})
}

// TestLongNamesDrownNothing: a certificate may carry a name of thousands of
// characters, and people read the report of its eleven neighbours too.
func TestLongNamesDrownNothing(t *testing.T) {
	t.Parallel()
	r := carrying(t, strings.Repeat("x", 1<<20))
	for _, format := range []string{"table", "html", "markdown"} {
		if text := render(t, format, r); len(text) > 80_000 || !strings.Contains(text, "1048576 bytes: see the JSON)") {
			t.Errorf("%s: %d bytes", format, len(text))
		}
	}
}
