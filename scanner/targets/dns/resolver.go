package dns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/probe/fault"
	"edgecert/scanner/targets/syntax"

	"golang.org/x/net/dns/dnsmessage"
)

// A Resolver asks DNS, names as they are: a search list is applied to names
// of one label alone. The zero value asks as this system is configured, hosts file
// included; with a Server only that one is asked, so that the outside's view
// can be had from the inside.
type Resolver struct {
	Server   string        // HOST:PORT; empty: the system's
	Timeout  time.Duration // for the first try of a query; 0: 2 s
	Patience time.Duration // for all tries of a query; 0: five times the first

	plain *atomic.Bool // it answers without EDNS alone; nil: not remembered
}

// patient is r with its defaults.
func (r Resolver) patient() Resolver {
	r.Timeout = cmp.Or(r.Timeout, queryTimeout)
	r.Patience = cmp.Or(r.Patience, 5*r.Timeout)
	r.Timeout = min(r.Timeout, r.Patience)
	return r
}

// queryTimeout is how long a query goes unanswered before it is sent again: a lost
// packet is no finding. A system turns to its second server after 5 s (resolv.conf(5)).
const queryTimeout = 2 * time.Second

// ParseResolver reads the HOST[:PORT] of --resolver. Empty is the system's.
func ParseResolver(s string) (Resolver, error) {
	if s == "" {
		return Resolver{}, nil
	}
	if ip, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return Resolver{Server: netip.AddrPortFrom(ip, 53).String()}, nil
	}
	if !strings.Contains(s, ":") {
		s += ":53"
	}
	host, port, err := syntax.SplitHostPort(s)
	if err != nil {
		return Resolver{}, edge.Hintf("HOST or HOST:PORT is expected, as in 9.9.9.9 or [2620:fe::fe]:53", "resolver %w", err)
	}
	return Resolver{Server: net.JoinHostPort(host, fmt.Sprint(port))}, nil
}

// Name is what a report calls r: HOST:PORT or "system".
func (r Resolver) Name() string {
	if r.Server == "" {
		return edge.SystemResolver
	}
	return r.Server
}

// A lookup is what one query brought.
type lookup struct {
	status    edge.LookupStatus
	err       string // for Unknown: why; else what is odd about the answer
	silent    bool   // nothing answered at all
	cname     string
	addresses []netip.Addr
	srv       []edge.SRV
}

// unknown is a lookup that failed.
func unknown(err error) lookup {
	var timeout net.Error
	silent := errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded)
	return lookup{status: edge.Unknown, err: reason(err), silent: silent}
}

// reason is why a lookup failed, without what differs from run to run (our own
// port), so that two reports of one fault are the same.
func reason(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var call *os.SyscallError
	switch {
	case errors.As(err, &dns):
		from := "the system's resolver"
		if dns.Server != "" {
			from = dns.Server
		}
		switch {
		case dns.IsTimeout:
			return "no answer from " + from
		case dns.IsTemporary:
			return "server failure from " + from
		}
		return dns.Err
	case fault.Class(err) == edge.ClassRefused: // Windows says it in the words of its language
		return "connection refused"
	case errors.As(err, &call):
		return call.Err.Error()
	case errors.As(err, &op):
		return op.Err.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "a connection closed without an answer"
	}
	return err.Error()
}

// ask carries out one query for A, AAAA or SRV.
func (r Resolver) ask(ctx context.Context, name string, t dnsmessage.Type) lookup {
	if r.Server != "" {
		return r.askServer(ctx, name, t)
	}
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	if t == dnsmessage.TypeSRV {
		return systemSRV(ctx, name)
	}
	return systemAddresses(ctx, name, t)
}

func systemAddresses(ctx context.Context, name string, t dnsmessage.Type) lookup {
	network := "ip4"
	if t == dnsmessage.TypeAAAA {
		network = "ip6"
	}
	if strings.Contains(name, ".") { // the hosts file has names of one label without the dot
		name += "."
	}
	list, err := net.DefaultResolver.LookupNetIP(ctx, network, name)
	if err != nil {
		return systemError(err)
	}
	l := lookup{status: edge.Found}
	for _, ip := range list {
		if ip = ip.Unmap(); ip.Is4() == (t == dnsmessage.TypeA) {
			l.addresses = append(l.addresses, ip)
		}
	}
	if cname, err := net.DefaultResolver.LookupCNAME(ctx, name); err == nil {
		l.cname = fold(cname)
	}
	return l.bounded(name)
}

func systemSRV(ctx context.Context, name string) lookup {
	_, list, err := net.DefaultResolver.LookupSRV(ctx, "", "", name+".")
	if err != nil && len(list) == 0 {
		return systemError(err)
	}
	l := lookup{status: edge.Found}
	if err != nil { // some records are no names: the others come with the error
		l.err = err.Error()
	}
	for _, s := range list {
		l.srv = append(l.srv, edge.SRV{Target: fold(s.Target), Port: int(s.Port), Priority: int(s.Priority), Weight: int(s.Weight)})
	}
	return l.bounded(name)
}

// systemError tells "there is none" from "could not find out", which package
// net keeps apart in DNSError since it is asked for one record type at a time.
func systemError(err error) lookup {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return lookup{status: edge.Absent}
	}
	return unknown(err)
}

// bounded puts the answer in order and cuts what is beyond all measure.
func (l lookup) bounded(name string) lookup {
	slices.SortFunc(l.addresses, netip.Addr.Compare)
	l.addresses = slices.Compact(l.addresses)
	if n := len(l.addresses); n > limits.AddressesOfName {
		l.err = fmt.Sprintf("%d addresses: only the first %d are taken", n, limits.AddressesOfName)
		l.addresses = l.addresses[:limits.AddressesOfName]
	}
	slices.SortFunc(l.srv, func(a, b edge.SRV) int {
		return cmp.Or(a.Priority-b.Priority, b.Weight-a.Weight, strings.Compare(a.Target, b.Target), a.Port-b.Port)
	})
	if n := len(l.srv); n > limits.SRVRecords {
		l.err = fmt.Sprintf("%d records: only the first %d are taken", n, limits.SRVRecords)
		l.srv = l.srv[:limits.SRVRecords]
	}
	// RFC 2782: a target of "." says that the service is decidedly not there.
	if l.srv = slices.DeleteFunc(l.srv, func(s edge.SRV) bool { return s.Target == "" }); len(l.addresses) == 0 && len(l.srv) == 0 {
		l.status = edge.Absent
	}
	if l.cname == fold(name) {
		l.cname = ""
	}
	return l
}

// fold is a name of an answer as ours are: lower case, no trailing dot.
func fold(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
