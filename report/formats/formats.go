// Package formats lists the ways to write a report.
package formats

import (
	"io"
	"slices"
	"strings"

	"edgecert/report"
	"edgecert/report/html"
	"edgecert/report/text"
)

// A Format is one way to write a report.
type Format struct {
	Name     string   // what --format takes
	Suffixes []string // of files that -o writes so, with the dot; none: stdout only
	Title    string   // what it is, in a few words
	Render   func(io.Writer, report.Report, Options) error
}

// Options are what some formats ask for and the others do not look at.
type Options struct {
	Text      text.Options
	Separator rune   // of the CSV; 0: a comma
	FailOn    string // what is a failure in JUnit: "error", "warning" (also ""), "never"
}

// All lists every format, the default first.
func All() []Format {
	return []Format{
		{"table", []string{".txt"}, "for people at a terminal", func(w io.Writer, r report.Report, o Options) error {
			return text.Write(w, r, o.Text)
		}},
		{"json", []string{".json"}, "everything, schema " + report.Schema, plainly(report.JSON)},
		{"jsonl", []string{".jsonl", ".ndjson"}, "one JSON object a line, for log stores", plainly(report.JSONL)},
		{"csv", []string{".csv"}, "one row an endpoint, for spreadsheets", func(w io.Writer, r report.Report, o Options) error {
			return report.CSV(w, r, o.Separator)
		}},
		{"html", []string{".html", ".htm"}, "one page for mail, print and browsers", plainly(html.Write)},
		{"markdown", []string{".md"}, "for tickets and wikis", plainly(report.Markdown)},
		{"junit", []string{".xml"}, "one test a rule, for build servers", func(w io.Writer, r report.Report, o Options) error {
			return report.JUnit(w, r, o.FailOn)
		}},
		{"prometheus", []string{".prom"}, "for node_exporter's textfile collector", plainly(report.Prometheus)},
		{"powershell", []string{".ps1"}, "the plan as a script, to be run block by block", plainly(report.PowerShell)},
		{"nagios", nil, "one line of a monitoring plugin", func(w io.Writer, r report.Report, o Options) error {
			return report.Nagios(w, r, o.FailOn)
		}},
	}
}

// plainly gives a format that has no use for options their place.
func plainly(render func(io.Writer, report.Report) error) func(io.Writer, report.Report, Options) error {
	return func(w io.Writer, r report.Report, _ Options) error { return render(w, r) }
}

// Named finds the format that --format names.
func Named(name string) (Format, bool) {
	return find(func(f Format) bool { return f.Name == name })
}

// OfFile finds the format that a file's name ends in. Case does not matter, as
// nowhere on Windows.
func OfFile(path string) (Format, bool) {
	path = strings.ToLower(path)
	return find(func(f Format) bool {
		return slices.ContainsFunc(f.Suffixes, func(s string) bool { return strings.HasSuffix(path, s) })
	})
}

func find(is func(Format) bool) (Format, bool) {
	all := All()
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return Format{}, false
}
