package targets

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets/syntax"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"
)

// write puts a file into a directory of the test's own.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// loadBytes is Load for one input that has been read already.
func loadBytes(name string, raw []byte) (File, error) {
	var all loaded
	if err := all.add(name, raw, nil, false); err != nil {
		return File{}, err
	}
	return all.file()
}

// firstError is the first error of err, which has to be syntax.Errors, with its hint.
func firstError(t *testing.T, err error) string {
	t.Helper()
	var errs syntax.Errors
	if !errors.As(err, &errs) {
		t.Fatalf("got %v, want Errors", err)
	}
	if errs[0].Hint == "" {
		return errs[0].Error()
	}
	return errs[0].Error() + ": " + errs[0].Hint
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	want := mustParse(t, healthy)
	crlf := strings.ReplaceAll(healthy, "\n", "\r\n")
	utf16 := func(e unicode.Endianness) string {
		raw, err := unicode.UTF16(e, unicode.UseBOM).NewEncoder().String(crlf)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for name, text := range map[string]string{
		"CRLF": crlf, "UTF-8 with BOM": "\ufeff" + crlf,
		"UTF-16LE": utf16(unicode.LittleEndian), "UTF-16BE": utf16(unicode.BigEndian),
	} {
		if d := cmp.Diff(want, mustParse(t, text), comparing()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	for text, want := range map[string]string{
		"p\x00o\x00o\x00l\x00":             "stdin:1: a NUL byte: a text file is expected: UTF-8, or UTF-16 with a byte order mark",
		"# fine\n# b\xfccher\n":            "stdin:2: not UTF-8: save the file as UTF-8",
		strings.Repeat("x", 64<<10+1):      "stdin:1: a line of 65537 bytes: at most 65536 are read",
		strings.Repeat("#\n", 8<<20) + "#": "stdin: larger than 16 MiB: a targets file or a topology is expected",
	} {
		_, err := Load([]string{"-"}, strings.NewReader(text), nil)
		if got := firstError(t, err); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestAllErrorsOfAFile(t *testing.T) {
	t.Parallel()
	_, err := parse("t", []byte(strings.Repeat("nonsense here\n", 100)), nil)
	var errs syntax.Errors
	if !errors.As(err, &errs) || len(errs) != maxErrors+1 || !strings.Contains(errs[maxErrors].Error(), "more is wrong") {
		t.Errorf("got %v", err)
	}
	_, err = parse("t", []byte("pool a\naccess b.example\nwrong\nmember x 1.2.3\n"), nil)
	if !errors.As(err, &errs) || len(errs) != 2 || !strings.HasPrefix(errs[0].Error(), "t:3: ") || !strings.HasPrefix(errs[1].Error(), "t:4: ") {
		t.Errorf("got %v", err)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	first := write(t, "a.txt", healthy+"inventory edge1 certs.json\n192.0.2.1:443\ndomain a.example\n")
	stdin := strings.NewReader("192.0.2.2:443\n192.0.2.1:443\npool other\naccess b.example\ndomain a.example\n")
	f, err := Load([]string{first, "-"}, stdin, rules())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range f.Pools {
		names = append(names, p.Name)
	}
	if d := cmp.Diff([]string{"edge", "other", "loose"}, names); d != "" {
		t.Fatal(d)
	}
	if d := cmp.Diff([]edge.Loose{{Host: "192.0.2.1", Port: 443}, {Host: "192.0.2.2", Port: 443}}, f.Pools[2].Loose, comparing()); d != "" {
		t.Error(d)
	}
	if got, want := f.Pools[0].InventoryFiles[0].Path, filepath.Join(filepath.Dir(first), "certs.json"); got != want {
		t.Errorf("inventory %s, want %s", got, want)
	}
	if len(f.Domains) != 1 {
		t.Errorf("domains %v", f.Domains)
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	one, two := write(t, "one.txt", healthy), write(t, "two.txt", healthy)
	_, err := Load([]string{one, two}, nil, nil)
	want := `pool "edge" is described twice: ` + one + ":1 and " + two + ":1: rename one of them, or leave one out"
	if got := firstError(t, err); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, err := Load([]string{filepath.Join(t.TempDir(), "none.txt")}, nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	_, err = Load([]string{write(t, "a", "nonsense here"), write(t, "b", "nonsense there")}, nil, nil)
	var errs syntax.Errors
	if !errors.As(err, &errs) || len(errs) != 2 {
		t.Errorf("got %v, want the errors of both files", err)
	}
}

func TestTenThousandLooseEndpoints(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 10_000 {
		text.WriteString("192.0.2.1:")
		text.WriteString(syntax.JoinPorts([]int{i + 1}))
		text.WriteString(" sni=www.example.net\n")
	}
	f := mustParse(t, text.String())
	if got := len(edge.Plan(f.Pools)); got != 10_000 {
		t.Errorf("%d endpoints", got)
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	f, err := CommandLine([]string{"Contoso.COM", "sip.contoso.com:5061", "[2001:DB8::1]:443", "contoso.com.", "sip.contoso.com:5061"})
	if err != nil {
		t.Fatal(err)
	}
	want := File{
		Pools: []edge.Pool{{Name: "command-line", Kind: edge.CommandLinePool, Loose: []edge.Loose{
			{Host: "sip.contoso.com", Port: 5061}, {Host: "2001:db8::1", Port: 443},
		}}},
		Domains: []Domain{{Name: "contoso.com"}},
	}
	if d := cmp.Diff(want, f, comparing()); d != "" {
		t.Error(d)
	}
	for arg, want := range map[string]string{
		"203.0.113.1":           `"203.0.113.1" is an address without a port: add one, as in 203.0.113.1:5061`,
		"2001:db8::1":           `"2001:db8::1" is an address without a port: add one, as in [2001:db8::1]:5061`,
		"[fe80::1%eth0]:5061":   `"fe80::1%eth0" has a zone: it means something on this host only`,
		"sip.contoso.com:99999": `"sip.contoso.com:99999" is no HOST:PORT: port 99999: ports run from 1 to 65535`,
		"sip.contoso.com:":      `"sip.contoso.com:" is no HOST:PORT: write it as sip.contoso.com:5061`,
		":443":                  `":443" is no HOST:PORT: write it as sip.contoso.com:5061`,
		"a.b:443,c.d:443":       `"a.b:443,c.d:443" is no HOST:PORT: blanks divide hosts, not commas`,
		"127.0.0.0/24:443":      `"127.0.0.0/24:443": a network is not scanned: name each host with its port, as 127.0.0.0:5061`,
		"https://contoso.com":   `"https://contoso.com" is a URL: HOST:PORT is expected, without scheme and path`,
		"load_test.go":          `"load_test.go" is a file, not a host: a targets file is given with -t load_test.go`,
		"target.txt":            `"target.txt" is no SIP domain, and there is no such file: a targets file is given with -t FILE, and a SIP domain has no such end`,
		"edge1":                 `"edge1" is neither HOST:PORT nor a SIP domain: a host has a port, as in edge1:5061; a SIP domain has a dot`,
		"admin@contoso.com":     `"admin@contoso.com" is no DNS name: "@" is not allowed in one: the domain is what stands behind the @`,
		"con toso.com":          `"con toso.com" is no DNS name: " " is not allowed in one`,
	} {
		_, err := CommandLine([]string{arg})
		if got := firstError(t, err); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
