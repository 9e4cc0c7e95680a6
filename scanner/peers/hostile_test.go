//go:build linux

package peers_test

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"edgecert/scanner"
	"edgecert/scanner/edge"
)

// hostile serves every connection to a loopback address with serve, which
// says whether the connection is closed afterwards or reset.
func hostile(t *testing.T, serve func(net.Conn) (polite bool)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if !serve(c) {
					_ = c.(*net.TCPConn).SetLinger(0)
				}
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func silence(c net.Conn) bool {
	_, _ = io.Copy(io.Discard, c)
	return true
}

// hears reads what the client says first.
func hears(c net.Conn) bool {
	_, _ = c.Read(make([]byte, 16<<10))
	return true
}

func resets(c net.Conn) bool {
	hears(c)
	return false
}

// says hears the client and answers.
func says(b string) func(net.Conn) bool {
	return func(c net.Conn) bool {
		hears(c)
		_, _ = io.WriteString(c, b)
		return true
	}
}

// greets speaks first, and waits.
func greets(b string) func(net.Conn) bool {
	return func(c net.Conn) bool {
		_, _ = io.WriteString(c, b)
		return silence(c)
	}
}

// endless answers with begin, and then with b again and again.
func endless(begin, b string) func(net.Conn) bool {
	return func(c net.Conn) bool {
		hears(c)
		_, err := io.WriteString(c, begin)
		for err == nil {
			_, err = io.WriteString(c, b)
		}
		return true
	}
}

// drips sends b in bytes, one every 100 ms, and then waits.
func drips(b string) func(net.Conn) bool {
	return func(c net.Conn) bool {
		for i := range b {
			if _, err := io.WriteString(c, b[i:i+1]); err != nil {
				return true
			}
			time.Sleep(100 * time.Millisecond)
		}
		return silence(c)
	}
}

// One scan among hostile peers of every protocol: each ends in time with its
// own class, and the healthy server between them is captured every time.
func TestHostilePeersSideBySide(t *testing.T) {
	t.Parallel()
	const timeout = 5 * time.Second // the timeouts are waited for, the rest must fit on a busy machine
	serverHello := "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" + strings.Repeat("7", 32) + "\x00\xc0\x2f\x00"
	pseudo := "\x16\x03\x01\x00\x4e\x02\x00\x00\x46\x03\x01" + strings.Repeat("7", 30)
	tests := []struct {
		name  string
		role  edge.Role
		serve func(net.Conn) bool
		want  edge.ErrorClass
	}{
		{"silence", edge.Access, silence, edge.ClassTimeout},
		{"a ServerHello in drips", edge.Access, drips(serverHello), edge.ClassTimeout},
		{"endless warnings", edge.Access, endless("", "\x15\x03\x03\x00\x02\x01\x5a"), edge.ClassProtocol},
		{"10 MB of certificates", edge.Access, endless(serverHello+"\x16\x03\x03\x40\x00\x0b\x9f\xff\xff\x9f\xff\xfc\x9f\xff\xf9"+strings.Repeat("0", 16374),
			"\x16\x03\x03\x40\x00"+strings.Repeat("0", 1<<14)), edge.ClassTooLarge},
		{"HTTP", edge.Access, says("HTTP/1.1 400 Bad Request\r\n\r\n"), edge.ClassNotTLS},
		{"endless text", edge.Access, endless("", strings.Repeat("no TLS here\n", 1000)), edge.ClassNotTLS},
		{"an SSH banner", edge.Access, greets("SSH-2.0-OpenSSH_9.2p1\r\n"), edge.ClassNotTLS},
		{"a reset", edge.Access, resets, edge.ClassReset},
		{"a close", edge.Access, hears, edge.ClassReset},
		{"A/V: silence", edge.AV, silence, edge.ClassTimeout},
		{"A/V: a pseudo answer in drips", edge.AV, drips(pseudo), edge.ClassTimeout},
		{"A/V: a reset", edge.AV, resets, edge.ClassReset},
		{"A/V: a close", edge.AV, hears, edge.ClassReset},
		{"A/V: HTTP", edge.AV, says("HTTP/1.1 400 Bad Request\r\n\r\n"), edge.ClassNotTLS},
		{"A/V: endless zeros", edge.AV, endless("", strings.Repeat("\x00", 1<<14)), edge.ClassNotTLS},
		{"XMPP: silence", edge.XMPP, silence, edge.ClassTimeout},
		{"XMPP: features without end", edge.XMPP, endless("<stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features>",
			strings.Repeat("<a/>", 1000)), edge.ClassTooLarge},
		{"XMPP: a reset", edge.XMPP, resets, edge.ClassReset},
		{"XMPP: an SMTP banner", edge.XMPP, greets("220 mail.contoso.com ESMTP\r\n"), edge.ClassNotTLS},
	}
	id := issue(t, nil)
	healthy := at(sServer(t, id))
	var endpoints []edge.Endpoint
	for _, tt := range tests {
		e := at(hostile(t, tt.serve))
		e.Role = tt.role
		endpoints = append(endpoints, e, healthy)
	}
	begin := time.Now()
	got, err := scanner.Scan(t.Context(), endpoints, scanner.Options{Timeout: timeout, Retries: -1, Quick: true})
	took := time.Since(begin)
	if err != nil || len(got) != len(endpoints) {
		t.Fatalf("%d captures of %d endpoints, %v", len(got), len(endpoints), err)
	}
	// OpenSSL's server takes one client after the other; the rest is for a
	// second way of looking at some of the hostile ones.
	if took > 3*timeout {
		t.Errorf("took %v with a timeout of %v", took, timeout)
	}
	for i, tt := range tests {
		want := seen{Outcome: edge.Failed, Stage: edge.StageHandshake, Class: tt.want}
		if s := seenIn(got[2*i]); s != want {
			t.Errorf("%s: %+v, %v: want %+v", tt.name, s, got[2*i].Fault, want)
		}
		expect(t, got[2*i+1], seen{edge.Captured, edge.StageDone, "", "TLS 1.3", edge.NotRequested}, id)
	}
}
