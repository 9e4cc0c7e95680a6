package report_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// randomWorld is a pool with whatever may befall its cells, judged.
func randomWorld(t *testing.T, seed uint64) report.Report {
	rng := rand.New(rand.NewPCG(seed, 9))
	w := reporttest.New(t, 1+rng.IntN(4))
	for i := range w.Evidence.Captures {
		c := &w.Evidence.Captures[i]
		if c.Leaf() == nil {
			continue
		}
		switch rng.IntN(6) {
		case 0:
			c.Chain = []*edge.Certificate{w.PreviousLeaf, w.CA}
		case 1:
			c.Chain = c.Chain[:1]
		case 2:
			c.Outcome, c.Stage, c.Chain, c.TLS, c.Presentations = edge.Failed, edge.StageDial, nil, nil, nil
			c.Fault = &edge.Fault{Class: edge.ClassRefused, Message: "refused"}
		case 3:
			c.TLS = &edge.TLS{Version: "TLS 1.0", Cipher: "TLS_RSA_WITH_3DES_EDE_CBC_SHA"}
		}
	}
	return report.Judge(t.Context(), w.Evidence, audit.Policy{}, w.Evidence.Finished, reporttest.Tool())
}

// TestFormatsBlameTheSameCells: over the worlds of every kind and hundreds of
// random ones, JSON, CSV, JUnit and Prometheus say the same of every cell.
func TestFormatsBlameTheSameCells(t *testing.T) {
	t.Parallel()
	worlds := map[string]report.Report{}
	for name, r := range reporttest.Reports(t) {
		if name != "hostile" { // its names are another in every medium
			worlds[name] = report.Judge(t.Context(), r.Evidence, r.Policy, r.Now(), r.Tool)
		}
	}
	for seed := range uint64(200) {
		worlds[fmt.Sprint("random ", seed)] = randomWorld(t, seed)
	}
	for name, r := range worlds {
		want := map[string][]string{} // by place: severity and rule, sorted
		for _, p := range r.Pools {
			for _, f := range p.Findings {
				for _, at := range f.Cells {
					k := placeKey(p.Plan.Name, p.Captures[at].Endpoint)
					want[k] = append(want[k], string(f.Severity)+":"+f.Rule)
				}
			}
		}
		for _, blamed := range want {
			slices.Sort(blamed)
		}
		for format, got := range map[string]map[string][]string{"json": blamedByJSON(t, r), "csv": blamedByCSV(t, r), "junit": blamedByJUnit(t, r)} {
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: %s blames other cells than the judgement (-judgement +%s):\n%s", name, format, format, d)
			}
		}
		series := parseMetrics(t, r)["edgecert_endpoint_findings"].GetMetric()
		for _, m := range series {
			l := map[string]string{}
			for _, pair := range m.GetLabel() {
				l[pair.GetName()] = pair.GetValue()
			}
			n := 0
			for _, rule := range want[l["pool"]+" "+l["member"]+" "+l["role"]+" "+l["fqdn"]+" "+l["port"]] {
				if strings.HasPrefix(rule, l["severity"]+":") {
					n++
				}
			}
			if int(m.GetGauge().GetValue()) != n {
				t.Errorf("%s: prometheus counts %v for %v, want %d", name, m.GetGauge().GetValue(), l, n)
			}
		}
	}
}

func placeKey(pool string, e edge.Endpoint) string {
	return fmt.Sprint(pool, " ", e.Member, " ", e.Role, " ", e.FQDN, " ", e.ServicePort)
}

func blamedByJSON(t *testing.T, r report.Report) map[string][]string {
	t.Helper()
	var doc struct {
		Pools []struct {
			Name      string
			Endpoints []edge.Endpoint
			Findings  []struct {
				Rule, Severity string
				Endpoints      []int
			}
		}
	}
	if err := json.Unmarshal(encode(t, r), &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, p := range doc.Pools {
		for _, f := range p.Findings {
			for _, at := range f.Endpoints {
				e := p.Endpoints[at]
				if e.ServicePort == 0 {
					e.ServicePort = e.Port
				}
				k := placeKey(p.Name, e)
				out[k] = append(out[k], f.Severity+":"+f.Rule)
			}
		}
	}
	for _, blamed := range out {
		slices.Sort(blamed)
	}
	return out
}

func blamedByCSV(t *testing.T, r report.Report) map[string][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(render(t, "csv", r))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(rows[0], "findings")
	out := map[string][]string{}
	for _, row := range rows[1:] {
		port, _ := strconv.Atoi(row[7])
		if row[at] != "" {
			out[placeKey(row[0], edge.Endpoint{Member: row[2], Role: edge.Role(row[3]), FQDN: row[4], ServicePort: port})] = slices.Sorted(slices.Values(strings.Fields(row[at])))
		}
	}
	return out
}

// blamedByJUnit looks for the places in front of each finding's text.
func blamedByJUnit(t *testing.T, r report.Report) map[string][]string {
	t.Helper()
	var doc struct {
		Suites []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Name    string `xml:"name,attr"`
				Failure string `xml:"failure"`
				Out     string `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(render(t, "junit", r)), &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for i, p := range r.Pools {
		for _, c := range doc.Suites[i].Cases {
			for _, f := range p.Findings {
				if f.Rule != c.Name {
					continue
				}
				var places []string
				for _, at := range f.Cells {
					e := p.Captures[at].Endpoint
					place := e.Place()
					if place != e.Dialed() {
						place += " (" + e.Dialed() + ")"
					}
					places = append(places, place)
				}
				if strings.Contains(c.Failure+c.Out, strings.Trim(strings.Join(places, ", ")+": ", ": ")) {
					for _, at := range f.Cells {
						k := placeKey(p.Plan.Name, p.Captures[at].Endpoint)
						out[k] = append(out[k], string(f.Severity)+":"+f.Rule)
					}
				}
			}
		}
	}
	for _, blamed := range out {
		slices.Sort(blamed)
	}
	return out
}
