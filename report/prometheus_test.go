package report_test

import (
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/edge"
)

// parseMetrics reads the text with the parser of Prometheus' own library.
func parseMetrics(t testing.TB, r report.Report) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(render(t, "prometheus", r)))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// value finds the one series with these labels, given as name, value, …
func value(t testing.TB, fs map[string]*dto.MetricFamily, name string, labels ...string) (float64, bool) {
	t.Helper()
	var found []float64
	for _, m := range fs["edgecert_"+name].GetMetric() {
		has := map[string]string{}
		for _, l := range m.GetLabel() {
			has[l.GetName()] = l.GetValue()
		}
		match := true
		for i := 0; i < len(labels); i += 2 {
			match = match && has[labels[i]] == labels[i+1]
		}
		if match {
			found = append(found, m.GetGauge().GetValue())
		}
	}
	if len(found) > 1 {
		t.Fatalf("%s %v: %d series", name, labels, len(found))
	}
	return append(found, 0)[0], len(found) == 1
}

func TestPrometheusByPromtool(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Reports(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reporttest.Program(t, "prometheus", render(t, "prometheus", r), "promtool", "check", "metrics")
		})
	}
}

func TestPrometheusByItsParser(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Reports(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs := parseMetrics(t, r)
			if got := len(fs["edgecert_endpoint_up"].GetMetric()); got != r.Coverage.Planned {
				t.Errorf("%d endpoint_up for %d endpoints", got, r.Coverage.Planned)
			}
			if fs["forged"] != nil {
				t.Error("a label forged a metric")
			}
		})
	}
}

func TestPrometheusValues(t *testing.T) {
	t.Parallel()
	w := reporttest.Faulty(t)
	fs := parseMetrics(t, w.Report())
	cell := func(member, role, port string) []string {
		return []string{"pool", "edge-emea", "member", member, "role", role, "port", port}
	}
	for _, tt := range []struct {
		metric string
		labels []string
		want   float64
		absent bool
	}{
		{metric: "scan_timestamp_seconds", want: float64(reporttest.Finished().Unix())},
		{metric: "scan_success", want: 1},
		{metric: "findings", labels: []string{"severity", "error"}, want: 2},
		{metric: "findings", labels: []string{"severity", "warning"}, want: 1},
		{metric: "pool_verdict", labels: []string{"verdict", "error"}, want: 1},
		{metric: "pool_verdict", labels: []string{"verdict", "ok"}, want: 0},
		{metric: "rules", labels: []string{"outcome", "could_not_tell"}, want: 1},
		{metric: "endpoints", labels: []string{"outcome", "failed"}, want: 1},
		{metric: "endpoint_up", labels: cell("edge1", "access", "443"), want: 1},
		{metric: "endpoint_up", labels: cell("edge1", "av", "443"), want: 1},
		{metric: "endpoint_up", labels: cell("edge3", "access", "5061"), want: 0},
		{metric: "endpoint_certificate_match", labels: cell("edge1", "access", "443"), want: 1},
		{metric: "endpoint_certificate_match", labels: cell("edge2", "webcon", "443"), want: 0},
		{metric: "endpoint_certificate_match", labels: cell("edge3", "access", "5061"), want: 0},
		{metric: "endpoint_certificate_match", labels: cell("edge1", "av", "443"), absent: true},
		{metric: "certificate_not_after_seconds", labels: cell("edge2", "webcon", "443"), want: float64(w.PreviousLeaf.NotAfter().Unix())},
		{metric: "chain_not_after_seconds", labels: cell("edge2", "webcon", "443"), want: float64(w.PreviousLeaf.NotAfter().Unix())},
		{metric: "endpoint_findings", labels: append(cell("edge2", "webcon", "443"), "severity", "error"), want: 1},
		{metric: "endpoint_findings", labels: append(cell("edge1", "webcon", "443"), "severity", "error"), want: 0},
		{metric: "certificate_not_after_seconds", labels: cell("edge3", "access", "5061"), absent: true},
	} {
		got, ok := value(t, fs, tt.metric, tt.labels...)
		if ok == tt.absent || got != tt.want {
			t.Errorf("%s %v = %v (there: %v), want %v", tt.metric, tt.labels, got, ok, tt.want)
		}
	}
}

// An expired certificate, and a pool that is wholly down, keep their series:
// an alert on a series that is gone does not fire.
func TestPrometheusSeriesStay(t *testing.T) {
	t.Parallel()
	late := reporttest.New(t, 2)
	late.Evidence.Started, late.Evidence.Finished = reporttest.Started().AddDate(1, 0, 0), reporttest.Finished().AddDate(1, 0, 0)
	healthy := parseMetrics(t, reporttest.New(t, 2).Report())
	expired := parseMetrics(t, late.Report())
	for name, f := range healthy {
		if len(expired[name].GetMetric()) != len(f.GetMetric()) {
			t.Errorf("%s: %d series once expired, %d before", name, len(expired[name].GetMetric()), len(f.GetMetric()))
		}
	}
	down := reporttest.New(t, 2)
	for _, c := range reporttest.HealthyCells() {
		down.Fail("edge1", c.Role, c.Port, edge.ClassTimeout, "no answer")
		down.Fail("edge2", c.Role, c.Port, edge.ClassTimeout, "no answer")
	}
	dark := parseMetrics(t, down.Report())
	for _, name := range []string{"edgecert_endpoint_up", "edgecert_findings", "edgecert_endpoints", "edgecert_pool_verdict", "edgecert_scan_success"} {
		if len(dark[name].GetMetric()) != len(healthy[name].GetMetric()) {
			t.Errorf("%s: %d series once all is down, %d before", name, len(dark[name].GetMetric()), len(healthy[name].GetMetric()))
		}
	}
}

// TestPrometheusAsksTheJudgement: which certificate is right is no matter of
// age or number.
func TestPrometheusAsksTheJudgement(t *testing.T) {
	t.Parallel()
	w := reporttest.New(t, 3)
	w.Present("edge2", edge.Access, 443, w.PreviousLeaf)
	r := w.Report()
	r.Pools[0].Right = map[edge.Role]*edge.Certificate{edge.Access: w.PreviousLeaf, edge.WebConf: nil}
	fs := parseMetrics(t, r)
	for member, want := range map[string]float64{"edge1": 0, "edge2": 1, "edge3": 0} {
		if v, ok := value(t, fs, "endpoint_certificate_match", "member", member, "role", "access", "port", "443"); !ok || v != want {
			t.Errorf("%s: %v (there: %v), want %v", member, v, ok, want)
		}
	}
	if _, ok := value(t, fs, "endpoint_certificate_match", "member", "edge1", "role", "webcon"); ok {
		t.Error("a service of which nobody knows the right certificate is measured by one")
	}
}
