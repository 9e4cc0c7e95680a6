package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/probe/fault"
)

func TestDialThrough(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, scheme, login string
		serve               func(net.Conn)
	}{
		{"SOCKS5", "socks5", "", socksServer(0)},
		{"SOCKS5 with a login", "socks5", "jump:secret@", socksServer(0)},
		{"CONNECT", "http", "", connectServer("", "")},
		{"CONNECT with a login", "http", "jump:secret@", connectServer("Basic anVtcDpzZWNyZXQ=", "")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dial, err := New(tt.scheme + "://" + tt.login + listen(t, tt.serve))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			conn, err := dial(ctx, "tcp", listen(t, endpoint))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			cancel() // the connection outlives the dialing
			if _, err := io.WriteString(conn, " again"); err != nil {
				t.Fatal(err)
			}
			b := make([]byte, len("hello again"))
			if _, err := io.ReadFull(conn, b); err != nil || string(b) != "hello again" {
				t.Errorf("read %q, %v", b, err)
			}
		})
	}
}

func TestDialErrors(t *testing.T) {
	t.Parallel()
	silent := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	says := func(s string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = c.Read(make([]byte, 512))
			_, _ = io.WriteString(c, s)
		}
	}
	tests := []struct {
		name, scheme string
		serve        func(net.Conn) // nil: a closed port
		own          bool
		is           error // nil: none in particular
		class        edge.ErrorClass
		text         string
	}{
		{"SOCKS: endpoint refuses", "socks5", socksServer(5), false, syscall.ECONNREFUSED, edge.ClassRefused, "refused"},
		{"SOCKS: no route to the endpoint", "socks5", socksServer(4), false, syscall.EHOSTUNREACH, edge.ClassUnreachable, ""},
		{"SOCKS: no network", "socks5", socksServer(3), false, syscall.ENETUNREACH, edge.ClassUnreachable, ""},
		{"SOCKS: endpoint silent", "socks5", socksServer(6), false, syscall.ETIMEDOUT, edge.ClassTimeout, ""},
		{"SOCKS: not allowed", "socks5", socksServer(2), true, nil, edge.ClassLocal, "not allowed by ruleset"},
		{"SOCKS: general failure", "socks5", socksServer(1), false, nil, edge.ClassUnreachable, "general SOCKS server failure"},
		{"SOCKS: a reply of no meaning", "socks5", socksServer(99), false, nil, edge.ClassUnreachable, "99"},
		{"SOCKS: closed after the greeting", "socks5", says("\x05\x00"), true, nil, edge.ClassLocal, "SOCKS5"},
		{"SOCKS: silent after the greeting", "socks5", func(c net.Conn) { _, _ = c.Write([]byte{5, 0}); silent(c) }, false, nil, edge.ClassTimeout, "in time"},
		{"SOCKS: silent from the start", "socks5", silent, true, nil, edge.ClassLocal, ""},
		{"SOCKS: login wanted", "socks5", says("\x05\xff"), true, nil, edge.ClassLocal, "no acceptable authentication"},
		{"SOCKS: an HTTP proxy", "socks5", says("HTTP/1.1 400 Bad Request\r\n\r\n"), true, nil, edge.ClassLocal, "version"},
		{"SOCKS: proxy refuses", "socks5", nil, true, nil, edge.ClassLocal, "connecting"},
		{"CONNECT: bad gateway", "http", connectServer("", "HTTP/1.1 502 Bad Gateway\r\n\r\n"), false, nil, edge.ClassUnreachable, "502 Bad Gateway"},
		{"CONNECT: gateway timeout", "http", connectServer("", "HTTP/1.0 504 Gateway Timeout\r\n\r\n"), false, syscall.ETIMEDOUT, edge.ClassTimeout, "504"},
		{"CONNECT: forbidden", "http", connectServer("", "HTTP/1.1 403 Forbidden\r\n\r\n"), true, nil, edge.ClassLocal, "403"},
		{"CONNECT: endpoint silent", "http", silent, false, nil, edge.ClassTimeout, "in time"},
		{"CONNECT: login wanted", "http", connectServer("Basic x", ""), true, nil, edge.ClassLocal, "it wants a login"},
		{"CONNECT: a web server", "http", connectServer("", "HTTP/1.1 405 Method Not Allowed\r\n\r\n"), true, nil, edge.ClassLocal, "405"},
		{"CONNECT: redirected", "http", connectServer("", "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"), true, nil, edge.ClassLocal, "302"},
		{"CONNECT: a SOCKS proxy", "http", says("\x05\xff"), true, nil, edge.ClassLocal, "CONNECT"},
		{"CONNECT: a page of its own", "http", connectServer("", "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html>"), true, nil, edge.ClassLocal, "page of its own"},
		{"CONNECT: closed", "http", says(""), true, nil, edge.ClassLocal, "CONNECT"},
		{"CONNECT: a header without end", "http", says("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 2*limits.ProxyAnswer)), true, nil, edge.ClassLocal, "65536"},
		{"CONNECT: proxy refuses", "http", nil, true, nil, edge.ClassLocal, "connecting"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := closedPort(t)
			if tt.serve != nil {
				addr = listen(t, tt.serve)
			}
			dial, err := New(tt.scheme + "://" + addr)
			if err != nil {
				t.Fatal(err)
			}
			patience := 30 * time.Second
			if strings.Contains(tt.name, "silent") {
				patience = 2 * time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err = dial(ctx, "tcp", "192.0.2.1:443")
			var failure *Error
			if !errors.As(err, &failure) {
				t.Fatalf("error %v (%T), want an *Error", err, err)
			}
			if failure.Own != tt.own || failure.Proxy != addr {
				t.Errorf("%v: own %v of %s, want %v of %s", err, failure.Own, failure.Proxy, tt.own, addr)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v is not %v", err, tt.is)
			}
			if got := fault.Class(err); got != tt.class || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v: class %s, want %s and a message with %q", err, got, tt.class, tt.text)
			}
		})
	}
}

