package report_test

import (
	"encoding/csv"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// TestNamesAtOneAddress: what is found for one name is no finding of another
// name that the same address and port answer to.
func TestNamesAtOneAddress(t *testing.T) {
	t.Parallel()
	w := reporttest.LooseList(t, 3)
	one := audit.Finding{Rule: "host-name-missing", Severity: audit.Error, Member: "198.51.0.9", Role: edge.Other,
		FQDN: "host1.example", Address: "198.51.0.9", Port: 443}
	all := one
	all.Rule, all.FQDN = "weak-key", ""
	for i := range w.Evidence.Captures {
		e := &w.Evidence.Captures[i].Endpoint
		e.Member, e.Address = one.Member, netip.MustParseAddr(one.Address)
	}
	w.Find(audit.VerdictError, one, all)
	r := w.Report()

	rows, err := csv.NewReader(strings.NewReader(render(t, "csv", r))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows[1:] {
		got = append(got, row[slices.Index(rows[0], "fqdn")]+" "+row[slices.Index(rows[0], "findings")])
	}
	want := []string{"host0.example error:weak-key", "host1.example error:host-name-missing error:weak-key", "host2.example error:weak-key"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for i, want := range []string{"host1.example:443", "198.51.0.9:443"} {
		if where := r.Pools[0].Where(r.Pools[0].Findings[i]); where != want {
			t.Errorf("finding %d is of %s, want %s", i, where, want)
		}
	}
}

// TestNameAtSeveralAddresses: where a name and port stands for several
// addresses, reports for people say which one is meant.
func TestNameAtSeveralAddresses(t *testing.T) {
	t.Parallel()
	w := reporttest.LooseList(t, 4)
	for i := range w.Evidence.Captures[:3] {
		w.Evidence.Captures[i].Endpoint.FQDN = "sip.contoso.com"
	}
	w.Evidence.Captures[1].Fault, w.Evidence.Captures[1].Outcome, w.Evidence.Captures[1].Chain = &edge.Fault{Class: edge.ClassRefused}, edge.Failed, nil
	w.Find(audit.VerdictError, audit.Finding{Rule: "endpoint-unreachable", Severity: audit.Error, Role: edge.Other, Port: 443, Cells: []int{1}},
		audit.Finding{Rule: "weak-key", Severity: audit.Error, Role: edge.Other, Port: 443, Cells: []int{0, 2}})
	r := w.Report()
	for i, want := range []string{"sip.contoso.com:443 at 198.51.0.1", "2 endpoints"} {
		if where := r.Pools[0].Where(r.Pools[0].Findings[i]); where != want {
			t.Errorf("finding %d is of %s, want %s", i, where, want)
		}
	}
	for _, format := range []string{"table", "html"} {
		for _, want := range []string{"sip.contoso.com:443 at 198.51.0.0", "sip.contoso.com:443 at 198.51.0.1", "host3.example:443"} {
			if out := strings.Join(strings.Fields(render(t, format, r)), " "); !strings.Contains(out, want) || strings.Contains(out, "host3.example:443 at") {
				t.Errorf("%s lacks %q:\n%s", format, want, out)
			}
		}
	}
}
