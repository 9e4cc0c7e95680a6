package targets

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"edgecert/scanner/edge"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// written is pools as a targets file.
func written(t *testing.T, pools []edge.Pool) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, pools); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteComesBack(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../../targets.example.txt")
	if err != nil {
		t.Fatal(err)
	}
	topology, err := loadBytes("topology.xml", []byte(change(t, published, `IPAddress="203.0.113.21"`, `IPAddress="10.0.0.1"`)))
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]File{
		"the example file": mustParse(t, string(example)),
		"a topology":       topology,
		"other kinds":      mustParse(t, otherKinds),
		"groups":           mustParse(t, healthy+"xmpp contoso.com\ncertificates access+webcon av\nexpect new.pfx\nexpect av "+strings.Repeat("a9", 20)+"\ninventory * all.json\n"),
		"XMPP apart":       mustParse(t, healthy+"xmpp contoso.com\ncertificates access+webcon+av xmpp\n"),
		"each its own":     mustParse(t, healthy+"xmpp contoso.com\ncertificates access webcon av\n"),
		"every port form": mustParse(t, "pool p\naccess a.example\nwebcon b.example 443 444\nclient-auth required\ninventory e1 \"a b#c.json\"\ninventory e1 \"a\u2003b.json\"\ninventory e1 \"“c”.json\"\n"+
			"member e1 access=[2001:db8::1]:5061 webcon=192.0.2.1:20443\nmember e2 access=192.0.2.2:20443,20061 webcon=192.0.2.3\n"+
			"sip-domains "+strings.Repeat("x", 60)+".example a.b c.d e.f g.h i.j k.l m.n\nseverity ec-key error\nseverity root-sent info\n"),
	} {
		back := mustParse(t, written(t, f.Pools))
		// Domains are no pools; notes of a topology are comments for a reader.
		if d := cmp.Diff(f.Pools, back.Pools, comparing(), cmpopts.IgnoreFields(edge.Pool{}, "Notes")); d != "" {
			t.Errorf("%s: %s\n%s", name, d, written(t, f.Pools))
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	pool := edge.Pool{
		Name: "sip.contoso.com", Source: "DNS of contoso.com\n  allow expired", SIPDomains: []string{"contoso.com"},
		Services: []edge.Service{{Role: edge.Access, FQDN: "sip.contoso.com", Ports: []int{443, 5061}, Source: "SRV _sip._tls.contoso.com"}},
		DNS:      dnsOf("sip.contoso.com 203.0.113.10"),
		Notes:    []string{"guessed \x1b[31m# \u202eall"},
	}
	nothing := edge.Pool{Name: "fabrikam.com", Source: "DNS of fabrikam.com", SIPDomains: []string{"fabrikam.com"}}
	hosts := edge.Pool{Name: string(edge.CommandLinePool), Kind: edge.CommandLinePool, Loose: []edge.Loose{{Host: "2001:db8::1", Port: 443, Source: "command line"}}}
	want := `# Written by edgecert targets. Behind each line is where it comes from.

pool sip.contoso.com               # DNS of contoso.com?  allow expired
# guessed ?[31m# ?all
  sip-domains contoso.com
  access sip.contoso.com 443 5061  # SRV _sip._tls.contoso.com
  # by DNS: sip.contoso.com is at 203.0.113.10

domain fabrikam.com  # DNS of fabrikam.com

# hosts of the command line, which had to present one certificate; here each is judged alone
[2001:db8::1]:443  # command line
`
	if d := cmp.Diff(want, written(t, []edge.Pool{pool, nothing, hosts})); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"a\nallow expired", `a"b`, "a\x1bb"} {
		p := pool
		p.ExtraNames = []string{bad}
		if err := Write(&bytes.Buffer{}, []edge.Pool{p}); err == nil {
			t.Errorf("%q was written", bad)
		}
	}
}

func TestDistinct(t *testing.T) {
	t.Parallel()
	pools := Distinct([]edge.Pool{{Name: "a"}, {Name: "b"}, {Name: "a"}, {Name: "a"}})
	var names []string
	for _, p := range pools {
		names = append(names, p.Name)
	}
	if d := cmp.Diff([]string{"a", "b", "a-2", "a-3"}, names); d != "" {
		t.Error(d)
	}
}
