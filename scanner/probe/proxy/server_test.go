package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
)

// listen serves every connection to a loopback address with serve.
func listen(t *testing.T, serve func(net.Conn)) string {
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
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// closedPort is a loopback address that refuses.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return l.Addr().String()
}

// endpoint greets and echoes.
func endpoint(c net.Conn) {
	_, _ = io.WriteString(c, "hello")
	_, _ = io.Copy(c, c)
}

// socksServer is RFC 1928 as far as it is needed: no login or user:password,
// then the reply; 0 connects for real.
func socksServer(reply byte) func(net.Conn) {
	return func(c net.Conn) {
		b := make([]byte, 512)
		if _, err := io.ReadFull(c, b[:2]); err != nil {
			return
		}
		methods := b[2 : 2+int(b[1])]
		if _, err := io.ReadFull(c, methods); err != nil {
			return
		}
		method := methods[len(methods)-1]
		if _, err := c.Write([]byte{5, method}); err != nil {
			return
		}
		if method == 2 {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			if string(b[:n]) != "\x01\x04jump\x06secret" {
				_, _ = c.Write([]byte{1, 1})
				return
			}
			_, _ = c.Write([]byte{1, 0})
		}
		if _, err := io.ReadFull(c, b[:10]); err != nil { // IPv4 alone
			return
		}
		if reply == 0 {
			to := net.TCPAddr{IP: b[4:8], Port: int(b[8])<<8 | int(b[9])}
			splice(c, to.String(), "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
			return
		}
		_, _ = c.Write([]byte{5, reply, 0, 1, 0, 0, 0, 0, 0, 0})
	}
}

func splice(c net.Conn, to, answer string) {
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer out.Close()
	greeting := make([]byte, 5)
	_, _ = io.ReadFull(out, greeting)
	// The answer and the endpoint's first words in one write.
	_, _ = io.WriteString(c, answer+string(greeting))
	go func() { _, _ = io.Copy(out, c); out.Close() }()
	_, _ = io.Copy(c, out)
}

// connectServer answers CONNECT with status, or connects where it is empty.
func connectServer(login, answer string) func(net.Conn) {
	return func(c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		switch {
		case err != nil || r.Method != http.MethodConnect:
		case r.Header.Get("Proxy-Authorization") != login:
			_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
		case answer != "":
			_, _ = io.WriteString(c, answer)
		default:
			splice(c, r.Host, "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
		}
	}
}
