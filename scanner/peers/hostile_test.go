//go:build linux

package peers_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"edgecert/scanner"
	"edgecert/scanner/edge"
)

// hostile serves every connection to a loopback address with serve, until the
// test ends. Connections are reset when serve returns false.
func hostile(t *testing.T, serve func(net.Conn) bool) netip.AddrPort {
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

// record is a TLS record; longer bodies are split.
func record(kind byte, body []byte) []byte {
	var b []byte
	for len(body) > 0 {
		n := min(len(body), 1<<14)
		b = binary.BigEndian.AppendUint16(append(b, kind, 3, 3), uint16(n))
		b = append(b, body[:n]...)
		body = body[n:]
	}
	return b
}

// message is a handshake message in records, saying it has length bytes.
func message(kind byte, length int, body []byte) []byte {
	return record(22, append([]byte{kind, byte(length >> 16), byte(length >> 8), byte(length)}, body...))
}

// serverHello takes TLS 1.2 with ECDHE_RSA_WITH_AES_128_GCM_SHA256.
func serverHello() []byte {
	body := append([]byte{3, 3}, bytes.Repeat([]byte{7}, 32)...)
	body = append(body, 0, 0xc0, 0x2f, 0)
	return message(2, len(body), body)
}

// certificates is a Certificate message of n entries of size bytes of nothing.
func certificates(n, size int) []byte {
	entry := append([]byte{byte(size >> 16), byte(size >> 8), byte(size)}, bytes.Repeat([]byte{0x30}, size)...)
	list := bytes.Repeat(entry, n)
	body := append([]byte{byte(len(list) >> 16), byte(len(list) >> 8), byte(len(list))}, list...)
	return message(11, len(body), body)
}

// after reads the ClientHello and then sends parts.
func after(parts ...[]byte) func(net.Conn) bool {
	return func(c net.Conn) bool {
		readHello(c)
		_, err := c.Write(bytes.Join(parts, nil))
		return err == nil
	}
}

func readHello(c net.Conn) { _, _ = c.Read(make([]byte, 16<<10)) }

// then resets the connection after serve.
func reset(serve func(net.Conn) bool) func(net.Conn) bool {
	return func(c net.Conn) bool { serve(c); return false }
}

// endless sends b again and again.
func endless(begin, b []byte) func(net.Conn) bool {
	return func(c net.Conn) bool {
		readHello(c)
		_, err := c.Write(begin)
		for err == nil {
			_, err = c.Write(b)
		}
		return true
	}
}

// drip sends b in bytes, one every 100 ms.
func drip(b []byte) func(net.Conn) bool {
	return func(c net.Conn) bool {
		for i := range b {
			if _, err := c.Write(b[i : i+1]); err != nil {
				return true
			}
			time.Sleep(100 * time.Millisecond)
		}
		return true
	}
}

func TestHostilePeers(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	silence := func(c net.Conn) bool { _, _ = io.Copy(io.Discard, c); return true }
	tests := []struct {
		name  string
		serve func(net.Conn) bool
		want  edge.ErrorClass
	}{
		{"accepts and says nothing", silence, edge.ClassTimeout},
		{"one byte every 100 ms", drip(append(serverHello(), certificates(1, 300)...)), edge.ClassTimeout},
		{"silence behind the ServerHello", func(c net.Conn) bool { after(serverHello())(c); return silence(c) }, edge.ClassTimeout},
		{"a record half sent", func(c net.Conn) bool { after(serverHello()[:20])(c); return silence(c) }, edge.ClassTimeout},
		{"endless warnings", endless(nil, record(21, []byte{1, 90})), edge.ClassProtocol},
		{"endless requests for a hello", endless(serverHello(), message(0, 0, nil)), edge.ClassProtocol},
		{"endless records of one message", endless(serverHello(), record(22, make([]byte, 1<<14))), edge.ClassProtocol},
		{"a message that says it has 16 MB", endless(message(2, 1<<24-1, make([]byte, 1000)), record(22, make([]byte, 1<<14))), edge.ClassTooLarge},
		{"a list of 10 MB", after(serverHello(), certificates(10, 1<<20)), edge.ClassTooLarge},
		{"a chain of 10,000", after(serverHello(), certificates(10000, 1000)), edge.ClassTooLarge},
		{"no certificate in the list", after(serverHello(), certificates(0, 0)), edge.ClassBadCertificate},
		{"a list longer than its message", after(serverHello(), message(11, 3, []byte{0, 0, 9})), edge.ClassBadCertificate},
		{"plain HTTP", after([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")), edge.ClassNotTLS},
		{"an SSH banner, unasked", func(c net.Conn) bool {
			_, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
			return silence(c)
		}, edge.ClassNotTLS},
		{"an SMTP banner, unasked", func(c net.Conn) bool {
			_, _ = io.WriteString(c, "220 mail.contoso.com ESMTP\r\n")
			return silence(c)
		}, edge.ClassNotTLS},
		{"endless text", endless(nil, []byte(strings.Repeat("no TLS here\n", 1000))), edge.ClassNotTLS},
		{"reset at the ClientHello", reset(after()), edge.ClassReset},
		{"reset behind the ServerHello", reset(after(serverHello())), edge.ClassReset},
		{"reset within the certificate", reset(after(serverHello(), certificates(1, 3000)[:1000])), edge.ClassReset},
		{"closed at once", func(net.Conn) bool { return true }, edge.ClassReset},
		{"closed at the ClientHello", after(), edge.ClassReset},
		{"closed within a record", after(serverHello()[:20]), edge.ClassReset},
		{"half closed", func(c net.Conn) bool {
			_ = c.(*net.TCPConn).CloseWrite()
			return silence(c)
		}, edge.ClassReset},
		{"a record that says 65535 bytes", after([]byte{22, 3, 3, 0xff, 0xff}, make([]byte, 4000)), edge.ClassProtocol},
		{"a record that says more than comes", after([]byte{22, 3, 3, 0x10, 0x00, 2, 0, 0, 0x26}), edge.ClassReset},
		{"an alert", after(record(21, []byte{2, 80})), edge.ClassTLSAlert},
		{"application data", after(record(23, []byte("hello"))), edge.ClassNotTLS},
		{"a suite nobody offered", after(bytes.Replace(serverHello(), []byte{0xc0, 0x2f}, []byte{0x00, 0x01}, 1)), edge.ClassProtocol},
		{"a version nobody knows", after(bytes.Replace(serverHello(), []byte{0x26, 3, 3}, []byte{0x26, 9, 9}, 1)), edge.ClassProtocol},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			got := scan(t, at(hostile(t, tt.serve)), scanner.Options{Timeout: timeout, Retries: -1})
			if s, want := seenIn(got), (seen{Outcome: edge.Failed, Stage: edge.StageHandshake, Class: tt.want}); s != want {
				t.Errorf("%+v, %v: want %+v", s, got.Fault, want)
			}
			// A second way of looking may take as long again.
			if took := time.Since(begin); took > 3*timeout {
				t.Errorf("took %v of a timeout of %v", took, timeout)
			}
		})
	}
}

// Whatever an A/V or XMPP address does, it ends in time, and with a class.
func TestHostilePeersOfOtherProtocols(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	silence := func(c net.Conn) bool { _, _ = io.Copy(io.Discard, c); return true }
	tests := []struct {
		name  string
		role  edge.Role
		serve func(net.Conn) bool
		want  edge.ErrorClass
	}{
		{"A/V: silence", edge.AV, silence, edge.ClassTimeout},
		{"A/V: the pseudo answer in drips", edge.AV, drip([]byte{0x16, 3, 1, 0, 0x4e, 2, 0, 0, 0x46, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), edge.ClassTimeout},
		{"A/V: closed at once", edge.AV, func(net.Conn) bool { return true }, edge.ClassReset},
		{"A/V: reset at the pseudo ClientHello", edge.AV, reset(after()), edge.ClassReset},
		{"A/V: plain HTTP", edge.AV, after([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")), edge.ClassNotTLS},
		{"A/V: endless zeros", edge.AV, endless(nil, make([]byte, 1<<14)), edge.ClassNotTLS},
		{"XMPP: silence", edge.XMPP, silence, edge.ClassTimeout},
		{"XMPP: features without end", edge.XMPP, endless([]byte("<stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features>"),
			[]byte(strings.Repeat("<a/>", 1000))), edge.ClassTooLarge},
		{"XMPP: reset at the stream header", edge.XMPP, reset(after()), edge.ClassReset},
		{"XMPP: an SMTP banner", edge.XMPP, func(c net.Conn) bool {
			_, _ = io.WriteString(c, "220 mail.contoso.com ESMTP\r\n")
			return silence(c)
		}, edge.ClassNotTLS},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := at(hostile(t, tt.serve))
			e.Role = tt.role
			begin := time.Now()
			got := scan(t, e, scanner.Options{Timeout: timeout, Retries: -1})
			if s, want := seenIn(got), (seen{Outcome: edge.Failed, Stage: edge.StageHandshake, Class: tt.want}); s != want {
				t.Errorf("%+v, %v: want %+v", s, got.Fault, want)
			}
			if took := time.Since(begin); took > 3*timeout {
				t.Errorf("took %v of a timeout of %v", took, timeout)
			}
		})
	}
}

// On loopback the reset may be there before the dial has ended.
func TestResetAtOnce(t *testing.T) {
	t.Parallel()
	for _, role := range []edge.Role{edge.Access, edge.AV, edge.XMPP} {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			e := at(hostile(t, func(net.Conn) bool { return false }))
			e.Role = role
			got := scan(t, e, scanner.Options{Retries: -1})
			s := seenIn(got)
			if s.Outcome != edge.Failed || s.Class != edge.ClassReset || s.Stage != edge.StageHandshake && s.Stage != edge.StageDial {
				t.Errorf("%+v, %v: want a reset", s, got.Fault)
			}
		})
	}
}

// A reset after the whole certificate loses nothing, at either version.
func TestResetAfterTheCertificate(t *testing.T) {
	t.Parallel()
	id := issue(t, nil)
	for version, number := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			addr := hostile(t, func(c net.Conn) bool {
				server := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{id.pair}, MaxVersion: number, ClientAuth: tls.RequestClientCert,
					VerifyConnection: func(tls.ConnectionState) error { return io.ErrClosedPipe }})
				_ = server.Handshake() // the client has sent its Finished
				return false
			})
			got := scan(t, at(addr), scanner.Options{})
			if got.Outcome != edge.Captured {
				t.Errorf("%+v, %v: want captured", seenIn(got), got.Fault)
			}
			expect(t, got, seenIn(got), id)
		})
	}
}
