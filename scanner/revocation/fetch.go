package revocation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"syscall"

	"edgecert/scanner/limits"
)

// fetch gets an address, or posts body to it, and returns the whole answer.
func (c *checker) fetch(ctx context.Context, s Subject, address, contentType string, body []byte, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", contentType)
	}
	client := http.Client{Transport: c.transport(s), CheckRedirect: checkRedirect}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return nil, plain(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %q", response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return nil, plain(err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("the answer is larger than %d KB", limit>>10)
	}
	return data, nil
}

// transport dials the address and nothing else: no proxy of the environment,
// and no address of this host or inside on a stranger's word. Control sees what
// is dialed, so neither a name that points there nor a redirection helps.
func (c *checker) transport(s Subject) *http.Transport {
	d := net.Dialer{Timeout: c.o.Timeout, Control: func(_, address string, _ syscall.RawConn) error {
		return refuse(address, s.Given, c.o.Targets)
	}}
	return &http.Transport{
		DialContext:            d.DialContext,
		MaxResponseHeaderBytes: limits.HTTPHeader,
		ResponseHeaderTimeout:  c.o.Timeout,
		TLSHandshakeTimeout:    c.o.Timeout,
		DisableKeepAlives:      true,
	}
}

// refuse says why an address is not dialed. What listens at loopback and
// link-local addresses (an agent of this host, a cloud's metadata) trusts whoever
// comes from here, so they are for those who scan such. given: the CA is the
// user's own, and may be inside.
func refuse(address string, given bool, targets []netip.Addr) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := a.Addr().Unmap().WithZone("")
	switch {
	case ip.IsLoopback() && !slices.ContainsFunc(targets, netip.Addr.IsLoopback):
		return fmt.Errorf("%s is a loopback address, and no target of the scan is one: not asked", ip)
	case ip.IsLinkLocalUnicast() && !slices.ContainsFunc(targets, func(t netip.Addr) bool { return t.WithZone("") == ip }):
		return fmt.Errorf("%s is a link-local address, and no target of the scan: not asked", ip)
	case ip.IsUnspecified() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Errorf("%s is no address of a server: not asked", ip)
	case !given && (!ip.IsGlobalUnicast() || ip.IsPrivate() || sharedSpace().Contains(ip)):
		return fmt.Errorf("%s is a private address, and the CA a public one", ip)
	}
	return nil
}

// sharedSpace is what providers use inside (RFC 6598).
func sharedSpace() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10)
}

func checkRedirect(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) > limits.Redirects:
		return fmt.Errorf("more than %d redirects", limits.Redirects)
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		return fmt.Errorf("redirected to %s, which is not followed", r.URL.Scheme)
	default:
		return nil
	}
}

// plain takes off the wrapping that repeats the address, and says in words
// what a deadline means.
func plain(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("no answer in time")
	}
	var dialing *net.OpError
	if errors.As(err, &dialing) {
		err = dialing.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return err
}
