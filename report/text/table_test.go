package text

import (
	"bytes"
	"flag"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

var update = flag.Bool("update", false, "write the golden files anew")

func table(t testing.TB, r report.Report, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTableGolden(t *testing.T) {
	t.Parallel()
	unchanged := reporttest.New(t, 2).Report()
	unchanged.Changes = []report.Change{}
	interrupted := reporttest.New(t, 2)
	interrupted.Evidence.Interrupted, interrupted.Judgements[0].Verdict = true, audit.VerdictIncomplete
	interrupted.Fail("edge2", edge.WebConf, 443, edge.ClassInterrupted, "the scan ended first")
	tests := map[string]struct {
		report  report.Report
		options Options
	}{
		"healthy":       {reporttest.New(t, 3).Report(), Options{}},
		"unchanged":     {unchanged, Options{Width: 100}},
		"changed":       {reporttest.Changed(t), Options{Width: 100}},
		"interrupted":   {interrupted.Report(), Options{}},
		"faulty-60":     {reporttest.Faulty(t).Report(), Options{Width: 60}},
		"faulty":        {reporttest.Faulty(t).Report(), Options{}},
		"faulty-120":    {reporttest.Faulty(t).Report(), Options{Width: 120}},
		"faulty-colour": {reporttest.Faulty(t).Report(), Options{Color: true}},
		"faulty-ascii":  {reporttest.Faulty(t).Report(), Options{ASCII: true}},
		"12x5-40":       {reporttest.TwelveByFive(t).Report(), Options{Width: 40}},
		"12x5-60":       {reporttest.TwelveByFive(t).Report(), Options{Width: 60}},
		"12x5-200":      {reporttest.TwelveByFive(t).Report(), Options{Width: 200}},
		"pools":         {reporttest.ManyPools(t).Report(), Options{}},
		"pools-60":      {reporttest.ManyPools(t).Report(), Options{Width: 60}},
		"loose":         {reporttest.LooseList(t, 4000).Report(), Options{}},
		"command-line":  {reporttest.CommandLine(t).Report(), Options{}},
		"hostile":       {reporttest.Hostile(t).Report(), Options{Width: 100}},
		"hostile-ascii": {reporttest.Hostile(t).Report(), Options{ASCII: true}},
		"malformed":     {reporttest.Malformed(t).Report(), Options{}},
		"unresolved":    {reporttest.Unresolved(t).Report(), Options{}},
		"nothing":       {reporttest.Nothing(), Options{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reporttest.Golden(t, *update, name+".txt", table(t, tt.report, tt.options))
		})
	}
}

// TestTableFitsItsWidth allows two things to be wider, which must stay in one
// piece to be copied: a command, and a thumbprint or serial number.
func TestTableFitsItsWidth(t *testing.T) {
	t.Parallel()
	worlds := map[string]report.Report{"faulty": reporttest.Faulty(t).Report(), "12x5": reporttest.TwelveByFive(t).Report(), "pools": reporttest.ManyPools(t).Report(),
		"loose": reporttest.LooseList(t, 300).Report(), "hostile": reporttest.Hostile(t).Report(), "command line": reporttest.CommandLine(t).Report(), "changed": reporttest.Changed(t)}
	for name, r := range worlds {
		for width := 40; width <= 200; width += 16 {
			for l := range strings.Lines(string(table(t, r, Options{Width: width}))) {
				l = strings.TrimSuffix(l, "\n")
				whole := regexp.MustCompile(`^ +[A-Z][A-Za-z]+-[A-Z][A-Za-z]+`).MatchString(l) || regexp.MustCompile(`^ +(thumbprint|serial) [0-9A-Fa-f]+$`).MatchString(l)
				if report.TextWidth(l) > width && !whole {
					t.Errorf("%s at %d: line of %d: %s", name, width, report.TextWidth(l), l)
				}
			}
		}
	}
}

func TestTableOnPlainTerminals(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]report.Report{"faulty": reporttest.Faulty(t).Report(), "hostile": reporttest.Hostile(t).Report(), "loose": reporttest.LooseList(t, 100).Report()} {
		for _, c := range string(table(t, r, Options{ASCII: true})) {
			if c != '\n' && (c < ' ' || c > '~') {
				t.Fatalf("%s: %q in a report for ASCII consoles", name, c)
			}
		}
		colour := string(table(t, r, Options{Color: true}))
		stripped := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(colour, "")
		if d := cmp.Diff(string(table(t, r, Options{})), stripped); d != "" {
			t.Errorf("%s: colour says more than words (-words +colour):\n%s", name, d)
		}
		for l := range strings.Lines(stripped) {
			if i := strings.IndexFunc(strings.TrimSuffix(l, "\n"), report.Unsafe); i >= 0 {
				t.Errorf("%s: unsafe character in %q", name, l)
			}
		}
	}
}
