package report

import (
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"edgecert/scanner/edge"
)

// parseMetrics reads the text with the parser of Prometheus' own library.
func parseMetrics(t testing.TB, r Report) map[string]*dto.MetricFamily {
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
	for name, r := range reports(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program(t, "prometheus", render(t, "prometheus", r), "promtool", "check", "metrics")
		})
	}
}

func TestPrometheusByItsParser(t *testing.T) {
	t.Parallel()
	for name, r := range reports(t) {
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
	w := faulty(t)
	fs := parseMetrics(t, w.report())
	cell := func(member, role, port string) []string {
		return []string{"pool", "edge-emea", "member", member, "role", role, "port", port}
	}
	for _, tt := range []struct {
		metric string
		labels []string
		want   float64
		absent bool
	}{
		{metric: "scan_timestamp_seconds", want: float64(finished.Unix())},
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
		{metric: "certificate_not_after_seconds", labels: cell("edge2", "webcon", "443"), want: unix(w.previousLeaf.NotAfter())},
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
	late := newWorld(t, 2)
	late.ev.Started, late.ev.Finished = started.AddDate(1, 0, 0), finished.AddDate(1, 0, 0)
	healthy := parseMetrics(t, newWorld(t, 2).report())
	expired := parseMetrics(t, late.report())
	for name, f := range healthy {
		if len(expired[name].GetMetric()) != len(f.GetMetric()) {
			t.Errorf("%s: %d series once expired, %d before", name, len(expired[name].GetMetric()), len(f.GetMetric()))
		}
	}
	down := newWorld(t, 2)
	for _, c := range healthyCells {
		down.fail("edge1", c.role, c.port, edge.ClassTimeout, "no answer")
		down.fail("edge2", c.role, c.port, edge.ClassTimeout, "no answer")
	}
	dark := parseMetrics(t, down.report())
	for _, name := range []string{"edgecert_endpoint_up", "edgecert_findings", "edgecert_endpoints", "edgecert_pool_verdict", "edgecert_scan_success"} {
		if len(dark[name].GetMetric()) != len(healthy[name].GetMetric()) {
			t.Errorf("%s: %d series once all is down, %d before", name, len(dark[name].GetMetric()), len(healthy[name].GetMetric()))
		}
	}
}

func TestPrometheusNewestCertificateIsWanted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	for _, member := range []string{"edge1", "edge2"} { // the old one is in the majority
		w.present(member, edge.Access, 443, w.previousLeaf)
	}
	fs := parseMetrics(t, w.report())
	if v, _ := value(t, fs, "endpoint_certificate_match", "member", "edge3", "role", "access", "port", "443"); v != 1 {
		t.Error("the newest certificate does not match")
	}
	if v, _ := value(t, fs, "endpoint_certificate_match", "member", "edge1", "role", "access", "port", "443"); v != 0 {
		t.Error("the old certificate matches")
	}
	w.ev.Pools[0].Groups = w.ev.Pools[0].Apart()
	for _, member := range []string{"edge1", "edge2", "edge3"} {
		w.present(member, edge.WebConf, 443, w.previousLeaf)
	}
	if v, ok := value(t, parseMetrics(t, w.report()), "endpoint_certificate_match", "member", "edge1", "role", "webcon"); v != 1 || !ok {
		t.Error("a service's own certificate does not match though certificates are per service")
	}
}
