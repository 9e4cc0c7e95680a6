package report

import (
	"fmt"
	"slices"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// A night is the report of a healthy pool of three members, all on the
// certificate "old"; "new" is its renewal and stands ready.
func night() Report {
	r := Report{Verdict: audit.VerdictOK, Certificates: nightCertificates()}
	p := Pool{Name: "edge-emea", Verdict: audit.VerdictOK, Rules: map[string]audit.Outcome{}}
	for i := range 3 {
		for _, c := range []struct {
			role edge.Role
			port int
		}{{edge.Access, 443}, {edge.Access, 5061}, {edge.WebConf, 443}, {edge.AV, 443}} {
			e := Endpoint{Member: fmt.Sprintf("edge%d", i+1), Role: c.role, FQDN: string(c.role) + ".contoso.com",
				Address: fmt.Sprintf("192.0.2.%d", 10*(i+1)+c.role.Order()), Port: c.port, ServicePort: c.port}
			showLeaf(&e, "old")
			if c.role == edge.AV {
				e.Outcome, e.Certificate, e.Chain, e.TLS = edge.NoCertificate, nil, nil, nil
			}
			p.Endpoints = append(p.Endpoints, e)
		}
	}
	r.Pools = []Pool{p}
	return r
}

func nightCertificates() map[string]Certificate {
	day := func(month time.Month) time.Time { return time.Date(2027, month, 1, 0, 0, 0, 0, time.UTC) }
	base := Certificate{Subject: "CN=sip.contoso.com", Issuer: "CN=Good CA", Serial: "01", ThumbprintSHA1: "aa", SPKISHA256: "k1",
		NotBefore: day(1), NotAfter: day(7), DNSNames: []string{"sip.contoso.com", "webcon.contoso.com"}}
	renewed := base
	renewed.Serial, renewed.ThumbprintSHA1, renewed.SPKISHA256 = "02", "bb", "k2"
	renewed.NotBefore, renewed.NotAfter = day(6), day(12)
	foreign := renewed
	foreign.Subject, foreign.DNSNames, foreign.Issuer, foreign.Serial = "CN=proxy", []string{"proxy.example"}, "CN=Inspection", "03"
	return map[string]Certificate{"old": base, "new": renewed, "foreign": foreign, "ca": {}, "unparsed": {ParseError: "negative serial"}}
}

func showLeaf(e *Endpoint, leaf string) {
	e.Outcome, e.Stage, e.Error = edge.Captured, edge.StageDone, nil
	e.Certificate, e.Chain, e.TLS = &leaf, []string{leaf, "ca"}, &TLS{Version: "TLS 1.2"}
}

func failCell(e *Endpoint, class edge.ErrorClass) {
	e.Outcome, e.Stage, e.Error = edge.Failed, edge.StageDial, &edge.Fault{Class: class, Message: "dial tcp"}
	e.Certificate, e.Chain, e.TLS = nil, nil, nil
}

// eachCell applies change to the cells of the members named, all if none is; A/V
// cells, which show no certificate, are left alone.
func eachCell(r *Report, change func(*Endpoint), members ...string) {
	for i := range r.Pools[0].Endpoints {
		e := &r.Pools[0].Endpoints[i]
		if e.Role != edge.AV && (len(members) == 0 || slices.Contains(members, e.Member)) {
			change(e)
		}
	}
}

func shown(leaf string) func(*Endpoint) { return func(e *Endpoint) { showLeaf(e, leaf) } }

func silenced(class edge.ErrorClass) func(*Endpoint) { return func(e *Endpoint) { failCell(e, class) } }

func addFinding(r *Report, f ...Finding) { r.Pools[0].Findings = append(r.Pools[0].Findings, f...) }

func editCertificate(r *Report, n string, f func(*Certificate)) {
	c := r.Certificates[n]
	c.DNSNames = slices.Clone(c.DNSNames)
	f(&c)
	r.Certificates[n] = c
}

// changeLines writes changes as "kind member/role/address:port before→after: message".
func changeLines(changes []Change) []string {
	var out []string
	for _, c := range changes {
		at := c.Address
		if c.Port != 0 && c.Address != "" {
			at = fmt.Sprintf("%s:%d", c.Address, c.Port)
		}
		role := string(c.Role)
		if at == "" {
			role = "" // an event of several cells: what else they share is not the case's matter
		}
		out = append(out, fmt.Sprintf("%s %s/%s/%s %s→%s: %s", c.Kind, c.Member, role, at, c.Before, c.After, c.Message))
	}
	return out
}
