package targets

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"testing"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"
)

// zipOf packs files as pairs of name and content.
func zipOf(t *testing.T, pairs ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		f, err := w.Create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTopologyContainers(t *testing.T) {
	t.Parallel()
	utf16 := func(e unicode.Endianness) string {
		raw, err := unicode.UTF16(e, unicode.UseBOM).NewEncoder().String(strings.Replace(published, "utf-8", "utf-16", 1))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for name, raw := range map[string]string{
		"UTF-8 with BOM": "\ufeff" + published,
		"UTF-16LE":       utf16(unicode.LittleEndian),
		"UTF-16BE":       utf16(unicode.BigEndian),
		"ZIP":            zipOf(t, "readme.txt", "hello", "Policies.xml", "<Policies/>", "Other.zip", "PK\x03\x04 and no more", `Export\Deep\DocItemSet.xml`, published),
		"ZIP in a ZIP":   zipOf(t, "outer/inner.zip", zipOf(t, "a/b/topology.XML", utf16(unicode.LittleEndian))),
	} {
		f, err := loadBytes("input", []byte(raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff([]edge.Pool{publishedPool()}, f.Pools, comparing()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestTopologyJSON(t *testing.T) {
	t.Parallel()
	service := `{"Identity":"EdgeServer:edgepool.contoso.net","PoolFqdn":"edgepool.contoso.net","AccessEdgeExternalFqdn":"sip.contoso.com",
	 "DataEdgeExternalFqdn":"webcon.contoso.com","AVEdgeExternalFqdn":"av.contoso.com","AccessEdgeExternalSipPort":5061,
	 "AccessEdgeClientSipPort":443,"DataPsomClientPort":443,"MediaRelayExternalTurnTcpPort":443}`
	pools := `[{"Identity":"fe.contoso.net","Fqdn":"fe.contoso.net","Computers":["fe1.contoso.net"]},
	 {"Identity":"edgepool.contoso.net","Fqdn":"EdgePool.contoso.net","Computers":{"value":["edge1.contoso.net","edge2.contoso.net"],"Count":2}}]`
	domains := `{"value":[{"Identity":"fabrikam.com","Name":"fabrikam.com","IsDefault":false},{"Name":"contoso.com","IsDefault":true}],"Count":2}`
	want := publishedPool()
	want.Members = []edge.Member{{Name: "edge1.contoso.net"}, {Name: "edge2.contoso.net"}}
	want.Notes = []string{"the addresses of Access Edge (sip.contoso.com), Web Conferencing Edge (webcon.contoso.com), A/V Edge (av.contoso.com) are not in the topology: completed from DNS"}
	for name, paths := range map[string][]string{
		"three files": {write(t, "service.json", service), write(t, "pools.json", pools), write(t, "domains.json", domains)},
		"one file":    {write(t, "all.json", domains+"\r\n"+service+pools)},
	} {
		f, err := Load(paths, nil, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff([]edge.Pool{want}, f.Pools, comparing()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// PowerShell writes numbers and truth values as text where a value was text
// before, and cuts what lies deeper than -Depth.
func TestTopologyJSONAsText(t *testing.T) {
	t.Parallel()
	const service = `{"PoolFqdn":"p.contoso.net","AccessEdgeExternalFqdn":"sip.contoso.com","DataEdgeExternalFqdn":"webcon.contoso.com","AVEdgeExternalFqdn":"av.contoso.com",
	 "AccessEdgeExternalSipPort":"5061","AccessEdgeClientSipPort":"443","DataPsomClientPort":443,"MediaRelayExternalTurnTcpPort":"443"}
	 [{"Name":"fabrikam.com","IsDefault":"False"},{"Name":"contoso.com","IsDefault":"True"}]`
	for computers, want := range map[string][]string{
		`"e1.contoso.net e2.contoso.net"`:          {"e1.contoso.net", "e2.contoso.net"},
		`"System.Object[]"`:                        nil,
		`"Microsoft.Rtc.Management.Xds.ListOfIt"`:  nil,
		`["e1.contoso.net","System.Object[]"]`:     {"e1.contoso.net"},
		`{"value":["e1.contoso.net"],"Count":"1"}`: {"e1.contoso.net"},
	} {
		f, err := loadBytes("all.json", []byte(service+`{"Fqdn":"P.contoso.net","Computers":`+computers+`}`))
		if err != nil {
			t.Fatal(err)
		}
		p := f.Pools[0]
		var got []string
		for _, m := range p.Members {
			got = append(got, m.Name)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", computers, d)
		}
		told := slices.ContainsFunc(p.Notes, func(n string) bool { return strings.Contains(n, "which is no name: ConvertTo-Json cuts") })
		if cut := strings.Contains(computers, "System.") || strings.Contains(computers, "Microsoft."); told != cut {
			t.Errorf("%s: notes %q", computers, p.Notes)
		}
		if d := cmp.Diff([]string{"contoso.com", "fabrikam.com"}, p.SIPDomains); d != "" || len(p.Services) != 3 || len(p.Services[0].Ports) != 2 {
			t.Errorf("%s: services %v, domains %s", computers, p.Services, d)
		}
	}
}

func TestTopologyRefused(t *testing.T) {
	t.Parallel()
	bomb := `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><Topology>&b;</Topology>`
	for name, tt := range map[string]struct{ raw, want string }{
		"entities":          {bomb, "document type definition"},
		"external entity":   {`<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><Topology>&x;</Topology>`, "document type definition"},
		"undeclared entity": {`<Topology>&lol;</Topology>`, "broken XML"},
		"deep nesting":      {strings.Repeat("<a>", 200), "nested deeper than 100"},
		"too many elements": {"<Topology>" + strings.Repeat("<a/>", 200_000) + "</Topology>", "more than 200000 elements"},
		"cut in the middle": {published[:len(published)/2], "broken XML"},
		"other encoding":    {strings.Replace(published, "utf-8", "windows-1252", 1), `encoding "windows-1252" is not read`},
		"another document":  {"<html><body/></html>", "this is a web page"},
		"another root":      {"<a><html/></a>", `root "a" is no topology`},
		"another namespace": {`<Topology xmlns="http://schemas.microsoft.com/powershell/2004/04"/>`, "XML of a foreign namespace"},
		"no Access name":    {strings.NewReplacer(` ConfiguredFqdn="SIP.contoso.com"`, "", ` ConfiguredFqdn="sip.contoso.com"`, "").Replace(published), `Edge pool "edgepool.contoso.net" has no name or no port for Access Edge`},
		"no Edge":           {strings.ReplaceAll(published, "EdgeServer", "MediationServer"), "no Edge pool"},
		"ZIP of ZIPs":       {zipOf(t, "a.zip", zipOf(t, "b.zip", zipOf(t, "c.xml", published))), "nested deeper than 2"},
		"ZIP without one":   {zipOf(t, "readme.txt", "hello"), "no Edge pool"},
		"broken ZIP":        {"PK\x03\x04nonsense", "broken ZIP"},
		"broken JSON":       {`{"AccessEdgeExternalFqdn": `, "broken JSON"},
		"another JSON":      {`{"a": 1}`, "no Edge service, pool or SIP domain of a topology"},
		"absurd size":       {"<" + strings.Repeat(" ", limits.Topology), "larger than 32 MiB"},
	} {
		_, err := loadBytes("input", []byte(tt.raw))
		if e := firstError(t, err); !strings.Contains(e, tt.want) || !strings.HasPrefix(e, "input") {
			t.Errorf("%s: got %v, want %q", name, e, tt.want)
		}
	}
}
