package report

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// Prometheus writes the metrics in the text format, for node_exporter's
// textfile collector. docs/reports.md lists them.
//
// Every planned endpoint has its series in every scan, reachable or not; an
// expired certificate keeps its own, with an end in the past. What was not
// seen has no value: an endpoint that showed no certificate has no expiry.
func Prometheus(w io.Writer, r Report) error {
	m := newMeters()
	m.scan(r)
	for _, p := range r.Pools {
		m.pool(p)
		found := p.RulesByCell()
		for i := range p.Captures {
			m.endpoint(p, &p.Captures[i], found[i])
		}
	}
	for _, f := range slices.SortedFunc(slices.Values(m.families), func(a, b *family) int { return cmp.Compare(a.name, b.name) }) {
		if err := f.write(w); err != nil {
			return err
		}
	}
	return nil
}

// The labels of a cell. The port is the service's, which stays the same behind
// a tunnel.
func cellLabels() []string { return []string{"pool", "member", "role", "fqdn", "address", "port"} }

type meters struct {
	families                                            []*family
	build, verdict, findings, rules, endpoints, changes *family
	up, blamed, match, info, tls, phase                 *family
	notAfter, notBefore, chainEnd                       *family
	finished, duration, success                         *family
}

func newMeters() *meters {
	m := &meters{}
	vec := func(name, help string, labels ...string) *family {
		f := &family{name: "edgecert_" + name, help: help, labels: labels}
		m.families = append(m.families, f)
		return f
	}
	cell := func(more ...string) []string { return append(cellLabels(), more...) }
	m.build = vec("build_info", "The edgecert that scanned, always 1.", "version")
	m.finished = vec("scan_timestamp_seconds", "When the last scan ended, in Unix time.")
	m.duration = vec("scan_duration_seconds", "How long the last scan took.")
	m.success = vec("scan_success", "1 if the last scan ran to its end and had something to scan, whatever it found.")
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
	m.build.set(1, Clean(r.Tool.Version))
	m.finished.set(float64(r.Evidence.Finished.Unix()))
	m.duration.set(r.Evidence.Finished.Sub(r.Evidence.Started).Seconds())
	m.success.set(truth(!r.Evidence.Interrupted && r.Coverage.Planned > 0))
	if r.Changes == nil {
		return
	}
	for _, kind := range ChangeKinds() {
		m.changes.add(0, kind)
	}
	for _, c := range r.Changes {
		m.changes.add(1, Clean(c.Kind))
	}
}

// pool sets every severity, outcome and verdict, those with nothing to 0: a
// series that appears with the first error cannot be alerted on.
func (m *meters) pool(p Pool) {
	name := Clean(p.Plan.Name)
	for _, v := range []audit.Verdict{audit.VerdictOK, audit.VerdictWarning, audit.VerdictError, audit.VerdictIncomplete} {
		m.verdict.set(truth(p.Verdict == v), name, string(v))
	}
	for _, s := range []audit.Severity{audit.Error, audit.Warning, audit.Info} {
		m.findings.set(float64(Count(p.Findings, s)), name, string(s))
	}
	outcomes := map[audit.Outcome]int{}
	for _, o := range p.Rules {
		outcomes[o]++
	}
	for _, o := range []audit.Outcome{audit.Pass, audit.Found, audit.NotApplicable, audit.CouldNotTell} {
		m.rules.set(float64(outcomes[o]), name, string(o))
	}
	c := p.Coverage()
	m.endpoints.set(float64(c.Captured), name, string(edge.Captured))
	m.endpoints.set(float64(c.NoCertificate), name, string(edge.NoCertificate))
	m.endpoints.set(float64(c.Failed), name, string(edge.Failed))
}

func (m *meters) endpoint(p Pool, c *edge.Capture, found []string) {
	cell := []string{Clean(p.Plan.Name), Clean(c.Member), Clean(string(c.Role)), Clean(c.FQDN), c.AddressText(), strconv.Itoa(c.ServicePort)}
	with := func(more ...string) []string { return append(cell[:len(cell):len(cell)], more...) }
	m.up.set(truth(c.Outcome != edge.Failed), cell...)
	for _, s := range []audit.Severity{audit.Error, audit.Warning} {
		n := 0
		for _, rule := range found {
			if strings.HasPrefix(rule, string(s)+":") {
				n++
			}
		}
		m.blamed.set(float64(n), with(string(s))...)
	}
	leaf := c.Leaf()
	if right := p.Right[c.Role]; right != nil && c.Outcome != edge.NoCertificate {
		m.match.set(truth(leaf != nil && leaf.Fingerprint == right.Fingerprint), cell...)
	}
	if c.Outcome != edge.Failed {
		m.phase.set(c.Dial.Seconds(), with("dial")...)
		m.phase.set(c.Handshake.Seconds(), with("handshake")...)
	}
	if c.TLS != nil {
		m.tls.set(1, with(Clean(c.TLS.Version), Clean(c.TLS.Cipher))...)
	}
	if leaf == nil {
		return
	}
	m.info.set(1, with(Clean(leaf.Subject()), Clean(leaf.Issuer()), leaf.Serial(), leaf.Thumbprint())...)
	if end := leaf.NotAfter(); !end.IsZero() {
		m.notAfter.set(unix(end), cell...)
		m.notBefore.set(unix(leaf.NotBefore()), cell...)
		m.chainEnd.set(unix(chainEnd(c.Chain)), cell...)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 { return float64(t.Unix()) }
