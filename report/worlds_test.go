package report

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// twelveByFive is the largest Edge pool there is, with XMPP, half way through a
// renewal that two members missed.
func twelveByFive(t testing.TB) *world {
	w := newWorld(t, 0)
	w.ev.Pools, w.js = nil, nil
	w.pool("edge-americas", 12, append(healthyCells[:4:4], cell{edge.XMPP, 5269}))
	for _, member := range []string{"edge4", "edge11"} {
		for _, c := range []cell{{edge.Access, 443}, {edge.Access, 5061}, {edge.WebConf, 443}} {
			w.present(member, c.role, c.port, w.previousLeaf)
		}
	}
	w.fail("edge7", edge.Access, 443, edge.ClassTimeout, "no answer within 10s")
	w.fail("edge7", edge.AV, 443, edge.ClassUnreachable, "no route to host")
	w.fail("edge9", edge.XMPP, 5269, edge.ClassNotTLS, "HTTP/1.1 400 Bad Request")
	w.find(audit.VerdictError, audit.Finding{
		Rule: "differs-across-members", Severity: audit.Error, Role: edge.Access, Port: 443, Certificates: []*edge.Certificate{w.previousLeaf},
		Message: "2 of 12 members still present the old certificate B on access:443, which expires in 5 days: edge4 and edge11",
		Fix: "on edge4 and edge11: Import-CsCertificate -Path .\\edge.pfx -PrivateKeyExportable $true; Set-CsCertificate -Type " +
			"AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication -Thumbprint " + w.leaf.Thumbprint() +
			"; then restart the Edge services (Stop-CsWindowsService; Start-CsWindowsService)",
	})
	return w
}

// manyPools is a company's worth of pools of every verdict.
func manyPools(t testing.TB) *world {
	w := newWorld(t, 2)
	for i, v := range []audit.Verdict{audit.VerdictWarning, audit.VerdictIncomplete, audit.VerdictOK} {
		w.pool([]string{"edge-apac", "edge-of-a-subsidiary-with-a-long-name.corp.example", "edge-us"}[i], 2, healthyCells)
		w.js[i+1].Verdict = v
		if v != audit.VerdictOK {
			f := audit.Finding{Rule: "expires-soon", Severity: audit.Warning, Certificates: []*edge.Certificate{w.leaf}, Message: "the certificate expires in 20 days", Fix: "renew it"}
			if v == audit.VerdictIncomplete {
				f = audit.Finding{Rule: "dns-no-address", Severity: audit.Error, Role: edge.WebConf, Message: "webcon.contoso.com has no address", Fix: "add an A record"}
			}
			w.js[i+1].Findings = append([]audit.Finding{f}, w.js[i+1].Findings...)
		}
	}
	w.ev.Pools[1].Notes = []string{"webcon.contoso.com was guessed from the certificate's SAN"}
	w.ev.Captures[9].Outcome, w.ev.Captures[9].Stage, w.ev.Captures[9].Chain = edge.Failed, edge.StageDNS, nil
	w.ev.Captures[9].TLS, w.ev.Captures[9].Endpoint.Address = nil, netip.Addr{}
	w.ev.Captures[9].Fault = &edge.Fault{Class: edge.ClassDNS, Message: "no such host"}
	return w
}

// looseList is a list of n endpoints that have nothing to do with each other.
func looseList(t testing.TB, n int) *world {
	w := newWorld(t, 0)
	w.ev.Pools, w.js, w.ev.Captures = []edge.Pool{{Name: "loose", Kind: edge.LoosePool}}, []audit.Judgement{{
		Pool: "loose", Verdict: audit.VerdictError, Rules: map[string]audit.Outcome{"expires-soon": audit.Found},
	}}, nil
	leaves := make([]*edge.Certificate, 40)
	for i := range leaves {
		leaves[i] = cert(t, fmt.Sprint("loose ", i), func(c *x509.Certificate) {
			c.Subject.CommonName = fmt.Sprintf("www%d.example", i)
			c.NotAfter = started.AddDate(0, 0, 20+i)
		})
	}
	j := &w.js[0]
	for i := range n {
		e := edge.Endpoint{Pool: "loose", Role: edge.Other, FQDN: fmt.Sprintf("host%d.example", i), Port: 443, ServicePort: 443,
			Address: netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})}
		e.Member = e.Address.String()
		c := w.capture(e)
		c.Chain = []*edge.Certificate{leaves[min(i%61, len(leaves)-1)], w.ca}
		c.Presentations, c.Turn, c.UDP, c.XMPP = nil, nil, nil, nil
		if i%17 == 3 {
			c.Outcome, c.Stage, c.Chain, c.TLS = edge.Failed, edge.StageDial, nil, nil
			c.Fault = &edge.Fault{Class: []edge.ErrorClass{edge.ClassTimeout, edge.ClassRefused}[i%2], Message: "no luck"}
			j.Findings = append(j.Findings, audit.Finding{Rule: "endpoint-unreachable", Severity: audit.Error, Role: edge.Other,
				Member: e.Member, FQDN: e.FQDN, Address: e.Member, Port: 443, Message: e.HostPort() + " gave no certificate", Fix: "look after it"})
		}
		w.ev.Captures = append(w.ev.Captures, c)
	}
	return w
}

