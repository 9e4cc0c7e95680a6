package report_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"edgecert/report/reporttest"
)

// docsFile reads a file of docs/.
func docsFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocsNameMetricsThatExist holds alert rules, dashboard and the table of
// docs/reports.md against what is written.
func TestDocsNameMetricsThatExist(t *testing.T) {
	t.Parallel()
	written := parseMetrics(t, reporttest.Changed(t))
	name := regexp.MustCompile(`\bedgecert_[a-z_]+\b`)
	for _, file := range []string{"alerts.yml", "alerts_test.yml", "grafana.json", "reports.md"} {
		named := map[string]bool{}
		for _, m := range name.FindAllString(docsFile(t, file), -1) {
			named[m] = true
			if written[m] == nil {
				t.Errorf("docs/%s names %s, which no report writes", file, m)
			}
		}
		if len(named) < 5 {
			t.Errorf("docs/%s names %d metrics", file, len(named))
		}
		for m := range written {
			if file == "reports.md" && !named[m] {
				t.Errorf("docs/%s leaves out %s", file, m)
			}
		}
	}
}

func TestAlertRulesByPromtool(t *testing.T) {
	t.Parallel()
	reporttest.Program(t, "prometheus", "", "promtool", "check", "rules", filepath.Join("..", "docs", "alerts.yml"))
	reporttest.Program(t, "prometheus", "", "promtool", "test", "rules", filepath.Join("..", "docs", "alerts_test.yml"))
}

// TestDashboard looks for what Grafana stumbles over: an invalid file, panels
// with one id or one place, a query without data source.
func TestDashboard(t *testing.T) {
	t.Parallel()
	var d struct {
		Title  string
		Panels []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct {
				Expr       string
				Datasource struct{ UID string }
			}
		}
	}
	if err := json.Unmarshal([]byte(docsFile(t, "grafana.json")), &d); err != nil {
		t.Fatal(err)
	}
	var queries []string
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d %q: id taken, or no title, or no query", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("panel %q lies on %q, or beyond the grid", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, q := range p.Targets {
			if q.Datasource.UID != "${datasource}" {
				t.Errorf("panel %q: data source %q", p.Title, q.Datasource.UID)
			}
			queries = append(queries, q.Expr)
		}
	}
	if len(d.Panels) < 6 {
		t.Errorf("%d panels", len(d.Panels))
	}
	// promtool parses queries as recording rules.
	rules := "groups: [{name: dashboard, rules: ["
	for i, q := range queries {
		rules += fmt.Sprintf("{record: 'q%d', expr: %q},", i, strings.ReplaceAll(q, "$pool", "p"))
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(rules+"]}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	reporttest.Program(t, "prometheus", "", "promtool", "check", "rules", file)
}
