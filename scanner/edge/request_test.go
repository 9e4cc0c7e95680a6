package edge

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCertificateRequests(t *testing.T) {
	t.Parallel()
	const oneForAll = `Request-CsCertificate -New -Type AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication ` +
		`-DomainName 'sip.contoso.com,webcon.contoso.com,sip.fabrikam.com' -FriendlyName 'sip.contoso.com edge' -KeySize 2048 -PrivateKeyExportable $true`
	for _, tt := range []struct {
		name   string
		mutate func(*Pool)
		want   []string
		left   int
	}{
		{"one certificate", func(*Pool) {}, []string{oneForAll + ` -Output 'C:\sip.contoso.com-edge.req'`}, 0},
		{"for AOL, and a name that is not DNS safe", func(p *Pool) { p.PublicIMAOL, p.ExtraNames = true, []string{"meet_us.contoso.com"} },
			[]string{oneForAll + ` -ClientEKU $true -Output 'C:\sip.contoso.com-edge.req'`}, 1},
		{"a certificate a service", func(p *Pool) { p.Groups, p.ExtraNames = p.Apart(), []string{"meet.contoso.com"} }, []string{
			`Request-CsCertificate -New -Type AccessEdgeExternal -DomainName 'sip.contoso.com,sip.fabrikam.com,meet.contoso.com' -FriendlyName 'sip.contoso.com access' -KeySize 2048 -PrivateKeyExportable $true -Output 'C:\sip.contoso.com-access.req'`,
			`Request-CsCertificate -New -Type DataEdgeExternal -DomainName 'webcon.contoso.com' -FriendlyName 'webcon.contoso.com webcon' -KeySize 2048 -PrivateKeyExportable $true -Output 'C:\webcon.contoso.com-webcon.req'`,
			`Request-CsCertificate -New -Type AudioVideoAuthentication -DomainName 'av.contoso.com' -FriendlyName 'av.contoso.com av' -KeySize 2048 -PrivateKeyExportable $true -Output 'C:\av.contoso.com-av.req'`,
		}, 0},
		{"no services", func(p *Pool) { p.Services = nil }, nil, 0},
	} {
		p := Pool{
			SIPDomains: []string{"contoso.com", "fabrikam.com"},
			Services: []Service{{Role: Access, FQDN: "sip.contoso.com"}, {Role: WebConf, FQDN: "webcon.contoso.com"},
				{Role: AV, FQDN: "av.contoso.com"}},
		}
		tt.mutate(&p)
		var commands []string
		left := 0
		for _, q := range CertificateRequests(p) {
			commands = append(commands, q.Command)
			left += q.LeftOut
		}
		if d := cmp.Diff(tt.want, commands); d != "" || left != tt.left {
			t.Errorf("%s: %d names left out\n%s", tt.name, left, d)
		}
	}
}
