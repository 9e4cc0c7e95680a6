package report

import (
	"strings"
	"testing"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

func TestWhatTheLegendSaysIsToldOnce(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("A1", 20), strings.Repeat("B2", 20)
	told := legend{"A": {ThumbprintSHA1: strings.ToLower(a), Serial: "0a", Issuer: "CN=Public CA 3,O=Trust"}, "B": {ThumbprintSHA1: strings.ToLower(b), Serial: "0b", Issuer: "O=Nameless"}}
	for name, c := range map[string]struct{ message, want string }{
		"numbers":               {"certificates A (thumbprint " + a + ", serial 0a) and B (thumbprint " + b + ", serial 0b) lack x", "certificates A and B lack x"},
		"an end beside them":    {"edge1: A (thumbprint " + a + ", serial 0a, issued by Public CA 3, expires 2026-12-27)", "edge1: A (expires 2026-12-27)"},
		"an issuer of no name":  {"B (thumbprint " + b + ", serial 0b, issued by O=Nameless, expired)", "B (expired)"},
		"another issuer's name": {"A (thumbprint " + a + ", serial 0a, issued by Else, expires soon)", "A (issued by Else, expires soon)"},
		"no letter of the legend": {"C (thumbprint " + a + ", serial 0a) and B (thumbprint " + b + ", serial 0b)",
			"C (thumbprint " + a + ", serial 0a) and B"},
		"a letter of another":  {"A (thumbprint " + b + ", serial 0a)", "A (thumbprint " + b + ", serial 0a)"},
		"an undecodable one":   {"A (thumbprint " + a + ", cannot be decoded)", "A (cannot be decoded)"},
		"an intermediate":      {`"CA" (thumbprint ` + a + ")", `"CA" (thumbprint ` + a + ")"},
		"nothing of the kind":  {"no answer", "no answer"},
		"a letter for nothing": {"A (thumbprint", "A (thumbprint"},
	} {
		if got := told.short().Replace(c.message); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestEventsOfFindingsNameByLetter(t *testing.T) {
	t.Parallel()
	r := newWorld(t, 1).report()
	c := r.Certificates[*r.Pools[0].Endpoints[0].Certificate]
	message := "weak-key: A (thumbprint " + strings.ToUpper(c.ThumbprintSHA1) + ", serial " + c.Serial + ") has it"
	for kind, want := range map[string]string{FindingNew: "weak-key: A has it", FindingGone: message} {
		if got := r.event(Change{Kind: kind, Pool: "edge-emea", Message: message}); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

// TestMergeRelabels: what is A in one scan may be B where scans stand side by
// side, and what was said of it is said of B.
func TestMergeRelabels(t *testing.T) {
	t.Parallel()
	inside, outside := newWorld(t, 1), newWorld(t, 1)
	for _, c := range []cell{{edge.Access, 443}, {edge.Access, 5061}, {edge.WebConf, 443}} {
		outside.present("edge1", c.role, c.port, outside.previousLeaf)
	}
	old := outside.previousLeaf
	outside.find(audit.VerdictError, audit.Finding{Rule: "weak-key", Severity: audit.Error, Certificates: []*edge.Certificate{old},
		Message: "certificate A (thumbprint " + strings.ToUpper(old.Thumbprint()) + ", serial " + old.Serial() + ") has it; the SAN of certificate A holds more",
		Fix:     "certificate A of this pool is newer; install it"})
	r, err := Merge([]NamedReport{{"inside", inside.report()}, {"outside", outside.report()}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Pools[0].Findings {
		switch f.Rule {
		case "weak-key":
			want := "seen from outside: certificate B (thumbprint " + strings.ToUpper(old.Thumbprint()) + ", serial " + old.Serial() + ") has it; the SAN of certificate B holds more"
			if f.Message != want {
				t.Errorf("message %q, want %q", f.Message, want)
			}
			if want := "certificate B of this pool is newer; install it"; f.Fix != want {
				t.Errorf("fix %q, want %q", f.Fix, want)
			}
		case VantageDiffers:
			if want := "(inside: A (thumbprint " + strings.ToUpper(inside.leaf.Thumbprint()); !strings.Contains(f.Message, want) {
				t.Errorf("%q lacks %q", f.Message, want)
			}
		}
	}
}
