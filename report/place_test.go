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
