package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode"

	smtp "github.com/wneessen/go-mail"

	"edgecert/report"
	"edgecert/report/html"
	"edgecert/report/text"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// mailPasswordVariable is the environment variable for the SMTP password. On a
// command line every user of the machine could read it.
const mailPasswordVariable = "EDGECERT_SMTP_PASSWORD"

// The bounds of sending: a mail server that hangs must not hold the job until
// the next night.
const (
	mailDialTimeout = 30 * time.Second
	mailTimeout     = 3 * time.Minute
	maxSubject      = 150 // runes; longer ones are cut by mail programs anyway
)

// The ports that mean something: submission with STARTTLS (RFC 6409), which
// is the default, and with TLS from the first byte (RFC 8314).
const (
	submissionPort  = "587"
	implicitTLSPort = 465
)

// mailOptions are the flags of mailing.
type mailOptions struct {
	to           []string       // --mail-to, repeatable, each a list with commas
	from         string         // --mail-from
	server       string         // --smtp HOST[:PORT]; 587 by default, 465 is TLS from the start
	user         string         // --smtp-user; empty: no authentication
	passwordFile string         // --smtp-password-file; else the environment
	clear        bool           // --smtp-clear: no TLS, for a relay on this machine
	roots        *x509.CertPool // nil: this host's
}

// mailer sends reports by one SMTP server.
type mailer struct {
	o           mailOptions
	host        string
	port        int
	implicitTLS bool // TLS from the first byte
	from        *mail.Address
	to          []*mail.Address
	password    string
}

// newMailer checks the options and fetches the password, so that a mistake
// shows before the scan and not after it. It returns nil where no mail is
// wanted.
func newMailer(o mailOptions, getenv func(string) string) (*mailer, error) {
	if len(o.to) == 0 {
		if o.server != "" || o.from != "" {
			return nil, hintf("add --mail-to NAME@DOMAIN", "mail with no one to send it to")
		}
		return nil, nil
	}
	m := &mailer{o: o}
	for _, list := range o.to {
		addresses, err := mail.ParseAddressList(list)
		if err != nil {
			return nil, badAddress("--mail-to", list)
		}
		m.to = append(m.to, addresses...)
	}
	if o.from == "" || o.server == "" {
		return nil, hintf("add --mail-from NAME@DOMAIN and --smtp HOST:PORT", "--mail-to needs a sender and a mail server")
	}
	var err error
	if m.from, err = mail.ParseAddress(o.from); err != nil {
		return nil, badAddress("--mail-from", o.from)
	}
	if m.host, m.port, err = splitServer(o.server); err != nil {
		return nil, err
	}
	m.implicitTLS = m.port == implicitTLSPort && !o.clear
	if o.user == "" {
		return m, nil
	}
	if o.clear {
		return nil, hintf("leave out --smtp-clear or --smtp-user", "a password is never sent without TLS")
	}
	m.password, err = mailPassword(o.passwordFile, getenv)
	return m, err
}

func badAddress(flag, value string) error {
	return hintf("write it as name@contoso.com", "%s %q: no mail address", flag, value)
}

