package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// Prometheus writes the metrics in the text format, for node_exporter's
// textfile collector. docs/reports.md lists them.
func Prometheus(w io.Writer, r Report) error {
	families, err := Metrics(r).Gather()
	if err != nil {
		return fmt.Errorf("gathering metrics: %w", err)
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return err
		}
	}
	return nil
}

// Metrics holds the report as Prometheus metrics, in a registry of their own.
//
// Every planned endpoint has its series in every scan, reachable or not; an
// expired certificate keeps its own, with an end in the past. What was not
// seen has no value: an endpoint that showed no certificate has no expiry.
func Metrics(r Report) prometheus.Gatherer {
	m := newMeters()
	m.scan(r)
	for _, p := range r.Pools {
		m.pool(p)
		found := p.RulesByCell()
		for i := range p.Captures {
			m.endpoint(p, &p.Captures[i], found[i])
		}
	}
	return m.registry
}

// The labels of a cell. The port is the service's, which stays the same behind
// a tunnel.
func cellLabels() []string { return []string{"pool", "member", "role", "fqdn", "address", "port"} }

type meters struct {
	registry                                            *prometheus.Registry
	build, verdict, findings, rules, endpoints, changes *prometheus.GaugeVec
	up, blamed, match, info, tls, phase                 *prometheus.GaugeVec
	notAfter, notBefore, chainEnd                       *prometheus.GaugeVec
	finished, duration, success                         prometheus.Gauge
}

func newMeters() *meters {
	m := &meters{registry: prometheus.NewRegistry()}
	vec := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "edgecert_" + name, Help: help}, labels)
		m.registry.MustRegister(g) // fails for a name given twice below, and for nothing else
		return g
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "edgecert_" + name, Help: help})
		m.registry.MustRegister(g)
		return g
	}
	cell := func(more ...string) []string { return append(cellLabels(), more...) }
	m.build = vec("build_info", "The edgecert that scanned, always 1.", "version")
	m.finished = gauge("scan_timestamp_seconds", "When the last scan ended, in Unix time.")
	m.duration = gauge("scan_duration_seconds", "How long the last scan took.")
	m.success = gauge("scan_success", "1 if the last scan ran to its end and had something to scan, whatever it found.")
	m.verdict = vec("pool_verdict", "1 for the verdict that the pool has, 0 for the others.", "pool", "verdict")
	m.findings = vec("findings", "Findings of the pool by severity.", "pool", "severity")
	m.rules = vec("rules", "Rules of the catalogue by outcome.", "pool", "outcome")
	m.endpoints = vec("endpoints", "Planned endpoints of the pool by outcome.", "pool", "outcome")
	m.changes = vec("changes", "Changes since the previous scan by kind; none where there was nothing to compare with.", "kind")
	m.up = vec("endpoint_up", "1 if the endpoint answered in its protocol, 0 if not.", cell()...)
	m.blamed = vec("endpoint_findings", "Findings that blame the endpoint, by severity.", cell("severity")...)
	m.match = vec("endpoint_certificate_match",
		"1 if the endpoint presents the newest certificate of its pool, 0 if another one or none could be had.", cell()...)
	m.notAfter = vec("certificate_not_after_seconds", "When the certificate that the endpoint presents expires, in Unix time.", cell()...)
	m.notBefore = vec("certificate_not_before_seconds", "When the certificate that the endpoint presents became valid, in Unix time.", cell()...)
	m.chainEnd = vec("chain_not_after_seconds", "When the chain that the endpoint sends ends, with its leaf or a CA before that, in Unix time.", cell()...)
	m.info = vec("certificate_info", "What identifies the certificate that the endpoint presents, always 1.",
		cell("subject", "issuer", "serial", "thumbprint_sha1")...)
	m.tls = vec("tls_info", "What the handshake negotiated, always 1.", cell("version", "cipher")...)
	m.phase = vec("handshake_seconds", "How long connecting and the handshake took.", cell("phase")...)
	return m
}

