package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"edgecert/scanner/edge"
)

// What administrators have already: printed, exported, in any encoding.
func TestParsePasted(t *testing.T) {
	t.Parallel()
	cases := []struct {
		file      string
		names     int
		notBefore string
	}{
		{"list.txt", 0, "2026-01-02T12:49:37Z"}, {"list-utf16.txt", 0, "2026-01-02T12:49:37Z"}, {"transcript.txt", 0, "2026-01-02T12:49:37Z"},
		{"clixml.xml", 2, "2026-01-02T11:49:37Z"}, {"good.json", 2, "2026-01-02T12:49:37Z"},
	}
	for _, tt := range cases {
		found, err := Parse(tt.file, pasted(t, tt.file), []string{"edge1"}, now())
		records := found.Records
		if err != nil {
			t.Errorf("%s: %v", tt.file, err)
			continue
		}
		var uses []string
		for _, r := range records {
			uses = append(uses, r.Use)
			if got := r.NotBefore.Format(time.RFC3339); r.Thumbprint != "a9d51a2911c74fabff7f2a8a994b20857d399107" || got != tt.notBefore || len(r.Names) != tt.names || r.Serial != "611bb01200000000000c" {
				t.Errorf("%s: %+v", tt.file, r)
			}
		}
		if d := cmp.Diff([]string{edge.TypeAccess, edge.TypeAV}, uses); d != "" {
			t.Errorf("%s: %s", tt.file, d)
		}
	}
	for _, file := range []string{"table.txt", "certutil.txt", "dir-cert.csv", "dir-cert.json", "svc-list.txt"} {
		found, err := Parse(file, pasted(t, file), []string{"edge1"}, now())
		records := found.Records
		var hint *edge.HintError
		if !errors.As(err, &hint) || !strings.Contains(hint.Hint, "Get-CsCertificate | ") || !strings.HasPrefix(err.Error(), file) {
			t.Errorf("%s: %d records, error %v", file, len(records), err)
		}
	}
}