// splitServer reads HOST or HOST:PORT.
func splitServer(server string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(server)
	if err != nil {
		host, text = strings.Trim(server, "[]"), submissionPort
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 || host == "" || strings.ContainsFunc(host, unicode.IsSpace) {
		return "", 0, hintf("write it as --smtp mail.contoso.com:587", "--smtp %q: no HOST:PORT", server)
	}
	return host, port, nil
}

// mailPassword is the first line of the file, else the environment's word.
func mailPassword(file string, getenv func(string) string) (string, error) {
	if file == "" {
		if p := getenv(mailPasswordVariable); p != "" {
			return p, nil
		}
		return "", hintf("put it into a file and name that with --smtp-password-file, or into "+mailPasswordVariable,
			"--smtp-user without a password")
	}
	return secretIn(file, "the SMTP password")
}

// send mails the report, as HTML with the terminal report as its text.
func (m *mailer) send(ctx context.Context, r report.Report) error {
	msg, err := m.message(r)
	if err != nil {
		return fmt.Errorf("writing the mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	client, err := smtp.NewClient(m.host, m.options(ctx)...)
	if err != nil {
		return fmt.Errorf("mailing through %s: %w", m.o.server, err)
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return m.explain(err)
	}
	return nil
}

// options are how to speak with the server. The library heeds a context while
// it dials alone, and reads answers of any length, so it is given a connection
// that ends with ctx and at a limit.
func (m *mailer) options(ctx context.Context) []smtp.Option {
	config := &tls.Config{ServerName: m.host, RootCAs: m.o.roots, MinVersion: tls.VersionTLS12}
	dial, policy := limitedDial(ctx), smtp.TLSMandatory
	switch {
	case m.o.clear:
		policy = smtp.NoTLS
	case m.implicitTLS:
		// Where TLS is there before the first word no server offers STARTTLS
		// (RFC 3207, section 4.2), and the library sees that it is there.
		dial, policy = overTLS(dial, config), smtp.TLSOpportunistic
	}
	options := []smtp.Option{smtp.WithPort(m.port), smtp.WithTimeout(mailDialTimeout), smtp.WithTLSConfig(config),
		smtp.WithTLSPolicy(policy), smtp.WithDialContextFunc(dial)}
	if m.o.user != "" {
		options = append(options, smtp.WithSMTPAuth(smtp.SMTPAuthAutoDiscover), smtp.WithUsername(m.o.user), smtp.WithPassword(m.password))
	}
	return options
}

// limitedDial dials connections that end with ctx, and of which limits.MailAnswers is read.
func limitedDial(ctx context.Context) smtp.DialContextFunc {
	return func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		return &limitedConn{Conn: conn, left: limits.MailAnswers}, nil
	}
}

func overTLS(dial smtp.DialContextFunc, config *tls.Config) smtp.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		secured := tls.Client(conn, config)
		return secured, secured.HandshakeContext(ctx)
	}
}

// A limitedConn is a connection of which so much is read.
type limitedConn struct {
	net.Conn
	left int
}

func (c *limitedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, fmt.Errorf("the server says more than %d KB", limits.MailAnswers>>10)
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// explain says which server failed and, where it is known, the way out. What
// the server said is a string from the network; whoever prints it cleans it.
func (m *mailer) explain(err error) error {
	err = fmt.Errorf("mailing through %s: %w", net.JoinHostPort(m.host, strconv.Itoa(m.port)), err)
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return &edge.HintError{Err: err, Hint: "name the server as its certificate does, and see that this host trusts its issuer"}
	case strings.Contains(err.Error(), "does not support STARTTLS"):
		return &edge.HintError{Err: err, Hint: "the server offers no TLS: use its submission port (587 or 465), or --smtp-clear for a relay that you trust"}
	}
	return err
}

func (m *mailer) message(r report.Report) (*smtp.Msg, error) {
	var body, page strings.Builder
	if err := text.Write(&body, r, text.Options{Width: 78}); err != nil {
		return nil, err
	}
	if err := html.Write(&page, r); err != nil {
		return nil, err
	}
	msg := smtp.NewMsg()
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(m.to...)
	msg.Subject(mailSubject(r))
	msg.SetDate()
	msg.SetMessageID()
	// RFC 3834, section 5: nobody's absence note shall answer.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(smtp.TypeTextPlain, body.String())
	msg.AddAlternativeString(smtp.TypeTextHTML, page.String())
	return msg, nil
}

// mailSubject says the verdict and the worst problem, or where it is, worst
// first: what a person decides by whether to open the mail. Pool names are the user's or the network's, so they
// are cleaned, and the whole is cut.
func mailSubject(r report.Report) string {
	var parts []string
	for _, v := range []audit.Verdict{audit.VerdictError, audit.VerdictIncomplete, audit.VerdictWarning} {
		var names []string
		for _, p := range r.Pools {
			if p.Verdict == v {
				names = append(names, report.Clean(p.Plan.Name))
			}
		}
		if len(names) > 0 {
			parts = append(parts, strings.ToUpper(string(v))+" "+strings.Join(names, ", "))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, strings.ToUpper(string(r.Verdict)))
	}
	if h := r.Headline(); h != "" {
		if len(r.Pools) == 1 {
			h = r.Pools[0].Plan.Name + ": " + h
		}
		parts = []string{strings.ToUpper(string(r.Verdict)) + " " + h}
	}
	if n := len(r.Happened()); n > 0 {
		parts = append(parts, report.Plural(n, "change"))
	}
	subject := []rune(report.Clean("edgecert: " + strings.Join(parts, "; ")))
	if len(subject) > maxSubject {
		subject = append(subject[:maxSubject-1], '…')
	}
	return string(subject)
}
