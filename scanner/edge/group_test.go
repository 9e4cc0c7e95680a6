package edge

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fourServices() Pool {
	return Pool{Kind: EdgePool, SIPDomains: []string{"contoso.com"}, Services: []Service{
		{Role: Access, FQDN: "sip.contoso.com"}, {Role: WebConf, FQDN: "webcon.contoso.com"},
		{Role: AV, FQDN: "av.contoso.com"}, {Role: XMPP, FQDN: "contoso.com"}}}
}

func TestGroup(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		groups [][]Role
		of     Role
		want   []Role
	}{
		"nothing said":                       {nil, WebConf, []Role{Access, WebConf, AV, XMPP}},
		"A/V apart":                          {[][]Role{{Access, WebConf, XMPP}, {AV}}, AV, []Role{AV}},
		"what is not named goes with access": {[][]Role{{Access, WebConf}, {AV}}, XMPP, []Role{Access, WebConf, XMPP}},
		"out of role order":                  {[][]Role{{XMPP, Access}, {WebConf, AV}}, XMPP, []Role{Access, XMPP}},
		"a listed endpoint":                  {nil, Other, []Role{Access, WebConf, AV, XMPP, Other}},
	} {
		p := fourServices()
		p.Groups = tt.groups
		if d := cmp.Diff(tt.want, p.Group(tt.of)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if got := (Pool{Kind: CommandLinePool}).Group(Other); !cmp.Equal(got, []Role{Other}) {
		t.Errorf("command line: %v", got)
	}
}

func TestNamesDueByGroup(t *testing.T) {
	t.Parallel()
	p := fourServices()
	p.Groups, p.ExtraNames = [][]Role{{Access, AV}, {WebConf, XMPP}}, []string{"webcon.contoso.com"}
	names := func(r Role) (out []string) {
		for _, n := range NamesDue(p, r) {
			out = append(out, n.Name)
		}
		return out
	}
	access, webcon := []string{"sip.contoso.com", "webcon.contoso.com"}, []string{"webcon.contoso.com", "contoso.com"}
	for r, want := range map[Role][]string{Access: access, AV: access, WebConf: webcon, XMPP: webcon} {
		if d := cmp.Diff(want, names(r)); d != "" {
			t.Errorf("%s: %s", r, d)
		}
	}
	p.Groups = [][]Role{{Access, WebConf, XMPP}, {AV}}
	if got := names(AV); got != nil {
		t.Errorf("A/V alone needs %v", got)
	}
}

func TestNamesDueOfOtherKinds(t *testing.T) {
	t.Parallel()
	srv := &DNS{SRV: []SRVAnswer{{Kind: SRVFederation, Domain: "contoso.com", Query: "_sipfederationtls._tcp.contoso.com", Records: []SRV{{Target: "exp.contoso.com"}}}}}
	partner := Pool{Kind: PartnerPool, SIPDomains: []string{"contoso.com"}, Services: []Service{{Role: Access, FQDN: "exp.contoso.com"}}, DNS: srv}
	want := []RequiredName{{"exp.contoso.com", SRVTargetName, "Access Edge; target of _sipfederationtls._tcp.contoso.com", Access}}
	if d := cmp.Diff(want, RequiredNames(partner)); d != "" {
		t.Errorf("partner: %s", d)
	}
	web := Pool{Kind: WebPool, Services: []Service{{Role: Web, FQDN: "meet.contoso.com"}, {Role: Web, FQDN: "dialin.contoso.com"}}}
	want = []RequiredName{{"meet.contoso.com", HostName, "web service", Web}, {"dialin.contoso.com", HostName, "web service", Web}}
	if d := cmp.Diff(want, RequiredNames(web)); d != "" {
		t.Errorf("web: %s", d)
	}
	if got := CertificateRequests(partner); got != nil {
		t.Errorf("a partner is asked to request %v", got)
	}
}

func TestExpected(t *testing.T) {
	t.Parallel()
	one, two := NewCertificate([]byte("one")), NewCertificate([]byte("two"))
	p := fourServices()
	p.Groups = [][]Role{{Access, WebConf, XMPP}, {AV}}
	p.Expect = []Expectation{{Thumbprint: one.Thumbprint()}, {Role: AV, Certificate: two}}
	for r, want := range map[Role]*Certificate{Access: one, WebConf: one, XMPP: one, AV: two} {
		x := p.Expected(r)
		if x == nil || !x.Matches(want) || x.Matches(NewCertificate([]byte("three"))) || x.Matches(nil) {
			t.Errorf("%s: %+v", r, x)
		}
	}
	p.Expect = p.Expect[:1]
	if p.Expected(AV) != nil {
		t.Error("the certificate of Access is expected of A/V, which is apart")
	}
	listed := Pool{Kind: LoosePool, Expect: []Expectation{{Thumbprint: two.Fingerprint.String()}}}
	if x := listed.Expected(Other); x == nil || !x.Matches(two) {
		t.Errorf("a loose endpoint: %+v", x)
	}
}
