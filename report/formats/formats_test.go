package formats

import (
	"bytes"
	"errors"
	"flag"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
)

var update = flag.Bool("update", false, "write the golden files anew")

// render writes a report in a format.
func render(t testing.TB, format string, r report.Report) string {
	t.Helper()
	f, ok := Named(format)
	if !ok {
		t.Fatalf("no format %q", format)
	}
	var b bytes.Buffer
	if err := f.Render(&b, r, Options{}); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

func TestFormatsAreFound(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"a.json": "json", "A.JSON": "json", "x/y.md": "markdown", "r.xml": "junit", "r.prom": "prometheus",
		"r.txt": "table", "r.csv": "csv", "r.jsonl": "jsonl", "r.ndjson": "jsonl", "r.html": "html", "r.HTM": "html", "json": "", "r.pdf": "", "r.json.gz": ""} {
		if f, ok := OfFile(path); f.Name != want || ok != (want != "") {
			t.Errorf("%s: got %q, want %q", path, f.Name, want)
		}
	}
	if _, ok := Named("yaml"); ok {
		t.Error("found a format that does not exist")
	}
	names, suffixes := map[string]bool{}, map[string]bool{}
	for _, f := range All() {
		if names[f.Name] || f.Title == "" {
			t.Errorf("%s stands twice, or has no title", f.Name)
		}
		names[f.Name] = true
		for _, s := range f.Suffixes {
			if suffixes[s] || !strings.HasPrefix(s, ".") {
				t.Errorf("suffix %s stands twice, or lacks its dot", s)
			}
			suffixes[s] = true
		}
	}
}

func TestFormatsGolden(t *testing.T) {
	t.Parallel()
	for _, f := range All() {
		if f.Name == "table" || f.Name == "html" { // have their own
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			r := reporttest.Faulty(t).Report()
			r.Changes = reporttest.Changed(t).Changes
			reporttest.Golden(t, *update, "faulty."+f.Name, []byte(render(t, f.Name, r)))
		})
	}
}

// TestSavedReportsRenderIdentically renders every world, judged, live and from a
// file.
func TestSavedReportsRenderIdentically(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Reports(t) {
		if name == "hostile" || name == "nothing" {
			continue // words that are in no closed set, and no pool, are not read from a file
		}
		live := report.Judge(t.Context(), r.Evidence, r.Policy, r.Now(), r.Tool)
		loaded, err := report.Load(t.Context(), strings.NewReader(render(t, "json", live)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, f := range All() {
			if live, saved := render(t, f.Name, live), render(t, f.Name, loaded); live != saved {
				t.Errorf("%s as %s differs once saved (-live +saved):\n%s", name, f.Name, cmp.Diff(live, saved))
			}
		}
	}
}

// TestHostileStringsReachNoTerminal: what any format writes can be shown with
// cat. XML and Markdown end lines; nothing else but that may steer.
func TestHostileStringsReachNoTerminal(t *testing.T) {
	t.Parallel()
	for _, f := range All() {
		text := render(t, f.Name, reporttest.Hostile(t).Report())
		if !utf8.ValidString(text) {
			t.Errorf("%s is no UTF-8", f.Name)
		}
		for i, c := range text {
			if c != '\n' && c != '\t' && report.Unsafe(c) {
				t.Errorf("%s holds %U: %q", f.Name, c, text[max(0, i-30):i])
				break
			}
		}
	}
}

// A disk that is full is told, wherever it was full.
func TestEveryFormatTellsThatItCouldNotBeWritten(t *testing.T) {
	t.Parallel()
	r := reporttest.Faulty(t).Report()
	for _, f := range All() {
		var whole bytes.Buffer
		o := Options{Separator: ';'}
		if err := f.Render(&whole, r, o); err != nil {
			t.Fatal(err)
		}
		for _, room := range []int{0, whole.Len() / 2, whole.Len() - 1} {
			if err := f.Render(&disk{room: room}, r, o); !errors.Is(err, errFull) {
				t.Errorf("%s with room for %d of %d bytes: %v", f.Name, room, whole.Len(), err)
			}
		}
		if err := f.Render(&disk{room: whole.Len()}, r, o); err != nil {
			t.Errorf("%s with room for all: %v", f.Name, err)
		}
	}
}

var errFull = errors.New("the disk is full")

type disk struct{ room int }

func (d *disk) Write(b []byte) (int, error) {
	n := min(len(b), d.room)
	if d.room -= n; n < len(b) {
		return n, errFull
	}
	return n, nil
}

// What nobody could tell is said by every format for people, of one healthy pool as
// of several, whose rows say no more than that they are well.
func TestUntoldIsSaidOfHealthyPools(t *testing.T) {
	t.Parallel()
	for _, pools := range []int{1, 2} {
		w := reporttest.New(t, 2)
		for range pools - 1 {
			w.Pool("edge-apac", 2, reporttest.HealthyCells())
		}
		for i := range w.Judgements {
			w.Judgements[i].Untold = []audit.Untold{{Reason: "DNS did not answer", Rules: []string{"dns-no-address", "srv-unexpected"}}}
		}
		for _, format := range []string{"table", "markdown", "html", "nagios"} {
			if got := render(t, format, w.Report()); !strings.Contains(got, "DNS did not answer") || !strings.Contains(got, "2 rules") {
				t.Errorf("%s of %d pools:\n%s", format, pools, got)
			}
		}
	}
}
