package sweep

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"golang.org/x/net/html"

	"edgecert/report"
	"edgecert/scanner/edge"
)

// findingLine is a finding as JSON has it.
type findingLine struct {
	Type, Pool, Rule, Severity string
	Endpoints                  []int
}

func jsonBlames(t *testing.T, r report.Report) blame {
	t.Helper()
	var doc struct {
		Pools []struct {
			Name      string
			Endpoints []edge.Endpoint
			Findings  []findingLine
		}
	}
	if err := json.Unmarshal(render(t, "json", r), &doc); err != nil {
		t.Fatal(err)
	}
	out := blame{}
	for _, p := range doc.Pools {
		for _, f := range p.Findings {
			for _, at := range f.Endpoints {
				out.add(cellKey(p.Name, p.Endpoints[at]), f.Severity+":"+f.Rule)
			}
		}
	}
	return out
}

func lineBlames(t *testing.T, r report.Report) blame {
	t.Helper()
	out, cells := blame{}, map[string][]edge.Endpoint{}
	for line := range bytes.Lines(render(t, "jsonl", r)) {
		var f findingLine
		var e edge.Endpoint
		if err := json.Unmarshal(line, &f); err != nil {
			t.Fatal(err)
		}
		switch f.Type {
		case "endpoint":
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatal(err)
			}
			cells[f.Pool] = append(cells[f.Pool], e)
		case "finding":
			for _, at := range f.Endpoints {
				out.add(cellKey(f.Pool, cells[f.Pool][at]), f.Severity+":"+f.Rule)
			}
		}
	}
	return out
}

func csvBlames(t *testing.T, r report.Report) blame {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(render(t, "csv", r))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := blame{}
	for n, row := range rows[1:] {
		at := func(column string) string { return row[slices.Index(rows[0], column)] }
		i := n
		for _, p := range r.Pools {
			if i < len(p.Captures) { // rows are the endpoints in order
				if e := p.Captures[i].Endpoint; e.Member != at("member") || string(e.Role) != at("role") || strconv.Itoa(e.Port) != at("port") {
					t.Fatalf("row %d is of %s %s:%s, want %s", n+2, at("member"), at("role"), at("port"), e.Place())
				}
				for _, rule := range strings.Fields(at("findings")) {
					out.add(cellKey(p.Plan.Name, p.Captures[i].Endpoint), rule)
				}
				break
			}
			i -= len(p.Captures)
		}
	}
	return out
}

// pageBlames reads the page's tables of endpoints, one a pool.
func pageBlames(t *testing.T, r report.Report) blame {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(render(t, "html", r)))
	if err != nil {
		t.Fatal(err)
	}
	var tables []*html.Node
	for n := range root.Descendants() {
		if n.Data == "table" && slices.Contains(n.Attr, html.Attribute{Key: "class", Val: "endpoints"}) {
			tables = append(tables, n)
		}
	}
	out := blame{}
	for _, p := range r.Pools {
		if len(p.Captures) == 0 {
			continue
		}
		rows := tableRows(tables[0])
		tables = tables[1:]
		if len(rows) != len(p.Captures)+1 {
			t.Fatalf("%d rows for %d endpoints", len(rows), len(p.Captures))
		}
		for i, row := range rows[1:] {
			e := p.Captures[i].Endpoint
			if row[0] != e.Place() || row[1] != e.Dialed() {
				t.Fatalf("the row of %q is of %s", row, e.Place())
			}
			if rules := row[slices.Index(rows[0], "Findings")]; rules != "–" {
				for _, rule := range strings.Fields(rules) {
					out.add(cellKey(p.Plan.Name, e), rule)
				}
			}
		}
	}
	return out
}

func tableRows(table *html.Node) [][]string {
	var rows [][]string
	for n := range table.Descendants() {
		switch n.Data {
		case "tr":
			rows = append(rows, nil)
		case "th", "td":
			var text strings.Builder
			for d := range n.Descendants() {
				if d.Type == html.TextNode {
					text.WriteString(d.Data)
				}
			}
			rows[len(rows)-1] = append(rows[len(rows)-1], text.String())
		}
	}
	return rows
}

// testBlames reads the places before the text of each finding of a test.
func testBlames(t *testing.T, r report.Report) blame {
	t.Helper()
	var doc struct {
		Suites []struct {
			Cases []struct {
				Name    string `xml:"name,attr"`
				Failure string `xml:"failure"`
				Out     string `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(render(t, "junit", r), &doc); err != nil {
		t.Fatal(err)
	}
	severity := regexp.MustCompile(`^(error|warning|info): `)
	out := blame{}
	for i, p := range r.Pools {
		places := map[string]string{}
		for _, c := range p.Captures {
			place := c.Place()
			if place != c.Dialed() {
				place += " (" + c.Dialed() + ")"
			}
			places[place] = cellKey(p.Plan.Name, c.Endpoint)
		}
		for _, c := range doc.Suites[i].Cases {
			for text := range strings.SplitSeq(c.Failure+c.Out, "\n\n") {
				text = severity.ReplaceAllString(text, "")
				for {
					place, rest, more := nextPlace(text, places)
					if place == "" {
						break
					}
					out.add(places[place], c.Name)
					if text = rest; !more {
						break
					}
				}
			}
		}
	}
	return out
}

// nextPlace is the place at the start of a text, what follows it, and whether
// another one does.
func nextPlace(text string, places map[string]string) (place, rest string, more bool) {
	for place := range places {
		if rest, ok := strings.CutPrefix(text, place+", "); ok {
			return place, rest, true
		}
		if strings.HasPrefix(text, place+": ") {
			return place, "", false
		}
	}
	return "", "", false
}

// counts are how many errors and warnings blame each cell.
func counts(b blame) map[string]int {
	out := map[string]int{}
	for cell, rules := range b {
		for _, rule := range rules {
			if severity, _, _ := strings.Cut(rule, ":"); severity != "info" {
				out[cell+" "+severity]++
			}
		}
	}
	return out
}

func metricCounts(t *testing.T, r report.Report) map[string]int {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(render(t, "prometheus", r)))
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{} // a metric has the service's port, not the one that was dialed
	for _, p := range r.Pools {
		for _, c := range p.Captures {
			address := ""
			if c.Address.IsValid() {
				address = c.Address.String()
			}
			labels[strings.Join([]string{p.Plan.Name, c.Member, string(c.Role), c.FQDN, address, strconv.Itoa(c.ServicePort)}, " ")] = cellKey(p.Plan.Name, c.Endpoint)
		}
	}
	out := map[string]int{}
	for _, m := range families["edgecert_endpoint_findings"].GetMetric() {
		l := map[string]string{}
		for _, pair := range m.GetLabel() {
			l[pair.GetName()] = pair.GetValue()
		}
		cell := labels[strings.Join([]string{l["pool"], l["member"], l["role"], l["fqdn"], l["address"], l["port"]}, " ")]
		if n := int(m.GetGauge().GetValue()); n > 0 {
			out[cell+" "+l["severity"]] = n
		}
	}
	return out
}
