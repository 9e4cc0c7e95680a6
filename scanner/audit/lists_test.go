package audit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// listed makes a pool of HOST:PORT endpoints, all with one certificate, and
// lets each be changed.
func listed(kind edge.PoolKind, hosts ...string) func(*testWorld) {
	return func(w *testWorld) {
		leaf := w.cell("edge1", edge.Access, 443).Leaf()
		*w.pool() = edge.Pool{Name: "list", Kind: kind}
		w.ev.Captures = nil
		for _, h := range hosts {
			ap := netip.MustParseAddrPort(h)
			c := edge.Capture{Endpoint: edge.Endpoint{Pool: "list", Member: ap.Addr().String(), Role: edge.Other, FQDN: "sip.contoso.com",
				Address: ap.Addr(), Port: int(ap.Port()), ServicePort: int(ap.Port())}, Stage: edge.StageDone, Attempts: 1}
			present(leaf, &c)
			if c.Endpoint.Port == federationPort {
				c.TLS.ClientCertificate = edge.Required
			}
			w.ev.Captures = append(w.ev.Captures, c)
		}
	}
}

// changed lists endpoints and gives those with the indexes another certificate.
func changed(kind edge.PoolKind, hosts []string, at ...int) func(*testWorld) {
	return func(w *testWorld) {
		listed(kind, hosts...)(w)
		other := sameKeyLeaf(w)
		for _, i := range at {
			present(other, &w.ev.Captures[i])
		}
	}
}

// A list from the command line must present one certificate; which rule tells
// the difference depends on what the endpoints have in common.
func listCases() []ruleCase {
	const one, two, three = "192.0.2.1", "192.0.2.2", "192.0.2.3"
	same := []string{one + ":443", two + ":443", three + ":443"}
	ports := []string{one + ":443", one + ":5061"}
	apart := []string{one + ":443", two + ":5061"}
	return []ruleCase{
		{rule: idMembers, name: "command line, same port, one differs", want: Found, change: changed(edge.CommandLinePool, same, 1),
			at: "other 443", says: []string{"port 443: 2 of 3 endpoints still present the old certificate", "sip.contoso.com:443 at 192.0.2.2"}},
		{rule: "differs-across-ports", name: "command line, one host, two ports", want: Found, change: changed(edge.CommandLinePool, ports, 1), at: "192.0.2.1 other 443"},
		{rule: "differs-across-services", name: "command line, hosts and ports apart", want: Found, change: changed(edge.CommandLinePool, apart, 1), at: "192.0.2.1 other 443"},
		{rule: "differs-across-services", name: "command line, hosts and ports apart, one certificate", want: Pass, change: changed(edge.CommandLinePool, apart)},
		{rule: "differs-across-services", name: "command line, told by the port", want: NotApplicable, change: changed(edge.CommandLinePool, ports, 1), also: []string{"differs-across-ports"}},
		{rule: idMembers, name: "command line, one down", want: CouldNotTell, also: []string{idUnreachable}, change: func(w *testWorld) {
			listed(edge.CommandLinePool, same...)(w)
			down(edge.ClassTimeout, &w.ev.Captures[2])
		}},
		{rule: "wildcard-only", name: "command line, a name under a wildcard", want: NotApplicable, change: func(w *testWorld) {
			listed(edge.CommandLinePool, one+":443")(w)
			present(makeLeaf(w.t, sans("*.contoso.com")), &w.ev.Captures[0])
		}},
		{rule: "wildcard-only", name: "loose, a name under a wildcard", want: NotApplicable, change: func(w *testWorld) {
			listed(edge.LoosePool, one+":443")(w)
			present(makeLeaf(w.t, sans("*.contoso.com")), &w.ev.Captures[0])
		}},
		{rule: "client-cert-not-requested", name: "command line, 5061 without mutual TLS", want: NotApplicable, change: func(w *testWorld) {
			listed(edge.CommandLinePool, ports...)(w)
			w.ev.Captures[1].TLS.ClientCertificate = edge.NotRequested
		}},
		{rule: idMembers, name: "loose endpoints have nothing to do with each other", want: NotApplicable, change: changed(edge.LoosePool, same, 1)},
		{rule: "server-auth-missing", severity: Warning, name: "loose endpoints with one certificate", want: Found, at: "other 443", change: func(w *testWorld) {
			listed(edge.LoosePool, same...)(w)
			leaf := makeLeaf(w.t, func(c *leafTemplate) { c.ExtKeyUsage = nil })
			for i := range w.ev.Captures {
				present(leaf, &w.ev.Captures[i])
			}
		}},
	}
}

// A file judged before it is assigned says nothing of endpoints.
func TestFileIsNotJudgedAsAScan(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.pool().File = &edge.CheckedFile{Name: "edge.pfx", Format: "PFX", Key: edge.KeyMatches}
	w.pool().DNS, w.pool().Inventory = nil, nil
	w.pool().Members = []edge.Member{{Name: "edge.pfx"}}
	w.ev.Captures = slices.DeleteFunc(w.ev.Captures, func(c edge.Capture) bool { return c.Endpoint.Member != "edge1" || c.Leaf() == nil })
	for i := range w.ev.Captures {
		c := &w.ev.Captures[i]
		c.TLS, c.Presentations, c.Endpoint.Member, c.Endpoint.Address = nil, nil, "edge.pfx", netip.Addr{}
	}
	j := w.judge()
	if j.Verdict != VerdictOK || len(j.Findings) > 0 {
		t.Errorf("verdict %s, findings %+v", j.Verdict, j.Findings)
	}
	for _, r := range Rules() {
		if got := j.Rules[r.ID]; r.Wire && got != NotApplicable {
			t.Errorf("%s: %s", r.ID, got)
		}
	}
	if j.Rules["access-name-missing"] != Pass {
		t.Errorf("access-name-missing: %s", j.Rules["access-name-missing"])
	}
}

// Ten thousand loose endpoints are no strain.
func TestManyLooseEndpoints(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	var hosts []string
	for i := range 10_000 {
		hosts = append(hosts, fmt.Sprintf("10.%d.%d.1:%d", i/250, i%250, 443))
	}
	changed(edge.LoosePool, hosts, 1, 2, 3)(w)
	down(edge.ClassTimeout, &w.ev.Captures[77])
	start := time.Now()
	j := w.judge()
	if took := time.Since(start); took > 20*time.Second { // a second or so; quadratic would be minutes
		t.Errorf("took %s", took)
	}
	if len(j.Findings) != 1 || j.Findings[0].Rule != idUnreachable {
		t.Errorf("findings: %+v", j.Findings)
	}
	if !strings.Contains(j.Findings[0].Message, "10.0.77.1") {
		t.Errorf("message: %s", j.Findings[0].Message)
	}
}
