package rawtls

import (
	"crypto/tls"
	"encoding/binary"
	"io"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/probe/fault"
)

// Record types (RFC 8446, 5.1).
const (
	recordCCS         = 20
	recordAlert       = 21
	recordHandshake   = 22
	recordApplication = 23
	recordHeader      = 5
)

// A reader joins the handshake messages of records.
type reader struct {
	r       io.Reader
	secret  []byte // the server's handshake traffic secret; nil: what is encrypted cannot be read
	hello   *Hello // ours, to agree on the secret with; nil: it is given, or there is none
	opener  *opener
	record  []byte // the payload of one record
	hand    []byte // handshake bytes not yet taken
	total   int
	idle    int
	retried bool // the last ServerHello was a HelloRetryRequest
	flight  *Flight
}

// Read reads the server's first flight from r. secret is the server's
// handshake traffic secret (RFC 8446, 7.1) if TLS 1.3 may come, else nil.
//
// The Flight is never nil and holds what was read when an error came. The
// error is an *edge.Fault for what the server did (tls-alert, protocol,
// too-large, bad-certificate, not-tls), or what r said.
func Read(r io.Reader, secret []byte) (*Flight, error) {
	return (&reader{r: r, secret: secret, flight: &Flight{}}).read()
}

func (d *reader) read() (*Flight, error) {
	for !d.flight.Done {
		body, kind, err := d.message()
		if err != nil {
			return d.flight, err
		}
		if err := d.take(kind, body); err != nil {
			return d.flight, err
		}
	}
	return d.flight, nil
}

// message is the next handshake message. It is valid until the next one.
func (d *reader) message() (body []byte, kind byte, err error) {
	for len(d.hand) < 4 {
		if err := d.more(); err != nil {
			return nil, 0, err
		}
	}
	kind = d.hand[0]
	n := int(binary.BigEndian.Uint32(d.hand) & 0xffffff)
	if limit := limitOf(kind); n > limit {
		return nil, 0, fault.New(edge.ClassTooLarge, "a %s message of %d bytes: %d are read at most", messageName(kind), n, limit)
	}
	for len(d.hand) < 4+n {
		if err := d.more(); err != nil {
			return nil, 0, err
		}
	}
	body = d.hand[4 : 4+n]
	d.hand = d.hand[4+n:]
	return body, kind, nil
}

func limitOf(kind byte) int {
	if kind == typeCertificate {
		return limits.CertificateMessage
	}
	return limits.HandshakeMessage
}

// more adds the next record's handshake bytes to hand.
func (d *reader) more() error {
	kind, payload, err := d.next()
	if err != nil {
		return err
	}
	if kind == recordApplication {
		if kind, payload, err = d.decrypt(payload); err != nil {
			return err
		}
	}
	switch kind {
	case recordHandshake:
		if len(payload) > 0 {
			d.idle = 0
			d.hand = append(d.hand, payload...)
			return nil
		}
	case recordAlert:
		if len(payload) != 2 {
			return fault.New(edge.ClassProtocol, "an alert of %d bytes: alerts have 2", len(payload))
		}
		if payload[0] != 1 || payload[1] == 0 {
			return &Alert{Number: int(payload[1])}
		}
	case recordCCS:
	default:
		return fault.New(edge.ClassProtocol, "a record of type %d within the handshake", kind)
	}
	if d.idle++; d.idle > limits.IdleRecords {
		return fault.New(edge.ClassProtocol, "more than %d records in a row that bring nothing", limits.IdleRecords)
	}
	return nil
}

// next reads one record into d.record.
func (d *reader) next() (kind byte, payload []byte, err error) {
	var head [recordHeader]byte
	if _, err := io.ReadFull(d.r, head[:]); err != nil {
		return 0, nil, err
	}
	if head[0] < recordCCS || head[0] > recordApplication || head[1] != 3 {
		class := edge.ClassNotTLS
		if d.total > 0 {
			class = edge.ClassProtocol // it began as TLS
		}
		return 0, nil, fault.New(class, "no TLS record: %q", head)
	}
	n := int(binary.BigEndian.Uint16(head[3:]))
	if n > limits.Record {
		return 0, nil, fault.New(edge.ClassProtocol, "a record of %d bytes: %d are allowed", n, limits.Record)
	}
	if d.total += recordHeader + n; d.total > limits.Flight {
		return 0, nil, fault.New(edge.ClassTooLarge, "a first flight beyond %d bytes", limits.Flight)
	}
	if cap(d.record) < n {
		d.record = make([]byte, max(n, 4<<10))
	}
	d.record = d.record[:n]
	if _, err := io.ReadFull(d.r, d.record); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	return head[0], d.record, nil
}

func (d *reader) decrypt(payload []byte) (kind byte, plain []byte, err error) {
	if d.flight.Version != tls.VersionTLS13 {
		return 0, nil, fault.New(edge.ClassProtocol, "application data within the handshake")
	}
	if d.opener == nil {
		if d.opener, err = newOpener(d.flight.Cipher, d.secret); err != nil {
			return 0, nil, err
		}
	}
	return d.opener.open(payload)
}

// An Alert is the fatal alert, or the close, that ended a flight.
type Alert struct{ Number int }

// Error is the alert as text.
func (a *Alert) Error() string { return "the server sent alert " + AlertName(a.Number) }
