package formats

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"edgecert/report"
	"edgecert/report/diff"
	"edgecert/report/reporttest"
)

// TestChangesInEveryFormat: each format tells an event, says that there was
// none, and keeps silent where nothing was compared.
func TestChangesInEveryFormat(t *testing.T) {
	t.Parallel()
	before, after := reporttest.New(t, 2), reporttest.New(t, 2)
	for i := range before.Evidence.Captures {
		if before.Evidence.Captures[i].Chain != nil {
			before.Evidence.Captures[i].Chain[0] = before.PreviousLeaf
		}
	}
	none := after.Report()
	renewed, same := none, none
	renewed.Changes, same.Changes = diff.Compare(before.Report(), none), diff.Compare(none, none)
	tells := map[string][2]string{ // an event, and that there was none
		"table":      {"renewed", "nothing changed"},
		"json":       {`"certificate-renewed"`, `"changes": []`},
		"jsonl":      {`"certificate-renewed"`, ""},
		"csv":        {"certificate-renewed", "unchanged"},
		"html":       {"renewed", "Nothing changed"},
		"markdown":   {"renewed", "Nothing changed"},
		"junit":      {"certificate-renewed", "nothing changed"},
		"prometheus": {`edgecert_changes{kind="certificate-renewed"} 1`, `edgecert_changes{kind="certificate-renewed"} 0`},
		"nagios":     {"change", "nothing changed"},
		"powershell": {"the plan as of", "the plan as of"}, // knows no changes
	}
	for _, f := range All() {
		tell, ok := tells[f.Name]
		if !ok {
			t.Errorf("%s: no word of changes is known of it", f.Name)
			continue
		}
		if got := render(t, f.Name, renewed); !strings.Contains(got, tell[0]) {
			t.Errorf("%s of a renewal lacks %q:\n%s", f.Name, tell[0], got)
		}
		if got := render(t, f.Name, same); !strings.Contains(got, tell[1]) {
			t.Errorf("%s without changes lacks %q", f.Name, tell[1])
		}
		if got := render(t, f.Name, none); f.Name != "powershell" && (strings.Contains(got, tell[0]) || tell[1] != "" && strings.Contains(got, tell[1])) {
			t.Errorf("%s of a scan that was compared with nothing speaks of changes", f.Name)
		}
	}
}

func TestChangesInCSVRows(t *testing.T) {
	t.Parallel()
	before, after := reporttest.New(t, 2), reporttest.New(t, 2)
	after.Fail("edge2", "access", 5061, "refused", "connection refused")
	r := after.Report()
	r.Changes = diff.Compare(before.Report(), r)
	rows, err := csv.NewReader(strings.NewReader(render(t, "csv", r))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(rows[0], "changes")
	for _, row := range rows[1:] {
		want := "unchanged"
		if row[2] == "edge2" && row[6] == "5061" {
			want = "endpoint-unreachable"
		}
		if row[at] != want {
			t.Errorf("%s %s:%s: %q, want %q", row[2], row[3], row[6], row[at], want)
		}
	}
}

// TestEventsNameTheirPoolOnce: where there are several, and the event does not
// name it by itself.
func TestEventsNameTheirPoolOnce(t *testing.T) {
	t.Parallel()
	r := reporttest.ManyPools(t).Report()
	r.Changes = []report.Change{{Kind: report.PoolAppeared, Pool: "edge-us", Message: "pool edge-us was not scanned before"},
		{Kind: report.VerdictChanged, Pool: "edge-us", Message: "the verdict was ok and is error"}}
	text := render(t, "table", r)
	for _, want := range []string{"• pool edge-us was not scanned before\n", "• edge-us: the verdict was ok and is error\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%.400s", want, text)
		}
	}
}
