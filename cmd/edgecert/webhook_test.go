package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"edgecert/report"
	"edgecert/report/formats"
	"edgecert/scanner/audit"
)

// secretPath stands for the token in a webhook's URL.
const secretPath = "/hook/T0KEN?sig=S1G"

// receiver is a webhook's other side. It hands out what was posted to it.
func receiver(t *testing.T, status int) (url string, posted <-chan []byte) {
	t.Helper()
	bodies := make(chan []byte, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.URL.String() != secretPath || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v: %v", r.Method, r.URL, r.Header, err)
		}
		bodies <- body
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.URL + secretPath, bodies
}

// badScan is a report with more problems than anybody reads, one of them with a
// name that tries to be more than a name.
func badScan() report.Report {
	r := scanOf("edge\x1b[31m\r\n**emea** <at>all</at>")
	r.Verdict, r.Pools[0].Verdict = audit.VerdictError, audit.VerdictError
	r.Pools[0].Steps = []audit.Step{{On: []string{"edge1"}, Text: "assign the new certificate"}}
	for i := range 500 {
		r.Pools[0].Problems = append(r.Pools[0].Problems, audit.Problem{Severity: audit.Error, Impact: strings.Repeat("ä", 5000),
			Headline: fmt.Sprintf("edge%d presents an expired certificate", i+1), Members: []string{fmt.Sprintf("edge%d", i+1)}})
	}
	return r
}

func TestWebhookRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte("ftp://T0KEN\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []webhookOptions{{url: "hooks.contoso.com/T0KEN"}, {url: "https://%zz/T0KEN"}, {url: "https:///T0KEN"},
		{url: "@" + file}, {url: "@" + file + "x"}, {url: "https://h/T0KEN", format: "xml"}, {format: "teams"}} {
		if w, err := newWebhook(o); err == nil || w != nil || strings.Contains(err.Error(), "T0KEN") {
			t.Errorf("%+v: %v, %v", o, w, err)
		}
	}
	if w, err := newWebhook(webhookOptions{}); w != nil || err != nil {
		t.Errorf("none wanted: %v, %v", w, err)
	}
}

func TestWebhookFormats(t *testing.T) {
	t.Parallel()
	url, posted := receiver(t, http.StatusAccepted)
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte(url+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := badScan()
	r.Pools[0].Untold = []audit.Untold{{Reason: "DNS did not answer", Rules: []string{"dns-no-address"}}}
	for _, format := range []string{"json", "teams"} {
		w, err := newWebhook(webhookOptions{url: "@" + file, format: format})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.post(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	var m webhookMessage
	if err := json.Unmarshal(<-posted, &m); err != nil {
		t.Fatal(err)
	}
	if m.Verdict != audit.VerdictError || m.Headline != "edge1 presents an expired certificate" || m.First != "on edge1: assign the new certificate" || m.Host != "jump1" || m.Finished != r.Evidence.Finished ||
		len(m.Problems) != webhookEntries || m.MoreProblems != 400 || m.Problems[0].Members[0] != "edge1" || m.Problems[0].Pool != r.Pools[0].Plan.Name ||
		!slices.Equal(m.Untold, []string{"DNS did not answer (dns-no-address)"}) {
		t.Errorf("posted %+v", m)
	}
	body := <-posted
	var card struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type, Version, FallbackText string
				Body                        []struct {
					Type    string
					Inlines []struct{ Type, Text string }
				}
			}
		}
	}
	if err := json.Unmarshal(body, &card); err != nil {
		t.Fatal(err)
	}
	if card.Type != "message" || len(card.Attachments) != 1 || card.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" ||
		card.Attachments[0].Content.Type != "AdaptiveCard" || len(body) > 28<<10 {
		t.Errorf("%d bytes: %+v", len(body), card)
	}
	var all strings.Builder
	for _, block := range card.Attachments[0].Content.Body {
		if block.Type != "RichTextBlock" || len(block.Inlines) != 1 || block.Inlines[0].Type != "TextRun" {
			t.Errorf("a block that may read markup: %+v", block)
		}
		all.WriteString(block.Inlines[0].Text + "\n")
	}
	for _, want := range []string{"ERROR: edge1 presents", "first: on edge1: assign", "edge10 presents", "and 490 more", "could not tell: DNS did not answer", "endpoints seen from jump1"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("the card lacks %q:\n%s", want, all.String())
		}
	}
	if strings.ContainsAny(all.String(), "\x1b\r") || strings.Contains(all.String(), "edge11 ") {
		t.Errorf("the card has too much:\n%q", all.String())
	}
}

