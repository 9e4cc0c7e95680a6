package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got; go test ./report -update writes it anew):\n%s", name, d)
	}
}

func table(t testing.TB, r Report, o TableOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Table(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTableGolden(t *testing.T) {
	t.Parallel()
	unchanged := newWorld(t, 2).report()
	unchanged.Changes = []Change{}
	interrupted := newWorld(t, 2)
	interrupted.ev.Interrupted, interrupted.js[0].Verdict = true, audit.VerdictIncomplete
	interrupted.fail("edge2", edge.WebConf, 443, edge.ClassInterrupted, "the scan ended first")
	tests := map[string]struct {
		report  Report
		options TableOptions
	}{
		"healthy":       {newWorld(t, 3).report(), TableOptions{}},
		"unchanged":     {unchanged, TableOptions{Width: 100}},
		"changed":       {changed(t), TableOptions{Width: 100}},
		"interrupted":   {New(interrupted.ev, interrupted.js, audit.Policy{}, tool), TableOptions{}},
		"faulty-60":     {faulty(t).report(), TableOptions{Width: 60}},
		"faulty":        {faulty(t).report(), TableOptions{}},
		"faulty-120":    {faulty(t).report(), TableOptions{Width: 120}},
		"faulty-colour": {faulty(t).report(), TableOptions{Color: true}},
		"faulty-ascii":  {faulty(t).report(), TableOptions{ASCII: true}},
		"12x5-40":       {twelveByFive(t).report(), TableOptions{Width: 40}},
		"12x5-60":       {twelveByFive(t).report(), TableOptions{Width: 60}},
		"12x5-200":      {twelveByFive(t).report(), TableOptions{Width: 200}},
		"pools":         {manyPools(t).report(), TableOptions{}},
		"pools-60":      {manyPools(t).report(), TableOptions{Width: 60}},
		"loose":         {looseList(t, 4000).report(), TableOptions{}},
		"command-line":  {commandLine(t).report(), TableOptions{}},
		"hostile":       {hostile(t).report(), TableOptions{Width: 100}},
		"hostile-ascii": {hostile(t).report(), TableOptions{ASCII: true}},
		"malformed":     {malformed(t).report(), TableOptions{}},
		"unresolved":    {unresolved(t).report(), TableOptions{}},
		"nothing":       {New(edge.Evidence{Started: started, Finished: finished}, nil, audit.Policy{}, tool), TableOptions{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name+".txt", table(t, tt.report, tt.options))
		})
	}
}

// TestTableFitsItsWidth allows two things to be wider, which must stay in one
// piece to be copied: a command, and a thumbprint or serial number.
func TestTableFitsItsWidth(t *testing.T) {
	t.Parallel()
	reports := map[string]Report{"faulty": faulty(t).report(), "12x5": twelveByFive(t).report(), "pools": manyPools(t).report(),
		"loose": looseList(t, 300).report(), "hostile": hostile(t).report(), "command line": commandLine(t).report(), "changed": changed(t)}
	for name, r := range reports {
		for width := 40; width <= 200; width += 16 {
			for l := range strings.Lines(string(table(t, r, TableOptions{Width: width}))) {
				l = strings.TrimSuffix(l, "\n")
				whole := isCommand(strings.TrimSpace(l)) || regexp.MustCompile(`^ +(thumbprint|serial) [0-9A-Fa-f]+$`).MatchString(l)
				if textWidth(l) > width && !whole {
					t.Errorf("%s at %d: line of %d: %s", name, width, textWidth(l), l)
				}
			}
		}
	}
}

func TestTableOnPlainTerminals(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Report{"faulty": faulty(t).report(), "hostile": hostile(t).report(), "loose": looseList(t, 100).report()} {
		for _, c := range string(table(t, r, TableOptions{ASCII: true})) {
			if c != '\n' && (c < ' ' || c > '~') {
				t.Fatalf("%s: %q in a report for ASCII consoles", name, c)
			}
		}
		colour := string(table(t, r, TableOptions{Color: true}))
		stripped := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(colour, "")
		if d := cmp.Diff(string(table(t, r, TableOptions{})), stripped); d != "" {
			t.Errorf("%s: colour says more than words (-words +colour):\n%s", name, d)
		}
		for l := range strings.Lines(stripped) {
			if i := strings.IndexFunc(strings.TrimSuffix(l, "\n"), unsafe); i >= 0 {
				t.Errorf("%s: unsafe character in %q", name, l)
			}
		}
	}
}
