package report

import (
	"io"
	"slices"
	"strings"
)

// A Format is one way to write a report.
type Format struct {
	Name     string   // what --format takes
	Suffixes []string // of files that -o writes so, with the dot; none: stdout only
	Title    string   // what it is, in a few words
	// Render writes the report. The options concern terminals: the other formats
	// do not look at them.
	Render func(io.Writer, Report, TableOptions) error
}

// Formats lists every format, the default first.
func Formats() []Format {
	return []Format{
		{"table", []string{".txt"}, "for people at a terminal", Table},
		{"json", []string{".json"}, "everything, schema " + Schema, plainly(JSON)},
		{"jsonl", []string{".jsonl", ".ndjson"}, "one JSON object a line, for log stores", plainly(JSONL)},
		{"csv", []string{".csv"}, "one row an endpoint, for spreadsheets", plainly(CSV)},
		{"html", []string{".html", ".htm"}, "one page for mail, print and browsers", plainly(HTML)},
		{"markdown", []string{".md"}, "for tickets and wikis", plainly(Markdown)},
		{"junit", []string{".xml"}, "one test a rule, for build servers", plainly(JUnit)},
		{"prometheus", []string{".prom"}, "for node_exporter's textfile collector", plainly(Prometheus)},
		{"nagios", nil, "one line of a monitoring plugin", plainly(Nagios)},
	}
}

// plainly gives a format that has no use for terminal options their place.
func plainly(render func(io.Writer, Report) error) func(io.Writer, Report, TableOptions) error {
	return func(w io.Writer, r Report, _ TableOptions) error { return render(w, r) }
}

// FormatNamed finds the format that --format names.
func FormatNamed(name string) (Format, bool) {
	return find(func(f Format) bool { return f.Name == name })
}

// FormatOfFile finds the format that a file's name ends in. Case does not
// matter, as nowhere on Windows.
func FormatOfFile(path string) (Format, bool) {
	path = strings.ToLower(path)
	return find(func(f Format) bool {
		return slices.ContainsFunc(f.Suffixes, func(s string) bool { return strings.HasSuffix(path, s) })
	})
}

func find(is func(Format) bool) (Format, bool) {
	all := Formats()
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return Format{}, false
}
