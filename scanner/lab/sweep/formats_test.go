package sweep

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/report"
	"edgecert/report/formats"
	"edgecert/scanner/edge"
)

// blame is what stands against each cell: "severity:rule", sorted.
type blame map[string][]string

func (b blame) add(cell, rule string) { b[cell] = append(b[cell], rule) }

func (b blame) sorted() blame {
	for _, rules := range b {
		slices.Sort(rules)
	}
	return b
}

// sameCells demands that every format blames the cells that the judgement does.
func sameCells(t *testing.T, r report.Report) {
	t.Helper()
	want, told := blame{}, blame{}
	for _, p := range r.Pools {
		for _, f := range p.Findings {
			for _, at := range f.Cells {
				want.add(cellKey(p.Plan.Name, p.Captures[at].Endpoint), string(f.Severity)+":"+f.Rule)
				told.add(cellKey(p.Plan.Name, p.Captures[at].Endpoint), f.Rule)
			}
		}
	}
	want.sorted()
	for format, got := range map[string]blame{"json": jsonBlames(t, r), "jsonl": lineBlames(t, r), "csv": csvBlames(t, r), "html": pageBlames(t, r)} {
		if d := cmp.Diff(want, got.sorted()); d != "" {
			t.Errorf("%s blames other cells: -judgement +%s\n%s", format, format, d)
		}
	}
	if d := cmp.Diff(told.sorted(), testBlames(t, r).sorted()); d != "" {
		t.Errorf("junit blames other cells: -judgement +junit\n%s", d)
	}
	if d := cmp.Diff(counts(want), metricCounts(t, r)); d != "" {
		t.Errorf("prometheus counts otherwise: -judgement +prometheus\n%s", d)
	}
}

func cellKey(pool string, e edge.Endpoint) string {
	return fmt.Sprintf("%s %s %s %s %s", pool, e.Member, e.Role, e.FQDN, e.Dialed())
}

func render(t *testing.T, format string, r report.Report) []byte {
	t.Helper()
	f, ok := formats.Named(format)
	if !ok {
		t.Fatalf("no format %q", format)
	}
	var b bytes.Buffer
	if err := f.Render(&b, r, formats.Options{}); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}
