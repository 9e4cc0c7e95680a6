package targets

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets/syntax"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// comparing compares what files describe, whatever their sources.
func comparing() cmp.Options {
	return cmp.Options{
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(edge.Pool{}, "Source"),
		cmpopts.IgnoreFields(edge.Service{}, "Source"),
		cmpopts.IgnoreFields(edge.Expectation{}, "Source"),
		cmpopts.IgnoreFields(edge.Member{}, "Source"),
		cmpopts.IgnoreFields(edge.Address{}, "Source"),
		cmpopts.IgnoreFields(edge.Loose{}, "Source"),
		cmpopts.IgnoreFields(edge.InventoryFile{}, "Source"),
		cmpopts.IgnoreFields(Domain{}, "Source"),
	}
}

func rules() []string {
	return []string{"expires-soon", "ec-key", "root-sent", "differs-across-members"}
}

func mustParse(t *testing.T, text string) File {
	t.Helper()
	f, err := parse("targets.txt", []byte(text), rules())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestParse(t *testing.T) {
	t.Parallel()
	f := mustParse(t, `
192.0.2.80:8443 sni=Portal.Example.NET.
pool edge-us
	sip-domains  Contoso.US. contoso.us bücher.example  # twice
	sip-domains  fabrikam.us
	av           av.contoso.us 442
	access       sip.contoso.us
	webcon       web_con.contoso.us
	member edge1 access=203.0.113.10 webcon=203.0.113.20:20443 av=dns
	member edge2 access=[2001:db8::7]:5061 access=203.0.113.11 webcon=203.0.113.21 av=dns
	vip          access=192.0.2.1
	public-im    aol
	xmpp         contoso.us
	extra-names  meet.contoso.us
	issuer       private
	certificates per-service
	inventory    edge1 "C:\certs of edge1\a#1.json"
	severity     Expires-Soon Error
	allow        ec-key root-sent EC-Key
domain TAILSPIN.example
domain tailspin.example
[2001:db8::80]:443
192.0.2.80:8443 sni=portal.example.net
`)
	want := File{
		Pools: []edge.Pool{
			{
				Name:       "edge-us",
				Kind:       edge.EdgePool,
				SIPDomains: []string{"contoso.us", "xn--bcher-kva.example", "fabrikam.us"},
				Services: []edge.Service{
					{Role: edge.Access, FQDN: "sip.contoso.us", Ports: []int{443, 5061}},
					{Role: edge.WebConf, FQDN: "web_con.contoso.us", Ports: []int{443}},
					{Role: edge.AV, FQDN: "av.contoso.us", Ports: []int{442}},
					{Role: edge.XMPP, FQDN: "contoso.us", Ports: []int{5269}},
				},
				Members: []edge.Member{
					{Name: "edge1", Addresses: []edge.Address{
						{Role: edge.Access, IP: ip("203.0.113.10")},
						{Role: edge.WebConf, IP: ip("203.0.113.20"), Ports: []int{20443}},
					}},
					{Name: "edge2", Addresses: []edge.Address{
						{Role: edge.Access, IP: ip("2001:db8::7"), Ports: []int{0, 5061}},
						{Role: edge.Access, IP: ip("203.0.113.11")},
						{Role: edge.WebConf, IP: ip("203.0.113.21")},
					}},
				},
				VIPs:           []edge.Address{{Role: edge.Access, IP: ip("192.0.2.1")}},
				ClientAuth:     edge.ClientAuthRequired,
				PublicIMAOL:    true,
				PrivateIssuer:  true,
				Groups:         [][]edge.Role{{edge.Access}, {edge.WebConf}, {edge.AV}, {edge.XMPP}},
				XMPPDeclared:   true,
				ExtraNames:     []string{"meet.contoso.us"},
				Severities:     map[string]string{"expires-soon": "error"},
				Allow:          []string{"ec-key", "root-sent"},
				InventoryFiles: []edge.InventoryFile{{Member: "edge1", Path: `C:\certs of edge1\a#1.json`}},
				Notes:          []string{"member edge2: access port 443 is not dialed: 2001:db8::7 gives other ports only"},
			},
			{Name: "loose", Kind: edge.LoosePool, Loose: []edge.Loose{
				{Host: "192.0.2.80", Port: 8443, SNI: "portal.example.net"},
				{Host: "2001:db8::80", Port: 443},
			}},
		},
		Domains: []Domain{{Name: "tailspin.example"}},
	}
	if d := cmp.Diff(want, f, comparing()); d != "" {
		t.Error(d)
	}
	if got := f.Pools[0].Members[1].Source; got != "targets.txt:10" {
		t.Errorf("source %q", got)
	}
}

// healthy is a pool that every error case changes in one place.
const healthy = `pool edge
sip-domains contoso.com
access sip.contoso.com 443 5061
webcon webcon.contoso.com 443
av av.contoso.com 443
member edge1 access=203.0.113.10 webcon=203.0.113.20 av=203.0.113.30
member edge2 access=203.0.113.11 webcon=203.0.113.21 av=203.0.113.31
`

func TestOneErrorForOneMistake(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		strings.Replace(healthy, "access sip", "acess sip", 1),
		strings.Replace(healthy, "av av", "aw av", 1),
		strings.Replace(healthy, "pool edge", "pool", 1),
		strings.Replace(healthy, "pool edge\n", "", 1),
		strings.Replace(healthy, "access sip", "access\naccess sip", 1),
	} {
		_, err := parse("t", []byte(text), nil)
		var errs syntax.Errors
		if !errors.As(err, &errs) || len(errs) != 1 {
			t.Errorf("got %v", err)
		}
	}
}

