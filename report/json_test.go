package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

func encode(t testing.TB, r Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rich is a world that uses every part of the document.
func rich(t testing.TB) *world {
	w := faulty(t)
	c := w.at("edge1", edge.Access, 5061)
	c.TLS.AcceptableCANames, c.TLS.RequestCut, c.TLS.Staple = []string{"CN=Root <A> & \"B\""}, true, []byte{0x30, 0}
	c.Fault = &edge.Fault{Class: edge.ClassTLSAlert, Message: "certificate required"}
	c.Proof = edge.Proof{State: edge.NotSeen, Reason: "refused before it came"}
	c.Presentations = []edge.Presentation{
		{Offer: edge.OfferTLS12, Outcome: edge.Failed, Fault: &edge.Fault{Class: edge.ClassReset, Message: "reset"}},
		{Offer: edge.OfferTLS11, Outcome: edge.Captured, Version: "TLS 1.0", Chain: []*edge.Certificate{w.previousLeaf}, Proof: edge.Proof{State: edge.Proved}},
		{Offer: edge.OfferSample, Outcome: edge.Captured, Version: "TLS 1.3", Chain: []*edge.Certificate{w.leaf}},
		{Offer: edge.OfferSample, Outcome: edge.Captured, Version: "TLS 1.3", Chain: []*edge.Certificate{w.previousLeaf}},
		{Offer: edge.OfferSample, Outcome: edge.Failed, Fault: &edge.Fault{Class: edge.ClassTimeout, Message: "silence"}},
	}
	c.UDP = &edge.Turn{Live: true, Realm: "contoso.com"}
	w.ev.Asked, w.ev.Shard = edge.Asked{Samples: 4, UDP: true, Resolver: "192.0.2.53:53"}, &edge.Shard{Index: 2, Of: 3}
	c.XMPP = &edge.XMPPStream{StartTLS: "offered", From: "contoso.com"}
	w.ev.HostRoots, w.ev.HostTrusted = true, map[edge.Fingerprint]bool{w.leaf.Fingerprint: true}
	w.ev.Revocation = map[edge.Fingerprint]edge.Revocation{w.leaf.Fingerprint: {Status: edge.Good, Source: "OCSP http://ocsp.example"}}
	w.ev.Pools[0].DNS = &edge.DNS{Resolver: "192.0.2.53:53", Names: []edge.NameAnswer{{Name: "sip.contoso.com", Status: edge.Found}}}
	w.ev.Pools[0].Severities = map[string]string{"subject-not-first": "warning"}
	return w
}

func TestReportSurvivesFileAndJudgingAgain(t *testing.T) {
	t.Parallel()
	policy := audit.Policy{Profile: "renewal", WarnDays: 40, Allow: []string{"root-sent"}, OnlyRoots: true,
		Severities: map[string]audit.Severity{"weak-key": audit.Info}, Roots: []*edge.Certificate{cert(t, "a root", asCA)}}
	for name, w := range map[string]*world{"healthy": newWorld(t, 3), "faulty": faulty(t), "rich": rich(t), "malformed": malformed(t), "nothing": {t: t, ev: edge.Evidence{Started: started, Finished: finished}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := New(w.ev, audit.Judge(t.Context(), w.ev, policy, w.ev.Finished), policy, tool)
			loaded, err := Load(bytes.NewReader(encode(t, first)))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(first, loaded, sameCertificate); d != "" {
				t.Errorf("loading changed the report (-live +loaded):\n%s", d)
			}
			ev, p, err := Evidence(loaded)
			if err != nil {
				t.Fatal(err)
			}
			again := New(ev, audit.Judge(t.Context(), ev, p, ev.Finished), p, tool)
			if d := cmp.Diff(string(encode(t, first)), string(encode(t, again))); d != "" {
				t.Errorf("judging again changed the document (-first +again):\n%s", d)
			}
			if d := cmp.Diff(w.ev.Captures, ev.Captures, sameCertificate, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{}),
				cmpopts.IgnoreFields(edge.Endpoint{}, "Samples")); d != "" {
				t.Errorf("the evidence changed (-before +after):\n%s", d)
			}
		})
	}
}

// sameCertificate compares by fingerprint: a loaded report holds references.
var sameCertificate = cmp.Comparer(func(a, b *edge.Certificate) bool {
	return a == b || a != nil && b != nil && a.Fingerprint == b.Fingerprint
})

