// Package xmpp asks an XMPP server for TLS: it opens a server-to-server
// stream, looks for STARTTLS among the features and upgrades (RFC 6120, 4 and
// 5). What follows on the connection is the probe's: a TLS handshake.
package xmpp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/probe/fault"
)

const (
	nsStream = "http://etherx.jabber.org/streams"
	nsTLS    = "urn:ietf:params:xml:ns:xmpp-tls"
)

// StartTLS opens a stream to domain on a fresh connection, whose deadline is
// set, and asks for TLS where it is offered; then the caller may begin the
// handshake on conn. An empty domain addresses nobody, which some servers
// take.
//
// A server that offers no STARTTLS is no fault: XMPPStream says not-offered.
// A Fault means that no TLS can follow: not-tls (no XMPP answers), tls-alert
// (TLS without STARTTLS is expected), protocol (a stream error or refusal,
// broken XML), too-large, reset, timeout, interrupted. The stream is nil only
// where its header never came.
func StartTLS(ctx context.Context, conn net.Conn, domain string) (*edge.XMPPStream, *edge.Fault) {
	stop := fault.Interrupt(ctx, conn)
	defer stop()
	s := &stream{ctx: ctx, conn: conn, limit: &io.LimitedReader{R: conn, N: limits.XMPPStream}}
	s.in = bufio.NewReader(s.limit)
	s.xml = xml.NewDecoder(s.in)

	if err := s.open(domain); err != nil {
		return nil, s.fault(err, "opening the XMPP stream")
	}
	if err := s.features(); err != nil {
		return &s.seen, s.fault(err, "reading the stream's features")
	}
	if s.seen.StartTLS == NotOffered {
		// A farewell, which nobody has to hear.
		_, _ = io.WriteString(conn, "</stream:stream>")
		return &s.seen, nil
	}
	if err := s.upgrade(); err != nil {
		return &s.seen, s.fault(err, "asking for STARTTLS")
	}
	return &s.seen, nil
}

// What XMPPStream.StartTLS says.
const (
	Offered    = "offered"
	Required   = "required"
	NotOffered = "not-offered"
)

// stream is one side of the conversation. The decoder reads from in without a
// buffer of its own, so that whatever it left is known.
type stream struct {
	ctx   context.Context
	conn  net.Conn
	limit *io.LimitedReader
	in    *bufio.Reader
	xml   *xml.Decoder
	seen  edge.XMPPStream
	old   bool // before XMPP 1.0: sends no features
}

// open sends our stream header and reads the server's. The name of the
// sender is left out, which RFC 6120, 4.7.1 allows before TLS.
func (s *stream) open(domain string) error {
	var to bytes.Buffer
	if domain != "" {
		to.WriteString(" to='")
		if err := xml.EscapeText(&to, []byte(domain)); err != nil {
			return err
		}
		to.WriteString("'")
	}
	_, err := fmt.Fprintf(s.conn, "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='%s'%s version='1.0'>", nsStream, &to)
	if err != nil {
		return err
	}
	if err := s.expectXML(); err != nil {
		return err
	}
	header, err := s.next()
	if err != nil {
		return err
	}
	if header.Name != (xml.Name{Space: nsStream, Local: "stream"}) {
		return fault.New(edge.ClassNotTLS, "no XMPP: the answer is an XML element %q", cut(header.Name.Local))
	}
	s.old = true
	for _, a := range header.Attr {
		switch a.Name.Local {
		case "from":
			s.seen.From = cut(a.Value)
		case "version":
			s.old = len(a.Value) < 2 || a.Value[0] == '0' // RFC 6120, 4.7.5
		}
	}
	return nil
}