func TestDialInterrupted(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"socks5", "http"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			dial, err := New(scheme + "://" + listen(t, func(c net.Conn) {
				_, _ = c.Read(make([]byte, 1))
				cancel()
				_, _ = io.Copy(io.Discard, c)
			}))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := dial(ctx, "tcp", "192.0.2.1:443"); fault.Class(err) != edge.ClassInterrupted {
				t.Errorf("%v: class %s, want interrupted", err, fault.Class(err))
			}
		})
	}
}

// Only addresses are dialed: which address of a name answered would stay
// unknown.
func TestNamesAreRefused(t *testing.T) {
	t.Parallel()
	dial, err := New("http://127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t.Context(), "tcp", "sip.contoso.com:443"); err == nil || !strings.Contains(err.Error(), "sip.contoso.com") {
		t.Errorf("error %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, url, text string }{
		{"nothing", "", "no scheme"},
		{"a host and port alone", "jump.contoso.com:1080", "no scheme"},
		{"an address and port alone", "192.0.2.1:1080", "no scheme"},
		{"a broken host", "http://ju mp:3128", "invalid character"},
		{"an unknown scheme", "https://jump:3128", `scheme "https"`},
		{"no port", "socks5://jump", "no port"},
		{"no host", "socks5://:1080", "no host"},
		{"port 0", "http://jump:0", "port 0: ports run from 1 to 65535"},
		{"a port too high", "http://jump:65536", "port 65536: ports run from 1 to 65535"},
		{"a path", "http://jump:3128/proxy.pac", "something behind the port"},
		{"a user name too long", "socks5://" + strings.Repeat("u", 256) + ":p@jump:1080", "more than 255 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := New(tt.url); err == nil || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("New(%q): %v, want %q", tt.url, err, tt.text)
			}
		})
	}
	for _, secret := range []string{"socks5://jump:hunter2@host", "http://jump:hunter2@ho st:1", "ftp://jump:hunter2@host:1"} {
		if _, err := New(secret); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("New(%q): %v, want an error without the password", secret, err)
		}
	}
}
