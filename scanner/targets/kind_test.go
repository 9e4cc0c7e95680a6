package targets

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"edgecert/scanner/edge"

	"github.com/google/go-cmp/cmp"
)

const otherKinds = `pool rp
kind web
name lyncdiscover.contoso.com meet.contoso.com
member rp1 127.0.0.1:20443
pool inside
kind internal
name edgepool.contoso.net
name edgepool.contoso.net 8057
member edge1 10.0.0.11
pool partner
kind partner
sip-domains tailspin.example
access exp.tailspin.example 5061
`

func TestPlanOfOtherKinds(t *testing.T) {
	t.Parallel()
	pools := mustParse(t, otherKinds).Pools
	pools[2].DNS = dnsOf("exp.tailspin.example 192.0.2.7")
	var got []string
	for _, e := range edge.Plan(pools) {
		got = append(got, shown(e))
	}
	want := []string{
		"rp/rp1 web lyncdiscover.contoso.com 127.0.0.1:20443 for 443 (targets.txt:4)",
		"rp/rp1 web meet.contoso.com 127.0.0.1:20443 for 443 (targets.txt:4)",
		"inside/edge1 internal edgepool.contoso.net 10.0.0.11:4443 (targets.txt:9)",
		"inside/edge1 internal edgepool.contoso.net 10.0.0.11:5061 (targets.txt:9)",
		"inside/edge1 internal edgepool.contoso.net 10.0.0.11:5062 (targets.txt:9)",
		"inside/edge1 internal edgepool.contoso.net 10.0.0.11:8057 (targets.txt:9)",
		"partner/192.0.2.7 access exp.tailspin.example 192.0.2.7:5061 x6 (A of exp.tailspin.example)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !pools[1].PrivateIssuer {
		t.Error("an internal pool is to have a public issuer")
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]struct {
		groups   string
		declared bool
	}{
		"":                                   {"[]", false},
		"certificates one":                   {"[]", false},
		"certificates per-service":           {"[[access] [webcon] [av] [xmpp]]", true},
		"certificates access+webcon av":      {"[[access webcon xmpp] [av]]", false},
		"certificates av":                    {"[[access webcon xmpp] [av]]", false},
		"certificates xmpp av+webcon access": {"[[access] [webcon av] [xmpp]]", true},
		"certificates access+webcon+av+xmpp": {"[[access webcon av xmpp]]", true},
	} {
		p := mustParse(t, healthy+"xmpp contoso.com\n"+line).Pools[0]
		if got := fmt.Sprint(p.Groups); got != want.groups || p.XMPPDeclared != want.declared {
			t.Errorf("%q: %s, XMPP declared %v", line, got, p.XMPPDeclared)
		}
	}
}

func TestExpectLine(t *testing.T) {
	t.Parallel()
	sha1 := strings.Repeat("a9", 20)
	p := mustParse(t, healthy+"certificates access+webcon av\nexpect \u200eA9 "+strings.Repeat("a9 ", 19)+"\nexpect av \"new cert.pfx\"\n").Pools[0]
	want := []edge.Expectation{
		{Text: sha1, Thumbprint: sha1, Source: "targets.txt:9"},
		{Role: edge.AV, Text: "new cert.pfx", Source: "targets.txt:10"},
	}
	if d := cmp.Diff(want, p.Expect); d != "" {
		t.Error(d)
	}
	for text, ok := range map[string]bool{
		strings.Repeat("A9:", 31) + "a9": true, strings.Repeat("a9-", 19) + "a9": true,
		"sha256 Fingerprint=" + strings.Repeat("A9:", 31) + "a9": true, "SHA1 Fingerprint=" + strings.Repeat("A9:", 19) + "a9": true, "SHA-1: " + strings.Repeat("a9", 20): true,
		"sha256 Fingerprint=": false, "a9": false, strings.Repeat("g", 40): false, strings.Repeat("a", 41): false,
	} {
		if _, got := edge.ParseThumbprint(text); got != ok {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Three times what was once the most: no error, and a note where it is absurd.
func TestManyMembers(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("pool p\naccess sip.contoso.com\n")
	for i := range 300 {
		fmt.Fprintf(&b, "member e%d 10.0.%d.%d\n", i, i/200, i%200+1)
	}
	p := mustParse(t, b.String()).Pools[0]
	if len(p.Members) != 300 || !slices.Contains(p.Notes, "300 members: a pool of Edge Servers has up to 12") {
		t.Errorf("%d members, notes %q", len(p.Members), p.Notes)
	}
}

func TestManyHostsOfTheCommandLine(t *testing.T) {
	t.Parallel()
	var args []string
	for i := range 20_000 {
		args = append(args, fmt.Sprintf("10.0.%d.%d:443", i/200, i%200+1))
	}
	f, err := CommandLine(append(args, args...))
	if err != nil || len(edge.Plan(f.Pools)) != 20_000 {
		t.Fatalf("%v, %d pools", err, len(f.Pools))
	}
}
