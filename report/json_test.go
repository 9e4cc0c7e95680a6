package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// TestReportSurvivesFileAndJudgingAgain: what comes back from a file is the same
// evidence, and the same document once judged.
func TestReportSurvivesFileAndJudgingAgain(t *testing.T) {
	t.Parallel()
	policy := audit.Policy{Profile: "renewal", WarnDays: 40, Allow: []string{"root-sent"}, OnlyRoots: true,
		Severities: map[string]audit.Severity{"weak-key": audit.Info}, Roots: []*edge.Certificate{reporttest.Cert(t, "a root", reporttest.AsCA)}}
	for name, r := range reporttest.Reports(t) {
		if name == "hostile" || name == "nothing" {
			continue // words that are in no closed set, and no pool, are not read from a file
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := report.Judge(t.Context(), r.Evidence, policy, r.Now(), r.Tool)
			first.Changes = r.Changes
			text := encode(t, first)
			loaded, err := report.Load(t.Context(), bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(text), string(encode(t, loaded))); d != "" {
				t.Errorf("loading changed the document (-before +after):\n%s", d)
			}
			if d := cmp.Diff(r.Evidence, loaded.Evidence, sameCertificate, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{})); d != "" {
				t.Errorf("the evidence changed (-before +after):\n%s", d)
			}
			if d := cmp.Diff(policy, loaded.Policy, sameCertificate, cmpopts.IgnoreFields(audit.Policy{}, "Withdrawn")); d != "" {
				t.Errorf("the policy changed (-before +after):\n%s", d)
			}
		})
	}
}

func TestSavedMomentOfJudgementIsKept(t *testing.T) {
	t.Parallel()
	ev := reporttest.New(t, 1).Evidence
	later := reporttest.Finished().AddDate(0, 0, 90)
	r := report.Judge(t.Context(), ev, audit.Policy{}, later, reporttest.Tool())
	loaded, err := report.Load(t.Context(), bytes.NewReader(encode(t, r)))
	if err != nil || !loaded.Now().Equal(later) {
		t.Errorf("judged as of %s, %v, want %s", loaded.Now(), err, later)
	}
}

// sameCertificate compares by fingerprint: a loaded report holds references.
var sameCertificate = cmp.Comparer(func(a, b *edge.Certificate) bool {
	return a == b || a != nil && b != nil && a.Fingerprint == b.Fingerprint
})

func TestNoFieldIsDroppedOrNull(t *testing.T) {
	t.Parallel()
	var doc any
	if err := json.Unmarshal(encode(t, reporttest.New(t, 1).Report()), &doc); err != nil {
		t.Fatal(err)
	}
	// What may be null says something by it: see design and schema.json.
	mayBeNull := map[string]bool{"changes": true, "shard": true, "kind": true, "error": true, "certificate": true, "tls": true, "problem": true,
		"revocation": true, "dns": true, "file": true}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				if x == nil && !mayBeNull[k] {
					t.Errorf("%s.%s is null", path, k)
				}
				walk(path+"."+k, x)
			}
		case []any:
			for _, x := range v {
				walk(path+"[]", x)
			}
		}
	}
	walk("", doc)
}

func TestVerdictOfReport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pools       []audit.Verdict
		interrupted bool
		want        audit.Verdict
	}{
		"no pool at all":                    {want: audit.VerdictIncomplete},
		"all well":                          {pools: []audit.Verdict{"ok", "ok"}, want: audit.VerdictOK},
		"a warning among good ones":         {pools: []audit.Verdict{"ok", "warning"}, want: audit.VerdictWarning},
		"incomplete outweighs warning":      {pools: []audit.Verdict{"incomplete", "warning"}, want: audit.VerdictIncomplete},
		"error outweighs incomplete":        {pools: []audit.Verdict{"incomplete", "error"}, want: audit.VerdictError},
		"interrupted where all seemed well": {pools: []audit.Verdict{"ok"}, interrupted: true, want: audit.VerdictIncomplete},
		"interrupted after an error":        {pools: []audit.Verdict{"error"}, interrupted: true, want: audit.VerdictError},
		"a pool that nobody judged":         {pools: []audit.Verdict{""}, want: audit.VerdictIncomplete},
		"a verdict that this program lacks": {pools: []audit.Verdict{"warning", "splendid"}, want: audit.Verdict("splendid")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev := edge.Evidence{Started: reporttest.Started(), Finished: reporttest.Finished(), Interrupted: tt.interrupted}
			var js []audit.Judgement
			for i, v := range tt.pools {
				ev.Pools = append(ev.Pools, edge.Pool{Name: fmt.Sprint(i)})
				js = append(js, audit.Judgement{Pool: fmt.Sprint(i), Verdict: v})
			}
			if got := report.New(ev, js, audit.Policy{}, reporttest.Tool()).Verdict; got != tt.want {
				t.Errorf("verdict %q, want %q", got, tt.want)
			}
		})
	}
}

func TestJSONIsASCIIAndExact(t *testing.T) {
	t.Parallel()
	w := reporttest.New(t, 1)
	const text = "Zürich \u202e \x1b[31m \x7f \u009b \u2028 <b>&amp; 😀 \"\\"
	w.Judgements[0].Findings[0].Message = text
	w.Judgements[0].Findings[0].Fix = "bad byte \xff"
	doc := encode(t, w.Report())
	for i, c := range doc {
		if c >= 0x7f || c < ' ' && c != '\n' {
			t.Fatalf("byte %#x at %d: %q", c, i, doc[max(0, i-20):i])
		}
	}
	var read struct {
		Pools []struct {
			Findings []struct{ Message, Fix string }
		}
	}
	if err := json.Unmarshal(doc, &read); err != nil {
		t.Fatal(err)
	}
	if f := read.Pools[0].Findings[0]; f.Message != text || f.Fix != `bad byte \xff` {
		t.Errorf("got %q and %q", f.Message, f.Fix)
	}
	if bytes.Contains(doc, []byte(`\u003c`)) {
		t.Error("escaped for HTML, which is no business of JSON")
	}
}

func TestTimesAreUTC(t *testing.T) {
	t.Parallel()
	w := reporttest.New(t, 1)
	w.Evidence.Started = reporttest.Started().In(time.FixedZone("CET", 3600))
	if doc := string(encode(t, w.Report())); !strings.Contains(doc, `"started": "2026-11-22T02:00:00Z"`) {
		t.Error("the start is not in UTC")
	}
}
