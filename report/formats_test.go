package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
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

func TestCSVByItsParser(t *testing.T) {
	t.Parallel()
	for name, r := range reports(t) {
		rows, err := csv.NewReader(strings.NewReader(render(t, "csv", r))).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(rows) != 1+r.Coverage.Planned {
			t.Errorf("%s: %d rows for %d endpoints", name, len(rows)-1, r.Coverage.Planned)
		}
		for _, row := range rows {
			for i, cell := range row {
				if rows[0][i] != "days_left" && formula.MatchString(cell) && !strings.HasPrefix(cell, "'") {
					t.Errorf("%s: %s runs as a formula: %q", name, rows[0][i], cell)
				}
			}
		}
	}
}

func TestCSVFacts(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(strings.NewReader(render(t, "csv", faulty(t).report()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, tt := range []struct{ member, role, port, field, want string }{
		{"edge2", "webcon", "443", "findings", "error:differs-across-members warning:expires-soon"},
		{"edge2", "webcon", "443", "days_left", "5"},
		{"edge1", "access", "443", "findings", ""},
		{"edge3", "access", "5061", "findings", "error:endpoint-unreachable"},
		{"edge3", "access", "5061", "error_class", "refused"},
		{"edge3", "access", "5061", "subject", ""},
		{"edge1", "av", "443", "outcome", "no-certificate"},
		{"edge1", "av", "443", "findings", "info:av-not-observable"},
	} {
		for _, row := range rows[1:] {
			if row[column["member"]] == tt.member && row[column["role"]] == tt.role && row[column["port"]] == tt.port && row[column[tt.field]] != tt.want {
				t.Errorf("%s %s:%s: %s is %q, want %q", tt.member, tt.role, tt.port, tt.field, row[column[tt.field]], tt.want)
			}
		}
	}
}

func TestCellText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "CN=a": "CN=a", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", " =1": " '=1", "\t=1": `\t=1`,
		"\r=1": `\r=1`, "a;=1": "a;'=1", "a-b": "a-b", "＝1": "'＝1", "203.0.113.1": "203.0.113.1"} {
		if got := cellText(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestDaysLeft(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]int{time.Hour: 0, 25 * time.Hour: 1, -time.Minute: -1, -25 * time.Hour: -2} {
		if got := daysLeft(started.Add(d), started); got != want {
			t.Errorf("%s: %d, want %d", d, got, want)
		}
	}
}

func TestJSONLLines(t *testing.T) {
	t.Parallel()
	for name, r := range reports(t) {
		got := map[string]int{}
		for l := range strings.Lines(render(t, "jsonl", r)) {
			var line struct{ Type, Schema, Time string }
			if err := json.Unmarshal([]byte(l), &line); err != nil || line.Schema != Schema || line.Time != "2026-11-22T02:00:01.84Z" {
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

func TestJUnitBySchema(t *testing.T) {
	t.Parallel()
	for name, r := range reports(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program(t, "libxml2-utils", render(t, "junit", r), "xmllint", "--noout", "--schema", filepath.Join("testdata", "junit.xsd"), "-")
		})
	}
}

func TestJUnitByItsParser(t *testing.T) {
	t.Parallel()
	for name, r := range reports(t) {
		text := render(t, "junit", r)
		var got struct {
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Suites   []struct {
				Cases []struct {
					Name    string    `xml:"name,attr"`
					Failure *struct{} `xml:"failure"`
					Error   *struct{} `xml:"error"`
					Skipped *struct{} `xml:"skipped"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for i, p := range r.Pools {
			for _, c := range got.Suites[i].Cases {
				if want := ruleHasError(p, c.Name); (c.Failure != nil) != want {
					t.Errorf("%s: %s failed %v, want %v", name, c.Name, c.Failure != nil, want)
				}
				if o := p.Rules[c.Name]; (c.Skipped != nil) != (o == audit.CouldNotTell || o == audit.NotApplicable) {
					t.Errorf("%s: %s skipped %v though it is %s", name, c.Name, c.Skipped != nil, o)
				}
				if c.Name == "coverage" && (c.Error != nil) != (p.Verdict == audit.VerdictIncomplete) {
					t.Errorf("%s: coverage in error %v though the verdict is %s", name, c.Error != nil, p.Verdict)
				}
			}
		}
		if r.Verdict != audit.VerdictOK && r.Verdict != audit.VerdictWarning && got.Failures+got.Errors == 0 && name != "loose" {
			t.Errorf("%s: verdict %s, and the build server sees all well", name, r.Verdict)
		}
	}
}

func ruleHasError(p Pool, rule string) bool {
	for _, f := range p.Findings {
		if f.Rule == rule && f.Severity == audit.Error {
			return true
		}
	}
	return false
}

// pluginLine is the form of the Monitoring Plugins Development Guidelines:
// SERVICE STATUS - text|'label'=value[UOM];[warn];[crit];[min];[max] ...
var pluginLine = regexp.MustCompile(`^EDGECERT (OK|WARNING|CRITICAL) - [^|\n]+\|[a-z_]+=-?[0-9.]+s?(;[0-9.]*){0,4}( [a-z_]+=-?[0-9.]+s?(;[0-9.]*){0,4})*\n$`)

func TestNagiosLine(t *testing.T) {
	t.Parallel()
	for name, r := range reports(t) {
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

// TestMarkdownStructure checks what can be broken: rows of a table have as many
// cells as their head, every fence is closed, and nothing hostile is bare.
func TestMarkdownStructure(t *testing.T) {
	t.Parallel()
	for name, r := range reports(t) {
		text := render(t, "markdown", r)
		if strings.Count(text, "```")%2 != 0 {
			t.Errorf("%s: a fence is not closed", name)
		}
		cells := 0
		for l := range strings.Lines(text) {
			switch {
			case !strings.HasPrefix(l, "| "):
				cells = 0
			case cells == 0:
				cells = strings.Count(l, "|")
			case strings.Count(l, "|") != cells:
				t.Errorf("%s: %d cells in a table of %d: %s", name, strings.Count(l, "|"), cells, l)
			}
		}
		if m := meaning.FindString(withoutCode(text)); m != "" {
			t.Errorf("%s: %q has a meaning", name, m)
		}
	}
}

// meaning matches HTML, entities, links and bare addresses that no backslash
// takes the meaning from.
var meaning = regexp.MustCompile(`[^\\](<[a-zA-Z!/?]|\]\(|://|&#?[a-zA-Z0-9]+;)`)

// withoutCode leaves code spans and blocks out: from a run of backticks to the
// next run of the same length (CommonMark 0.31, 6.1), an escaped one starting
// none.
func withoutCode(text string) string {
	var b strings.Builder
	runs := regexp.MustCompile("`+")
	for {
		at := runs.FindStringIndex(text)
		if at == nil {
			return b.String() + text
		}
		if at[0] > 0 && text[at[0]-1] == '\\' {
			b.WriteString(text[:at[0]])
			text = text[at[0]+1:]
			continue
		}
		b.WriteString(text[:at[0]])
		run, rest := text[at[0]:at[1]], text[at[1]:]
		text = ""
		for _, end := range runs.FindAllStringIndex(rest, -1) {
			if end[1]-end[0] == len(run) {
				text = rest[end[1]:]
				break
			}
		}
	}
}

func TestCodeSpans(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"CN=a": "`CN=a`", "": `\-`, " ": `\-`, "a`b": "``a`b``", "`": "`` ` ``", "a|b": "`a¦b`", "a\nb": "`a\\nb`"} {
		if got := code(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func BenchmarkFormats(b *testing.B) {
	w := looseList(b, 10_000)
	for _, c := range w.ev.Captures { // every endpoint has something
		w.js[0].Findings = append(w.js[0].Findings, audit.Finding{Rule: "subject-not-in-san", Severity: audit.Warning, Member: c.Endpoint.Member,
			Role: edge.Other, Address: c.Endpoint.Member, Port: 443, Certificate: c.Leaf(), Message: "the subject is not in the SAN", Fix: "request another"})
	}
	r := w.report()
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := countingWriter(0)
				if err := f.Render(&n, r, TableOptions{}); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(n)/1e6, "MB-written")
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	text := encode(b, looseList(b, 10_000).report())
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(bytes.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	w := looseList(b, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		w.report()
	}
}

// countingWriter counts what is written.
type countingWriter int

func (n *countingWriter) Write(p []byte) (int, error) {
	*n += countingWriter(len(p))
	return len(p), nil
}
