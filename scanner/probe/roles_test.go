package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
)

// pseudoAnswer is the 83 bytes of [MS-TURN] 2.1.1: ServerHello and
// ServerHelloDone in one record.
func pseudoAnswer() []byte {
	body := append([]byte{3, 1}, make([]byte, 32)...)
	body = append(append(body, 32), make([]byte, 32)...)
	hello := message(2, append(body, 0, 0x18, 0)...)
	b := record(22, append(hello, message(14)...)...)
	b[2] = 1
	return b
}

// avEdge is an A/V Edge: it answers the pseudo ClientHello, and a real one in
// a way of its own.
func avEdge(real func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		b := make([]byte, 4096)
		n, _ := c.Read(b)
		if n == 50 {
			_, _ = c.Write(pseudoAnswer())
			linger(c)
			return
		}
		real(c)
	}
}

func TestAnAVEdgePresentsNoCertificate(t *testing.T) {
	t.Parallel()
	for name, real := range map[string]func(net.Conn){
		"fake ServerHello": func(c net.Conn) { _, _ = c.Write(pseudoAnswer()); linger(c) },
		"close":            func(net.Conn) {},
		"silence":          linger,
	} {
		t.Run(name+" to a real ClientHello", func(t *testing.T) {
			t.Parallel()
			e := endpoint(serve(t, avEdge(real)))
			e.Role = edge.AV
			start := time.Now()
			got := prober(3*time.Second, false).Probe(context.Background(), e, nil)
			if got.Outcome != edge.NoCertificate || got.Stage != edge.StageDone || got.Fault != nil || got.Chain != nil {
				t.Fatalf("%s at %s: %v", got.Outcome, got.Stage, got.Fault)
			}
			if got.Turn == nil || !got.Turn.PseudoTLS || got.Presentations != nil || got.Attempts != 1 {
				t.Errorf("%d attempts, %+v", got.Attempts, got)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v, far beyond a timeout", took)
			}
		})
	}
}

func TestAnUnnamedAVEdgeIsKnownByItsFakeServerHello(t *testing.T) {
	t.Parallel()
	e := endpoint(serve(t, avEdge(func(c net.Conn) { _, _ = c.Write(pseudoAnswer()); linger(c) })))
	e.Role = edge.Other
	if got := quick(t, e); got.Outcome != edge.NoCertificate || got.Fault != nil {
		t.Errorf("%s at %s: %v", got.Outcome, got.Stage, got.Fault)
	}
}

func TestAVRoleOnSomethingElse(t *testing.T) {
	t.Parallel()
	l := ecLeaf(t, nil)
	for _, c := range []struct {
		name     string
		handle   func(net.Conn)
		out      edge.Outcome
		class    edge.ErrorClass
		attempts int
	}{
		{"real TLS that answers with an alert", func(c net.Conn) {
			_ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{l.der}, PrivateKey: l.key}}}).Handshake()
		}, edge.Captured, "", 2},
		{"silence to everything", linger, edge.Failed, edge.ClassTimeout, 1},
		{"a close to everything", hear, edge.Failed, edge.ClassReset, 3},
		{"a close to the pseudo hello, silence to the real one", func(c net.Conn) {
			b := make([]byte, 4096)
			if n, _ := c.Read(b); n != 50 {
				linger(c)
			}
		}, edge.Failed, edge.ClassTimeout, 2},
		{"plain HTTP", func(c net.Conn) { hear(c); _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) },
			edge.Failed, edge.ClassNotTLS, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := endpoint(serve(t, c.handle))
			e.Role = edge.AV
			timeout := patient
			if c.class == edge.ClassTimeout {
				timeout = 2 * brief
			}
			got := prober(timeout, true).Probe(context.Background(), e, nil)
			if got.Outcome != c.out || (got.Fault == nil) != (c.class == "") || got.Fault != nil && got.Fault.Class != c.class {
				t.Errorf("%s at %s: %v, want %s, %q", got.Outcome, got.Stage, got.Fault, c.out, c.class)
			}
			if got.Attempts != c.attempts {
				t.Errorf("%d attempts, want %d", got.Attempts, c.attempts)
			}
		})
	}
}

// xmppServer answers a stream with features, and goes on after <proceed/>.
func xmppServer(features string, proceed func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		until(c, "streams'")
		_, _ = io.WriteString(c, `<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' from='contoso.com' id='1' version='1.0'><stream:features>`+features+`</stream:features>`)
		if strings.Contains(features, "starttls") {
			until(c, "starttls")
			_, _ = io.WriteString(c, `<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`)
		}
		proceed(c)
	}
}

