// Package proxy dials through a SOCKS5 or HTTP proxy, for jump hosts that
// have no direct way out.
//
// SOCKS5 is golang.org/x/net/proxy's. For CONNECT there is no library apart
// from HTTP clients, which do not hand out the connection; the request and its
// answer are a few lines over net/http (connect.go).
package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
)

// Dial opens a connection as net.Dialer.DialContext does.
type Dial = func(ctx context.Context, network, addr string) (net.Conn, error)

// New is the way through the proxy at rawURL, "socks5://HOST:PORT" or
// "http://HOST:PORT", with "USER:PASSWORD@" before the host where the proxy
// asks for a login. The errors of dialing are *Error. An error of New
// is about the URL; it never shows the password.
func New(rawURL string) (Dial, error) {
	u, err := parse(rawURL)
	if err != nil {
		return nil, err
	}
	password, _ := u.User.Password()
	login := login{u.User.Username(), password}
	if u.Scheme == "http" {
		return connect(u.Host, login), nil
	}
	if len(login.user) > 255 || len(login.password) > 255 {
		return nil, fmt.Errorf("proxy %q: a user name or password of more than 255 bytes, which SOCKS5 cannot carry (RFC 1929, 2)", u.Redacted())
	}
	return socks((&net.Dialer{}).DialContext, u.Host, login), nil
}

// WithPassword is rawURL, which names a user, with a password.
func WithPassword(rawURL, password string) (string, error) {
	u, err := parse(rawURL)
	if err != nil {
		return "", err
	}
	if u.User.Username() == "" {
		return "", edge.Hintf("write "+u.Scheme+"://USER@HOST:PORT", "proxy %q: a password, and no user", u.Redacted())
	}
	if _, both := u.User.Password(); both {
		return "", edge.Hintf("leave it out of the URL, which every user of the machine can read", "proxy %q: two passwords", u.Redacted())
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String(), nil
}

// Reach connects to the proxy and hangs up: one that is not there is told
// once, and not of every endpoint behind it.
func Reach(ctx context.Context, rawURL string) error {
	u, err := parse(rawURL)
	if err != nil {
		return err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return edge.Hintf("see whether it runs, and whether host and port are right", "proxy %q cannot be reached, so nothing was dialed: %w", u.Redacted(), err)
	}
	return conn.Close()
}

// parse reads a proxy's URL.
func parse(rawURL string) (*url.URL, error) {
	if !strings.Contains(rawURL, "://") {
		return nil, edge.Hintf("write socks5://HOST:PORT or http://HOST:PORT", "--proxy: no scheme")
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) { // its text holds the whole URL
			err = parse.Err
		}
		return nil, fmt.Errorf("--proxy: %w", err)
	}
	if err := check(u); err != nil {
		return nil, fmt.Errorf("proxy %q: %w", u.Redacted(), err)
	}
	return u, nil
}

type login struct{ user, password string }

func check(u *url.URL) error {
	switch u.Scheme {
	case "socks5", "socks5h", "http":
	default:
		return edge.Hintf("socks5:// and http:// are known", "scheme %q", u.Scheme)
	}
	switch {
	case u.Opaque != "" || u.Hostname() == "":
		return edge.Hintf("write "+u.Scheme+"://HOST:PORT", "no host")
	case u.Port() == "":
		return edge.Hintf("SOCKS proxies mostly listen on 1080, HTTP proxies on 3128 or 8080", "no port")
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "":
		return edge.Hintf("write "+u.Scheme+"://HOST:PORT", "something behind the port")
	}
	if p, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || p == 0 {
		return fmt.Errorf("port %s: ports run from 1 to 65535", u.Port())
	}
	return nil
}

// An Error is why a connection through the proxy failed. Own tells the two
// cases apart: the proxy itself (not reached, login or endpoint not allowed, no proxy at all)
// and the way from it to the endpoint.
//
// What the proxy says of the endpoint unwraps to the syscall.Errno that a
// direct connection would have failed with: ECONNREFUSED, EHOSTUNREACH,
// ENETUNREACH, ETIMEDOUT. A trouble of its own unwraps to an edge.Fault of
// class local: nothing can be said of the endpoint then.
type Error struct {
	Proxy string // HOST:PORT
	Own   bool
	Err   error
}

func (e *Error) Error() string {
	if e.Own {
		return "proxy " + e.Proxy + ": " + fault.Text(e.Err)
	}
	return "through proxy " + e.Proxy + ": " + fault.Text(e.Err)
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// own is a trouble of the proxy itself. What ended the context stays what it
// is.
func own(ctx context.Context, proxy, doing string, err error) error {
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{Proxy: proxy, Own: true, Err: fmt.Errorf("%s: %w", doing, ctx.Err())}
	}
	return &Error{Proxy: proxy, Own: true, Err: fault.New(edge.ClassLocal, "%s: %v", doing, fault.Bare(err))}
}

// address refuses what the caller should have resolved: a name would be looked
// up by the proxy, and which address answered would stay unknown.
func address(proxy, addr string) error {
	if _, err := netip.ParseAddrPort(addr); err != nil {
		return &Error{Proxy: proxy, Own: true, Err: fault.New(edge.ClassLocal, "dialing %q: %v", addr, err)}
	}
	return nil
}
