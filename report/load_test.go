package report_test

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"edgecert/report"
	"edgecert/report/formats"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	good := string(encode(t, reporttest.Faulty(t).Report()))
	leaf := reporttest.Cert(t, "leaf").Fingerprint.String()
	zeros := strings.Repeat("0", 64)
	tests := map[string]struct {
		text string
		want string // part of the message
		hint bool
	}{
		"empty file":                   {"", "empty", true},
		"blank file":                   {"\n \n", "empty", true},
		"empty object":                 {"{}", `no "schema"`, true},
		"schema alone":                 {`{"schema": "edgecert.scan/1"}`, `it has no "started, finished,`, false},
		"another program's JSON":       {`{"version": 1}`, `no "schema"`, true},
		"JSON list":                    {`[1, 2]`, "another shape", true},
		"a PFX":                        {"0\x82\x0a\x10", "it is not JSON", true},
		"schema that is no text":       {`{"schema": 1}`, `no "schema"`, true},
		"schema of another program":    {`{"schema": "sarif-2.1.0"}`, `its schema is "sarif-2.1.0"`, true},
		"plain text":                   {"edge-emea ok", "not JSON", true},
		"later schema":                 {`{"schema": "edgecert.scan/2", "new": true}`, "edgecert.scan/2, and this edgecert reads edgecert.scan/1", true},
		"cut off":                      {good[:len(good)/2], "damaged: at byte", false},
		"cut off by one brace":         {strings.TrimSuffix(good, "}\n"), "damaged: at byte", false},
		"two reports in one file":      {good + good, "more follows", false},
		"text after the report":        {good + "done\n", "damaged: at byte", false},
		"field nobody knows":           {strings.Replace(good, `"interrupted"`, `"disturbed"`, 1), `unknown field "disturbed"`, false},
		"field of an endpoint":         {strings.Replace(good, `"outcome":`, `"outcomes":"x","outcome":`, 1), `unknown field "outcomes"`, false},
		"number where text belongs":    {strings.Replace(good, `"name": "edgecert"`, `"name": 7`, 1), "damaged: at byte", false},
		"list where an object belongs": {strings.Replace(good, `"pools": [`, `"pools": {`, 1), "damaged: at byte", false},
		"time that is none":            {strings.Replace(good, `"2026-11-22T02:00:00Z"`, `"yesterday"`, 1), "damaged", false},
		"scan ending before it began":  {strings.Replace(good, `"2026-11-22T02:00:00Z"`, `"2027-11-22T02:00:00Z"`, 1), "before it began", false},
		"outcome edited":               {strings.Replace(good, `"outcome":"failed"`, `"outcome":"down"`, 1), `outcome "down" is none`, false},
		"role edited":                  {strings.ReplaceAll(good, `"role":"webcon"`, `"role":"\u001b[31m"`), `role "\x1b[31m" is none`, false},
		"failed cell made captured":    {strings.Replace(good, `"outcome":"failed"`, `"outcome":"captured"`, 1), "contradict", false},
		"failure without a reason":     {strings.Replace(good, `"error":{"class":"refused"`, `"error":null,"was":{"class":"refused"`, 1), "unknown field", false},
		"certificate under other name": {strings.Replace(good, `"`+leaf+`": {`, `"`+zeros+`": {`, 1), "its PEM is that of", false},
		"certificate left out":         {strings.ReplaceAll(good, leaf, zeros), "its PEM is that of", false},
		"PEM edited":                   {strings.Replace(good, "BEGIN CERTIFICATE", "BEGIN KEY", 1), "PEM cannot be read", false},
		"address that is none":         {strings.Replace(good, `"203.0.113.10"`, `"203.0.113.999"`, 1), "203.0.113.999", false},
		"null among certificates":      {strings.Replace(good, `"chain":["`+leaf, `"chain":[null,"`+leaf, 1), "contradict", false},
		"host trusts no fingerprint":   {strings.Replace(good, `"host_trusted": []`, `"host_trusted": ["abc"]`, 1), "fingerprint of 3", false},
		"reference into nothing":       {strings.Replace(good, `"chain":["`+leaf+`"`, `"chain":["`+leaf+`","`+zeros+`"`, 1), "names certificate", false},
		"a key twice":                  {strings.Replace(good, `"verdict"`, `"started": "2026-11-22T02:00:00Z", "verdict"`, 1), `key "started" stands twice`, false},
		"a key of an endpoint twice":   {strings.Replace(good, `"outcome":`, `"port":1,"outcome":`, 1), `key "port" stands twice`, false},
		"a key in capitals":            {strings.Replace(good, `"outcome":`, `"Outcome":`, 1), "lower-case", false},
		"a key with an escape":         {strings.Replace(good, `"outcome":`, `"\u006futcome":`, 1), "lower-case", false},
		"a pool twice":                 {strings.Replace(good, `"pools": [`, `"pools": [{"name": "edge-emea", "plan": {"name": "edge-emea"}},`, 1), "stands twice", false},
		"a pool under another name":    {strings.Replace(good, `"name": "edge-emea"`, `"name": "edge-us"`, 1), "its plan is that of", false},
		"no pool":                      {string(encode(t, reporttest.Nothing())), "of no pool", false},
		"nested without end":           {`{"schema": "edgecert.scan/1", "verdict": ` + strings.Repeat("[", 1<<20), "levels of nesting", false},
		"a number without end":         {`{"schema": "edgecert.scan/1", "verdict": ` + strings.Repeat("1", 1<<20), "a number of more than", false},
		"a text without end":           {`{"schema": "edgecert.scan/1", "verdict": "` + strings.Repeat("1", 17<<20), "a text of more than", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := report.Load(t.Context(), strings.NewReader(tt.text))
			var hint *edge.HintError
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, &hint) != tt.hint {
				t.Errorf("got %v, want a message with %q", err, tt.want)
			}
		})
	}
}

