package audit

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"testing"

	"edgecert/scanner/edge"
)

func TestList(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 14 {
		many = append(many, fmt.Sprint(i))
	}
	for want, words := range map[string][]string{
		"":           nil,
		"a":          {"a"},
		"a and b":    {"a", "b"},
		"a, b and c": {"a", "b", "c"},
		"0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more": many,
		"0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 11":         many[:12],
		"everything (every service) and more":             {"everything (every service)", "more"},
	} {
		if got := list(words); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]int64{
		"1 minute": 60, "59 minutes": 3599, "1 hour": 3600, "47 hours": 2*secondsADay - 1, "2 days": 2 * secondsADay, "47 days": 47*secondsADay + 1, "155245 days": 155245 * secondsADay,
	} {
		if got := span(d); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
}

func TestLetter(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 27: "AB", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA"} {
		if got := Letter(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestWhereTellsMembersWithTheSameServicesTogether(t *testing.T) {
	t.Parallel()
	h := healthy(t)
	w := newWorld(newScan(t.Context(), h.ev, h.policy, h.now), *h.pool(), h.ev.Captures)
	for want, at := range map[string][]int{
		"edge1 (access 443)":                                {0},
		"edge1 (access 443 and 5061)":                       {0, 1},
		"edge1 (every service)":                             {0, 1, 2, 4},
		"edge1 and edge2 (webcon 443)":                      {2, 7},
		"edge1 (every service) and edge2 (access 443)":      {0, 1, 2, 4, 5},
		"edge1 and edge3 (access 443, xmpp 5269)":           {0, 4, 10, 14},
		"edge1 (access 443) and edge2 (access 443, av 443)": {0, 5, 8},
	} {
		if got := w.where(at); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestUsages(t *testing.T) {
	t.Parallel()
	c := &x509.Certificate{
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning, x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageTimeStamping,
			x509.ExtKeyUsageOCSPSigning, x509.ExtKeyUsageAny},
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 3, 6, 1, 4, 1, 311, 10, 3, 4}},
	}
	const want = "code signing, e-mail protection, time stamping, OCSP signing, any and 1.3.6.1.4.1.311.10.3.4"
	if got := usages(c); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNameFault(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"sip.contoso.com":      "",
		"*.contoso.com":        "",
		"":                     "is empty",
		"lync_old.contoso.com": "has an underscore",
		"sip..contoso.com":     "has an empty label",
		"münchen.example":      "has characters outside ASCII",
		"a b.example":          "has other characters than letters, digits and inner hyphens, or is too long",
	} {
		if got := nameFault(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// A resolver that says nothing leaves nothing planned, and that is not well.
func TestNothingPlannedForWantOfAnAnswer(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	*w.pool() = edge.Pool{Name: "contoso.com", Kind: edge.EdgePool, SIPDomains: []string{"contoso.com"}, DNS: &edge.DNS{Resolver: "192.0.2.53:53",
		SRV: []edge.SRVAnswer{{Kind: edge.SRVClient, Domain: "contoso.com", Status: edge.Unknown, Error: "timed out"}}}}
	w.ev.Captures = nil
	j := w.judge()
	if j.Verdict != VerdictIncomplete || len(j.Findings) != 1 || j.Findings[0].Rule != idUnreachable {
		t.Errorf("verdict %s, findings %+v", j.Verdict, j.Findings)
	}
	if got := j.Rules[idNoAddress]; got == Pass || got == Found {
		t.Errorf("%s: %s", idNoAddress, got)
	}
}
