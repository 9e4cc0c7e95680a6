package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/limits"
)

// plainServer is a mail server that says no more than it must, and offers no
// TLS. It hands out what it was sent.
func plainServer(t *testing.T) (address string, received <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return speaking(t, l, "8BITMIME")
}

// speaking is a mail server behind l that can do one thing more.
func speaking(t *testing.T, l net.Listener, able string) (address string, received <-chan string) {
	t.Helper()
	t.Cleanup(func() { _ = l.Close() })
	mails := make(chan string, 1)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			converse(conn, able, mails)
		}
	}()
	return l.Addr().String(), mails
}

// converse speaks as much of RFC 5321 as takes in one mail.
func converse(conn net.Conn, able string, mails chan<- string) {
	defer conn.Close()
	fmt.Fprint(conn, "220 test\r\n")
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.TrimSpace(strings.ToUpper(line)), " "); verb {
		case "EHLO":
			fmt.Fprintf(conn, "250-test\r\n250 %s\r\n", able)
		case "AUTH":
			fmt.Fprint(conn, "235 welcome\r\n")
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		case "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			var b strings.Builder
			for line, err = in.ReadString('\n'); err == nil && line != ".\r\n"; line, err = in.ReadString('\n') {
				b.WriteString(strings.TrimPrefix(line, "."))
			}
			mails <- b.String()
			fmt.Fprint(conn, "250 taken\r\n")
		default:
			fmt.Fprint(conn, "250 fine\r\n")
		}
	}
}

func TestMailInTheClear(t *testing.T) {
	t.Parallel()
	address, received := plainServer(t)
	m, err := newMailer(mailOptions{to: []string{"ops@contoso.com"}, from: "edgecert@contoso.com", server: address, clear: true}, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	r := hostilePool()
	if err := m.send(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	checkMail(t, strings.NewReader(<-received), r)
}

// TestMailRefusesToGoInTheClear: a server without STARTTLS, which is also what
// somebody on the way makes of one that has it, gets no mail.
func TestMailRefusesToGoInTheClear(t *testing.T) {
	t.Parallel()
	address, received := plainServer(t)
	m, err := newMailer(mailOptions{to: []string{"ops@contoso.com"}, from: "edgecert@contoso.com", server: address}, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	err = m.send(t.Context(), scanOf("edge-emea"))
	if err == nil || !strings.Contains(err.Error(), address) {
		t.Fatalf("got %v", err)
	}
	if _, hint := explain(err); !strings.Contains(hint, "--smtp-clear") {
		t.Errorf("hint %q", hint)
	}
	select {
	case text := <-received:
		t.Errorf("it was sent: %q", text)
	default:
	}
}

// TestMailToASilentServer: it accepts and never speaks; the caller's patience
// counts.
func TestMailToASilentServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m, err := newMailer(mailOptions{to: []string{"ops@contoso.com"}, from: "edgecert@contoso.com", server: l.Addr().String()}, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := m.send(ctx, scanOf("edge-emea")); err == nil || time.Since(began) > 20*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// serverCertificate is a self-signed certificate for 127.0.0.1 with its key, as
// PEM, and a pool that trusts it.
func serverCertificate(t *testing.T) ([]byte, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return text, pool
}

// TestMailToAnEndlessServer: what a server says without end is cut, whether in
// one line or in many, before TLS, for it or within it.
func TestMailToAnEndlessServer(t *testing.T) {
	t.Parallel()
	certificate, roots := serverCertificate(t)
	pair, err := tls.X509KeyPair(certificate, certificate)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, begin, again string
		clear, implicit    bool
	}{
		{"a greeting in one line", "220 ", "hello ", true, false},
		{"a greeting of many lines", "", "220-hello\r\n", true, false},
		{"an answer to EHLO", "220 hello\r\n", "250-STARTTLS\r\n", false, false},
		{"within TLS", "220 ", "hello ", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			if c.implicit {
				l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}})
			}
			defer l.Close()
			said := make(chan int, 1)
			go func() {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				n, _ := io.WriteString(conn, c.begin)
				again := strings.Repeat(c.again, 1<<10)
				for more := 0; err == nil; n += more {
					more, err = io.WriteString(conn, again)
				}
				said <- n
			}()
			o := mailOptions{to: []string{"ops@contoso.com"}, from: "edgecert@contoso.com", server: l.Addr().String(), clear: c.clear, roots: roots}
			m, err := newMailer(o, noEnv)
			if err != nil {
				t.Fatal(err)
			}
			m.implicitTLS = c.implicit
			if err := m.send(t.Context(), scanOf("edge-emea")); err == nil || !strings.Contains(err.Error(), "says more than 1024 KB") {
				t.Errorf("got %v", err)
			}
			if n := <-said; n < limits.MailAnswers/2 {
				t.Errorf("it was cut after %d bytes", n)
			}
		})
	}
}

// TestMailOverImplicitTLS: TLS from the first byte, and the password goes within it.
func TestMailOverImplicitTLS(t *testing.T) {
	t.Parallel()
	certificate, roots := serverCertificate(t)
	pair, err := tls.X509KeyPair(certificate, certificate)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	address, received := speaking(t, l, "AUTH PLAIN")
	m, err := newMailer(mailOptions{to: []string{"ops@contoso.com"}, from: "edgecert@contoso.com", server: address, user: "alice", roots: roots},
		func(string) string { return "secret" })
	if err != nil {
		t.Fatal(err)
	}
	m.implicitTLS = true
	r := hostilePool()
	if err := m.send(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	checkMail(t, strings.NewReader(<-received), r)
	m.o.roots = nil
	if err := m.send(t.Context(), r); err == nil {
		t.Error("it was sent to a server whose certificate nobody trusts")
	}
}
