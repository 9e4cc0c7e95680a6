package targets

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"edgecert/scanner/edge"
)

// What Get-CsService and Get-CsSipDomain print, in every form that people have.
func TestPastedTopology(t *testing.T) {
	t.Parallel()
	const dir = "../powershell/testdata/"
	for _, file := range []string{"svc-list.txt", "svc-list-utf16.txt", "svc.csv", "svc-clixml.xml", "svc-as-docs-2013.json"} {
		f, err := Load([]string{dir + file, dir + "sipdomain-table.txt"}, nil, nil)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		p := f.Pools[0]
		var got []string
		for _, s := range p.Services {
			got = append(got, fmt.Sprint(s.Role, " ", s.FQDN, " ", s.Ports))
		}
		want := "access sip.contoso.com [443 5061], webcon webcon.contoso.com [443], av av.contoso.com [443], xmpp fabrikam.com [5269]"
		if strings.Join(got, ", ") != want || p.Name != "edge.contoso.com" || fmt.Sprint(p.SIPDomains) != "[fabrikam.com na.fabrikam.com]" {
			t.Errorf("%s: pool %s of %v: %q", file, p.Name, p.SIPDomains, got)
		}
	}
}

// --topology reads a topology or says what to export; it does not fall back to
// reading a targets file.
func TestTopologyThatIsNone(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"a targets file": healthy, "certificates": "Issuer : CN=a\nThumbprint : 00\n", "nothing": "", "JSON": `{"a": 1}`} {
		_, err := LoadWith(nil, []string{write(t, "export.txt", text)}, nil, nil)
		var hint *edge.HintError
		if !errors.As(err, &hint) || !strings.Contains(hint.Hint, "Get-CsTopology -AsXml") || !strings.Contains(err.Error(), "no Edge service, pool or SIP domain") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