// commandLine is a pool of hosts from the command line.
func commandLine(t testing.TB) *world {
	w := newWorld(t, 0)
	w.ev.Pools = []edge.Pool{{Name: "command-line", Kind: edge.CommandLinePool}}
	w.js[0] = audit.Judgement{Pool: "command-line", Verdict: audit.VerdictOK, Rules: map[string]audit.Outcome{}}
	for _, address := range []string{"192.0.2.1", "2001:db8::1"} {
		for _, port := range []int{443, 5061} {
			w.ev.Captures = append(w.ev.Captures, w.capture(edge.Endpoint{Pool: "command-line", Member: address, Role: edge.Other,
				FQDN: "sip.contoso.com", Address: netip.MustParseAddr(address), Port: port, ServicePort: port}))
		}
	}
	return w
}

// Strings that try to get out of every medium that a report is written in.
var hostileStrings = []string{
	"\x1b[31mred\x1b]0;title\x07",
	"\u009b2Jgone",
	"moc.\u202eosotnoc\u202c \u2066isolated\u2069 zero\u200bwidth\ufeff",
	"one\ntwo\r\nthree\u2028four\u2029five\x85six",
	"=cmd|'/C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1",
	`<script>alert("x")</script><img src=x onerror=alert(1)>`,
	`quotes " ' ` + "`" + ` and \ backslash`,
	"]]> --> <!-- & &amp;",
	`label",injected="1"} 99` + "\n# HELP forged\nforged 1",
	"| pipe | table | **bold** [link](javascript:alert(1)) `code` # head",
	"OK - all well | x=1;2;3",
	"bytes \xff\xfe\xc3 nul\x00",
	"\u3164invisible\u115f \U000e0041tag",
}

// hostile is a faulty pool in which everything that a peer can choose, and
// even names in the plan, hold hostile strings.
func hostile(t testing.TB) *world {
	w := newWorld(t, 3)
	for i, s := range hostileStrings {
		c := &w.ev.Captures[i%len(w.ev.Captures)]
		if c.Outcome == edge.Captured {
			// Put into the parsed form: Go's encoder refuses some of these, which
			// no attacker has to care about.
			leaf := cert(t, fmt.Sprint("hostile ", i))
			leaf.X509.Subject = pkix.Name{CommonName: s, Organization: []string{s}}
			leaf.X509.Issuer = pkix.Name{CommonName: s}
			leaf.X509.DNSNames = []string{s, "sip.contoso.com"}
			c.Chain = []*edge.Certificate{leaf, w.ca}
			c.TLS.AcceptableCANames = []string{s}
		} else {
			c.Turn.Realm, c.Turn.Software = s, s
		}
		w.js[0].Findings = append(w.js[0].Findings, audit.Finding{
			Rule: "subject-not-in-san", Severity: []audit.Severity{audit.Error, audit.Warning, audit.Info}[i%3],
			Member: c.Endpoint.Member, Role: c.Endpoint.Role, Address: c.Endpoint.Address.String(), Port: c.Endpoint.Port,
			Certificates: []*edge.Certificate{c.Leaf()}, Message: "the subject " + s + " is not in the SAN", Fix: "request another: " + s,
		})
	}
	w.fail("edge2", edge.Access, 443, edge.ClassNotTLS, "answered "+hostileStrings[0])
	w.ev.Host = hostileStrings[3]
	w.js[0].Verdict = audit.VerdictError
	w.js[0].Rules["subject-not-in-san"] = audit.Found
	// Names of pools and members are the user's; they may still hold anything.
	hostilePool, member := `pool "`+hostileStrings[0]+`" | <b>`, "=edge\n4"
	w.pool(hostilePool, 1, healthyCells)
	for i := range w.ev.Captures {
		if w.ev.Captures[i].Endpoint.Pool == hostilePool {
			w.ev.Captures[i].Endpoint.Member = member
		}
	}
	w.ev.Pools[1].Notes = []string{"guessed from " + hostileStrings[2]}
	return w
}

// unresolved is a pool found from a domain that gave nothing to dial.
func unresolved(t testing.TB) *world {
	w := newWorld(t, 0)
	w.js[0] = audit.Judgement{Pool: "edge-emea", Verdict: audit.VerdictIncomplete, Rules: map[string]audit.Outcome{"dns-no-address": audit.Found},
		Findings: []audit.Finding{{Rule: "dns-no-address", Severity: audit.Error, Role: edge.Access, Message: "sip.contoso.com has no address", Fix: "add an A record"}}}
	return w
}

// malformed is a healthy pool in which one member presents a certificate that
// Go refuses: one byte more stands behind it.
func malformed(t testing.TB) *world {
	w := newWorld(t, 2)
	w.present("edge2", edge.WebConf, 443, edge.NewCertificate(append(slices.Clone(w.leaf.Raw), 0)))
	w.present("edge2", edge.Access, 443, edge.NewCertificate([]byte("no certificate at all")))
	return w
}

// changed is a report with changes, the first of them hostile.
func changed(t testing.TB) Report {
	r := faulty(t).report()
	r.Changes = []Change{
		{Kind: "certificate-renewed", Pool: "edge-emea", Before: r.Certificates[*r.Pools[0].Endpoints[0].Certificate].PEM[:8],
			Message: "edge1 and edge3 present a new certificate on every service; edge2 still presents the old one on webcon:443"},
		{Kind: "finding-new", Pool: "edge-emea", Member: "edge3", Role: edge.Access, Port: 5061, Message: "new: endpoint-unreachable on edge3 access:5061"},
	}
	return r
}
