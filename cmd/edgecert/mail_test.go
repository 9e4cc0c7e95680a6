package main

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/report"
	"edgecert/report/html"
	"edgecert/report/text"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

func noEnv(string) string { return "" }

func TestNewMailerRefuses(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\r\nsecret"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := mailOptions{to: []string{"ops@contoso.com"}, from: "edgecert@contoso.com", server: "mail.contoso.com"}
	for _, c := range []struct {
		name   string
		mutate func(*mailOptions)
		want   string
	}{
		{"no recipient", func(o *mailOptions) { o.to = nil }, "no one to send it to"},
		{"no sender", func(o *mailOptions) { o.from = "" }, "needs a sender"},
		{"no server", func(o *mailOptions) { o.server = "" }, "mail server"},
		{"recipient that is no address", func(o *mailOptions) { o.to = []string{"ops"} }, `--mail-to "ops"`},
		{"recipient with a header behind it", func(o *mailOptions) { o.to = []string{"ops@contoso.com\r\nBcc: x@example.com"} }, "no mail address"},
		{"sender with a header behind it", func(o *mailOptions) { o.from = "a@b.example\nSubject: x" }, "no mail address"},
		{"port out of range", func(o *mailOptions) { o.server = "mail:99999" }, "no HOST:PORT"},
		{"server with a command behind it", func(o *mailOptions) { o.server = "mail\r\nRCPT:25" }, "no HOST:PORT"},
		{"user without a password", func(o *mailOptions) { o.user = "alice" }, "without a password"},
		{"user without TLS", func(o *mailOptions) { o.user, o.clear = "alice", true }, "never sent without TLS"},
		{"password file that is not there", func(o *mailOptions) { o.user, o.passwordFile = "alice", empty+"x" }, "reading the SMTP password"},
		{"password file whose first line is empty", func(o *mailOptions) { o.user, o.passwordFile = "alice", empty }, "no password in it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := good
			c.mutate(&o)
			_, err := newMailer(o, noEnv)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestNewMailerTakes(t *testing.T) {
	t.Parallel()
	if m, err := newMailer(mailOptions{}, noEnv); m != nil || err != nil {
		t.Errorf("no mail wanted: %v, %v", m, err)
	}
	m, err := newMailer(mailOptions{to: []string{"Ops <ops@contoso.com>, b@contoso.com", "c@contoso.com"}, from: "edgecert@contoso.com",
		server: "mail.contoso.com", user: "alice"}, func(name string) string { return map[string]string{"EDGECERT_SMTP_PASSWORD": "secret"}[name] })
	if err != nil {
		t.Fatal(err)
	}
	if m.host != "mail.contoso.com" || m.port != 587 || len(m.to) != 3 || m.password != "secret" {
		t.Errorf("got %+v", m)
	}
}

func TestMailSubject(t *testing.T) {
	t.Parallel()
	pools := func(verdicts ...audit.Verdict) report.Report {
		r := report.Report{Verdict: verdicts[0]}
		for i, v := range verdicts {
			r.Pools = append(r.Pools, report.Pool{Plan: edge.Pool{Name: fmt.Sprintf("edge-%d", i)}, Judgement: audit.Judgement{Verdict: v}})
		}
		return r
	}
	hostile := pools(audit.VerdictError)
	hostile.Pools[0].Plan.Name = "x\r\nBcc: all@contoso.com\u202e" + strings.Repeat("y", 300)
	told := pools(audit.VerdictError)
	told.Pools[0].Problems = []audit.Problem{{Headline: "edge2 still presents the old certificate 3F2A9C11, which ends in 5 days"}}
	changed := pools(audit.VerdictOK)
	changed.Changes = make([]report.Change, 3)
	for _, c := range []struct {
		name string
		r    report.Report
		want string
	}{
		{"one error among the well", pools(audit.VerdictOK, audit.VerdictError), "edgecert: ERROR edge-1"},
		{"worst first", pools(audit.VerdictWarning, audit.VerdictIncomplete, audit.VerdictError, audit.VerdictError),
			"edgecert: ERROR edge-2, edge-3; INCOMPLETE edge-1; WARNING edge-0"},
		{"a problem", told, "edgecert: ERROR edge-0: edge2 still presents the old certificate 3F2A9C11, which ends in 5 days"},
		{"only changes", changed, "edgecert: OK; 3 changes"},
		{"a pool named to inject a header", hostile, `edgecert: ERROR x\r\nBcc: all@contoso.com\u202e` + strings.Repeat("y", 102) + "…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, mailSubject(c.r)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// readMail takes a mail apart: its headers, and its parts by content type.
func readMail(t *testing.T, in io.Reader) (mail.Header, map[string]string) {
	t.Helper()
	msg, err := mail.ReadMessage(in)
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q, %v", kind, err)
	}
	parts := map[string]string{}
	var last string
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e := p.Header.Get("Content-Transfer-Encoding"); e != "quoted-printable" {
			t.Errorf("encoding %q", e)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		last, _, _ = mime.ParseMediaType(p.Header.Get("Content-Type"))
		parts[last] = string(text)
	}
	if last != "text/html" { // RFC 2046, 5.1.4: the best alternative last
		t.Errorf("the last part is %s", last)
	}
	return msg.Header, parts
}

// checkMail wants r in a mail, whole and in both forms.
func checkMail(t *testing.T, in io.Reader, r report.Report) {
	t.Helper()
	header, parts := readMail(t, in)
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil || subject != mailSubject(r) {
		t.Errorf("subject %q, %v", subject, err)
	}
	if header.Get("Bcc") != "" || header.Get("Auto-Submitted") != "auto-generated" || header.Get("Message-Id") == "" {
		t.Errorf("headers %v", header)
	}
	var body, page strings.Builder
	if err := text.Write(&body, r, text.Options{Width: 78}); err != nil {
		t.Fatal(err)
	}
	if err := html.Write(&page, r); err != nil {
		t.Fatal(err)
	}
	lines := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	if diff := cmp.Diff(lines(body.String()), lines(parts["text/plain"])); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(lines(page.String()), lines(parts["text/html"])); diff != "" {
		t.Error(diff)
	}
}

// hostilePool is a report whose pool's name tries to become a header.
func hostilePool() report.Report {
	r := scanOf("edge\r\nBcc: all@contoso.com\r\n.\r\n")
	r.Pools[0].Verdict, r.Verdict = audit.VerdictError, audit.VerdictError
	return r
}
