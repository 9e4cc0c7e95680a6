// Package lab raises an Edge pool on loopback, with faults to order, for
// `edgecert demo` and for tests:
//
//	Healthy(now) ─ change a field ─→ Spec ─ Start ─→ Lab: sockets ←─ scanner.Scan
//	                                               └─→ Targets(), Roots(), Resolver()
//
// Nothing leaves 127.0.0.0/8 and ::1, and nothing is asked of real DNS: the lab has a
// DNS server of its own, and serves the CRLs and OCSP answers that its
// certificates point to. TLS is crypto/tls; what crypto/tls cannot be made to
// say (pseudo-TLS, tarpits, resets) is written byte by byte.
package lab

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"

	"edgecert/scanner/edge"
)

// A Lab is a running pool.
type Lab struct {
	spec      Spec
	pki       *pki
	ports     map[place]netip.AddrPort
	dns       *dnsServer
	responder *responder
	servers   []*server

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

type place struct {
	member string
	role   edge.Role
	port   int
}

// Start raises the lab that spec describes. It runs until Close is called or
// ctx is done.
func Start(ctx context.Context, spec Spec) (*Lab, error) {
	l := &Lab{spec: spec, ports: map[place]netip.AddrPort{}}
	l.ctx, l.cancel = context.WithCancel(ctx)
	if err := l.start(); err != nil {
		l.Close()
		return nil, fmt.Errorf("starting the lab: %w", err)
	}
	return l, nil
}

func (l *Lab) start() error {
	listeners := make([]net.Listener, len(l.spec.Cells))
	var err error
	for i, c := range l.spec.Cells {
		if listeners[i], err = l.listen(c); err != nil {
			return err
		}
	}
	if l.responder, err = l.startResponder(); err != nil {
		return err
	}
	if l.pki, err = l.issueAll(); err != nil {
		return err
	}
	l.responder.serve(l)
	if l.dns, err = l.startDNS(); err != nil {
		return err
	}
	for i, c := range l.spec.Cells {
		if listeners[i] == nil {
			continue
		}
		s, err := l.newServer(c)
		if err != nil {
			return fmt.Errorf("%s %s %d: %w", c.Member, c.Role, c.Port, err)
		}
		l.servers = append(l.servers, s)
		l.accept(listeners[i], s.serve)
	}
	return nil
}

// listen opens the port of one cell: nil for a closed one, whose number is
// taken all the same, so that nobody else comes to listen there.
func (l *Lab) listen(c Cell) (net.Listener, error) {
	m, ok := edge.Find(l.spec.Members, func(m Member) bool { return m.Name == c.Member })
	if !ok {
		return nil, fmt.Errorf("a cell of %q, which is no member", c.Member)
	}
	ln, err := net.Listen("tcp", netip.AddrPortFrom(m.ip(), 0).String())
	if err != nil {
		return nil, err
	}
	where := place{c.Member, c.Role, c.Port}
	if c.Speaks != Closed {
		l.closeAtEnd(ln)
		l.ports[where] = addrPort(ln.Addr())
		return ln, nil
	}
	defer ln.Close()
	l.ports[where], err = l.reserve(ln)
	return nil, err
}

// reserve takes a port that refuses connections until the lab ends: the
// client's end of a connection of our own.
func (l *Lab) reserve(ln net.Listener) (netip.AddrPort, error) {
	local := &net.TCPAddr{IP: addrPort(ln.Addr()).Addr().AsSlice()}
	near, err := (&net.Dialer{LocalAddr: local}).DialContext(l.ctx, "tcp", ln.Addr().String())
	if err != nil {
		return netip.AddrPort{}, err
	}
	far, err := ln.Accept()
	if err != nil {
		near.Close()
		return netip.AddrPort{}, err
	}
	l.closeAtEnd(near)
	l.closeAtEnd(far)
	return addrPort(near.LocalAddr()), nil
}

// closeAtEnd closes c when the lab ends, and Close waits for that.
func (l *Lab) closeAtEnd(c io.Closer) {
	l.wg.Add(1)
	context.AfterFunc(l.ctx, func() {
		defer l.wg.Done()
		c.Close()
	})
}

func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.AddrPort()
	case *net.UDPAddr:
		return a.AddrPort()
	default:
		return netip.AddrPort{}
	}
}

