package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"golang.org/x/net/proxy"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
)

// socks dials through a SOCKS5 proxy (RFC 1928, 1929), to which reach connects.
func socks(reach Dial, addr string, l login) Dial {
	var auth *proxy.Auth
	if l.user != "" {
		auth = &proxy.Auth{User: l.user, Password: l.password}
	}
	return func(ctx context.Context, network, target string) (net.Conn, error) {
		if err := address(addr, target); err != nil {
			return nil, err
		}
		way := way{reach: reach}
		dialer, err := proxy.SOCKS5("tcp", addr, auth, &way)
		if err != nil {
			return nil, own(ctx, addr, "SOCKS5", err)
		}
		// The library's dialers all know contexts; its older function type
		// does not say so.
		if _, err = dialer.(proxy.ContextDialer).DialContext(ctx, network, target); err != nil {
			return nil, socksError(ctx, addr, err, &way)
		}
		return way.Conn, nil
	}
}

// A way is the connection to the proxy while it is being made: whether the
// proxy ever said something tells whose fault a silence is.
type way struct {
	net.Conn
	reach    Dial
	answered bool
}

// Dial is there for the library's interface alone.
func (w *way) Dial(network, addr string) (net.Conn, error) {
	return w.DialContext(context.Background(), network, addr)
}

// DialContext connects to the proxy.
func (w *way) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	var err error
	if w.Conn, err = w.reach(ctx, network, addr); err != nil {
		return nil, err
	}
	return w, nil
}

// Read notes that something came.
func (w *way) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.answered = w.answered || n > 0
	return n, err
}

// socksError tells what the proxy says of the endpoint from troubles with the
// proxy. The library hands the reply's number out as text only.
func socksError(ctx context.Context, addr string, err error, w *way) error {
	var op *net.OpError
	if errors.As(err, &op) && strings.HasPrefix(op.Op, "socks") {
		err = op.Err // without the library's list of addresses
	}
	reply, isReply := strings.CutPrefix(err.Error(), "unknown error ")
	switch {
	case isReply && reply == "connection not allowed by ruleset":
		return own(ctx, addr, "SOCKS5", err)
	case isReply:
		return &Error{Proxy: addr, Err: replyError(reply)}
	case w.answered && fault.Class(err) == edge.ClassTimeout:
		return &Error{Proxy: addr, Err: fmt.Errorf("no connection in time: %w", fault.Bare(err))}
	case w.Conn == nil:
		return own(ctx, addr, "connecting", err)
	default:
		return own(ctx, addr, "SOCKS5", err)
	}
}

// replyError is a reply of RFC 1928, 6 as the error of a direct connection.
func replyError(reply string) error {
	switch reply {
	case "connection refused":
		return syscall.ECONNREFUSED
	case "network unreachable":
		return syscall.ENETUNREACH
	case "host unreachable":
		return syscall.EHOSTUNREACH
	case "TTL expired": // most servers send it for a timeout
		return syscall.ETIMEDOUT
	default: // general failure, unsupported: no connection, and no better reason
		return fault.New(edge.ClassUnreachable, "the proxy answers: %s", reply)
	}
}
