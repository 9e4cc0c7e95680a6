// Package turn talks to A/V Edge services, which present no certificate: over
// TCP it opens with the pseudo-TLS exchange of [MS-TURN] 2.1.1 and then asks
// for an allocation without credentials, over UDP it asks straight away. The
// refusal that names a realm proves a live relay.
//
// Everything read has a fixed bound: 83 bytes for the pseudo answer, one frame
// or one datagram for the relay's.
package turn

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
)

const (
	recordAlert     = 0x15
	recordHandshake = 0x16
	recordHeader    = 5
	answerLength    = 83 // the one record of the pseudo answer, header included

	// A relay answers at once or not at all, and its answer only adds to what
	// the pseudo-TLS has proved already.
	allocateWait = 2 * time.Second
)

// Hello opens the pseudo-TLS exchange on a fresh connection and, once it is
// answered, asks the relay for an allocation. conn has its deadline set, ctx
// carries the same one; waiting for the relay is cut to two seconds within it.
//
// Without a pseudo answer there is no Turn but a Fault: not-tls (another
// protocol answers), tls-alert and protocol (real TLS, which offers a real
// handshake on a new connection some hope), reset, timeout, interrupted.
// With one the Fault is nil, and what hindered the relay is in Turn.Fault.
func Hello(ctx context.Context, conn net.Conn) (*edge.Turn, *edge.Fault) {
	stop := fault.Interrupt(ctx, conn)
	defer stop()
	if _, err := conn.Write(clientHello(time.Now())); err != nil {
		return nil, fault.Of(fault.Ended(ctx, err), "writing the pseudo ClientHello")
	}
	if f := readAnswer(ctx, conn); f != nil {
		return nil, f
	}
	t := allocate(ctx, conn)
	t.PseudoTLS = true
	return t, nil
}

// clientHello is the 50 bytes of the pseudo ClientHello: TLS 1.0, no session,
// the one cipher 0x0018 (DH_anon with RC4), no compression.
func clientHello(now time.Time) []byte {
	b := []byte{recordHandshake, 3, 1, 0, 0x2d, 0x01, 0, 0, 0x29, 3, 1}
	b = binary.BigEndian.AppendUint32(b, uint32(now.Unix()))
	b = append(b, random(28)...)
	return append(b, 0, 0, 2, 0x00, 0x18, 1, 0)
}

// readAnswer takes the pseudo answer from r: one record with a ServerHello and
// a ServerHelloDone. Nothing behind it is read.
func readAnswer(ctx context.Context, r io.Reader) *edge.Fault {
	var b [answerLength]byte
	n, err := io.ReadAtLeast(r, b[:], recordHeader)
	if err == nil && isPseudo(b[:n]) {
		var more int
		more, err = io.ReadFull(r, b[n:])
		n += more
	}
	got := b[:n]
	switch {
	case n > 0 && !isRecord(got):
		return fault.New(edge.ClassNotTLS, "no TLS: the answer begins %q", got)
	case err != nil:
		return fault.Of(fault.Ended(ctx, err), "reading the pseudo-TLS answer, "+inBytes(n)+" so far")
	case got[0] == recordAlert:
		return alert(got)
	case !isPseudo(got):
		return fault.New(edge.ClassProtocol, "a TLS record of %d bytes: real TLS, not the pseudo answer of an A/V Edge",
			binary.BigEndian.Uint16(got[3:]))
	case !isServerHello(got[recordHeader:]):
		return fault.New(edge.ClassProtocol, "not the pseudo answer of an A/V Edge, though as long: %x", got[recordHeader:])
	}
	return nil
}

// isRecord says whether b, the first bytes of an answer, can begin a TLS
// record that answers a ClientHello.
func isRecord(b []byte) bool {
	return (b[0] == recordHandshake || b[0] == recordAlert) && (len(b) < 2 || b[1] == 3)
}

func isPseudo(answer []byte) bool {
	return bytes.HasPrefix(answer, []byte{recordHandshake, 3, 1, 0, answerLength - recordHeader})
}

// isServerHello checks what of the answer's 78 bytes is fixed: not the time,
// the random bytes and the session ID.
func isServerHello(b []byte) bool {
	return bytes.Equal(b[:6], []byte{0x02, 0, 0, 0x46, 3, 1}) &&
		b[38] == 0x20 &&
		bytes.Equal(b[71:], []byte{0x00, 0x18, 0, 0x0e, 0, 0, 0})
}

// alert is the fault of an alert record. A server of real TLS refuses the one
// cipher of the pseudo ClientHello with handshake_failure, 40.
func alert(record []byte) *edge.Fault {
	number := "cut short"
	if len(record) >= recordHeader+2 {
		number = strconv.Itoa(int(record[recordHeader+1]))
	}
	return fault.New(edge.ClassTLSAlert, "TLS alert %s: real TLS, not the pseudo answer of an A/V Edge", number)
}

// allocate asks the relay behind a pseudo-TLS answer for an allocation.
func allocate(ctx context.Context, conn net.Conn) *edge.Turn {
	wait := time.Now().Add(allocateWait)
	if end, ok := ctx.Deadline(); ok && end.Before(wait) {
		wait = end
	}
	if err := conn.SetDeadline(wait); err != nil || ctx.Err() != nil {
		return &edge.Turn{Fault: fault.New(edge.ClassInterrupted, "the relay was not asked: the scan ended")}
	}
	request := newAllocate()
	if _, err := conn.Write(frame(request)); err != nil {
		return &edge.Turn{Fault: fault.Of(fault.Ended(ctx, err), "asking the relay")}
	}
	answer, err := readFrame(conn)
	if err != nil {
		return &edge.Turn{Fault: fault.Of(fault.Ended(ctx, err), "reading the relay's answer")}
	}
	return answerTo(request, answer)
}

// A frame of MS-TURN over TCP carries a control message or, with type 3, data
// ([MS-TURN] 2.1).
const frameControl = 0x02

// frame puts a message into a frame: type, a reserved byte, length.
func frame(message []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{frameControl, 0}, uint16(len(message)))
	return append(b, message...)
}

// readFrame reads one frame, whose length field bounds it to 64 KiB.
func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	if head[0] != frameControl {
		return nil, fault.New(edge.ClassProtocol, "frame type %d: a control message has %d", head[0], frameControl)
	}
	message := make([]byte, binary.BigEndian.Uint16(head[2:]))
	_, err := io.ReadFull(r, message)
	return message, err
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}
