package farm

import (
	"crypto/tls"
	"io"
	"net"
	"time"
)

// A Behaviour is what an endpoint does with whoever connects.
type Behaviour string

// The behaviours.
const (
	Healthy   Behaviour = "healthy"
	Closed    Behaviour = "closed"    // nobody listens
	Tarpit    Behaviour = "tarpit"    // accepts, and says nothing
	Reset     Behaviour = "reset"     // after the ClientHello
	Hangup    Behaviour = "hangup"    // closes after the ClientHello
	Alert     Behaviour = "alert"     // handshake_failure
	PlainHTTP Behaviour = "http"      // answers in plain text
	Garbage   Behaviour = "garbage"   // answers with bytes of no protocol
	Slow      Behaviour = "slow"      // its answer comes in pieces, well within a timeout
	Drip      Behaviour = "drip"      // a byte now and then, beyond every timeout
	Endless   Behaviour = "endless"   // handshake messages without an end
	Oversized Behaviour = "oversized" // a message that says to be 16 MB long
)

// All are the behaviours, healthy first.
func All() []Behaviour {
	return []Behaviour{Healthy, Closed, Tarpit, Reset, Hangup, Alert, PlainHTTP, Garbage, Slow, Drip, Endless, Oversized}
}

// dripPause lies between the bytes of Drip.
const dripPause = 200 * time.Millisecond

func (f *Farm) serve(conn net.Conn, b Behaviour, n int) {
	switch b {
	case Healthy:
		f.handshake(conn, n)
		return
	case Slow:
		f.handshake(pieces{conn}, n)
		return
	case Tarpit:
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	if _, err := conn.Read(make([]byte, 4096)); err != nil {
		return
	}
	switch b {
	case Reset:
		_ = conn.(*net.TCPConn).SetLinger(0)
		return
	case Hangup:
		return
	case Alert:
		_, _ = conn.Write([]byte{21, 3, 3, 0, 2, 2, 40})
	case PlainHTTP:
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
	case Garbage:
		_, _ = conn.Write([]byte{0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3, 4, 5, 6, 7})
	case Drip:
		f.drip(conn)
	case Endless:
		// HelloRequest (RFC 5246, 7.4.1.1) is four bytes; a record holds many.
		record := append([]byte{22, 3, 3, 0x40, 0}, make([]byte, 0x4000)...)
		for {
			if _, err := conn.Write(record); err != nil {
				return
			}
		}
	case Oversized:
		_, _ = conn.Write([]byte{22, 3, 3, 0, 4, 11, 0xff, 0xff, 0xff})
		for {
			if _, err := conn.Write(append([]byte{22, 3, 3, 0x40, 0}, make([]byte, 0x4000)...)); err != nil {
				return
			}
		}
	}
	_, _ = io.Copy(io.Discard, conn) // until the client leaves
}

// drip sends a handshake record byte by byte.
func (f *Farm) drip(conn net.Conn) {
	tick := time.NewTicker(dripPause)
	defer tick.Stop()
	record := append([]byte{22, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc}, make([]byte, 0x3ffc)...)
	for _, b := range record {
		select {
		case <-tick.C:
		case <-f.done:
			return
		}
		if _, err := conn.Write([]byte{b}); err != nil {
			return
		}
	}
}

func (f *Farm) handshake(conn net.Conn, n int) {
	leaf := f.leaf(n / ports)
	config := &tls.Config{MaxVersion: f.spec.MaxVersion, SessionTicketsDisabled: true, MinVersion: tls.VersionTLS10,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if wait := f.wait(n); wait > 0 {
				timer := time.NewTimer(wait)
				defer timer.Stop()
				select {
				case <-timer.C:
				case <-f.done:
				}
			}
			return &leaf, nil
		}}
	server := tls.Server(conn, config)
	if server.Handshake() == nil {
		_, _ = server.Read(make([]byte, 1)) // the client's farewell
	}
}

// wait is an endpoint's share of Jitter, beside Delay.
func (f *Farm) wait(n int) time.Duration {
	return f.spec.Delay + f.spec.Jitter*time.Duration(n*37%100)/100
}

// pieces sends what is written in a few pieces.
type pieces struct{ net.Conn }

func (p pieces) Write(b []byte) (int, error) {
	for n := 0; n < len(b); n += 400 {
		if n > 0 {
			time.Sleep(5 * time.Millisecond)
		}
		if m, err := p.Conn.Write(b[n:min(n+400, len(b))]); err != nil {
			return n + m, err
		}
	}
	return len(b), nil
}
