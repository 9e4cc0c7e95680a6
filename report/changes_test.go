package report

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// TestCompare changes one thing between two nights and wants exactly the
// events that tell it.
func TestCompare(t *testing.T) {
	t.Parallel()
	soon := Finding{Rule: "expires-soon", Severity: audit.Warning, Member: "edge1", Role: edge.Access, Address: "192.0.2.10", Port: 443,
		Certificate: new(string), Message: "expires in 5 days, on 2027-07-01"}
	missing := func(name string) Finding {
		return Finding{Rule: "sip-domain-name-missing", Severity: audit.Error, Member: "edge1", Message: "sip." + name + " is not in the SAN"}
	}
	for _, c := range []struct {
		name string
		was  func(*Report)
		is   func(*Report)
		want []string
	}{
		{"the same night twice", nil, nil, nil},
		{"timings, attempts and days left", func(r *Report) { addFinding(r, soon) }, func(r *Report) {
			f := soon
			f.Message = "expires in 4 days, on 2027-07-01"
			addFinding(r, f)
			eachCell(r, func(e *Endpoint) { e.Attempts, e.TimingMS = 2, Timing{Dial: 80, Handshake: 900} })
		}, nil},
		{"days left in other words", func(r *Report) { addFinding(r, soon) }, func(r *Report) {
			f := soon
			f.Message = "expires tomorrow, on 2027-07-01"
			addFinding(r, f)
		}, nil},
		{"renewed everywhere", nil, func(r *Report) { eachCell(r, shown("new")) },
			[]string{"certificate-renewed // old→new: the certificate was renewed on edge1, edge2 and edge3: all 3 members have it; " +
				"new: thumbprint BB, serial 02, valid until 2027-12-01, a new key"}},
		{"renewed on one member", nil, func(r *Report) { eachCell(r, shown("new"), "edge2") },
			[]string{"certificate-renewed edge2// old→new: the certificate was renewed on edge2; still on the previous one, which ends 2027-07-01: " +
				"edge1 and edge3; new: thumbprint BB, serial 02, valid until 2027-12-01, a new key"}},
		{"renewal finished the night after", func(r *Report) { eachCell(r, shown("new"), "edge1", "edge2") },
			func(r *Report) { eachCell(r, shown("new")) },
			[]string{"certificate-renewed edge3// old→new: the certificate was renewed on edge3: all 3 members have it; " +
				"new: thumbprint BB, serial 02, valid until 2027-12-01, a new key"}},
		{"renewed on a single service", nil, func(r *Report) { showLeaf(&r.Pools[0].Endpoints[2], "new") },
			[]string{"certificate-renewed edge1/webcon/192.0.2.11:443 old→new: the certificate was renewed on edge1 (webcon:443); still on the previous one, " +
				"which ends 2027-07-01: edge1 (access:443, access:5061), edge2 and edge3; new: thumbprint BB, serial 02, valid until 2027-12-01, a new key"}},
		{"renewed while one member is down", nil, func(r *Report) {
			eachCell(r, shown("new"), "edge1", "edge2")
			eachCell(r, silenced(edge.ClassTimeout), "edge3")
		},
			[]string{"endpoint-unreachable edge3// captured→timeout: no answer any more from edge3 (access:443, access:5061, webcon:443) (timeout)",
				"certificate-renewed // old→new: the certificate was renewed on edge1 and edge2; not seen: edge3; " +
					"new: thumbprint BB, serial 02, valid until 2027-12-01, a new key"}},
		{"back from an outage with a renewed certificate", func(r *Report) { eachCell(r, silenced(edge.ClassRefused), "edge3") },
			func(r *Report) { eachCell(r, shown("new"), "edge3") },
			[]string{"endpoint-back edge3// refused→captured: edge3 (access:443, access:5061, webcon:443) answers again, before: refused",
				"certificate-renewed edge3// old→new: the certificate was renewed on edge3; still on the previous one, which ends 2027-07-01: edge1 and edge2; " +
					"new: thumbprint BB, serial 02, valid until 2027-12-01, a new key"}},
		{"an older certificate is back", func(r *Report) { eachCell(r, shown("new")) }, func(r *Report) { eachCell(r, shown("new")); eachCell(r, shown("old"), "edge1") },
			[]string{"certificate-changed edge1// new→old: the certificate was replaced by an older one on edge1; still on the previous one, " +
				"which ends 2027-12-01: edge2 and edge3; new: thumbprint AA, serial 01, valid until 2027-07-01, a new key"}},
		{"a proxy steps in", nil, func(r *Report) { eachCell(r, shown("foreign"), "edge1") },
			[]string{"certificate-changed edge1// old→foreign: the certificate was replaced by another that is not its renewal on edge1; " +
				"still on the previous one, which ends 2027-07-01: edge2 and edge3; new: thumbprint BB, serial 03, valid until 2027-12-01, a new key",
				"san-lost edge1// sip.contoso.com webcon.contoso.com→: on edge1: the new certificate no longer holds sip.contoso.com and webcon.contoso.com",
				"san-gained edge1// →proxy.example: on edge1: the new certificate also holds proxy.example",
				"issuer-changed edge1// CN=Good CA→CN=Inspection: on edge1: issued by CN=Inspection, before by CN=Good CA"}},
		{"renewed with a name less, a name more, the same key", nil, func(r *Report) {
			eachCell(r, shown("new"))
			editCertificate(r, "new", func(c *Certificate) { c.DNSNames[1], c.SPKISHA256 = "meet.contoso.com", "k1" })
		}, []string{"certificate-renewed // old→new: the certificate was renewed on edge1, edge2 and edge3: all 3 members have it; " +
			"new: thumbprint BB, serial 02, valid until 2027-12-01, the same key",
			"san-lost // webcon.contoso.com→: on edge1, edge2 and edge3: the new certificate no longer holds webcon.contoso.com",
			"san-gained // →meet.contoso.com: on edge1, edge2 and edge3: the new certificate also holds meet.contoso.com",
			"key-reused // k1→k1: on edge1, edge2 and edge3: the new certificate has the old one's key"}},
		{"names in another case and order", nil, func(r *Report) {
			eachCell(r, shown("new"))
			editCertificate(r, "new", func(c *Certificate) { c.DNSNames = []string{"WEBCON.contoso.com", "sip.contoso.com"} })
		}, []string{"certificate-renewed // old→new: the certificate was renewed on edge1, edge2 and edge3: all 3 members have it; " +
			"new: thumbprint BB, serial 02, valid until 2027-12-01, a new key"}},
		{"one member without its intermediate", nil, func(r *Report) { eachCell(r, func(e *Endpoint) { e.Chain = e.Chain[:1] }, "edge2") },
			[]string{"chain-changed edge2// old ca→old: edge2 sends the same certificate with nothing behind it, before with 1 certificate"}},
		{"TLS 1.3 switched on", nil, func(r *Report) { eachCell(r, func(e *Endpoint) { e.TLS.Version = "TLS 1.3" }) },
			[]string{"tls-version-changed // TLS 1.2→TLS 1.3: TLS 1.3 instead of TLS 1.2 on edge1, edge2 and edge3"}},
		{"A/V begins to speak TLS", nil, func(r *Report) { showLeaf(&r.Pools[0].Endpoints[3], "old") },
			[]string{"outcome-changed edge1/av/192.0.2.12:443 no-certificate→captured: edge1 (av:443): was no-certificate, is captured"}},
		{"silent for another reason", func(r *Report) { eachCell(r, silenced(edge.ClassRefused)) }, func(r *Report) { eachCell(r, silenced(edge.ClassTimeout)) }, nil},
		{"the scan was interrupted", func(r *Report) { addFinding(r, soon) }, func(r *Report) {
			eachCell(r, silenced(edge.ClassInterrupted), "edge1")
			r.Interrupted, r.Pools[0].Verdict = true, audit.VerdictIncomplete
		}, nil},
		{"a member was added", func(r *Report) { r.Pools[0].Endpoints = r.Pools[0].Endpoints[:8] }, nil,
			[]string{"member-appeared edge3// →edge3: member edge3 is new in the pool"}},
		{"a member was taken out, with its findings", func(r *Report) { addFinding(r, soon) },
			func(r *Report) { r.Pools[0].Endpoints = r.Pools[0].Endpoints[4:] },
			[]string{"member-vanished edge1// edge1→: member edge1 is not in the pool any more"}},
		{"a port is not scanned any more", nil, func(r *Report) { r.Pools[0].Endpoints = slices.Delete(r.Pools[0].Endpoints, 1, 2) },
			[]string{"endpoint-vanished edge1/access/192.0.2.10:5061 access:5061→: edge1 not scanned any more: access:5061"}},
		{"a service moved, and its finding with it", func(r *Report) { addFinding(r, soon) }, func(r *Report) {
			f := soon
			f.Address = "192.0.2.99"
			addFinding(r, f)
			r.Pools[0].Endpoints[0].Address = "192.0.2.99"
		}, []string{"endpoint-moved edge1/access/192.0.2.99:443 192.0.2.10:443→192.0.2.99:443: edge1 moved: access:443 from 192.0.2.10:443 to 192.0.2.99:443"}},
		{"a new finding changes the verdict", nil, func(r *Report) { addFinding(r, soon); r.Pools[0].Verdict = audit.VerdictWarning },
			[]string{"verdict-changed // ok→warning: the verdict was ok and is warning",
				"finding-new edge1/access/192.0.2.10:443 →warning: new: expires-soon: expires in 5 days, on 2027-07-01"}},
		{"a finding is gone", func(r *Report) { addFinding(r, soon) }, nil,
			[]string{"finding-gone edge1/access/192.0.2.10:443 warning→: gone: expires-soon: expires in 5 days, on 2027-07-01"}},
		{"a finding cannot be looked at while the endpoint is down", func(r *Report) { addFinding(r, soon); failCell(&r.Pools[0].Endpoints[0], edge.ClassReset) },
			func(r *Report) { failCell(&r.Pools[0].Endpoints[0], edge.ClassReset) }, nil},
		{"a rule could not tell", func(r *Report) { addFinding(r, Finding{Rule: "differs-across-members"}) },
			func(r *Report) { r.Pools[0].Rules["differs-across-members"] = audit.CouldNotTell }, nil},
		{"a finding gets worse", func(r *Report) { addFinding(r, soon) }, func(r *Report) {
			f := soon
			f.Severity = audit.Error
			addFinding(r, f)
		}, []string{"finding-severity-changed edge1/access/192.0.2.10:443 warning→error: was warning, is error: expires-soon: expires in 5 days, on 2027-07-01"}},
		{"one of two missing names was added, another went", func(r *Report) { addFinding(r, missing("a.example"), missing("b.example")) },
			func(r *Report) { addFinding(r, missing("b.example"), missing("c.example")) },
			[]string{"finding-new edge1// →error: new: sip-domain-name-missing: sip.c.example is not in the SAN",
				"finding-gone edge1// error→: gone: sip-domain-name-missing: sip.a.example is not in the SAN"}},
		{"an endpoint falls silent, with its finding", nil, func(r *Report) {
			failCell(&r.Pools[0].Endpoints[2], edge.ClassRefused)
			addFinding(r, Finding{Rule: "endpoint-unreachable", Severity: audit.Error, Member: "edge1", Role: edge.WebConf, Address: "192.0.2.11", Port: 443})
		}, []string{"endpoint-unreachable edge1/webcon/192.0.2.11:443 captured→refused: no answer any more from edge1 (webcon:443) (refused)"}},
		{"a certificate nobody can parse", nil, func(r *Report) { showLeaf(&r.Pools[0].Endpoints[0], "unparsed") },
			[]string{"certificate-changed edge1/access/192.0.2.10:443 old→unparsed: the certificate was replaced by another that is not its renewal on " +
				"edge1 (access:443); still on the previous one, which ends 2027-07-01: edge1 (access:5061, webcon:443), edge2 and edge3; " +
				"new: thumbprint , serial , validity unreadable, a new key"}},
		{"another pool", func(r *Report) { r.Pools[0].Name = "edge-us" }, nil,
			[]string{"pool-appeared // →edge-emea: pool edge-emea was not scanned before",
				"pool-vanished // edge-us→: pool edge-us is not scanned any more"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			was, is := night(), night()
			if c.was != nil {
				c.was(&was)
			}
			if c.is != nil {
				c.is(&is)
			}
			got := Compare(was, is)
			if got == nil {
				t.Fatal("nil instead of []")
			}
			if diff := cmp.Diff(c.want, changeLines(got), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestCompareWithItself: whatever a report holds, it did not change, and going
// through a file is no change either.
func TestCompareWithItself(t *testing.T) {
	t.Parallel()
	for name, r := range htmlWorlds(t) {
		if got := Compare(r, r); got == nil || len(got) > 0 {
			t.Errorf("%s: %q", name, changeLines(got))
		}
		if name == "hostile" {
			continue // its words are in no closed set, so that no file of it is read
		}
		saved, err := Load(bytes.NewReader(encode(t, r)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := append(Compare(saved, r), Compare(r, saved)...); len(got) > 0 {
			t.Errorf("%s, saved: %q", name, changeLines(got))
		}
	}
}

// TestChangeKindsAreClosed: scripts match on kinds, and docs/changes.md
// explains every one.
func TestChangeKindsAreClosed(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../docs/changes.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, k := range ChangeKinds() {
		if seen[k] || k != strings.ToLower(k) {
			t.Errorf("kind %q twice, or not in lower case", k)
		}
		seen[k] = true
		if !strings.Contains(string(doc), "| `"+k+"` |") {
			t.Errorf("docs/changes.md does not explain %s", k)
		}
	}
}
