package report_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// part is one shard's share of the evidence: pools in turn, listed hosts too.
func part(t *testing.T, ev edge.Evidence, index, of int) report.Report {
	t.Helper()
	p := ev
	p.Shard, p.Pools, p.Captures = &edge.Shard{Index: index, Of: of}, nil, nil
	for i, pool := range ev.Pools {
		loose := pool.Kind == edge.LoosePool
		if !loose && i%of != index-1 {
			continue
		}
		p.Pools = append(p.Pools, pool)
		n := 0
		for _, c := range ev.Captures {
			if c.Endpoint.Pool != pool.Name {
				continue
			}
			if n++; !loose || n%of == index-1 {
				p.Captures = append(p.Captures, c)
			}
		}
	}
	return report.Judge(t.Context(), p, audit.Policy{}, p.Finished, reporttest.Tool())
}

func TestJoinMakesThePartsWhole(t *testing.T) {
	t.Parallel()
	ev := reporttest.ManyPools(t).Evidence
	loose := reporttest.LooseList(t, 40).Evidence
	ev.Pools, ev.Captures = append(ev.Pools, loose.Pools...), append(ev.Captures, loose.Captures...)
	whole := report.Judge(t.Context(), ev, audit.Policy{}, ev.Finished, reporttest.Tool())
	var parts []report.Report
	for i := range 3 {
		parts = append(parts, part(t, ev, i+1, 3))
	}
	slices.Reverse(parts)
	joined, err := report.Join(t.Context(), parts)
	if err != nil {
		t.Fatal(err)
	}
	if joined.Coverage != whole.Coverage || joined.Evidence.Missing != nil || joined.Evidence.Shard != nil || len(joined.Pools) != len(whole.Pools) {
		t.Errorf("coverage %+v, want %+v; %d pools, missing %v", joined.Coverage, whole.Coverage, len(joined.Pools), joined.Evidence.Missing)
	}
	verdicts := func(r report.Report) map[string]audit.Verdict {
		out := map[string]audit.Verdict{}
		for _, p := range r.Pools {
			out[p.Plan.Name] = p.Verdict
		}
		return out
	}
	if d := cmp.Diff(verdicts(whole), verdicts(joined)); d != "" {
		t.Errorf("verdicts (-whole +joined):\n%s", d)
	}
}

func TestJoinOfFewerPartsIsIncomplete(t *testing.T) {
	t.Parallel()
	ev := reporttest.ManyPools(t).Evidence
	joined, err := report.Join(t.Context(), []report.Report{part(t, ev, 1, 3), part(t, ev, 3, 3)})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{2}, joined.Evidence.Missing); d != "" || joined.Verdict == audit.VerdictOK || joined.Verdict == audit.VerdictWarning {
		t.Errorf("missing %v, verdict %s", joined.Evidence.Missing, joined.Verdict)
	}
	loaded, err := report.Load(t.Context(), strings.NewReader(string(encode(t, joined))))
	if err != nil || loaded.Verdict != joined.Verdict {
		t.Errorf("from a file: %s, %v", loaded.Verdict, err)
	}
}

func TestJoinRefuses(t *testing.T) {
	t.Parallel()
	ev := reporttest.ManyPools(t).Evidence
	whole := report.Judge(t.Context(), ev, audit.Policy{}, ev.Finished, reporttest.Tool())
	for name, parts := range map[string][]report.Report{
		"a whole scan among parts": {part(t, ev, 1, 2), whole},
		"a part twice":             {part(t, ev, 1, 2), part(t, ev, 1, 2)},
		"parts of two scans":       {part(t, ev, 1, 2), part(t, ev, 2, 3)},
	} {
		if _, err := report.Join(t.Context(), parts); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	w := reporttest.New(t, 2)
	w.Present("edge2", edge.WebConf, 443, w.PreviousLeaf)
	w.Evidence.Pools[0].Inventory = []edge.InventoryRecord{{Member: "edge1", Use: "Internal", Serial: "00ab01", Thumbprint: "aa", Subject: "CN=inside"}}
	w.Evidence.Pools[0].Inventory = append(w.Evidence.Pools[0].Inventory, edge.InventoryRecord{Member: "edge2", Use: edge.TypeAV, Thumbprint: "bb", Staged: true})
	w.Evidence.Pools[0].Stores = []edge.Store{{Member: "edge1", CA: []string{"cc"}, Root: []string{"cc", "dd"}}}
	r := w.Report()
	serial := w.PreviousLeaf.Serial()
	var pairs []string
	for i := 0; i < len(serial); i += 2 {
		pairs = append(pairs, serial[i:i+2])
	}
	slices.Reverse(pairs)
	for name, c := range map[string]struct {
		number string
		want   []string // starts of the lines
	}{
		"a serial number":              {serial, []string{"edge-emea: edge2 webcon:443 "}},
		"its bytes in the other order": {strings.Join(pairs, " "), []string{"edge-emea: edge2 webcon:443 "}},
		"a thumbprint in capitals":     {strings.ToUpper(w.PreviousLeaf.Thumbprint()), []string{"edge-emea: edge2 webcon:443 "}},
		"the digits of a headline":     {strings.ToUpper(w.PreviousLeaf.Thumbprint()[:8]), []string{"edge-emea: edge2 webcon:443 "}},
		"nine of a SHA-256":            {w.PreviousLeaf.Fingerprint.String()[:9], []string{"edge-emea: edge2 webcon:443 "}},
		"the start of a serial number": {serial[:8], []string{"edge-emea: edge2 webcon:443 "}},
		"a SHA-256":                    {w.PreviousLeaf.Fingerprint.String(), []string{"edge-emea: edge2 webcon:443 "}},
		"one of the inventory":         {"ab:01", []string{"edge-emea: edge1 has it assigned as Internal"}},
		"one that is staged":           {"BB", []string{"edge-emea: edge2 has it staged as AudioVideoAuthentication"}},
		"one of the stores":            {"CC", []string{"edge-emea: edge1 has it in the store for intermediate", "edge-emea: edge1 has it in the store for trusted"}},
		"one that nobody has":          {"01020304", nil},
	} {
		got, err := report.Find(r, c.number)
		if err != nil || len(got) != len(c.want) || !slices.EqualFunc(got, c.want, strings.HasPrefix) {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
	for name, number := range map[string]string{
		"a word": "certificate", "too few digits of one": w.PreviousLeaf.Thumbprint()[:7], "more than any has": strings.Repeat("ab", 33),
		"a short serial number of none": "0102", "nothing": "",
	} {
		var hint *edge.HintError
		if got, err := report.Find(r, number); !errors.As(err, &hint) || hint.Hint == "" {
			t.Errorf("%s: %q, %v, want an error with a hint", name, got, err)
		}
	}
}
