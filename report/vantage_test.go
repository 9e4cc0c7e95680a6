package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// fromBoth merges two views of one pool, each changed as the case asks.
func fromBoth(t *testing.T, inside, outside func(*world)) Report {
	t.Helper()
	var scans []NamedReport
	for i, change := range []func(*world){inside, outside} {
		w := newWorld(t, 2)
		if change != nil {
			change(w)
		}
		scans = append(scans, NamedReport{[]string{"inside", "outside"}[i], w.report()})
	}
	r, err := Merge(scans)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMergeFindsDifferences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		inside, outside func(*world)
		want            []string // severity and start of the message of each finding of the rule
		verdict         audit.Verdict
		rule            audit.Outcome
	}{
		{"the same from everywhere", nil, nil, nil, audit.VerdictOK, audit.Pass},
		{"a proxy inside", func(w *world) { w.present("edge1", edge.WebConf, 443, w.previousLeaf) }, nil,
			[]string{"error edge1 webcon:443: the certificate depends on the vantage (inside: B (thumbprint"}, audit.VerdictError, audit.Found},
		{"a firewall outside", nil, func(w *world) { w.fail("edge2", edge.Access, 5061, edge.ClassTimeout, "no answer") },
			[]string{"warning edge2 access:5061: the answer depends on the vantage (inside: captured; outside: no answer)"}, audit.VerdictWarning, audit.Found},
		{"down from everywhere, each in its own way", func(w *world) { w.fail("edge2", edge.Access, 5061, edge.ClassTimeout, "no answer") },
			func(w *world) { w.fail("edge2", edge.Access, 5061, edge.ClassRefused, "refused") }, nil, audit.VerdictOK, audit.CouldNotTell},
		{"another chain outside", nil, func(w *world) { c := w.at("edge1", edge.Access, 443); c.Chain = c.Chain[:1] },
			[]string{"warning edge1 access:443: the chain behind the certificate depends on the vantage (inside: 1 certificate behind it; outside: nothing behind it)"},
			audit.VerdictWarning, audit.Found},
		{"another TLS version everywhere outside", nil, func(w *world) {
			for i := range w.ev.Captures {
				if tls := w.ev.Captures[i].TLS; tls != nil {
					tls.Version = "TLS 1.3"
				}
			}
		}, []string{"warning edge1 access:443, edge1 access:5061, edge1 webcon:443, edge2 access:443, edge2 access:5061 and " +
			"edge2 webcon:443: the TLS version depends on the vantage (inside: TLS 1.2; outside: TLS 1.3)"}, audit.VerdictWarning, audit.Found},
		{"a member that only the inside knows", nil, func(w *world) { w.ev.Captures = w.ev.Captures[:4] },
			[]string{"info planned from inside alone: edge2 access:443, edge2 access:5061, edge2 webcon:443 and edge2 av:443"}, audit.VerdictOK, audit.Found},
		{"the scan outside was interrupted", nil, func(w *world) {
			w.fail("edge2", edge.Access, 5061, edge.ClassInterrupted, "the scan ended first")
		}, nil, audit.VerdictOK, audit.CouldNotTell},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := fromBoth(t, c.inside, c.outside).Pools[0]
			var got []string
			for _, f := range p.Findings {
				if f.Rule == VantageDiffers {
					got = append(got, string(f.Severity)+" "+f.Message)
				}
			}
			if len(got) != len(c.want) || !slices.EqualFunc(got, c.want, strings.HasPrefix) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if p.Rules[VantageDiffers] != c.rule {
				t.Errorf("rule %s, want %s", p.Rules[VantageDiffers], c.rule)
			}
			if p.Verdict != c.verdict {
				t.Errorf("verdict %s, want %s", p.Verdict, c.verdict)
			}
		})
	}
}

// TestMergeIsAReport: every format takes it, and its file is read again.
func TestMergeIsAReport(t *testing.T) {
	t.Parallel()
	r := fromBoth(t, func(w *world) { w.present("edge1", edge.WebConf, 443, w.previousLeaf) }, func(w *world) {
		w.find(audit.VerdictError, audit.Finding{Rule: "endpoint-unreachable", Severity: audit.Error, Member: "edge2", Role: edge.Access, Message: "no answer"})
	})
	var rows, seen []string
	for _, e := range r.Pools[0].Endpoints {
		if !slices.Contains(rows, e.Member) {
			rows = append(rows, e.Member)
		}
	}
	if diff := cmp.Diff([]string{"edge1 @inside", "edge1 @outside", "edge2 @inside", "edge2 @outside"}, rows); diff != "" {
		t.Error(diff)
	}
	for _, f := range r.Pools[0].Findings {
		seen = append(seen, f.Rule+" "+f.Member)
	}
	if diff := cmp.Diff([]string{"vantage-differs edge1", "endpoint-unreachable edge2 @outside", "av-not-observable "}, seen); diff != "" {
		t.Error(diff)
	}
	var file bytes.Buffer
	if err := JSON(&file, r); err != nil {
		t.Fatal(err)
	}
	again, err := Load(&file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(renderHTML(t, r), renderHTML(t, again)); diff != "" {
		t.Error(diff)
	}
	if text := string(table(t, r, TableOptions{})); !strings.Contains(text, "edge2 @outside") || !strings.Contains(text, "inside, outside") {
		t.Errorf("the table does not show the vantages:\n%s", text)
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	r := newWorld(t, 1).report()
	merged := fromBoth(t, nil, nil)
	for name, scans := range map[string][]NamedReport{
		"nothing": nil, "one scan": {{"inside", r}}, "a merged report": {{"inside", r}, {"both", merged}},
	} {
		if _, err := Merge(scans); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	unnamed, err := Merge([]NamedReport{{"", r}, {"", r}, {"outside", r}})
	if err != nil {
		t.Fatal(err)
	}
	if unnamed.Vantage.Host != "jump1, jump1 (2), outside" {
		t.Errorf("names %q", unnamed.Vantage.Host)
	}
}