// Whatever a receiver does, no word about it holds the URL, and a redirection is
// not followed (the receiver refuses any other path).
func TestWebhookFails(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	moved, _ := receiver(t, http.StatusTemporaryRedirect)
	broken, _ := receiver(t, http.StatusInternalServerError)
	for want, url := range map[string]string{"status 307": moved, "status 500": broken, "refused": closed.URL + secretPath,
		"no answer within": "http://" + silent.Addr().String() + secretPath} {
		w, err := newWebhook(webhookOptions{url: url})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := t.Context(), func() {}
		if want == "no answer within" {
			ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
		}
		err = w.post(ctx, scanOf("p"))
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "T0KEN") || strings.Contains(err.Error(), "S1G") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// It is posted exactly when --quiet prints. What could not be posted is a
// warning, and is told again by the next run: the state stays as it was.
func TestWebhookWhenQuietPrints(t *testing.T) {
	t.Parallel()
	warned := scanOf("p")
	warned.Verdict, warned.Pools[0].Verdict = audit.VerdictWarning, audit.VerdictWarning
	for _, c := range []struct {
		name         string
		r            report.Report
		answer       int
		posted, kept bool
		status       int
	}{
		{"all well", scanOf("p"), 200, false, true, exitOK},
		{"a warning", warned, 200, true, true, exitWarning},
		{"a warning that nobody takes", warned, 503, true, false, exitWarning},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url, posted := receiver(t, c.answer)
			w, err := newWebhook(webhookOptions{url: url})
			if err != nil {
				t.Fatal(err)
			}
			var out, errOut strings.Builder
			a := &app{out: &out, ui: newUI(&errOut)}
			format, _ := formats.Named("table")
			s := &sinks{flags: outputFlags{quiet: true}, format: format, state: mustOpen(t, t.TempDir()), webhook: w}
			if err := a.deliver(t.Context(), c.r, s, "warning"); err != nil {
				t.Fatal(err)
			}
			if got := len(posted) == 1; got != c.posted || got != (out.Len() > 0) {
				t.Errorf("posted %d, printed %q", len(posted), out.String())
			}
			if _, err := os.Stat(s.state.file); (err == nil) != c.kept || a.status != c.status {
				t.Errorf("state %v, status %d", err, a.status)
			}
			if strings.Contains(errOut.String(), "webhook") == c.kept || strings.Contains(errOut.String(), "T0KEN") {
				t.Errorf("stderr %q", errOut.String())
			}
		})
	}
}

// The whole command, against an address where nobody listens.
func TestWebhookOfAScan(t *testing.T) {
	t.Parallel()
	url, posted := receiver(t, http.StatusOK)
	var out, errOut strings.Builder
	status := run(t.Context(), []string{"scan", "127.0.0.1:1", "--retries", "0", "--quick", "--quiet", "-v", "--webhook", url}, strings.NewReader(""), &out, &errOut)
	if status != exitError || len(posted) != 1 {
		t.Fatalf("status %d, posted %d: %s", status, len(posted), errOut.String())
	}
	if body := string(<-posted); !strings.Contains(body, `"verdict":"incomplete"`) || !strings.Contains(body, `"failed":1`) {
		t.Errorf("posted %s", body)
	}
	if all := out.String() + errOut.String(); strings.Contains(all, "T0KEN") || strings.Contains(all, "S1G") {
		t.Errorf("the URL is told: %s", all)
	}
}
