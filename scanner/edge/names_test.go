package edge

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRequiredNames(t *testing.T) {
	t.Parallel()
	pool := Pool{
		SIPDomains: []string{"contoso.com", "fabrikam.com"},
		Services: []Service{
			{Role: Access, FQDN: "sip.contoso.com"},
			{Role: WebConf, FQDN: "webcon.contoso.com"},
			{Role: AV, FQDN: "av.contoso.com"},
			{Role: XMPP, FQDN: "contoso.com"},
		},
		ExtraNames: []string{"meet.contoso.com", "webcon.contoso.com"},
		DNS: &DNS{SRV: []SRVAnswer{
			{Kind: SRVFederation, Domain: "contoso.com", Query: "_sipfederationtls._tcp.contoso.com", Records: []SRV{
				{Target: "old.contoso.com", Priority: 20, Weight: 100},
				{Target: "edge.contoso.com", Priority: 10, Weight: 1},
			}},
			{Kind: SRVClient, Domain: "fabrikam.com", Query: "_sip._tls.fabrikam.com", Records: []SRV{{Target: "sip.contoso.com"}}},
			{Kind: SRVXMPP, Domain: "contoso.com", Query: "_xmpp-server._tcp.contoso.com", Records: []SRV{{Target: "xmpp.contoso.com"}}},
		}},
	}
	want := []RequiredName{
		{"sip.contoso.com", AccessName, "Access Edge; SIP domain contoso.com", Access},
		{"webcon.contoso.com", WebConfName, "Web Conferencing Edge; extra name", Access},
		{"sip.fabrikam.com", SIPDomainName, "SIP domain fabrikam.com", Access},
		{"edge.contoso.com", SRVTargetName, "target of _sipfederationtls._tcp.contoso.com", Access},
		{"meet.contoso.com", ExtraName, "extra name", Access},
		{"contoso.com", XMPPName, "XMPP federation", Access},
	}
	if d := cmp.Diff(want, RequiredNames(pool)); d != "" {
		t.Error(d)
	}
	if got := RequiredNames(Pool{Kind: LoosePool}); len(got) != 0 {
		t.Errorf("a pool without services asks for %v", got)
	}
}

// With one address a member, Access and Web Conferencing have one name.
func TestRequiredNamesOfServicesWithOneName(t *testing.T) {
	t.Parallel()
	pool := Pool{
		SIPDomains: []string{"contoso.com"},
		Services:   []Service{{Role: Access, FQDN: "sip.contoso.com"}, {Role: WebConf, FQDN: "sip.contoso.com"}},
	}
	one := []RequiredName{{"sip.contoso.com", AccessName, "Access Edge; Web Conferencing Edge; SIP domain contoso.com", Access}}
	if d := cmp.Diff(one, RequiredNames(pool)); d != "" {
		t.Errorf("one certificate: %s", d)
	}
	pool.Groups = pool.Apart()
	each := []RequiredName{
		{"sip.contoso.com", AccessName, "Access Edge; SIP domain contoso.com", Access},
		{"sip.contoso.com", WebConfName, "Web Conferencing Edge", WebConf},
	}
	if d := cmp.Diff(each, RequiredNames(pool)); d != "" {
		t.Errorf("one for each: %s", d)
	}
}

func TestSRVTargetFits(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]bool{
		"sip.contoso.com": true, "SIP.Contoso.COM": true, "contoso.com": true,
		"sip.it.contoso.com": false, "sip.contoso-edge.com": false, "evilcontoso.com": false,
		"contoso.com.evil.example": false, "": false,
	} {
		if got := SRVTargetFits("contoso.com", target); got != want {
			t.Errorf("%q: got %v", target, got)
		}
	}
}

func TestDNSSafe(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"sip.contoso.com": true, "xn--bcher-kva.example": true, "1.contoso.com": true,
		"": false, "web_con.contoso.com": false, "bücher.example": false, "a..b": false, "a.b.": false,
		"-a.b": false, "a-.b": false, "a b.c": false, "a'b.c": false, "*.contoso.com": false,
	} {
		if got := DNSSafe(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}