func pasted(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile("../powershell/testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// In what order a file has day and month; nothing that decides: not known.
func TestParseDates(t *testing.T) {
	t.Parallel()
	for dates, want := range map[string]string{
		"1/5/2026 0:00:00,5/1/2027 0:00:00":        "0001-01-01",
		"13/5/2026 0:00:00,5/13/2027 0:00:00":      "0001-01-01",
		"1/5/2026 0:00:00,12/31/2027 0:00:00":      "2026-01-05",
		"1/5/2026 0:00:00,31/12/2027 0:00:00":      "2026-05-01",
		"1/5/2026 1:00:00 PM,2/5/2027 0:00:00 AM":  "2026-01-05",
		"1/5/2026 1:00:00 PM,31/5/2027 0:00:00 AM": "2026-05-01",
		"1.5.2026 0:00:00,2.5.2027 0:00:00":        "2026-05-01",
	} {
		found, err := Parse("c.csv", []byte("Thumbprint,Use,NotBefore,NotAfter\n"+printA+",Internal,"+dates), []string{"edge1"}, now())
		records := found.Records
		if err != nil {
			t.Errorf("%s: %v", dates, err)
		} else if got := records[0].NotBefore.Format(time.DateOnly); got != want {
			t.Errorf("%s: %s, want %s", dates, got, want)
		}
	}
}

// One file of all members, as edgecert collect gathers it.
func TestParseCollected(t *testing.T) {
	t.Parallel()
	member := func(name string) string {
		return `{"MachineName":"` + name + `.contoso.net","Services":[{"Name":"RTCSRV","Started":"2026-11-20T01:02:03Z"},{"Name":"RTCMRAUTH","Started":"\/Date(1777593600000)\/"}],` +
			`"Certificates":[` + object5("AudioVideoAuthentication", "XmppServer") + "," + object5() + "," + object5("AudioVideoAuthentication", "AccessEdgeExternal") + `],"CA":["` + strings.Repeat("AB", 20) + `"],"Root":[],"Misplaced":[{"Thumbprint":"` + strings.Repeat("CD", 20) + `","Subject":"CN=Issuing","Issuer":"CN=Root"}]}`
	}
	file := []byte("[" + member("EDGE1") + "," + member("edge2") + "]")
	found, err := Parse("all.json", file, []string{"edge1", "edge2", "edge3"}, now())
	records := found.Records
	if err != nil || !slices.Equal(found.Missing, []string{"edge3"}) || len(records) != 6 {
		t.Fatalf("%d records, missing %q, %v", len(records), found.Missing, err)
	}
	got := map[string]string{}
	for _, r := range records {
		got[r.Member+" "+r.Use] = r.Started.Format(time.RFC3339)
	}
	want := map[string]string{}
	for _, m := range []string{"edge1", "edge2"} {
		want[m+" XmppServer"], want[m+" AudioVideoAuthentication"], want[m+" AccessEdgeExternal"] = "0001-01-01T00:00:00Z", "2026-05-01T00:00:00Z", "2026-11-20T01:02:03Z"
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	misplaced := []edge.StoredCertificate{{Thumbprint: strings.Repeat("cd", 20), Subject: "CN=Issuing", Issuer: "CN=Root"}}
	var stores []edge.Store
	for i, m := range []string{"edge1", "edge2"} {
		stores = append(stores, edge.Store{Member: m, CA: []string{strings.Repeat("ab", 20)}, Sorted: true, Misplaced: misplaced, Source: fmt.Sprintf("all.json: record %d", i+1)})
	}
	if d := cmp.Diff(stores, found.Stores); d != "" {
		t.Error(d)
	}
	broken := bytes.Replace(file, []byte(`"CA":["ABAB`), []byte(`"CA":["xBAB`), 1)
	if _, err = Parse("all.json", broken, nil, now()); err == nil || !strings.Contains(err.Error(), "all.json: record 1: store CA: thumbprint") {
		t.Errorf("a store with what is no thumbprint: %v", err)
	}
	if found, err = Parse("all.json", file, nil, now()); err != nil || found.Records[0].Member != "EDGE1.contoso.net" {
		t.Errorf("a pool whose members are not known: %v, %+v", err, found)
	}
}

// The file of edgecert collect as it leaves the script, as PowerShell puts two of
// them together, and in the encodings that come of that.
func TestParseCollectedInEveryEncoding(t *testing.T) {
	t.Parallel()
	member := func(name string) string {
		return "{\r\n    \"MachineName\":  \"" + name + "\",\r\n    \"Certificates\":  [\r\n        {\r\n            \"Use\":  \"XmppServer\",\r\n            \"Thumbprint\":  \"" + printA + "\",\r\n" +
			"            \"Subject\":  \"CN=sip.contoso.com, O=Bücher GmbH\",\r\n            \"AlternativeNames\":  [\r\n                null\r\n            ],\r\n" +
			"            \"NotBefore\":  \"2026-05-01T00:00:00Z\",\r\n            \"NotAfter\":  \"2027-05-01T00:00:00Z\",\r\n            \"EffectiveDate\":  \"0001-01-01T05:00:00Z\"\r\n        }\r\n    ],\r\n" +
			"    \"Services\":  [\r\n        {\r\n            \"Name\":  \"REPLICA\",\r\n            \"State\":  \"Stopped\",\r\n            \"Started\":  null\r\n        }\r\n    ],\r\n    \"CA\":  [],\r\n    \"Root\":  [],\r\n    \"Misplaced\":  []\r\n}"
	}
	for name, text := range map[string]string{
		"one file":          "[" + member("edge1") + ",\r\n" + member("EDGE2.contoso.net") + "]\r\n",
		"two put together":  "[" + member("edge1") + "]\r\n[" + member("EDGE2.contoso.net") + "]\r\n",
		"two with two BOMs": "[" + member("edge1") + "]\r\n\ufeff[" + member("EDGE2.contoso.net") + "]\r\n",
	} {
		for encoding, encode := range map[string]func(string) []byte{
			"UTF-8":          func(s string) []byte { return []byte(s) },
			"UTF-8 with BOM": func(s string) []byte { return []byte("\ufeff" + s) },
			"UTF-16":         func(s string) []byte { return utf16Bytes(t, unicode.LittleEndian, s) },
			"UTF-16BE":       func(s string) []byte { return utf16Bytes(t, unicode.BigEndian, s) },
		} {
			found, err := Parse("all.json", encode(text), []string{"edge1", "edge2"}, now())
			if err != nil || len(found.Records) != 2 || len(found.Missing) != 0 || len(found.Stores) != 2 {
				t.Errorf("%s, %s: %+v, %v", name, encoding, found, err)
				continue
			}
			r := found.Records[1]
			if r.Member != "edge2" || r.Use != edge.TypeXMPP || r.Staged || !r.Effective.IsZero() || r.Names != nil || !strings.HasSuffix(r.Subject, "O=Bücher GmbH") {
				t.Errorf("%s, %s: %+v", name, encoding, r)
			}
		}
	}
}

func utf16Bytes(t *testing.T, order unicode.Endianness, s string) []byte {
	t.Helper()
	out, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