// A load balancer may serve every service on one address, told apart by SNI.
func TestLoadBalancerForAll(t *testing.T) {
	t.Parallel()
	vip := 0
	for _, e := range edge.Plan(mustParse(t, healthy+"vip 192.0.2.1\n").Pools) {
		if e.VIP {
			vip++
		}
	}
	if vip != 4 {
		t.Errorf("%d endpoints", vip)
	}
}

// The address clashes on two ports, and is one mistake.
func TestAddressOfTwoMembersIsToldOnce(t *testing.T) {
	t.Parallel()
	_, err := parse("t", []byte(strings.Replace(healthy, "203.0.113.11", "203.0.113.10", 1)), nil)
	if want := "t:7: 203.0.113.10:443 is access of member edge1 and access of member edge2 at once"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// What editors and word processors make of line ends and blanks, and a member's
// name in another case.
func TestParseWhateverTheEditor(t *testing.T) {
	t.Parallel()
	want := mustParse(t, healthy+"inventory edge1 a.json\n")
	for name, text := range map[string]string{
		"carriage returns alone": strings.ReplaceAll("# a comment\n"+healthy+"inventory EDGE1 a.json\n", "\n", "\r"),
		"narrow and wide blanks": strings.ReplaceAll(strings.ReplaceAll(healthy, "access ", "access\u202f"), "member ", "\u3000member\u2003") + "inventory Edge1 a.json\n",
	} {
		if d := cmp.Diff(want, mustParse(t, text), comparing()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	const edge1 = "member edge1 access=203.0.113.10 webcon=203.0.113.20 av=203.0.113.30"
	tests := []struct {
		name     string
		old, new string // a change of healthy; old empty: new is put behind it
		want     string // the first error
	}{
		{"misspelt directive", "webcon webcon", "webcom webcon", "targets.txt:4: unknown word \"webcom\": did you mean `webcon`?"},
		{"bare domain", "", "contoso.org", "targets.txt:8: unknown word \"contoso.org\": `domain contoso.org` finds the pool of a SIP domain; a loose endpoint is contoso.org:PORT"},
		{"address alone", "", "203.0.113.10", "targets.txt:8: unknown word \"203.0.113.10\": a loose endpoint is 203.0.113.10:PORT; a pool's address stands behind `member NAME`"},
		{"list with commas", "", "www.example.net,443", `targets.txt:8: unknown word "www.example.net,443": a loose endpoint is www.example.net:443`},
		{"port behind a blank", "", "2001:db8::1 443", `targets.txt:8: "2001:db8::1" is no HOST:PORT: an IPv6 address stands in brackets: a loose endpoint is HOST:PORT [sni=NAME]`},
		{"SIP address", "", "sip:contoso.com:5061", `targets.txt:8: "sip:contoso.com:5061" is no HOST:PORT: a loose endpoint is HOST:PORT [sni=NAME]`},
		{"brackets without a port", "", "[2001:db8::1]", `targets.txt:8: "[2001:db8::1]" has no port: a loose endpoint is HOST:PORT [sni=NAME]`},
		{"directive with a colon", "av av", "av: av", "targets.txt:5: unknown word \"av:\": did you mean `av`?"},
		{"comment of another language", "", "// no", `targets.txt:8: "//" begins no line: a comment begins with #`},
		{"domain without a dot", "", "domain contoso", `targets.txt:8: "contoso" is no SIP domain: a SIP domain has a dot, as in contoso.com`},
		{"domain with a port", "", "domain contoso.com:5061", `targets.txt:8: "contoso.com:5061" is no DNS name: ":" is not allowed in one: a name has no scheme before it and no :PORT behind it`},
		{"names with commas", "sip-domains contoso.com", "sip-domains contoso.com, fabrikam.com", `targets.txt:2: "contoso.com," is no DNS name: "," is not allowed in one: blanks divide the words of a line, not commas`},
		{"ports with a comma", "443 5061", "443,5061", `targets.txt:3: "443,5061" is no port: blanks divide the words of a line, not commas`},
		{"blank between ports", "access=203.0.113.10", "access=203.0.113.10:443, 5061", `targets.txt:6: "203.0.113.10:443,": "" is no port: no blank stands between ports`},
		{"comment without a blank", "webcon webcon.contoso.com", "webcon webcon.contoso.com#1", `targets.txt:4: "webcon.contoso.com#1" is no DNS name: "#" is not allowed in one: a comment has a blank before its #`},
		{"member without a name", edge1, "member 203.0.113.10 203.0.113.20", "targets.txt:6: \"203.0.113.10\" is an address where a member's name is expected: a member has a name, and then its addresses: `member edge1 203.0.113.10`"},
		{"dns in upper case", "av=203.0.113.30", "av=DNS", `targets.txt:6: "DNS" is no IP address: dns is for one service of a member, in lower case: access=dns`},
		{"quotes of a word processor", "", "inventory edge1 “a b.json”", `targets.txt:8: a quote of a word processor: "“a": straight ones are read`},
		{"port out of range", "443 5061", "443 99999", "targets.txt:3: port 99999: ports run from 1 to 65535"},
		{"port that is no number", "443 5061", "443 https", `targets.txt:3: "https" is no port`},
		{"port twice", "443 5061", "443 443", "targets.txt:3: port 443 stands twice"},
		{"service named by address", "access sip.contoso.com", "access 203.0.113.1", `targets.txt:3: "203.0.113.1" is an address, not a name: a service is named as clients know it; addresses stand with ` + "`member`"},
		{"pool without access", "access sip.contoso.com 443 5061\n", "", "targets.txt:1: pool \"edge\" has no access service: add a line `access NAME`"},
		{"service twice", "", "access sip2.contoso.com", "targets.txt:8: `access` stands twice in pool \"edge\": first in line 3"},
		{"pool twice", "", "pool edge", `targets.txt:8: pool "edge" is described twice: first in line 1`},
		{"pool called loose", "pool edge", "pool loose", `targets.txt:1: pool name "loose" is taken: it holds endpoints that belong to no pool`},
		{"member twice", "", "member EDGE1 203.0.113.99", `targets.txt:8: member "EDGE1" stands twice: first in line 6`},
		{"member called vip", "member edge1", "member VIP", "targets.txt:6: a member named \"VIP\": a load balancer's address stands in a line `vip ADDRESS`"},
		{"member without address", edge1, "member edge1", "targets.txt:6: member \"edge1\" without an address: a member's addresses follow its name; without any `member`, the members come from DNS"},
		{"member lacks a service", " av=203.0.113.30", "", `targets.txt:6: member "edge1" lacks an address for av: add av=ADDRESS; where nobody knows whose is which, av=dns to every member`},
		{"one member by dns", "av=203.0.113.30", "av=dns", `targets.txt:6: av=dns on member "edge1", and an address on "edge2": give every member an address, or none`},
		{"address for a service that is not there", "av av.contoso.com 443\n", "", "targets.txt:5: member edge1 has an address for av, and the pool has no such service: add a line `av NAME`"},
		{"address for an unknown service", "av=203.0.113.30", "audio=203.0.113.30", `targets.txt:6: unknown service "audio" in "audio=203.0.113.30": the services are access, webcon, av and xmpp`},
		{"more ports than the service", "webcon=203.0.113.20", "webcon=203.0.113.20:443,444", "targets.txt:6: member edge1: webcon=203.0.113.20: 2 ports (443 444) for a service that has 1 (443)"},
		{"ports in another order", "access=203.0.113.10", "access=203.0.113.10:5061,443", "targets.txt:6: member edge1: access=203.0.113.10: ports 5061 443 in another order than the service's 443 5061: they stand for them by position"},
		{"ports for every service at once", edge1, "member edge1 203.0.113.10:443", `targets.txt:6: member edge1: 203.0.113.10:443 gives ports for every service at once: say which service they belong to, as in access=203.0.113.10:443`},
		{"one address for two members", "203.0.113.11", "203.0.113.10", "targets.txt:7: 203.0.113.10:443 is access of member edge1 and access of member edge2 at once"},
		{"one address for two services", edge1, "member edge1 203.0.113.10", "targets.txt:6: 203.0.113.10:443 is access of member edge1 and webcon of member edge1 at once"},
		{"load balancer on a member's address", "", "vip access=203.0.113.10", "targets.txt:8: 203.0.113.10:443 is access of member edge1 and access of the load balancer at once"},
		{"no address", "203.0.113.10", "203.0.113.300", `targets.txt:6: "203.0.113.300" is no IP address: an address is 203.0.113.10, 203.0.113.10:443,5061, 2001:db8::7 or [2001:db8::7]:5061`},
		{"unspecified address", "203.0.113.10", "0.0.0.0", `targets.txt:6: "0.0.0.0" is no address of a host`},
		{"address with a zone", "203.0.113.10", "fe80::1%eth0", `targets.txt:6: "fe80::1%eth0" has a zone: it means something on this host only`},
		{"xmpp behind a tunnel", "member edge1 access=203.0.113.10", "xmpp contoso.com\nmember edge1 access=203.0.113.10:20443,20061", `targets.txt:7: member "edge1" reaches access through other ports, so xmpp needs its own address: add xmpp=ADDRESS:PORT`},
		{"pool directive outside a pool", "pool edge\n", "", "targets.txt:1: `sip-domains` outside a pool: a pool begins with `pool NAME`; a `domain` or HOST:PORT line ends it"},
		{"pool goes on behind a loose endpoint", "member edge2", "192.0.2.1:443\nmember edge2", "targets.txt:8: `member` outside a pool: a pool begins with `pool NAME`; a `domain` or HOST:PORT line ends it"},
		{"unknown rule", "", "severity expire-soon error", "targets.txt:8: unknown rule \"expire-soon\": did you mean `expires-soon`?"},
		{"unknown severity", "", "severity expires-soon fatal", "targets.txt:8: \"fatal\" behind `severity`: `severity` takes error, warning, info"},
		{"severity twice", "", "severity EC-Key error\nseverity ec-key info", "targets.txt:9: `severity ec-key` stands twice in pool \"edge\": first in line 8"},
		{"unknown allowed rule", "", "allow no-such-thing-at-all", "targets.txt:8: unknown rule \"no-such-thing-at-all\": `edgecert rules` lists them"},
		{"other messenger", "", "public-im yahoo", "targets.txt:8: \"yahoo\" behind `public-im`: `public-im` takes aol"},
		{"client authentication contradicts AOL", "", "client-auth forbidden\npublic-im aol", "targets.txt:9: `public-im aol` against `client-auth forbidden`: AOL wants the client authentication EKU"},
		{"AOL contradicts client authentication", "", "public-im aol\nclient-auth allowed", "targets.txt:9: `client-auth allowed` against `public-im aol`: AOL wants the client authentication EKU"},
		{"inventory of a stranger", "", "inventory edge9 a.json", `targets.txt:8: inventory of "edge9": the pool has no such member`},
		{"wildcard", "", "extra-names *.contoso.com", `targets.txt:8: "*.contoso.com" is a wildcard: a name is expected`},
		{"empty label", "", "extra-names a..contoso.com", `targets.txt:8: "a..contoso.com" has an empty label`},
		{"quote not closed", "", `inventory edge1 "a.json`, `targets.txt:8: a quote is not closed: "\"a.json"`},
		{"quote within a word", "", `allow a"b`, `targets.txt:8: a quote within a word: "a\"b"`},
		{"word behind a quote", "", `inventory edge1 "a.json"b`, `targets.txt:8: something follows the quote directly: "\"a.json\"b"`},
		{"URL", "", "https://contoso.com/", `targets.txt:8: "https://contoso.com/" is a URL: a loose endpoint is HOST:PORT, without scheme and path`},
		{"loose IPv6 without brackets", "", "2001:db8::1:443", `targets.txt:8: "2001:db8::1:443" is no HOST:PORT: an IPv6 address stands in brackets: a loose endpoint is HOST:PORT [sni=NAME]`},
		{"two names to ask for", "", "192.0.2.1:443 sni=a.b sni=c.d", `targets.txt:8: "sni=c.d" behind a loose endpoint: a loose endpoint is HOST:PORT [sni=NAME]`},
		{"unknown kind", "", "kind reverse-proxy", "targets.txt:8: \"reverse-proxy\" behind `kind`: `kind` takes edge, web, internal, partner"},
		{"services of an Edge in a web pool", "", "kind web", "targets.txt:2: `sip-domains` in a pool of kind web: list its names in a line `name NAME...`"},
		{"a partner's other services", "", "kind partner", "targets.txt:4: `webcon` in a pool of kind partner: of a partner only its Access Edge is known"},
		{"names of an Edge", "", "name meet.contoso.com", "targets.txt:8: `name` in a pool of kind edge: an Edge's services are access, webcon, av and xmpp; `name` is for `kind web` and `kind internal`"},
		{"a web pool without names", "", "pool rp\nkind web", "targets.txt:8: pool \"rp\" of kind web has no name: add a line `name NAME`"},
		{"a public issuer inside", "", "pool in\nkind internal\nname in.contoso.net\nissuer public", "targets.txt:11: `issuer public` in a pool of kind internal: leave it out: `kind internal` implies `issuer private`"},
		{"ports without a name", "", "pool rp\nkind web\nname 443", "targets.txt:10: `name` without a name: `name NAME... [PORT]...`"},
		{"ports for names of several", "", "pool rp\nkind web\nname a.b\nname c.d 444\nmember rp1 192.0.2.1:20443", "targets.txt:12: member rp1: 192.0.2.1:20443 gives ports, and the names of the pool have several: give names of other ports a pool of their own"},
		{"a group of unknown services", "", "certificates access+audio", "targets.txt:8: unknown service \"audio\" in \"access+audio\": `certificates` takes one, per-service, or groups of access, webcon, av and xmpp, as in access+webcon av"},
		{"a blank in a group", "", "certificates access + webcon", "targets.txt:8: unknown service \"\" in \"+\": no blank stands beside a +"},
		{"a service in two groups", "", "certificates access+av webcon+av", "targets.txt:8: av stands twice in `certificates`: each service stands in one group"},
		{"a group with a service that is not there", "", "certificates access xmpp", "targets.txt:8: `certificates` names xmpp, and the pool has no such service: add a line `xmpp NAME`, or leave it out"},
		{"one and more", "", "certificates one av", "targets.txt:8: \"av\" behind `certificates one`"},
		{"two certificates expected", "", "expect a.cer\nexpect b.cer", "targets.txt:9: `expect` stands twice for the pool: first in line 8"},
		{"two expected of one group", "", "expect a.cer\nexpect webcon b.cer", "targets.txt:9: `expect webcon` is for the same certificate as line 8: they share one certificate: see `certificates`"},
		{"expected of a service that is not there", "", "expect xmpp a.cer", "targets.txt:8: `expect xmpp`, and the pool has no such service: add a line `xmpp NAME`"},
		{"a thumbprint cut short", "", "expect a9 d5 1a", "targets.txt:8: \"a9 d5 1a\" is neither a file nor a thumbprint: a file's name with blanks stands in double quotes; a thumbprint has 40 or 64 hexadecimal digits"},
		{"terminal escape in a word", "", "\x1b[31mpool x", `targets.txt:8: a character that does not print in "\x1b[31mpool"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := healthy + tt.new
			if tt.old != "" {
				if text = strings.Replace(healthy, tt.old, tt.new, 1); text == healthy {
					t.Fatal("the case changes nothing")
				}
			}
			f, err := parse("targets.txt", []byte(text), rules())
			if err == nil {
				t.Fatalf("no error, but %v", f)
			}
			if got := firstError(t, err); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
