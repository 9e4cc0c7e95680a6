package report_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"edgecert/report"
	"edgecert/report/reporttest"
)

func TestCSVByItsParser(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Reports(t) {
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
				if rows[0][i] != "days_left" && report.Formula.MatchString(cell) && !strings.HasPrefix(cell, "'") {
					t.Errorf("%s: %s runs as a report.Formula: %q", name, rows[0][i], cell)
				}
			}
		}
	}
}

func TestCSVFacts(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(strings.NewReader(render(t, "csv", reporttest.Faulty(t).Report()))).ReadAll()
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
		if got := report.CellText(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestDaysLeft(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]int{time.Hour: 0, 25 * time.Hour: 1, -time.Minute: -1, -25 * time.Hour: -1, -49 * time.Hour: -2} {
		if got := report.DaysLeft(reporttest.Started().Add(d), reporttest.Started()); got != want {
			t.Errorf("%s: %d, want %d", d, got, want)
		}
	}
}

func TestCSVWithAnotherSeparator(t *testing.T) {
	t.Parallel()
	r := reporttest.New(t, 1).Report()
	comma, semicolon := strings.Builder{}, strings.Builder{}
	if err := report.CSV(&comma, r, 0); err != nil {
		t.Fatal(err)
	}
	if err := report.CSV(&semicolon, r, ';'); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(comma.String(), "\ufeff") || !strings.HasPrefix(semicolon.String(), "\ufeffpool;") {
		t.Errorf("%q, %q", comma.String()[:9], semicolon.String()[:9])
	}
	if a, b := strings.Count(comma.String(), "\n"), strings.Count(semicolon.String(), "\n"); a != b || a != 5 {
		t.Errorf("%d and %d lines", a, b)
	}
}
