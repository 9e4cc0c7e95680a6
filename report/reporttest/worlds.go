package reporttest

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// TwelveByFive is the largest Edge pool there is, with XMPP, half way through a
// renewal that two members missed.
func TwelveByFive(t testing.TB) *World {
	w := New(t, 0)
	w.Evidence.Pools, w.Judgements = nil, nil
	w.Pool("edge-americas", 12, append(HealthyCells()[:4:4], Cell{edge.XMPP, 5269}))
	for _, member := range []string{"edge4", "edge11"} {
		for _, c := range []Cell{{edge.Access, 443}, {edge.Access, 5061}, {edge.WebConf, 443}} {
			w.Present(member, c.Role, c.Port, w.PreviousLeaf)
		}
	}
	w.Fail("edge7", edge.Access, 443, edge.ClassTimeout, "no answer within 10s")
	w.Fail("edge7", edge.AV, 443, edge.ClassUnreachable, "no route to host")
	w.Fail("edge9", edge.XMPP, 5269, edge.ClassNotTLS, "HTTP/1.1 400 Bad Request")
	w.Find(audit.VerdictError, audit.Finding{
		Rule: "differs-across-members", Severity: audit.Error, Role: edge.Access, Port: 443, Certificates: []*edge.Certificate{w.PreviousLeaf},
		Message: "2 of 12 members still present the old certificate B on access:443, which expires in 5 days: edge4 and edge11",
		Fix: "on edge4 and edge11: Import-CsCertificate -Path .\\edge.pfx -PrivateKeyExportable $true; Set-CsCertificate -Type " +
			"AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication -Thumbprint " + w.Leaf.Thumbprint() +
			"; then restart the Edge services (Stop-CsWindowsService; Start-CsWindowsService)",
	})
	return w
}

// ManyPools is a company's worth of pools of every verdict.
func ManyPools(t testing.TB) *World {
	w := New(t, 2)
	for i, v := range []audit.Verdict{audit.VerdictWarning, audit.VerdictIncomplete, audit.VerdictOK} {
		w.Pool([]string{"edge-apac", "edge-of-a-subsidiary-with-a-long-name.corp.example", "edge-us"}[i], 2, HealthyCells())
		w.Judgements[i+1].Verdict = v
		if v != audit.VerdictOK {
			f := audit.Finding{Rule: "expires-soon", Severity: audit.Warning, Certificates: []*edge.Certificate{w.Leaf}, Message: "the certificate expires in 20 days", Fix: "renew it"}
			if v == audit.VerdictIncomplete {
				f = audit.Finding{Rule: "dns-no-address", Severity: audit.Error, Role: edge.WebConf, Message: "webcon.contoso.com has no address", Fix: "add an A record"}
			}
			w.Judgements[i+1].Findings = append([]audit.Finding{f}, w.Judgements[i+1].Findings...)
		}
	}
	w.Evidence.Pools[1].Notes = []string{"webcon.contoso.com was guessed from the certificate's SAN"}
	lost := &w.Evidence.Captures[9]
	lost.Outcome, lost.Stage, lost.Chain, lost.TLS, lost.Endpoint.Address = edge.Failed, edge.StageDNS, nil, nil, netip.Addr{}
	lost.Fault = &edge.Fault{Class: edge.ClassDNS, Message: "no such host"}
	lost.Endpoint.Fault = lost.Fault
	m := &w.Evidence.Pools[1].Members[0]
	m.Addresses = slices.Delete(m.Addresses, 1, 2)
	return w
}

// LooseList is a list of n endpoints that have nothing to do with each other.
func LooseList(t testing.TB, n int) *World {
	w := New(t, 0)
	w.Evidence.Pools, w.Judgements, w.Evidence.Captures = []edge.Pool{{Name: "loose", Kind: edge.LoosePool}}, []audit.Judgement{{
		Pool: "loose", Verdict: audit.VerdictError, Rules: map[string]audit.Outcome{"expires-soon": audit.Found},
	}}, nil
	leaves := make([]*edge.Certificate, 40)
	for i := range leaves {
		leaves[i] = Cert(t, fmt.Sprint("loose ", i), func(c *x509.Certificate) {
			c.Subject.CommonName = fmt.Sprintf("www%d.example", i)
			c.NotAfter = Started().AddDate(0, 0, 20+i)
		})
	}
	j := &w.Judgements[0]
	for i := range n {
		e := edge.Endpoint{Pool: "loose", Role: edge.Other, FQDN: fmt.Sprintf("host%d.example", i), Port: 443, ServicePort: 443,
			Address: netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})}
		e.Member = e.Address.String()
		c := w.Capture(e)
		c.Chain = []*edge.Certificate{leaves[min(i%61, len(leaves)-1)], w.CA}
		c.Presentations, c.Turn, c.UDP, c.XMPP = nil, nil, nil, nil
		if i%17 == 3 {
			c.Outcome, c.Stage, c.Chain, c.TLS = edge.Failed, edge.StageDial, nil, nil
			c.Fault = &edge.Fault{Class: []edge.ErrorClass{edge.ClassTimeout, edge.ClassRefused}[i%2], Message: "no luck"}
			j.Findings = append(j.Findings, audit.Finding{Rule: "endpoint-unreachable", Severity: audit.Error, Role: edge.Other,
				Member: e.Member, FQDN: e.FQDN, Address: e.Member, Port: 443, Message: e.HostPort() + " gave no certificate", Fix: "look after it"})
		}
		w.Evidence.Captures = append(w.Evidence.Captures, c)
	}
	return w
}

