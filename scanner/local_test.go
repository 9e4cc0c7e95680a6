package scanner

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"edgecert/scanner/edge"
)

// proxyFor answers CONNECT: 407 where refuse says so, else with a tunnel.
func proxyFor(t *testing.T, refuse func(target string) bool) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
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
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				if refuse(r.Host) {
					_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
					return
				}
				far, err := net.Dial("tcp4", r.Host)
				if err != nil {
					_, _ = io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
					return
				}
				defer far.Close()
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
				go func() { _, _ = io.Copy(far, c); far.Close() }()
				_, _ = io.Copy(c, far)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// What a proxy refuses says nothing of the endpoints.
func TestAProxyThatRefusesUs(t *testing.T) {
	t.Parallel()
	f := newFleet(t, &fleet{})
	endpoints := f.endpoints(4, false)
	all := proxyFor(t, func(string) bool { return true })
	captures, err := Scan(context.Background(), endpoints, Options{Proxy: all, Quick: true})
	if err == nil || !strings.Contains(err.Error(), "nothing could be dialed") || !strings.Contains(err.Error(), "407") {
		t.Errorf("%d captures, error %v", len(captures), err)
	}
	first := fmt.Sprintf("%s:%d", endpoints[0].Address, endpoints[0].Port)
	captures, err = Scan(context.Background(), endpoints, Options{Proxy: proxyFor(t, func(target string) bool { return target == first }), Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range captures {
		if i > 0 && c.Outcome != edge.Captured {
			t.Errorf("%s: %v", c.Outcome, c.Fault)
		}
		if i == 0 && (c.Outcome != edge.Failed || c.Fault.Class != edge.ClassLocal || strings.Contains(c.Fault.Message, first)) {
			t.Errorf("behind the refusal: %s, %v", c.Outcome, c.Fault)
		}
	}
}