// TestSavedScanIsNoAuthority: what is said of the evidence beside it is not
// believed, however it is edited.
func TestSavedScanIsNoAuthority(t *testing.T) {
	t.Parallel()
	w := reporttest.Faulty(t)
	live := report.Judge(t.Context(), w.Evidence, audit.Policy{}, reporttest.Finished(), reporttest.Tool())
	good := string(encode(t, live))
	if live.Verdict != audit.VerdictError {
		t.Fatalf("verdict %s", live.Verdict)
	}
	for name, edited := range map[string]string{
		"verdicts":          strings.ReplaceAll(good, `"verdict": "error"`, `"verdict": "ok"`),
		"severities":        strings.ReplaceAll(good, `"severity":"error"`, `"severity":"info"`),
		"counts":            strings.Replace(good, `"failed": 1`, `"failed": 0`, 1),
		"rules":             strings.ReplaceAll(good, `:"finding"`, `:"pass"`),
		"a certificate":     regexp.MustCompile(`"not_after":"[^"]*"`).ReplaceAllString(good, `"not_after":"2099-01-01T00:00:00Z"`),
		"findings left out": regexp.MustCompile(`(?s)"findings": \[.*?\n      \],`).ReplaceAllString(good, `"findings": [],`),
	} {
		if edited == good {
			t.Errorf("%s: nothing was edited", name)
		}
		r, err := report.Load(t.Context(), strings.NewReader(edited))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(good, string(encode(t, r))); d != "" {
			t.Errorf("%s: believed (-good +edited):\n%s", name, d)
		}
	}
}

func TestLoadReadsWhatPowerShellRedirected(t *testing.T) {
	t.Parallel()
	text := encode(t, reporttest.Faulty(t).Report())
	want, err := report.Load(t.Context(), bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(strings.ReplaceAll(string(text), "\n", "\r\n"))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, in := range map[string][]byte{"UTF-16LE with BOM": wide, "UTF-8 with BOM": append([]byte("\ufeff"), text...)} {
		got, err := report.Load(t.Context(), bytes.NewReader(in))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(string(encode(t, want)), string(encode(t, got))); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// FuzzLoad: whatever comes in, report.Load refuses it or returns a report that can be
// judged, rendered and saved again unchanged.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"schema": "edgecert.scan/2"}`))
	f.Add(encode(f, report.New(edge.Evidence{}, nil, audit.Policy{}, reporttest.Tool())))
	small := reporttest.New(f, 1)
	small.Evidence.Captures = small.Evidence.Captures[:1]
	f.Add(encode(f, small.Report()))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := report.Load(t.Context(), bytes.NewReader(in))
		if err != nil {
			return
		}
		for _, format := range formats.All() {
			if err := format.Render(io.Discard, r, formats.Options{}); err != nil {
				t.Fatalf("%s: %v", format.Name, err)
			}
		}
		text := encode(t, r)
		again, err := report.Load(t.Context(), bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, encode(t, again)) {
			t.Error("saving again changed it")
		}
	})
}