func TestNoFieldIsDroppedOrNull(t *testing.T) {
	t.Parallel()
	var doc any
	if err := json.Unmarshal(encode(t, newWorld(t, 1).report()), &doc); err != nil {
		t.Fatal(err)
	}
	// What may be null says something by it: see design and schema.json.
	mayBeNull := map[string]bool{"changes": true, "error": true, "certificate": true, "tls": true, "ocsp_staple": true, "revocation": true,
		"shard": true, "turn": true, "udp": true, "xmpp": true, "dns": true, "file": true}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				if x == nil && !mayBeNull[k] {
					t.Errorf("%s.%s is null", path, k)
				}
				walk(path+"."+k, x)
			}
		case []any:
			for _, x := range v {
				walk(path+"[]", x)
			}
		}
	}
	walk("", doc)
}

func TestVerdictOfReport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pools       []audit.Verdict
		interrupted bool
		want        audit.Verdict
	}{
		"no pool at all":                    {want: audit.VerdictIncomplete},
		"all well":                          {pools: []audit.Verdict{"ok", "ok"}, want: audit.VerdictOK},
		"a warning among good ones":         {pools: []audit.Verdict{"ok", "warning"}, want: audit.VerdictWarning},
		"incomplete outweighs warning":      {pools: []audit.Verdict{"incomplete", "warning"}, want: audit.VerdictIncomplete},
		"error outweighs incomplete":        {pools: []audit.Verdict{"incomplete", "error"}, want: audit.VerdictError},
		"interrupted where all seemed well": {pools: []audit.Verdict{"ok"}, interrupted: true, want: audit.VerdictIncomplete},
		"interrupted after an error":        {pools: []audit.Verdict{"error"}, interrupted: true, want: audit.VerdictError},
		"a pool that nobody judged":         {pools: []audit.Verdict{""}, want: audit.VerdictIncomplete},
		"a verdict that this program lacks": {pools: []audit.Verdict{"warning", "splendid"}, want: audit.Verdict("splendid")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev := edge.Evidence{Started: started, Finished: finished, Interrupted: tt.interrupted}
			var js []audit.Judgement
			for i, v := range tt.pools {
				ev.Pools = append(ev.Pools, edge.Pool{Name: fmt.Sprint(i)})
				js = append(js, audit.Judgement{Pool: fmt.Sprint(i), Verdict: v})
			}
			if got := New(ev, js, audit.Policy{}, tool).Verdict; got != tt.want {
				t.Errorf("verdict %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	good := string(encode(t, faulty(t).report()))
	leaf := cert(t, "leaf").Fingerprint.String()
	tests := map[string]struct {
		text string
		want string // part of the message
		hint bool
	}{
		"empty file":                   {"", "empty", true},
		"blank file":                   {"\n \n", "empty", true},
		"another program's JSON":       {`{"version": 1}`, `no "schema"`, true},
		"JSON list":                    {`[1, 2]`, "another shape", true},
		"schema that is no text":       {`{"schema": 1}`, "another shape", true},
		"schema of another program":    {`{"schema": "sarif-2.1.0"}`, `its schema is "sarif-2.1.0"`, true},
		"plain text":                   {"edge-emea ok", "not JSON", true},
		"later schema":                 {`{"schema": "edgecert.scan/2", "new": true}`, "edgecert.scan/2, and this edgecert reads edgecert.scan/1", true},
		"cut off":                      {good[:len(good)/2], "damaged: line", false},
		"cut off by one brace":         {strings.TrimSuffix(good, "}\n"), "damaged: line", false},
		"two reports in one file":      {good + good, "damaged: line", false},
		"text after the report":        {good + "done\n", "damaged: line", false},
		"field nobody knows":           {strings.Replace(good, `"interrupted"`, `"disturbed"`, 1), `unknown field "disturbed"`, false},
		"number where text belongs":    {strings.Replace(good, `"name": "edgecert"`, `"name": 7`, 1), "damaged: line 4", false},
		"time that is none":            {strings.Replace(good, `"2026-11-22T02:00:00Z"`, `"yesterday"`, 1), "damaged", false},
		"scan ending before it began":  {strings.Replace(good, `"2026-11-22T02:00:00Z"`, `"2027-11-22T02:00:00Z"`, 1), "before it began", false},
		"count edited":                 {strings.Replace(good, `"planned": 12`, `"planned": 11`, 1), "coverage says", false},
		"verdict edited":               {strings.Replace(good, `"verdict": "error"`, `"verdict": "fine"`, 1), `verdict "fine" is none`, false},
		"outcome edited":               {strings.Replace(good, `"outcome":"failed"`, `"outcome":"down"`, 1), `outcome "down" is none`, false},
		"role edited":                  {strings.ReplaceAll(good, `"role":"webcon"`, `"role":"\u001b[31m"`), `role "\x1b[31m" is none`, false},
		"serial number edited":         {strings.Replace(good, `"serial":"`, `"serial":"\u001b[31m`, 1), "no lower hex", false},
		"failed cell made captured":    {strings.Replace(good, `"outcome":"failed"`, `"outcome":"captured"`, 1), "contradict", false},
		"certificate under other name": {strings.Replace(good, `"`+leaf+`": {`, `"`+strings.Repeat("0", 64)+`": {`, 1), "its PEM is that of", false},
		"PEM edited":                   {strings.Replace(good, "BEGIN CERTIFICATE", "BEGIN KEY", 1), "PEM cannot be read", false},
		"address that is none":         {strings.Replace(good, `"203.0.113.10"`, `"203.0.113.999"`, 1), "203.0.113.999", false},
		"null among certificates":      {strings.Replace(good, `"presentations":[]`, `"presentations":[{"offer":"sample","chain":[null]}]`, 1), "names certificate", false},
		"host trusts no fingerprint":   {strings.Replace(good, `"host_trusted": []`, `"host_trusted": ["abc"]`, 1), "trusted by the host", false},
		"reference into nothing":       {strings.Replace(good, `"`+leaf+`"`, `"`+strings.Repeat("0", 64)+`"`, 1), "contradict", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(strings.NewReader(tt.text))
			var hint *edge.HintError
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, &hint) != tt.hint {
				t.Errorf("got %v, want a message with %q", err, tt.want)
			}
		})
	}
}

func TestLoadReadsWhatPowerShellRedirected(t *testing.T) {
	t.Parallel()
	text := encode(t, faulty(t).report())
	want, err := Load(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(strings.ReplaceAll(string(text), "\n", "\r\n"))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, in := range map[string][]byte{"UTF-16LE with BOM": wide, "UTF-8 with BOM": append([]byte("\ufeff"), text...)} {
		got, err := Load(bytes.NewReader(in))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestEvidenceRefusesMissingCertificates(t *testing.T) {
	t.Parallel()
	for _, seed := range []string{"leaf", "previous", "ca"} {
		r := rich(t).report()
		id := cert(t, seed).Fingerprint.String()
		if seed == "ca" {
			id = cert(t, seed, asCA).Fingerprint.String()
		}
		if seed == "previous" {
			id = newWorld(t, 1).previousLeaf.Fingerprint.String()
		}
		delete(r.Certificates, id)
		if _, _, err := Evidence(r); err == nil || !strings.Contains(err.Error(), id) {
			t.Errorf("without %s: error %v does not name it", seed, err)
		}
	}
}

func TestJSONIsASCIIAndExact(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	const text = "Zürich \u202e \x1b[31m \x7f \u009b \u2028 <b>&amp; 😀 \"\\"
	w.js[0].Findings[0].Message = text
	w.js[0].Findings[0].Fix = "bad byte \xff"
	doc := encode(t, w.report())
	for i, c := range doc {
		if c >= 0x7f || c < ' ' && c != '\n' {
			t.Fatalf("byte %#x at %d: %q", c, i, doc[max(0, i-20):i])
		}
	}
	r, err := Load(bytes.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Pools[0].Findings[0]; f.Message != text || f.Fix != `bad byte \xff` {
		t.Errorf("got %q and %q", f.Message, f.Fix)
	}
	if bytes.Contains(doc, []byte(`\u003c`)) {
		t.Error("escaped for HTML, which is no business of JSON")
	}
}

func TestTimesAreUTC(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.ev.Started = started.In(time.FixedZone("CET", 3600))
	if doc := string(encode(t, w.report())); !strings.Contains(doc, `"started": "2026-11-22T02:00:00Z"`) {
		t.Error("the start is not in UTC")
	}
}

// FuzzLoad: whatever comes in, Load refuses it or returns a report that can be
// judged, rendered and saved again unchanged.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"schema": "edgecert.scan/2"}`))
	f.Add(encode(f, New(edge.Evidence{}, nil, audit.Policy{}, tool)))
	small := newWorld(f, 1)
	small.ev.Captures = small.ev.Captures[:1]
	f.Add(encode(f, small.report()))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := Load(bytes.NewReader(in))
		if err != nil {
			return
		}
		if _, _, err := Evidence(r); err != nil {
			t.Fatal(err)
		}
		for _, format := range Formats() {
			if err := format.Render(io.Discard, r, TableOptions{}); err != nil {
				t.Fatalf("%s: %v", format.Name, err)
			}
		}
		text := encode(t, r)
		again, err := Load(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, encode(t, again)) {
			t.Error("saving again changed it")
		}
	})
}
