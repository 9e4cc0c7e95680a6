package lab

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

func TestCloseEndsACrowdThatSaysNothing(t *testing.T) {
	t.Parallel()
	l := world(t, nil)
	for range connections + 20 {
		dial(t, l, "edge1", edge.Access, 443)
	}
	began := time.Now()
	l.Close()
	if took := time.Since(began); took > patience/2 {
		t.Errorf("closing took %s", took)
	}
}

func TestGarbageLeavesTheLabUp(t *testing.T) {
	t.Parallel()
	l := world(t, func(s *Spec) { s.AddXMPP("contoso.com") })
	garbage := [][]byte{
		{}, {0}, bytes.Repeat([]byte{0xff}, 1<<16), []byte("GET / HTTP/1.1\r\n\r\n"),
		append([]byte{0x16, 3, 1, 0xff, 0xff}, make([]byte, 70000)...),
		append(pseudoHello(), 2, 0, 0xff, 0xff), append(pseudoHello(), 2, 0, 0, 4, 0, 3, 0, 0),
	}
	for _, at := range []net.Addr{
		net.TCPAddrFromAddrPort(l.Address("edge1", edge.Access, 5061)), net.TCPAddrFromAddrPort(l.Address("edge1", edge.AV, 443)),
		net.TCPAddrFromAddrPort(l.Address("edge1", edge.XMPP, 5269)), l.responder.listener.Addr(),
	} {
		for _, g := range garbage {
			send(t, "tcp", at.String(), g)
		}
	}
	for _, g := range garbage {
		send(t, "tcp", l.Resolver(), g)
		send(t, "udp", l.Resolver(), g[:min(len(g), 1<<15)])
	}
	if _, _, err := shake(t, l, "edge1", edge.Access, 443, sni("sip.contoso.com")); err != nil {
		t.Error(err)
	}
	if _, err := resolver(l).LookupHost(t.Context(), "sip.contoso.com."); err != nil {
		t.Error(err)
	}
}

// send writes garbage, ends its side and, over TCP, waits until the lab has
// had enough: at once, for it never reads more than it needs.
func send(t *testing.T, network, address string, garbage []byte) {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write(garbage) // the lab may have hung up in the middle
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.CloseWrite()
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
			t.Errorf("%s still listens to %d bytes of garbage", address, len(garbage))
		}
	}
}