// until reads up to the first '>' behind word, byte by byte: what follows is
// not ours.
func until(c net.Conn, word string) {
	var heard []byte
	one := make([]byte, 1)
	for !bytes.HasSuffix(heard, []byte(">")) || !bytes.Contains(heard, []byte(strings.Trim(word, "'"))) {
		if _, err := c.Read(one); err != nil {
			return
		}
		heard = append(heard, one[0])
	}
}

func TestXMPP(t *testing.T) {
	t.Parallel()
	l := ecLeaf(t, nil)
	overTLS := func(c net.Conn) {
		conn := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{l.der}, PrivateKey: l.key}}})
		if conn.Handshake() == nil {
			linger(c)
		}
	}
	for _, c := range []struct {
		name   string
		handle func(net.Conn)
		out    edge.Outcome
		direct bool
		tls    string
	}{
		{"STARTTLS", xmppServer(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`, overTLS), edge.Captured, false, "offered"},
		{"no STARTTLS", xmppServer(``, linger), edge.NoCertificate, false, "not-offered"},
		{"direct TLS", overTLS, edge.Captured, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := endpoint(serve(t, c.handle))
			e.Role = edge.XMPP
			got := prober(patient, false).Probe(context.Background(), e, nil)
			if got.Outcome != c.out || got.Fault != nil {
				t.Fatalf("%s at %s: %v", got.Outcome, got.Stage, got.Fault)
			}
			if x := got.XMPP; x == nil || x.DirectTLS != c.direct || x.StartTLS != c.tls {
				t.Errorf("stream %+v", x)
			}
			if c.out != edge.Captured {
				return
			}
			if !bytes.Equal(got.Leaf().Raw, l.der) {
				t.Error("another certificate")
			}
			if h := got.Offered(edge.OfferTLS12); len(h) != 1 || h[0].Outcome != edge.Captured || h[0].Version != "TLS 1.2" {
				t.Errorf("TLS 1.2 at most: %+v", h)
			}
		})
	}
}

// A server behind STARTTLS that shares no group with the first offer is asked as
// any other.
func TestXMPPByASecondWay(t *testing.T) {
	t.Parallel()
	l := ecLeaf(t, nil)
	e := endpoint(serve(t, xmppServer(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`, func(c net.Conn) {
		conn := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{l.pair()}, MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}})
		if conn.Handshake() == nil {
			linger(c)
		}
	})))
	e.Role = edge.XMPP
	got := prober(patient, true).Probe(context.Background(), e, nil)
	if got.Outcome != edge.Captured || got.XMPP == nil || got.XMPP.DirectTLS {
		t.Errorf("%s at %s: %v, stream %+v", got.Outcome, got.Stage, got.Fault, got.XMPP)
	}
}

// What kept us from dialing reads the same of every endpoint; what an endpoint did
// names it.
func TestWhyNothingWasDialed(t *testing.T) {
	t.Parallel()
	for class, want := range map[edge.ErrorClass]string{edge.ClassLocal: "no", edge.ClassUnreachable: "dialing 127.0.0.1:9: no"} {
		p := prober(patient, true)
		p.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, fault.New(class, "no") }
		got := p.Probe(context.Background(), endpoint(netip.MustParseAddrPort("127.0.0.1:9")), nil)
		if got.Fault == nil || got.Fault.Class != class || got.Fault.Message != want {
			t.Errorf("%s: %+v, want %q", class, got.Fault, want)
		}
	}
}

// A server that wants TLS from the start and then fails at it: what it did
// wrong there is told, not that it does not speak XMPP.
func TestXMPPOverDirectTLSThatFails(t *testing.T) {
	t.Parallel()
	e := endpoint(serve(t, func(c net.Conn) {
		first := make([]byte, 1)
		if _, err := c.Read(first); err != nil {
			return
		}
		answer := record(21, 2, 70)
		if first[0] == 22 {
			hear(c)
			answer = records(append(serverHello(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256), certificates()...))
		}
		_, _ = c.Write(answer)
		linger(c)
	}))
	e.Role = edge.XMPP
	got := quick(t, e)
	if got.Outcome != edge.Failed || got.Fault.Class != edge.ClassBadCertificate {
		t.Errorf("%s at %s: %v, want a bad certificate", got.Outcome, got.Stage, got.Fault)
	}
}
