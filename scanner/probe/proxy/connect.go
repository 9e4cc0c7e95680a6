package proxy

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/probe/fault"
)

// connect dials through an HTTP proxy with CONNECT (RFC 9110, 9.3.6).
func connect(addr string, l login) Dial {
	return func(ctx context.Context, network, target string) (net.Conn, error) {
		if err := address(addr, target); err != nil {
			return nil, err
		}
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, network, addr)
		if err != nil {
			return nil, own(ctx, addr, "connecting", err)
		}
		tunnel, err := request(ctx, conn, addr, target, l)
		if err != nil {
			conn.Close()
			return nil, err
		}
		return tunnel, nil
	}
}

// request turns conn into a tunnel to target.
func request(ctx context.Context, conn net.Conn, addr, target string, l login) (net.Conn, error) {
	stop := fault.Interrupt(ctx, conn)
	defer stop()
	if _, err := io.WriteString(conn, head(target, l)); err != nil {
		return nil, own(ctx, addr, "CONNECT", err)
	}
	limit := &io.LimitedReader{R: conn, N: limits.ProxyAnswer}
	in := bufio.NewReader(limit)
	response, err := http.ReadResponse(in, &http.Request{Method: http.MethodConnect})
	switch {
	case err == nil && response.StatusCode/100 == 2 && response.Header.Get("Content-Type") != "":
		// A tunnel has no type: RFC 9110, 9.3.6.
		return nil, own(ctx, addr, "CONNECT", fmt.Errorf("%s, with a page of its own", response.Status))
	case err == nil && response.StatusCode/100 == 2:
	case err == nil:
		return nil, &Error{Proxy: addr, Own: !ofEndpoint(response.StatusCode), Err: statusError(response)}
	case limit.N <= 0:
		return nil, own(ctx, addr, "CONNECT", fmt.Errorf("an answer of more than %d bytes", limits.ProxyAnswer))
	case fault.Class(fault.Ended(ctx, err)) == edge.ClassTimeout:
		// A proxy says nothing while it is trying, so its silence is taken for
		// the endpoint's.
		return nil, &Error{Proxy: addr, Err: fmt.Errorf("no connection in time: %w", fault.Bare(err))}
	default:
		return nil, own(ctx, addr, "CONNECT", err)
	}
	if !stop() { // ctx ended just now
		return nil, own(ctx, addr, "CONNECT", ctx.Err())
	}
	return withRest(conn, in), nil
}

func head(target string, l login) string {
	h := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n"
	if l.user != "" {
		h += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(l.user+":"+l.password)) + "\r\n"
	}
	return h + "\r\n"
}

// ofEndpoint says whether a status is about the endpoint rather than the proxy:
// what it could not reach (5xx). Everything else is about us or it: the login,
// what it does not allow or understand, an error page of its own.
func ofEndpoint(status int) bool {
	return status/100 == 5 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported
}

// statusError is a refused CONNECT as the error of a direct connection. Only
// 504 has one meaning; proxies say 502, 503 or 500 for a refusal, a missing
// route and an unknown name alike.
func statusError(r *http.Response) error {
	switch {
	case r.StatusCode == http.StatusGatewayTimeout:
		return fmt.Errorf("CONNECT: %s: %w", r.Status, syscall.ETIMEDOUT)
	case ofEndpoint(r.StatusCode):
		return fault.New(edge.ClassUnreachable, "CONNECT: %s", r.Status)
	case r.StatusCode == http.StatusProxyAuthRequired:
		return fault.New(edge.ClassLocal, "CONNECT: %s: it wants a login, http://USER@HOST:PORT and --proxy-password-file", r.Status)
	default:
		return fault.New(edge.ClassLocal, "CONNECT: %s", r.Status)
	}
}

// withRest gives back what was read behind the proxy's answer: an endpoint may
// speak first, and its banner tells that it is no TLS.
func withRest(conn net.Conn, in *bufio.Reader) net.Conn {
	if in.Buffered() == 0 {
		return conn
	}
	rest, _ := in.Peek(in.Buffered())
	return &began{Conn: conn, rest: rest}
}

// began is a connection of which some bytes have been read already.
type began struct {
	net.Conn
	rest []byte
}

// Read gives the bytes already read first.
func (b *began) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}