// Close ends the lab and waits until it has ended. It may be called twice.
func (l *Lab) Close() {
	l.cancel()
	l.wg.Wait()
}

// Faults tells in words what is wrong with this pool.
func (l *Lab) Faults() []string { return l.spec.Faults }

// Address is where a member's service is listened for. port is the service's
// own (443); the answer is invalid where the spec has no such cell.
func (l *Lab) Address(member string, role edge.Role, port int) netip.AddrPort {
	return l.ports[place{member, role, port}]
}

// Resolver is the lab's DNS server as --resolver takes it, HOST:PORT.
func (l *Lab) Resolver() string { return l.dns.address }

// Roots are the roots of the trusted authorities, in PEM.
func (l *Lab) Roots() []byte {
	var out []byte
	for _, a := range l.spec.Authorities {
		if a.Trusted {
			out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.pki.issuers[a.Name].Root.DER})...)
		}
	}
	return out
}

// Leaf is the certificate of a cell in its normal state; nil where the spec
// has no such cell or the cell has none.
func (l *Lab) Leaf(member string, role edge.Role, port int) *Issued {
	c := l.spec.Cell(member, role, port)
	if c == nil || !c.presents() {
		return nil
	}
	return l.pki.leaves[c.Chain.id()]
}

// Renewed is the certificate that a cell presents once its member is renewed;
// nil where none was ordered.
func (l *Lab) Renewed(member string, role edge.Role, port int) *Issued {
	c := l.spec.Cell(member, role, port)
	if c == nil || c.Renewed == nil || !c.presents() {
		return nil
	}
	return l.pki.leaves[c.Renewed.id()]
}

// Targets is the targets file of the pool, with the ports that
// the lab listens on.
func (l *Lab) Targets() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pool %s\n", l.spec.Pool)
	if len(l.spec.SIPDomains) > 0 {
		fmt.Fprintf(&b, "  sip-domains %s\n", strings.Join(l.spec.SIPDomains, " "))
	}
	for _, s := range l.spec.Services {
		word := string(s.Role)
		if s.Role == edge.Web || s.Role == edge.Internal {
			word = "name"
		}
		fmt.Fprintf(&b, "  %-11s %s%s\n", word, s.FQDN, join(s.Ports, " "))
	}
	for _, line := range l.spec.Lines {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	for _, m := range l.spec.Members {
		if m.Name == edge.VIPMember {
			b.WriteString("  vip")
		} else {
			b.WriteString("  member " + m.Name)
		}
		for _, s := range l.spec.Services {
			b.WriteString(l.targetsOf(m, s))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// targetsOf is " access=127.0.0.1:20443,20061"; empty where the member has no
// such service. IPv6 stands in brackets.
func (l *Lab) targetsOf(m Member, s edge.Service) string {
	var ports []int
	for _, p := range s.Ports {
		if a := l.Address(m.Name, s.Role, p); a.IsValid() {
			ports = append(ports, int(a.Port()))
		}
	}
	if ports == nil {
		return ""
	}
	host := m.ip().String()
	if m.ip().Is6() {
		host = "[" + host + "]"
	}
	if s.Role == edge.Web || s.Role == edge.Internal { // of a kind with one service
		return fmt.Sprintf(" %s:%s", host, join(ports, ",")[1:])
	}
	return fmt.Sprintf(" %s=%s:%s", s.Role, host, join(ports, ",")[1:])
}

// join puts sep before every port.
func join(ports []int, sep string) string {
	var b strings.Builder
	for _, p := range ports {
		fmt.Fprintf(&b, "%s%d", sep, p)
	}
	return b.String()
}
