package inventory

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

const (
	printA = "cc577caf4f56d77b57d482b913eafafd8eb85004"
	printB = "c9346d08ae1e3201cc12cb0734f3ad9af2e0c9c9"
)

// object5 is one certificate as PowerShell 5 writes it, with one replacement.
func object5(change ...string) string {
	text := `{"Issuer":"CN=Example Issuing CA, O=Example Trust","NotAfter":"\/Date(1794787200000)\/","NotBefore":"\/Date(1777593600000)\/",` +
		`"SerialNumber":"00A15EED","Subject":"CN=sip.contoso.com","AlternativeNames":["sip.contoso.com","webcon.contoso.com"],` +
		`"Thumbprint":"CC577CAF4F56D77B57D482B913EAFAFD8EB85004","Use":"AudioVideoAuthentication"}`
	return strings.NewReplacer(change...).Replace(text)
}

// healthy is what object5 says.
func healthy(change ...func(*edge.InventoryRecord)) edge.InventoryRecord {
	r := edge.InventoryRecord{
		Member: "edge1", Use: "AudioVideoAuthentication", Thumbprint: printA, Serial: "a15eed",
		Subject: "CN=sip.contoso.com", Issuer: "CN=Example Issuing CA, O=Example Trust",
		NotBefore: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC),
		Names: []string{"sip.contoso.com", "webcon.contoso.com"}, Source: "certs.json: record 1",
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func list(r ...edge.InventoryRecord) []edge.InventoryRecord { return r }

func TestParseForms(t *testing.T) {
	t.Parallel()
	const csvRow = `"CN=Example Issuing CA, O=Example Trust","CN=sip.contoso.com","00A15EED","CC577CAF4F56D77B57D482B913EAFAFD8EB85004","{sip.contoso.com, webcon.contoso.com}","AudioVideoAuthentication",`
	const csvHead = `"Issuer","Subject","SerialNumber","Thumbprint","AlternativeNames","Use","NotBefore","NotAfter"` + "\r\n"
	row := func(s string) func(*edge.InventoryRecord) { return func(r *edge.InventoryRecord) { r.Source = s } }
	use := func(s string) func(*edge.InventoryRecord) { return func(r *edge.InventoryRecord) { r.Use = s } }
	ticks := []string{`\/Date(1794787200000)\/`, "", `\/Date(1777593600000)\/`, ""}
	withDates := func(notBefore, notAfter string) string {
		ticks[1], ticks[3] = notAfter, notBefore
		return object5(ticks...)
	}
	tests := []struct {
		name string
		data string
		want []edge.InventoryRecord
	}{
		{"one object", object5(), list(healthy())},
		{"an array of one", "[" + object5() + "]", list(healthy())},
		{"documents in a row", object5() + "\r\n" + object5("AudioVideo", "OtherAudioVideo"), list(healthy(), healthy(use("OtherAudioVideoAuthentication"), row("certs.json: record 2")))},
		{"an array that PowerShell 5 wrapped", `{"value":[` + object5() + `],"Count":1}`, list(healthy())},
		{"arrays within an array", "[[" + object5() + "],[" + object5(`"AudioVideoAuthentication"`, `"Internal"`) + "]]",
			list(healthy(), healthy(use("Internal"), row("certs.json: record 2")))},
		{"UTF-8 with BOM", "\ufeff" + object5(), list(healthy())},
		{"UTF-16LE with BOM", toUTF16(binary.LittleEndian, object5()), list(healthy())},
		{"UTF-16BE with BOM", toUTF16(binary.BigEndian, object5()), list(healthy())},
		{"date with an offset behind the milliseconds", withDates("/Date(1777593600000+0200)/", "/Date(1794787200000+0100)/"), list(healthy())},
		{"ISO dates of PowerShell 7", withDates("2026-05-01T02:00:00+02:00", "2026-11-16T00:00:00.0000000Z"), list(healthy())},
		{"ISO dates without a zone", withDates("2026-05-01T00:00:00", "2026-11-16T00:00:00"), list(healthy())},
		{"dates as objects", object5(`"\/Date(1794787200000)\/"`, `{"value":"\/Date(1794787200000)\/","DisplayHint":2,"DateTime":"Monday, November 16, 2026"}`), list(healthy())},
		{"use as an array", object5(`"AudioVideoAuthentication"`, `["AccessEdgeExternal","AudioVideoAuthentication"]`), list(healthy(use("AccessEdgeExternal")), healthy())},
		{"use as flags in one text", object5(`"AudioVideoAuthentication"`, `"AccessEdgeExternal, AudioVideoAuthentication"`), list(healthy(use("AccessEdgeExternal")), healthy())},
		{"use as an object with value and name", object5(`"AudioVideoAuthentication"`, `{"value":4,"Value":"AudioVideoAuthentication"}`), list(healthy())},
		{"names as one text", object5(`["sip.contoso.com","webcon.contoso.com"]`, `"{sip.contoso.com, webcon.contoso.com}"`), list(healthy())},
		{"no names", object5(`["sip.contoso.com","webcon.contoso.com"]`, "null"), list(healthy(func(r *edge.InventoryRecord) { r.Names = nil }))},
		{"thumbprint copied from the certificate dialog", object5("CC577C", "\u200ecc 57 7c "), list(healthy())},
		{"outputs of two members in one file", "[" + object5(`{"Issuer"`, `{"PSComputerName":"EDGE2.contoso.net","Issuer"`) + "," + object5(`{"Issuer"`, `{"PSComputerName":"EDGE1.contoso.net","Issuer"`) + "]",
			list(healthy(row("certs.json: record 2")))},
		{"CSV with ISO dates", csvHead + csvRow + `"2026-05-01T00:00:00Z","2026-11-16T00:00:00Z"`, list(healthy(row("certs.json:2")))},
		{"CSV with a type line", "#TYPE Selected.Microsoft.Rtc.Management.Deployment.CertificateReference\r\n" + csvHead + csvRow + `"2026-05-01T00:00:00Z","2026-11-16T00:00:00Z"`, list(healthy(row("certs.json:3")))},
		{"CSV of the United States", csvHead + csvRow + `"5/1/2026 12:00:00 AM","11/16/2026 12:00:00 AM"`, list(healthy(row("certs.json:2")))},
		{"CSV of the United States, newer spaces", csvHead + csvRow + "\"5/1/2026 12:00:00\u202fAM\",\"11/16/2026 12:00:00\u202fAM\"", list(healthy(row("certs.json:2")))},
		{"CSV of Great Britain", csvHead + csvRow + `"01/05/2026 00:00:00","16/11/2026 00:00:00"`, list(healthy(row("certs.json:2")))},
		{"CSV of Germany", strings.ReplaceAll(csvHead, ",", ";") + strings.ReplaceAll(csvRow, `",`, `";`) + `"01.05.2026 00:00:00";"16.11.2026 00:00:00"`, list(healthy(row("certs.json:2")))},
		{"CSV in which the names are a type", csvHead + strings.Replace(csvRow, "{sip.contoso.com, webcon.contoso.com}", "System.Collections.Generic.List`1[System.String]", 1) + `"2026-05-01T00:00:00Z","2026-11-16T00:00:00Z"`,
			list(healthy(row("certs.json:2"), func(r *edge.InventoryRecord) { r.Names = nil }))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			found, err := Parse("certs.json", []byte(test.data), []string{"edge1"}, now())
			got := found.Records
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func toUTF16(o binary.AppendByteOrder, s string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		out = o.AppendUint16(out, u)
	}
	return string(out)
}

func TestParseTellsStagedOnes(t *testing.T) {
	t.Parallel()
	second := func(effective string) string {
		return object5("CC577CAF4F56D77B57D482B913EAFAFD8EB85004", strings.ToUpper(printB), "1777593600000", "1793000000000",
			`{"Issuer"`, `{"EffectiveDate":`+effective+`,"Issuer"`)
	}
	tests := []struct {
		name string
		data string
		want []string // thumbprint's first two digits, * for staged
	}{
		{"in use from a day to come", "[" + object5() + "," + second(`"2026-12-01T00:00:00Z"`) + "]", []string{"cc", "c9*"}},
		{"in use since yesterday, the old one still listed", "[" + object5() + "," + second(`"2026-11-21T00:00:00Z"`) + "]", []string{"c9"}},
		{"two without a date: the newer one", "[" + second("null") + "," + object5() + "]", []string{"cc", "c9*"}},
		{"said by the record itself", "[" + object5() + "," + strings.Replace(second("null"), "{", `{"Roll":true,`, 1) + "]", []string{"cc", "c9*"}},
		{"the same one twice", "[" + object5() + "," + object5() + "]", []string{"cc"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			found, err := Parse("certs.json", []byte(test.data), []string{"edge1"}, now())
			records := found.Records
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range records {
				mark := r.Thumbprint[:2]
				if r.Staged {
					mark += "*"
				}
				got = append(got, mark)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, data, says string
	}{
		{"nothing", " \r\n", "the file is empty"},
		{"too large", strings.Repeat(" ", limits.Inventory+1), "larger than 4 MB"},
		{"JSON cut off", object5()[:100], "broken JSON"},
		{"an array of numbers", "[1, 2]", "no certificate of Get-CsCertificate in it"},
		{"no thumbprint", object5("Thumbprint", "Fingerprint"), "none has a Thumbprint"},
		{"one without a thumbprint", object5() + object5("Thumbprint", "Fingerprint"), `record 2: thumbprint "": 40 hexadecimal digits`},
		{"thumbprint too short", object5("CC577C", ""), "40 hexadecimal digits"},
		{"use as a number", object5(`"AudioVideoAuthentication"`, "4"), `use "4" is a number`},
		{"no use", object5(`"Use"`, `"Type"`), "(Use) is missing"},
		{"a date of words", object5(`\/Date(1794787200000)\/`, "next year"), `NotAfter: "next year" is no date`},
		{"thumbprint as a number", object5(`"CC577CAF4F56D77B57D482B913EAFAFD8EB85004"`, "5"), `record 1: thumbprint "5": 40`},
		{"of another member", object5(`{"Issuer"`, `{"PSComputerName":"edge2","Issuer"`), "no record is of edge1: they are of edge2"},
		{"nested without end", strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "nested deeper than"},
		{"thousands of records", "[" + strings.TrimSuffix(strings.Repeat(object5()+",", 3000), ",") + "]", "3000 records: a member has a dozen"},
		{"a table for people", "Issuer : CN=Example\r\nThumb : x", "none has a Thumbprint"},
		{"CSV with a header alone", "Thumbprint,Use", "none has a Thumbprint"},
		{"CSV with a bad thumbprint", "Use,Thumbprint\nInternal,12", `certs.json:2: thumbprint "12"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			found, err := Parse("certs.json", []byte(test.data), []string{"edge1"}, now())
			records := found.Records
			if err == nil {
				t.Fatalf("read as %d records", len(records))
			}
			if !strings.HasPrefix(err.Error(), "certs.json") || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q does not name the file and %q", err, test.says)
			}
		})
	}
}

// Whatever a file holds, Parse answers or refuses; it never panics, and what it
// returns is sound.
func FuzzParse(f *testing.F) {
	f.Add([]byte(object5()))
	f.Add([]byte("[" + object5() + "]" + object5()))
	f.Add([]byte("#TYPE X\nThumbprint,Use\n" + printA + ",Internal"))
	f.Add([]byte(toUTF16(binary.LittleEndian, object5())))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := Parse("certs.json", data, []string{"edge1"}, now())
		records := found.Records
		if err != nil {
			return
		}
		for _, r := range records {
			if len(r.Thumbprint) != 40 || r.Use == "" || r.Source == "" {
				t.Errorf("a record without thumbprint, use or source: %s", fmt.Sprint(r))
			}
		}
	})
}
