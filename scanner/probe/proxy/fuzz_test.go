package proxy

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/limits"
)

// said is a connection to a proxy that says what it says, whatever it is told.
type said struct {
	net.Conn
	text *bytes.Reader
	read int
}

func (s *said) Read(b []byte) (int, error) {
	n, err := s.text.Read(b)
	s.read += n
	return n, err
}

func (s *said) Write(b []byte) (int, error)      { return len(b), nil }
func (s *said) Close() error                     { return nil }
func (s *said) SetDeadline(time.Time) error      { return nil }
func (s *said) SetReadDeadline(time.Time) error  { return nil }
func (s *said) SetWriteDeadline(time.Time) error { return nil }

// FuzzConnect: whatever a proxy answers to CONNECT, it is refused within its
// limit, or what follows the answer is the endpoint's, to the byte.
func FuzzConnect(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 Connection established\r\n\r\nhello", "HTTP/1.0 200 OK\r\nVia: a\r\n\r\n\x16\x03\x03", "HTTP/1.1 204 \r\n\r\n",
		"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", "HTTP/1.1 502 Bad Gateway\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		"SSH-2.0-OpenSSH\r\n", "", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", limits.ProxyAnswer),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		conn := &said{text: bytes.NewReader(answer)}
		tunnel, err := request(t.Context(), conn, "127.0.0.1:3128", "127.0.0.1:443", login{})
		if conn.read > limits.ProxyAnswer {
			t.Errorf("%d bytes were read", conn.read)
		}
		if (tunnel == nil) != (err != nil) {
			t.Errorf("a tunnel %v and the error %v", tunnel, err)
		}
		if err != nil {
			return
		}
		rest, err := io.ReadAll(tunnel)
		if err != nil || !bytes.HasSuffix(answer, rest) {
			t.Errorf("the tunnel says %q, %v", rest, err)
		}
	})
}

// FuzzSOCKS: the same of the answers of a SOCKS5 proxy.
func FuzzSOCKS(f *testing.F) {
	for _, s := range []string{
		"\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x01\xbbhello", "\x05\x02\x01\x00\x05\x00\x00\x03\x03abc\x01\xbb", "\x05\x02\x01\x01", "\x05\xff",
		"\x05\x00\x05\x05\x00\x01\x7f\x00\x00\x01\x01\xbb", "\x05\x00\x05\x02\x00\x01", "HTTP/1.1 400 Bad Request\r\n\r\n", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		conn := &said{text: bytes.NewReader(answer)}
		reach := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
		tunnel, err := socks(reach, "127.0.0.1:1080", login{"user", "password"})(t.Context(), "tcp", "127.0.0.1:443")
		if conn.read > 1024 {
			t.Errorf("%d bytes were read", conn.read)
		}
		if err == nil && (!bytes.HasPrefix(answer, []byte{5}) || tunnel == nil) {
			t.Errorf("a tunnel by %q", answer)
		}
	})
}