func (m *meters) scan(r Report) {
	m.build.WithLabelValues(Clean(r.Tool.Version)).Set(1)
	m.finished.Set(float64(r.Evidence.Finished.Unix()))
	m.duration.Set(r.Evidence.Finished.Sub(r.Evidence.Started).Seconds())
	m.success.Set(truth(!r.Evidence.Interrupted && r.Coverage.Planned > 0))
	if r.Changes == nil {
		return
	}
	for _, kind := range ChangeKinds() {
		m.changes.WithLabelValues(kind).Set(0)
	}
	for _, c := range r.Changes {
		m.changes.WithLabelValues(Clean(c.Kind)).Inc()
	}
}

// pool sets every severity, outcome and verdict, those with nothing to 0: a
// series that appears with the first error cannot be alerted on.
func (m *meters) pool(p Pool) {
	name := Clean(p.Plan.Name)
	for _, v := range []audit.Verdict{audit.VerdictOK, audit.VerdictWarning, audit.VerdictError, audit.VerdictIncomplete} {
		m.verdict.WithLabelValues(name, string(v)).Set(truth(p.Verdict == v))
	}
	for _, s := range []audit.Severity{audit.Error, audit.Warning, audit.Info} {
		m.findings.WithLabelValues(name, string(s)).Set(float64(Count(p.Findings, s)))
	}
	outcomes := map[audit.Outcome]int{}
	for _, o := range p.Rules {
		outcomes[o]++
	}
	for _, o := range []audit.Outcome{audit.Pass, audit.Found, audit.NotApplicable, audit.CouldNotTell} {
		m.rules.WithLabelValues(name, string(o)).Set(float64(outcomes[o]))
	}
	c := p.Coverage()
	m.endpoints.WithLabelValues(name, string(edge.Captured)).Set(float64(c.Captured))
	m.endpoints.WithLabelValues(name, string(edge.NoCertificate)).Set(float64(c.NoCertificate))
	m.endpoints.WithLabelValues(name, string(edge.Failed)).Set(float64(c.Failed))
}

func (m *meters) endpoint(p Pool, c *edge.Capture, found []string) {
	cell := []string{Clean(p.Plan.Name), Clean(c.Member), Clean(string(c.Role)), Clean(c.FQDN), c.AddressText(), strconv.Itoa(c.ServicePort)}
	with := func(more ...string) []string { return append(cell[:len(cell):len(cell)], more...) }
	m.up.WithLabelValues(cell...).Set(truth(c.Outcome != edge.Failed))
	for _, s := range []audit.Severity{audit.Error, audit.Warning} {
		n := 0
		for _, rule := range found {
			if strings.HasPrefix(rule, string(s)+":") {
				n++
			}
		}
		m.blamed.WithLabelValues(with(string(s))...).Set(float64(n))
	}
	leaf := c.Leaf()
	if right := p.Right[c.Role]; right != nil && c.Outcome != edge.NoCertificate {
		m.match.WithLabelValues(cell...).Set(truth(leaf != nil && leaf.Fingerprint == right.Fingerprint))
	}
	if c.Outcome != edge.Failed {
		m.phase.WithLabelValues(with("dial")...).Set(c.Dial.Seconds())
		m.phase.WithLabelValues(with("handshake")...).Set(c.Handshake.Seconds())
	}
	if c.TLS != nil {
		m.tls.WithLabelValues(with(Clean(c.TLS.Version), Clean(c.TLS.Cipher))...).Set(1)
	}
	if leaf == nil {
		return
	}
	m.info.WithLabelValues(with(Clean(leaf.Subject()), Clean(leaf.Issuer()), leaf.Serial(), leaf.Thumbprint())...).Set(1)
	if end := leaf.NotAfter(); !end.IsZero() {
		m.notAfter.WithLabelValues(cell...).Set(unix(end))
		m.notBefore.WithLabelValues(cell...).Set(unix(leaf.NotBefore()))
		m.chainEnd.WithLabelValues(cell...).Set(unix(chainEnd(c.Chain)))
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 { return float64(t.Unix()) }