// expectXML looks at the first byte: other protocols are told by it.
func (s *stream) expectXML() error {
	first, err := s.in.Peek(1)
	if err != nil {
		return err
	}
	begin, _ := s.in.Peek(min(s.in.Buffered(), 64))
	switch {
	case first[0] == 0x15 && len(begin) > 1 && begin[1] == 3:
		return fault.New(edge.ClassTLSAlert, "a TLS alert answers the XMPP stream: TLS from the first byte is expected")
	case bytes.IndexByte([]byte("<\xef \t\r\n"), first[0]) < 0:
		return fault.New(edge.ClassNotTLS, "no XMPP: the answer begins %q", begin)
	}
	return nil
}

// features reads the first element of the stream.
func (s *stream) features() error {
	if s.old {
		s.seen.StartTLS = NotOffered
		return nil
	}
	start, err := s.next()
	if err != nil {
		return err
	}
	if start.Name != (xml.Name{Space: nsStream, Local: "features"}) {
		return s.unexpected(start)
	}
	var f struct {
		StartTLS *struct {
			Required *struct{} `xml:"required"`
		} `xml:"urn:ietf:params:xml:ns:xmpp-tls starttls"`
	}
	if err := s.xml.DecodeElement(&f, &start); err != nil {
		return err
	}
	switch {
	case f.StartTLS == nil:
		s.seen.StartTLS = NotOffered
	case f.StartTLS.Required != nil:
		s.seen.StartTLS = Required
	default:
		s.seen.StartTLS = Offered
	}
	return nil
}

// upgrade asks for TLS and reads the leave to begin.
func (s *stream) upgrade() error {
	if _, err := fmt.Fprintf(s.conn, "<starttls xmlns='%s'/>", nsTLS); err != nil {
		return err
	}
	answer, err := s.next()
	if err != nil {
		return err
	}
	if answer.Name != (xml.Name{Space: nsTLS, Local: "proceed"}) {
		return s.unexpected(answer)
	}
	if err := s.xml.Skip(); err != nil {
		return err
	}
	// Text sent along with the leave would come from outside of the TLS (RFC
	// 6120, 5.4.3.3 forbids even white space).
	rest, _ := s.in.Peek(s.in.Buffered())
	if rest = bytes.TrimSpace(rest); len(rest) > 0 {
		return fault.New(edge.ClassProtocol, "%d bytes follow <proceed/> before TLS", len(rest))
	}
	return nil
}

// next is the next start element. The end of the stream is io.EOF.
func (s *stream) next() (xml.StartElement, error) {
	for {
		token, err := s.xml.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			return t, nil
		case xml.EndElement:
			return xml.StartElement{}, io.EOF
		case xml.Directive:
			// RFC 6120, 11.1: no document type, so no entities either.
			return xml.StartElement{}, fault.New(edge.ClassProtocol, "an XML directive, which XMPP forbids")
		}
	}
}

// unexpected tells what came instead: a stream error by its condition, such
// as host-unknown (RFC 6120, 4.9.3).
func (s *stream) unexpected(start xml.StartElement) error {
	if start.Name != (xml.Name{Space: nsStream, Local: "error"}) {
		return fault.New(edge.ClassProtocol, "the server sends <%s>", cut(start.Name.Local))
	}
	condition, err := s.next()
	if err != nil {
		return fault.New(edge.ClassProtocol, "a stream error without a condition")
	}
	return fault.New(edge.ClassProtocol, "the server ends the stream: %s", cut(condition.Name.Local))
}

// fault gives an error its class.
func (s *stream) fault(err error, doing string) *edge.Fault {
	var syntax *xml.SyntaxError
	var known *edge.Fault
	switch {
	case errors.As(err, &known):
		return fault.New(known.Class, "%s: %s", doing, known.Message)
	case s.limit.N <= 0:
		return fault.New(edge.ClassTooLarge, "%s: more than %d bytes", doing, limits.XMPPStream)
	case errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		err = io.ErrUnexpectedEOF
	}
	return fault.Of(fault.Ended(s.ctx, err), doing)
}

func cut(s string) string { return s[:min(len(s), limits.XMPPName)] }
