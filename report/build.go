package report

import (
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// New makes the document of a scan and of what audit said of it. Changes stays
// nil: comparing with an earlier report is a step of its own.
//
// Everything in the result is in the form in which JSON can carry it (see
// normalize), so a live report and one loaded from a file are the same value.
func New(ev edge.Evidence, js []audit.Judgement, p audit.Policy, tool Tool) Report {
	table := newTable()
	r := Report{
		Schema:      Schema,
		Tool:        tool,
		Started:     ev.Started,
		Finished:    ev.Finished,
		Vantage:     Vantage{Host: ev.Host},
		Interrupted: ev.Interrupted,
		Asked:       ev.Asked,
		Shard:       ev.Shard,
		Policy:      newPolicy(p, table),
		Trust:       newTrust(ev),
	}
	judged := make(map[string]audit.Judgement, len(js))
	for _, j := range js {
		judged[j.Pool] = j
	}
	captures := ev.ByPool()
	for _, plan := range ev.Pools {
		pool := newPool(plan, captures[plan.Name], judged[plan.Name], table)
		r.Coverage = r.Coverage.add(pool.Coverage())
		r.Pools = append(r.Pools, pool)
	}
	r.Certificates = table.table
	r.Verdict = verdict(r)
	return normalize(r)
}

// verdict is the worst of the pools. A scan that was interrupted, or that has
// nothing to say of anything, has no right to be called well.
func verdict(r Report) audit.Verdict {
	worst := audit.VerdictOK
	if r.Interrupted || len(r.Pools) == 0 {
		worst = audit.VerdictIncomplete
	}
	for _, p := range r.Pools {
		if badness(p.Verdict) > badness(worst) {
			worst = p.Verdict
		}
	}
	return worst
}

// badness orders verdicts as the exit status does: an incomplete scan is worse
// than a warning, since it may hide an error. An unknown verdict counts as
// incomplete.
func badness(v audit.Verdict) int {
	switch v {
	case audit.VerdictOK:
		return 0
	case audit.VerdictWarning:
		return 1
	case audit.VerdictError:
		return 3
	default:
		return 2
	}
}

func (c Coverage) add(d Coverage) Coverage {
	return Coverage{
		Planned:       c.Planned + d.Planned,
		Captured:      c.Captured + d.Captured,
		NoCertificate: c.NoCertificate + d.NoCertificate,
		Failed:        c.Failed + d.Failed,
	}
}

// Coverage counts the pool's planned endpoints by what became of them.
func (p Pool) Coverage() Coverage {
	c := Coverage{Planned: len(p.Endpoints)}
	for _, e := range p.Endpoints {
		switch e.Outcome {
		case edge.Captured:
			c.Captured++
		case edge.NoCertificate:
			c.NoCertificate++
		default:
			c.Failed++
		}
	}
	return c
}

func newPolicy(p audit.Policy, table certificates) Policy {
	q := Policy{
		Profile:    p.Profile,
		WarnDays:   p.WarnDays,
		ErrorDays:  p.ErrorDays,
		Severities: make(map[string]string, len(p.Severities)),
		Allow:      p.Allow,
		Roots:      table.addAll(p.Roots),
		OnlyRoots:  p.OnlyRoots,
	}
	for rule, s := range p.Severities {
		q.Severities[rule] = string(s)
	}
	return q
}

func newPool(plan edge.Pool, cs []edge.Capture, j audit.Judgement, table certificates) Pool {
	p := Pool{
		Name:       plan.Name,
		Verdict:    j.Verdict,
		SIPDomains: plan.SIPDomains,
		Rules:      j.Rules,
		Plan:       plan,
		Endpoints:  make([]Endpoint, 0, len(cs)),
		Findings:   make([]Finding, 0, len(j.Findings)),
	}
	if p.Verdict == "" { // never judged: nothing may pass for well
		p.Verdict = audit.VerdictIncomplete
	}
	for _, s := range plan.Services {
		p.Services = append(p.Services, Service{Role: s.Role, FQDN: s.FQDN, Ports: s.Ports})
	}
	for _, c := range cs {
		p.Endpoints = append(p.Endpoints, newEndpoint(c, table))
	}
	for _, f := range j.Findings {
		p.Findings = append(p.Findings, Finding{
			Rule: f.Rule, Severity: f.Severity, Member: f.Member, Role: f.Role, FQDN: f.FQDN, Address: f.Address, Port: f.Port,
			Certificate: table.add(f.Certificate()), Message: f.Message, Fix: f.Fix,
		})
	}
	return p
}

func newEndpoint(c edge.Capture, table certificates) Endpoint {
	e := Endpoint{
		Member: c.Endpoint.Member, Role: c.Endpoint.Role, FQDN: c.Endpoint.FQDN, Port: c.Endpoint.Port,
		Outcome: c.Outcome, Stage: c.Stage, Error: c.Fault,
		Certificate: table.add(c.Leaf()), Chain: table.addAll(c.Chain),
		Attempts:    c.Attempts,
		TimingMS:    Timing{Dial: milliseconds(c.Dial), Handshake: milliseconds(c.Handshake)},
		ServicePort: c.Endpoint.ServicePort, VIP: c.Endpoint.VIP, Source: c.Endpoint.Source,
		Proof: c.Proof, Presentations: c.Presentations, Turn: c.Turn, UDP: c.UDP, XMPP: c.XMPP,
	}
	if c.Endpoint.Address.IsValid() {
		e.Address = c.Endpoint.Address.String()
	}
	if e.ServicePort == 0 {
		e.ServicePort = e.Port
	}
	if c.TLS != nil {
		tls := TLS(*c.TLS)
		if tls.AcceptableCANames == nil {
			tls.AcceptableCANames = []string{} // in normal form from the start: most have none
		}
		e.TLS = &tls
	}
	for _, p := range c.Presentations {
		table.addAll(p.Chain)
	}
	return e
}

// milliseconds is exact to the microsecond, so that a duration survives the
// way through a file.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond).Microseconds()) / 1000
}
