package main

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"edgecert/scanner"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
	resolver "edgecert/scanner/targets/dns"
)

// written is a pool whose one member's address is written down.
func written(t *testing.T, member net.Listener) edge.Pool {
	t.Helper()
	at := member.Addr().(*net.TCPAddr).AddrPort()
	return edge.Pool{Name: "p", Kind: edge.EdgePool, SIPDomains: []string{"contoso.com"},
		Services: []edge.Service{{Role: edge.Access, FQDN: "sip.contoso.com", Ports: []int{int(at.Port())}}},
		Members:  []edge.Member{{Name: "edge1", Addresses: []edge.Address{{Role: edge.Access, IP: netip.AddrFrom4(at.Addr().As4())}}}}}
}

// A resolver that says nothing until a member is dialed is heard all the same:
// what only the rules want to know does not hold up the dialing.
func TestDNSBesideTheScan(t *testing.T) {
	t.Parallel()
	member, packets := listen(t)
	dialed := make(chan struct{})
	go func() {
		for first := true; ; first = false {
			conn, err := member.Accept()
			if err != nil {
				return
			}
			if first {
				close(dialed)
			}
			conn.Close()
		}
	}()
	none := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		<-dialed
		m := new(dns.Msg).SetRcode(q, dns.RcodeNameError)
		m.RecursionAvailable = true
		_ = w.WriteMsg(m)
	})
	server := &dns.Server{PacketConn: packets, Handler: none}
	go server.ActivateAndServe()
	t.Cleanup(func() { server.Shutdown() })

	a := &app{ui: newUI(new(strings.Builder))}
	s := scanFlags{dns: resolver.Resolver{Server: packets.LocalAddr().String(), Timeout: time.Minute}}
	ev := edge.Evidence{Pools: []edge.Pool{written(t, member)}}
	rep, err := a.capture(t.Context(), ev, s, scanner.Options{Timeout: time.Minute, Retries: -1, Quick: true}, audit.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []string{"federation-srv-missing", "dns-no-address"} {
		if got := rep.Pools[0].Rules[rule]; got != audit.Found {
			t.Errorf("%s: %s", rule, got)
		}
	}
}

// Ctrl-C ends the questions together with the dialing.
func TestInterruptBesideTheScan(t *testing.T) {
	t.Parallel()
	member, packets := listen(t)
	ctx, interrupt := context.WithCancel(t.Context())
	var both sync.WaitGroup
	both.Go(func() { _, _ = member.Accept() })
	both.Go(func() { _, _, _ = packets.ReadFrom(make([]byte, 512)) })
	go func() {
		both.Wait() // the member was dialed and the resolver asked
		interrupt()
	}()
	a := &app{ui: newUI(new(strings.Builder))}
	s := scanFlags{dns: resolver.Resolver{Server: packets.LocalAddr().String(), Timeout: time.Hour}}
	ev := edge.Evidence{Pools: []edge.Pool{written(t, member)}}
	rep, err := a.capture(ctx, ev, s, scanner.Options{Timeout: time.Hour}, audit.Policy{})
	if err != nil || !rep.Evidence.Interrupted || rep.Coverage.Planned != 1 {
		t.Errorf("interrupted %v, %+v, %v", rep.Evidence.Interrupted, rep.Coverage, err)
	}
}

// listen is a member's socket and a resolver's.
func listen(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	member, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { member.Close() })
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { packets.Close() })
	return member, packets
}