// CommandLine is a pool of hosts from the command line.
func CommandLine(t testing.TB) *World {
	w := New(t, 0)
	w.Evidence.Pools = []edge.Pool{{Name: "command-line", Kind: edge.CommandLinePool}}
	w.Judgements[0] = audit.Judgement{Pool: "command-line", Verdict: audit.VerdictOK, Rules: map[string]audit.Outcome{}}
	for _, address := range []string{"192.0.2.1", "2001:db8::1"} {
		for _, port := range []int{443, 5061} {
			w.Evidence.Captures = append(w.Evidence.Captures, w.Capture(edge.Endpoint{Pool: "command-line", Member: address, Role: edge.Other,
				FQDN: "sip.contoso.com", Address: netip.MustParseAddr(address), Port: port, ServicePort: port}))
		}
	}
	return w
}

// Strings that try to get out of every medium that a report is written in.
func HostileStrings() []string {
	return []string{
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
}

// Hostile is a Faulty pool in which everything that a peer can choose, and
// even names in the plan, hold Hostile strings.
func Hostile(t testing.TB) *World {
	w := New(t, 3)
	for i, s := range HostileStrings() {
		c := &w.Evidence.Captures[i%len(w.Evidence.Captures)]
		if c.Outcome == edge.Captured {
			// Put into the parsed form: Go's encoder refuses some of these, which
			// no attacker has to care about.
			leaf := Cert(t, fmt.Sprint("hostile ", i))
			leaf.X509.Subject = pkix.Name{CommonName: s, Organization: []string{s}}
			leaf.X509.Issuer = pkix.Name{CommonName: s}
			leaf.X509.DNSNames = []string{s, "sip.contoso.com"}
			c.Chain = []*edge.Certificate{leaf, w.CA}
			c.TLS.AcceptableCANames = []string{s}
		} else {
			c.Turn.Realm, c.Turn.Software = s, s
		}
		w.Judgements[0].Findings = append(w.Judgements[0].Findings, audit.Finding{
			Rule: "subject-not-in-san", Severity: []audit.Severity{audit.Error, audit.Warning, audit.Info}[i%3],
			Member: c.Endpoint.Member, Role: c.Endpoint.Role, Address: c.Endpoint.Address.String(), Port: c.Endpoint.Port,
			Certificates: []*edge.Certificate{c.Leaf()}, Message: "the subject " + s + " is not in the SAN", Fix: "request another: " + s,
		})
	}
	w.Fail("edge2", edge.Access, 443, edge.ClassNotTLS, "answered "+HostileStrings()[0])
	w.Evidence.Host = HostileStrings()[3]
	w.Judgements[0].Verdict = audit.VerdictError
	w.Judgements[0].Rules["subject-not-in-san"] = audit.Found
	// Names of pools and members are the user's; they may still hold anything.
	hostilePool, member := `pool "`+HostileStrings()[0]+`" | <b>`, "=edge\n4"
	w.Pool(hostilePool, 1, HealthyCells())
	for i := range w.Evidence.Captures {
		if w.Evidence.Captures[i].Endpoint.Pool == hostilePool {
			w.Evidence.Captures[i].Endpoint.Member = member
		}
	}
	w.Evidence.Pools[1].Notes = []string{"guessed from " + HostileStrings()[2]}
	return w
}

// Unresolved is a pool found from a domain that gave nothing to dial.
func Unresolved(t testing.TB) *World {
	w := New(t, 0)
	w.Evidence.Pools[0].Services = nil
	w.Judgements[0] = audit.Judgement{Pool: "edge-emea", Verdict: audit.VerdictIncomplete, Rules: map[string]audit.Outcome{"dns-no-address": audit.Found},
		Findings: []audit.Finding{{Rule: "dns-no-address", Severity: audit.Error, Role: edge.Access, Message: "sip.contoso.com has no address", Fix: "add an A record"}}}
	return w
}

// Malformed is a healthy pool in which one member presents a certificate that
// Go refuses: one byte more stands behind it.
func Malformed(t testing.TB) *World {
	w := New(t, 2)
	w.Present("edge2", edge.WebConf, 443, edge.NewCertificate(append(slices.Clone(w.Leaf.Raw), 0)))
	w.Present("edge2", edge.Access, 443, edge.NewCertificate([]byte("no certificate at all")))
	return w
}

// Changed is a report with changes.
func Changed(t testing.TB) report.Report {
	r := Faulty(t).Report()
	r.Changes = []report.Change{
		{Kind: report.CertificateRenewed, Pool: "edge-emea", Before: "-----BEG",
			Message: "edge1 and edge3 present a new certificate on every service; edge2 still presents the old one on webcon:443"},
		{Kind: report.FindingNew, Pool: "edge-emea", Member: "edge3", Role: edge.Access, Port: 5061, Message: "new: endpoint-unreachable on edge3 access:5061"},
	}
	return r
}

// Reports are worlds of every kind.
func Reports(t testing.TB) map[string]report.Report {
	return map[string]report.Report{"healthy": New(t, 3).Report(), "faulty": Faulty(t).Report(), "rich": Rich(t).Report(), "12x5": TwelveByFive(t).Report(),
		"pools": ManyPools(t).Report(), "loose": LooseList(t, 80).Report(), "command line": CommandLine(t).Report(), "malformed": Malformed(t).Report(),
		"unresolved": Unresolved(t).Report(), "hostile": Hostile(t).Report(), "changed": Changed(t), "nothing": Nothing()}
}

// Nothing is the report of a scan that had nothing to scan.
func Nothing() report.Report {
	return report.New(edge.Evidence{Started: Started(), Finished: Finished()}, nil, audit.Policy{}, Tool())
}

// Rich is a world that uses every part of the document.
func Rich(t testing.TB) *World {
	w := Faulty(t)
	c := w.At("edge1", edge.Access, 5061)
	c.TLS.AcceptableCANames, c.TLS.RequestCut, c.TLS.Staple = []string{"CN=Root <A> & \"B\""}, true, []byte{0x30, 0}
	c.Fault = &edge.Fault{Class: edge.ClassTLSAlert, Message: "certificate required"}
	c.Proof = edge.Proof{State: edge.NotSeen, Reason: "refused before it came"}
	c.Presentations = []edge.Presentation{
		{Offer: edge.OfferTLS12, Outcome: edge.Failed, Fault: &edge.Fault{Class: edge.ClassReset, Message: "reset"}},
		{Offer: edge.OfferTLS11, Outcome: edge.Captured, Version: "TLS 1.0", Chain: []*edge.Certificate{w.PreviousLeaf}, Proof: edge.Proof{State: edge.Proved}},
		{Offer: edge.OfferSample, Outcome: edge.Captured, Version: "TLS 1.3", Chain: []*edge.Certificate{w.Leaf}},
		{Offer: edge.OfferSample, Outcome: edge.Captured, Version: "TLS 1.3", Chain: []*edge.Certificate{w.PreviousLeaf}},
		{Offer: edge.OfferSample, Outcome: edge.Failed, Fault: &edge.Fault{Class: edge.ClassTimeout, Message: "silence"}},
	}
	c.UDP = &edge.Turn{Live: true, Realm: "contoso.com"}
	w.Evidence.Asked, w.Evidence.Shard = edge.Asked{Samples: 4, UDP: true, Resolver: "192.0.2.53:53"}, &edge.Shard{Index: 2, Of: 3}
	c.XMPP = &edge.XMPPStream{StartTLS: "offered", From: "contoso.com"}
	w.Evidence.HostRoots, w.Evidence.HostTrusted = true, map[edge.Fingerprint]bool{w.Leaf.Fingerprint: true}
	w.Evidence.Revocation = map[edge.Fingerprint]edge.Revocation{w.Leaf.Fingerprint: {Status: edge.Good, Source: "OCSP http://ocsp.example"}}
	w.Evidence.Pools[0].DNS = &edge.DNS{Resolver: "192.0.2.53:53", Names: []edge.NameAnswer{{Name: "sip.contoso.com", Status: edge.Found}}}
	w.Evidence.Pools[0].Severities = map[string]string{"subject-not-first": "warning"}
	return w
}
