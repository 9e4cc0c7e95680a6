package sweep

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// saved demands that a scan, written as JSON and read back, is judged as it
// was live: the document holds all evidence.
func saved(t *testing.T, ev edge.Evidence, p audit.Policy, live audit.Judgement) {
	t.Helper()
	var file bytes.Buffer
	if err := report.JSON(&file, report.New(ev, []audit.Judgement{live}, p, report.Tool{Name: "edgecert"})); err != nil {
		t.Fatal(err)
	}
	r, err := report.Load(t.Context(), &file)
	if err != nil {
		t.Fatal(err)
	}
	byFingerprint := cmp.Comparer(func(a, b *edge.Certificate) bool {
		return a == b || a != nil && b != nil && a.Fingerprint == b.Fingerprint
	})
	if diff := cmp.Diff(live, judge(r.Evidence, r.Policy), byFingerprint, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("judged from the file it is another pool: -live +saved\n%s", diff)
	}
}
