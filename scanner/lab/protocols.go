package lab

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"time"
)

// serve is one connection with a cell, from accept to close.
func (s *server) serve(ctx context.Context, conn net.Conn) {
	if s.state.Load() == isRestarting {
		reset(conn)
		return
	}
	switch s.cell.Speaks {
	case TLS:
		s.handshake(ctx, conn)
	case StartTLS:
		s.xmpp(ctx, conn)
	case PseudoTLS:
		s.turn(conn)
	case HTTP:
		firstBytes(conn)
		io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		linger(conn)
	case Banner:
		io.WriteString(conn, s.cell.Banner)
		linger(conn)
	case Tarpit:
		io.Copy(io.Discard, conn)
	case Drip:
		drip(ctx, conn)
	case Reset:
		firstBytes(conn)
		reset(conn)
	case HangUp:
		firstBytes(conn)
	}
}

// firstBytes waits until the client has said something.
func firstBytes(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 4096))
}

// drip begins a handshake record of 16 kB and sends a byte of it every 100 ms:
// the client's clock for one read never runs out, the one for the whole must.
func drip(ctx context.Context, conn net.Conn) {
	firstBytes(conn)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	record := "\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + strings.Repeat("\x00", 1<<14)
	for i := range len(record) {
		if _, err := conn.Write([]byte{record[i]}); err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// xmpp is an XMPP stream up to its TLS (RFC 6120, 5.4): header, features,
// starttls, proceed. It knows as much XML as a client's first two elements.
func (s *server) xmpp(ctx context.Context, conn net.Conn) {
	in := bufio.NewReader(io.LimitReader(conn, maxRead))
	if !readElement(in, "<stream:stream") {
		return
	}
	io.WriteString(conn, `<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'`+
		` xmlns:db='jabber:server:dialback' id='lab' version='1.0'>`)
	if s.cell.NoStartTLS {
		io.WriteString(conn, `<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>`)
		linger(conn)
		return
	}
	io.WriteString(conn, `<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>`)
	if !readElement(in, "<starttls") {
		return
	}
	io.WriteString(conn, `<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`)
	s.handshake(ctx, conn)
}

// readElement reads tags until one begins with start.
func readElement(in *bufio.Reader, start string) bool {
	for {
		tag, err := in.ReadString('>')
		if err != nil {
			return false
		}
		if strings.HasPrefix(strings.TrimSpace(tag), start) {
			return true
		}
	}
}
