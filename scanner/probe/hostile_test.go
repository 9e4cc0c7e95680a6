package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// serve answers every connection on a loopback port with handle until the test
// ends, and says where.
func serve(t testing.TB, handle func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // no test lasts so long
				handle(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return netip.MustParseAddrPort(l.Addr().String())
}

// hear takes the ClientHello, whatever it is.
func hear(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }

// linger waits until the client is gone.
func linger(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func reset(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

func record(kind byte, payload ...byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{kind, 3, 3}, uint16(len(payload))), payload...)
}

func message(kind byte, body ...byte) []byte {
	return append([]byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
}

// serverHello is a TLS 1.2 ServerHello for a suite.
func serverHello(suite uint16) []byte {
	body := append([]byte{3, 3}, make([]byte, 33)...)
	return message(2, append(binary.BigEndian.AppendUint16(body, suite), 0)...)
}

// certificates is a TLS 1.2 Certificate message.
func certificates(ders ...[]byte) []byte {
	var list []byte
	for _, der := range ders {
		list = append(list, byte(len(der)>>16), byte(len(der)>>8), byte(len(der)))
		list = append(list, der...)
	}
	return message(11, append([]byte{byte(len(list) >> 16), byte(len(list) >> 8), byte(len(list))}, list...)...)
}

// records cuts a long message into records.
func records(message []byte) []byte {
	var out []byte
	for len(message) > 0 {
		n := min(len(message), 16384)
		out = append(out, record(22, message[:n]...)...)
		message = message[n:]
	}
	return out
}

func TestHostilePeers(t *testing.T) {
	t.Parallel()
	leaf := ecLeaf(t, nil)
	hello := record(22, serverHello(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)...)
	answer := func(parts ...[]byte) func(net.Conn) {
		return func(c net.Conn) {
			hear(c)
			_, _ = c.Write(bytes.Join(parts, nil))
		}
	}
	then := func(first, next func(net.Conn)) func(net.Conn) {
		return func(c net.Conn) { first(c); next(c) }
	}
	forever := func(what []byte, every time.Duration) func(net.Conn) {
		return func(c net.Conn) {
			for {
				if _, err := c.Write(what); err != nil {
					return
				}
				time.Sleep(every)
			}
		}
	}
	for _, c := range []struct {
		name   string
		handle func(net.Conn)
		stage  edge.Stage
		class  edge.ErrorClass
		says   string // within the message
	}{
		{"says nothing", linger, edge.StageHandshake, edge.ClassTimeout, ""},
		{"one byte every 100 ms", func(c net.Conn) {
			for _, b := range hello {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
			linger(c)
		}, edge.StageHandshake, edge.ClassTimeout, ""},
		{"closes at once", func(net.Conn) {}, edge.StageHandshake, edge.ClassReset, ""},
		{"resets at once", reset, edge.StageHandshake, edge.ClassReset, ""},
		{"closes after the ClientHello", hear, edge.StageHandshake, edge.ClassReset, "without a word"},
		{"resets after the ClientHello", then(hear, reset), edge.StageHandshake, edge.ClassReset, ""},
		{"resets after the ServerHello", then(answer(hello), reset), edge.StageHandshake, edge.ClassReset, ""},
		{"half closes after the ServerHello", func(c net.Conn) {
			answer(hello)(c)
			_ = c.(*net.TCPConn).CloseWrite()
			linger(c)
		}, edge.StageHandshake, edge.ClassReset, ""},
		{"resets within the certificate", then(answer(hello, records(certificates(leaf.der))[:200]), reset),
			edge.StageHandshake, edge.ClassReset, ""},
		{"plain HTTP", then(answer([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")), linger), edge.StageHandshake, edge.ClassNotTLS, "HTTP/1.1 400"},
		{"SMTP banner", then(func(c net.Conn) { _, _ = c.Write([]byte("220 mail.contoso.com ESMTP\r\n")) }, linger),
			edge.StageHandshake, edge.ClassNotTLS, "220 mail"},
		{"SMTP refusal and close", func(c net.Conn) { _, _ = c.Write([]byte("554 go away\r\n")) },
			edge.StageHandshake, edge.ClassNotTLS, "554 go"},
		{"SSH banner", then(answer([]byte("SSH-2.0-OpenSSH_9.2\r\n")), linger), edge.StageHandshake, edge.ClassNotTLS, "SSH-2.0"},
		{"three bytes, then silence", then(answer([]byte("hi\n")), linger), edge.StageHandshake, edge.ClassNotTLS, `"hi\n"`},
		{"terminal escapes", answer([]byte("\x1b[2J\x1b[31mowned")), edge.StageHandshake, edge.ClassNotTLS, `\x1b[2J`},
		{"fatal alert", then(answer(record(21, 2, 40)), linger), edge.StageHandshake, edge.ClassTLSAlert, "40 (handshake failure)"},
		{"endless warnings", then(hear, forever(bytes.Repeat(record(21, 1, 90), 100), 0)), edge.StageHandshake, edge.ClassProtocol, ""},
		{"endless empty records", then(answer(hello), forever(record(22), 0)), edge.StageHandshake, edge.ClassProtocol, ""},
		{"endless handshake messages", then(answer(hello), forever(record(22, message(0)...), 0)), edge.StageHandshake, edge.ClassProtocol, ""},
		{"endless ServerHellos", then(hear, forever(hello, 0)), edge.StageHandshake, edge.ClassProtocol, ""},
		{"a record that claims more than is allowed", then(answer([]byte{22, 3, 3, 0xff, 0xff}), forever(make([]byte, 1<<16), 0)),
			edge.StageHandshake, edge.ClassProtocol, ""},
		{"a record that claims more than comes", answer([]byte{22, 3, 3, 0x40, 0}, make([]byte, 100)), edge.StageHandshake, edge.ClassReset, ""},
		{"a record that claims more than comes, then silence", then(answer([]byte{22, 3, 3, 0x40, 0}, make([]byte, 100)), linger),
			edge.StageHandshake, edge.ClassTimeout, ""},
		{"10 MB of certificates", then(answer(hello, records(certificates(bytes.Repeat([]byte{0x30}, 10<<20)))), linger),
			edge.StageHandshake, edge.ClassTooLarge, ""},
		{"no certificate at all", then(answer(hello, records(certificates())), linger),
			edge.StageHandshake, edge.ClassBadCertificate, "without a certificate"},
		{"an empty certificate", then(answer(hello, records(certificates(nil))), linger),
			edge.StageHandshake, edge.ClassBadCertificate, "is empty"},
		{"a certificate list that lies about its length", then(answer(hello, record(22, message(11, 0, 0, 9, 0, 0, 9, 1)...)), linger),
			edge.StageHandshake, edge.ClassBadCertificate, ""},
		{"a ServerHello of noise", then(answer(record(22, message(2, 1, 2, 3)...)), linger), edge.StageHandshake, edge.ClassProtocol, ""},
		{"a suite that was not offered, no certificate", then(answer(record(22, append(serverHello(0x0034), message(14)...)...)), linger),
			edge.StageHandshake, edge.ClassProtocol, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			timeout := patient
			if c.class == edge.ClassTimeout || strings.Contains(c.name, "then silence") {
				timeout = brief
			}
			p := prober(timeout, true)
			start := time.Now()
			got := p.Probe(context.Background(), endpoint(serve(t, c.handle)), nil)
			if took := time.Since(start); took > 3*timeout+timeout/2 {
				t.Errorf("took %v with a timeout of %v", took, timeout)
			}
			if got.Outcome != edge.Failed || got.Stage != c.stage || got.Fault == nil || got.Fault.Class != c.class ||
				!strings.Contains(got.Fault.Message, c.says) {
				t.Errorf("%s at %s: %v\nwant failed at %s: %s … %s …", got.Outcome, got.Stage, got.Fault, c.stage, c.class, c.says)
			}
			if !p.Traffic.Idle() {
				t.Error("a token or a connection was not given back")
			}
		})
	}
}

func TestLargeButLegalChains(t *testing.T) {
	t.Parallel()
	leaf := ecLeaf(t, nil)
	hello := record(22, serverHello(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)...)
	for _, c := range []struct {
		name  string
		chain [][]byte
		class edge.ErrorClass // empty: captured
	}{
		{"200 kB", repeat(leaf.der, 200<<10/len(leaf.der)), ""},
		{"beyond 256 kB", repeat(leaf.der, 300<<10/len(leaf.der)), edge.ClassTooLarge},
		{"10,000 small ones", repeat([]byte{0x30, 0}, 10_000), edge.ClassTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := quick(t, endpoint(serve(t, func(conn net.Conn) {
				hear(conn)
				_, _ = conn.Write(append(hello, records(certificates(c.chain...))...))
				_, _ = conn.Write(record(22, message(14)...))
				linger(conn)
			})))
			if c.class == "" {
				if got.Outcome != edge.Captured || len(got.Chain) != len(c.chain) {
					t.Errorf("%s with a chain of %d: %v, want %d", got.Outcome, len(got.Chain), got.Fault, len(c.chain))
				}
				return
			}
			if got.Outcome != edge.Failed || got.Fault.Class != c.class {
				t.Errorf("%s: %v, want %s", got.Outcome, got.Fault, c.class)
			}
		})
	}
	if len(leaf.der)*200 > limits.Flight {
		t.Error("the leaf is too large for this test")
	}
}

func repeat(der []byte, n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = der
	}
	return list
}
