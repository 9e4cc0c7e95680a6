package diff

import (
	"bytes"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// TestCompare changes one thing between two nights and wants exactly the
// events that tell it.
func TestCompare(t *testing.T) {
	t.Parallel()
	soon := audit.Finding{Rule: "expires-soon", Severity: audit.Warning, Message: "expires in 5 days, on 2027-07-01"}
	missing := func(name string) audit.Finding {
		return audit.Finding{Rule: "sip-domain-name-missing", Severity: audit.Error, Subjects: []string{"sip." + name}, Message: "sip." + name + " is not in the SAN"}
	}
	for _, c := range []struct {
		name string
		was  func(*nightly)
		is   func(*nightly)
		want []string
	}{
		{"the same night twice", nil, nil, nil},
		{"timings, attempts and days left", func(r *nightly) { r.add(soon, 0) }, func(r *nightly) {
			f := soon
			f.Message = "expires in 4 days, on 2027-07-01"
			r.add(f, 0)
			r.eachCell(func(e *edge.Capture) { e.Attempts, e.Dial = 2, 80*time.Millisecond })
		}, nil},
		{"days left in other words", func(r *nightly) { r.add(soon, 0) }, func(r *nightly) {
			f := soon
			f.Message = "expires tomorrow, on 2027-07-01"
			r.add(f, 0)
		}, nil},
		{"renewed everywhere", nil, func(r *nightly) { r.shown("new") },
			[]string{"certificate-renewed // old→new: the certificate was renewed on edge1, edge2 and edge3: all 3 members have it; " +
				"new: thumbprint #new, serial 02, valid until 2027-12-01, a new key"}},
		{"renewed on one member", nil, func(r *nightly) { r.shown("new", "edge2") },
			[]string{"certificate-renewed edge2// old→new: the certificate was renewed on edge2; still on the previous one, which ends 2027-07-01: " +
				"edge1 and edge3; new: thumbprint #new, serial 02, valid until 2027-12-01, a new key"}},
		{"renewal finished the night after", func(r *nightly) { r.shown("new", "edge1", "edge2") },
			func(r *nightly) { r.shown("new") },
			[]string{"certificate-renewed edge3// old→new: the certificate was renewed on edge3: all 3 members have it; " +
				"new: thumbprint #new, serial 02, valid until 2027-12-01, a new key"}},
		{"renewed on a single service", nil, func(r *nightly) { r.show(r.cell(2), "new") },
			[]string{"certificate-renewed edge1/webcon/192.0.2.11:443 old→new: the certificate was renewed on edge1 (webcon:443); still on the previous one, " +
				"which ends 2027-07-01: edge1 (access:443, access:5061), edge2 and edge3; new: thumbprint #new, serial 02, valid until 2027-12-01, a new key"}},
		{"renewed while one member is down", nil, func(r *nightly) {
			r.shown("new", "edge1", "edge2")
			r.silenced(edge.ClassTimeout, "edge3")
		},
			[]string{"endpoint-unreachable edge3// captured→timeout: no answer any more from edge3 (access:443, access:5061, webcon:443) (timeout)",
				"certificate-renewed // old→new: the certificate was renewed on edge1 and edge2; not seen: edge3; " +
					"new: thumbprint #new, serial 02, valid until 2027-12-01, a new key"}},
		{"back from an outage with a renewed certificate", func(r *nightly) { r.silenced(edge.ClassRefused, "edge3") },
			func(r *nightly) { r.shown("new", "edge3") },
			[]string{"endpoint-back edge3// refused→captured: edge3 (access:443, access:5061, webcon:443) answers again, before: refused",
				"certificate-renewed edge3// old→new: the certificate was renewed on edge3; still on the previous one, which ends 2027-07-01: edge1 and edge2; " +
					"new: thumbprint #new, serial 02, valid until 2027-12-01, a new key"}},
		{"an older certificate is back", func(r *nightly) { r.shown("new") }, func(r *nightly) { r.shown("new"); r.shown("old", "edge1") },
			[]string{"certificate-changed edge1// new→old: the certificate was replaced by an older one on edge1; still on the previous one, " +
				"which ends 2027-12-01: edge2 and edge3; new: thumbprint #old, serial 01, valid until 2027-07-01, a new key"}},
		{"a proxy steps in", nil, func(r *nightly) { r.shown("foreign", "edge1") },
			[]string{"certificate-changed edge1// old→foreign: the certificate was replaced by another that is not its renewal on edge1; " +
				"still on the previous one, which ends 2027-07-01: edge2 and edge3; new: thumbprint #foreign, serial 03, valid until 2027-12-01, a new key; it lacks what the one before had: sip.contoso.com and webcon.contoso.com",
				"san-lost edge1// sip.contoso.com webcon.contoso.com→: on edge1: the new certificate no longer holds sip.contoso.com and webcon.contoso.com",
				"san-gained edge1// →proxy.example: on edge1: the new certificate also holds proxy.example",
				"issuer-changed edge1// CN=Example Public CA 3,O=Example Trust,C=US→CN=Inspection,O=Example Trust,C=US: on edge1: issued by CN=Inspection,O=Example Trust,C=US, before by CN=Example Public CA 3,O=Example Trust,C=US"}},
		{"renewed with a name less, a name more, the same key", nil, func(r *nightly) {
			r.shown("samekey")
		}, []string{"certificate-renewed // old→samekey: the certificate was renewed on edge1, edge2 and edge3: all 3 members have it; " +
			"new: thumbprint #samekey, serial 02, valid until 2027-12-01, the same key; it lacks what the one before had: webcon.contoso.com",
			"san-lost // webcon.contoso.com→: on edge1, edge2 and edge3: the new certificate no longer holds webcon.contoso.com",
			"san-gained // →meet.contoso.com: on edge1, edge2 and edge3: the new certificate also holds meet.contoso.com",
			"key-reused // key of old→key of old: on edge1, edge2 and edge3: the new certificate has the old one's key"}},
		{"names in another case and order", nil, func(r *nightly) {
			r.shown("shouted")
		}, []string{"certificate-renewed // old→shouted: the certificate was renewed on edge1, edge2 and edge3: all 3 members have it; " +
			"new: thumbprint #shouted, serial 02, valid until 2027-12-01, a new key"}},
		{"one member without its intermediate", nil, func(r *nightly) { r.eachCell(func(e *edge.Capture) { e.Chain = e.Chain[:1] }, "edge2") },
			[]string{"chain-changed edge2// old ca→old: edge2 sends the same certificate with nothing behind it, before with 1 certificate"}},
		{"TLS 1.3 switched on", nil, func(r *nightly) { r.eachCell(func(e *edge.Capture) { e.TLS.Version = "TLS 1.3" }) },
			[]string{"tls-version-changed // TLS 1.2→TLS 1.3: TLS 1.3 instead of TLS 1.2 on edge1, edge2 and edge3"}},
		{"A/V begins to speak TLS", nil, func(r *nightly) { r.show(r.cell(3), "old") },
			[]string{"outcome-changed edge1/av/192.0.2.12:443 no-certificate→captured: edge1 (av:443): was no-certificate, is captured"}},
		{"back, though it wants a certificate of us", func(r *nightly) { failCell(r.cell(1), edge.ClassReset) },
			func(r *nightly) {
				r.cell(1).Fault = &edge.Fault{Class: edge.ClassTLSAlert, Message: "certificate required"}
			},
			[]string{"endpoint-back edge1/access/192.0.2.10:5061 reset→captured: edge1 (access:5061) answers again, before: reset"}},
		{"silent for another reason", func(r *nightly) { r.silenced(edge.ClassRefused) }, func(r *nightly) { r.silenced(edge.ClassTimeout) }, nil},
		{"the scan was interrupted", func(r *nightly) { r.add(soon, 0) }, func(r *nightly) {
			r.silenced(edge.ClassInterrupted, "edge1")
			r.Evidence.Interrupted, r.Pools[0].Verdict = true, audit.VerdictIncomplete
		}, nil},
		{"a member was added", func(r *nightly) { r.Pools[0].Captures = r.Pools[0].Captures[:8] }, nil,
			[]string{"member-appeared edge3// →edge3: member edge3 is new in the pool"}},
		{"a member was taken out, with its findings", func(r *nightly) { r.add(soon, 0) },
			func(r *nightly) { r.Pools[0].Captures = r.Pools[0].Captures[4:] },
			[]string{"member-vanished edge1// edge1→: member edge1 is not in the pool any more"}},
		{"a port is not scanned any more", nil, func(r *nightly) { r.Pools[0].Captures = slices.Delete(r.Pools[0].Captures, 1, 2) },
			[]string{"endpoint-vanished edge1/access/192.0.2.10:5061 access:5061→: edge1 not scanned any more: access:5061"}},
		{"a service moved, and its finding with it", func(r *nightly) { r.add(soon, 0) }, func(r *nightly) {
			r.cell(0).Address = netip.MustParseAddr("192.0.2.99")
			r.add(soon, 0)
		}, []string{"endpoint-moved edge1/access/192.0.2.99:443 192.0.2.10:443→192.0.2.99:443: edge1 moved: access:443 from 192.0.2.10:443 to 192.0.2.99:443"}},
		{"a new finding changes the verdict", nil, func(r *nightly) { r.add(soon, 0); r.Pools[0].Verdict = audit.VerdictWarning },
			[]string{"verdict-changed // ok→warning: the verdict was ok and is warning",
				"finding-new edge1/access/192.0.2.10:443 →warning: new: expires-soon: expires in 5 days, on 2027-07-01"}},
		{"a finding is gone", func(r *nightly) { r.add(soon, 0) }, nil,
			[]string{"finding-gone edge1/access/192.0.2.10:443 warning→: gone: expires-soon: expires in 5 days, on 2027-07-01"}},
		{"a finding cannot be looked at while the endpoint is down", func(r *nightly) { r.add(soon, 0); failCell(r.cell(0), edge.ClassReset) },
			func(r *nightly) { failCell(r.cell(0), edge.ClassReset) }, nil},
		{"a rule could not tell", func(r *nightly) { r.add(audit.Finding{Rule: "differs-across-members"}, 0, 4) },
			func(r *nightly) { r.couldNotTell("differs-across-members", 8) }, nil},
		{"a rule could not tell of this cell", func(r *nightly) { r.add(soon, 0) }, func(r *nightly) { r.couldNotTell("expires-soon", 0) }, nil},
		{"a rule could not tell of another cell", func(r *nightly) { r.add(soon, 0) }, func(r *nightly) { r.couldNotTell("expires-soon", 8) },
			[]string{"finding-gone edge1/access/192.0.2.10:443 warning→: gone: expires-soon: expires in 5 days, on 2027-07-01"}},
		{"a finding gets worse", func(r *nightly) { r.add(soon, 0) }, func(r *nightly) {
			f := soon
			f.Severity = audit.Error
			r.add(f, 0)
		}, []string{"finding-severity-changed edge1/access/192.0.2.10:443 warning→error: was warning, is error: expires-soon: expires in 5 days, on 2027-07-01"}},
		{"one of two missing names was added, another went", func(r *nightly) { r.add(missing("a.example"), 0, 1, 2); r.add(missing("b.example"), 0, 1, 2) },
			func(r *nightly) { r.add(missing("b.example"), 0, 1, 2); r.add(missing("c.example"), 0, 1, 2) },
			[]string{"finding-changed // error→error: now about sip.c.example, before about sip.a.example: sip-domain-name-missing: sip.c.example is not in the SAN"}},
		{"a finding spreads to another member", func(r *nightly) { r.add(missing("a.example"), 0, 1, 2) },
			func(r *nightly) { r.add(missing("a.example"), 0, 1, 2, 4, 5, 6) },
			[]string{"finding-changed // error→error: now also on edge2 (access:443, access:5061, webcon:443): sip-domain-name-missing: sip.a.example is not in the SAN"}},
		{"a finding is mended on one of two members", func(r *nightly) { r.add(missing("a.example"), 0, 4) },
			func(r *nightly) { r.add(missing("a.example"), 0) },
			[]string{"finding-changed edge1/access/192.0.2.10:443 error→error: no longer on edge2 (access:443): sip-domain-name-missing: sip.a.example is not in the SAN"}},
		{"an unknown address that changes", func(r *nightly) {
			r.add(audit.Finding{Rule: "dns-unknown-address", Severity: audit.Warning, Subjects: []string{"192.0.2.7"}, Message: "192.0.2.7 is no member's"})
		}, func(r *nightly) {
			r.add(audit.Finding{Rule: "dns-unknown-address", Severity: audit.Warning, Subjects: []string{"192.0.2.8"}, Message: "192.0.2.8 is no member's"})
		}, []string{"finding-new // →warning: new: dns-unknown-address: 192.0.2.8 is no member's",
			"finding-gone // warning→: gone: dns-unknown-address: 192.0.2.7 is no member's"}},
		{"an endpoint falls silent, with its finding", nil, func(r *nightly) {
			failCell(r.cell(2), edge.ClassRefused)
			r.add(audit.Finding{Rule: "endpoint-unreachable", Severity: audit.Error}, 2)
		}, []string{"endpoint-unreachable edge1/webcon/192.0.2.11:443 captured→refused: no answer any more from edge1 (webcon:443) (refused)"}},
		{"a certificate nobody can parse", nil, func(r *nightly) { r.show(r.cell(0), "unparsed") },
			[]string{"certificate-changed edge1/access/192.0.2.10:443 old→unparsed: the certificate was replaced by another that is not its renewal on " +
				"edge1 (access:443); still on the previous one, which ends 2027-07-01: edge1 (access:5061, webcon:443), edge2 and edge3; " +
				"new: thumbprint #unparsed, serial , validity unreadable, a new key"}},
		{"another pool", func(r *nightly) { r.Pools[0].Plan.Name = "edge-us" }, nil,
			[]string{"pool-appeared // →edge-emea: pool edge-emea was not scanned before",
				"pool-vanished // edge-us→: pool edge-us is not scanned any more"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			was, is := night(t), night(t)
			if c.was != nil {
				c.was(was)
			}
			if c.is != nil {
				c.is(is)
			}
			got := Compare(was.Report, is.Report)
			if got == nil {
				t.Fatal("nil instead of []")
			}
			if diff := cmp.Diff(c.want, is.changeLines(got), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestCompareWithItself: whatever a report holds, it did not change, and going
// through a file is no change either.
func TestCompareWithItself(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Reports(t) {
		if got := Compare(r, r); got == nil || len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
		if name == "hostile" || name == "nothing" {
			continue // words that are in no closed set, and no pool, are not read from a file
		}
		live := report.Judge(t.Context(), r.Evidence, r.Policy, r.Now(), r.Tool)
		var file bytes.Buffer
		if err := report.JSON(&file, live); err != nil {
			t.Fatal(err)
		}
		saved, err := report.Load(t.Context(), &file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := append(Compare(saved, live), Compare(live, saved)...); len(got) > 0 {
			t.Errorf("%s, saved: %+v", name, got)
		}
	}
}

// TestChangeKindsAreClosed: scripts match on kinds, and docs/changes.md
// explains every one.
func TestChangeKindsAreClosed(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/changes.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, k := range report.ChangeKinds() {
		if seen[k] || k != strings.ToLower(k) {
			t.Errorf("kind %q twice, or not in lower case", k)
		}
		seen[k] = true
		if !strings.Contains(string(doc), "| `"+k+"` |") {
			t.Errorf("docs/changes.md does not explain %s", k)
		}
	}
}
