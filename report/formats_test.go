package report

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab/peer"
)

// render writes a report in a format.
func render(t testing.TB, format string, r Report) string {
	t.Helper()
	f, ok := FormatNamed(format)
	if !ok {
		t.Fatalf("no format %q", format)
	}
	var b bytes.Buffer
	if err := f.Render(&b, r, TableOptions{}); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

// reports are worlds of every kind.
func reports(t testing.TB) map[string]Report {
	return map[string]Report{"healthy": newWorld(t, 3).report(), "faulty": faulty(t).report(), "rich": rich(t).report(), "12x5": twelveByFive(t).report(),
		"pools": manyPools(t).report(), "loose": looseList(t, 80).report(), "command line": commandLine(t).report(), "malformed": malformed(t).report(), "unresolved": unresolved(t).report(), "hostile": hostile(t).report(),
		"changed": changed(t), "nothing": New(edge.Evidence{Started: started, Finished: finished}, nil, audit.Policy{}, tool)}
}

// program runs a program that no one here wrote, fed with stdin. Where it is
// absent the test is left out, or fails: see package peer.
func program(t *testing.T, debian, stdin, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(peer.Program(t, name, debian), args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s\n%.2000s", name, strings.Join(args, " "), err, out, stdin)
	}
}

func TestFormatsAreFound(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"a.json": "json", "A.JSON": "json", "x/y.md": "markdown", "r.xml": "junit", "r.prom": "prometheus",
		"r.txt": "table", "r.csv": "csv", "r.jsonl": "jsonl", "r.ndjson": "jsonl", "r.html": "html", "r.HTM": "html", "json": "", "r.pdf": "", "r.json.gz": ""} {
		if f, ok := FormatOfFile(path); f.Name != want || ok != (want != "") {
			t.Errorf("%s: got %q, want %q", path, f.Name, want)
		}
	}
	if _, ok := FormatNamed("yaml"); ok {
		t.Error("found a format that does not exist")
	}
	names, suffixes := map[string]bool{}, map[string]bool{}
	for _, f := range Formats() {
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
	for _, f := range Formats() {
		if f.Name == "table" || f.Name == "html" { // have their own
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			r := faulty(t).report()
			r.Changes = changed(t).Changes
			golden(t, "faulty."+f.Name, []byte(render(t, f.Name, r)))
		})
	}
}

// TestSavedReportsRenderIdentically renders every world live and from a file.
func TestSavedReportsRenderIdentically(t *testing.T) {
	t.Parallel()
	for name, r := range reports(t) {
		loaded, err := Load(bytes.NewReader(encode(t, r)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, f := range Formats() {
			if live, saved := render(t, f.Name, r), render(t, f.Name, loaded); live != saved {
				t.Errorf("%s as %s differs once saved", name, f.Name)
			}
		}
	}
}

// TestHostileStringsReachNoTerminal: what any format writes can be shown with
// cat. XML and Markdown end lines; nothing else but that may steer.
func TestHostileStringsReachNoTerminal(t *testing.T) {
	t.Parallel()
	for _, f := range Formats() {
		text := render(t, f.Name, hostile(t).report())
		if !utf8.ValidString(text) {
			t.Errorf("%s is no UTF-8", f.Name)
		}
		for i, c := range text {
			if c != '\n' && c != '\t' && unsafe(c) {
				t.Errorf("%s holds %U: %q", f.Name, c, text[max(0, i-30):i])
				break
			}
		}
	}
}
