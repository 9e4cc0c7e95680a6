package lab

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"io"
	"net"
)

// The A/V Edge of [MS-TURN]. 2.1.1 has the pseudo-TLS messages, 2.1.2 the
// framing, 2.2 the messages and attributes.
const (
	helloLen        = 50
	allocateRequest = 0x0003
	allocateError   = 0x0113
	controlFrame    = 0x02
	magicCookie     = 0x72c64bc6

	attrErrorCode   = 0x0009
	attrMagicCookie = 0x000f
	attrNonce       = 0x0014
	attrRealm       = 0x0015
	attrMSVersion   = 0x8008
)

// turn answers the pseudo ClientHello, then every Allocate request without
// credentials with the error that asks for them.
func (s *server) turn(conn net.Conn) {
	hello := make([]byte, helloLen)
	if _, err := io.ReadFull(conn, hello[:5]); err != nil {
		return
	}
	real := !bytes.Equal(hello[:5], []byte{0x16, 3, 1, 0, helloLen - 5})
	if !real {
		if _, err := io.ReadFull(conn, hello[5:]); err != nil {
			return
		}
		// cipher suites 2 bytes, 0x0018 = DH_anon, at the fixed end of the hello
		real = !bytes.Equal(hello[44:48], []byte{0, 2, 0, 0x18})
	}
	switch {
	case real && s.cell.RealHello == CloseOnHello:
		firstBytes(conn)
		return
	case real && s.cell.RealHello == SilentOnHello:
		io.Copy(io.Discard, conn)
		return
	}
	if _, err := conn.Write(pseudoServerHello()); err != nil {
		return
	}
	if real || s.cell.NoRelay {
		io.Copy(io.Discard, conn)
		return
	}
	relay(conn)
}

// pseudoServerHello is ServerHello and ServerHelloDone in one record, 83 bytes.
func pseudoServerHello() []byte {
	b := []byte{0x16, 3, 1, 0, 0x4e, 2, 0, 0, 0x46, 3, 1}
	b = append(b, make([]byte, 32)...) // time and random
	rand.Read(b[11:])
	b = append(b, 32)
	b = append(b, make([]byte, 32)...) // session id
	rand.Read(b[44:])
	return append(b, 0, 0x18, 0, 0x0e, 0, 0, 0)
}

func relay(conn net.Conn) {
	for range 16 { // more than a client without credentials has to ask
		var frame [4]byte // type, 0, length
		if _, err := io.ReadFull(conn, frame[:]); err != nil || frame[0] != controlFrame {
			return
		}
		message := make([]byte, binary.BigEndian.Uint16(frame[2:]))
		if _, err := io.ReadFull(conn, message); err != nil {
			return
		}
		if len(message) < 20 || binary.BigEndian.Uint16(message) != allocateRequest {
			return
		}
		answer := allocateRefused(message[4:20])
		frame = [4]byte{controlFrame}
		binary.BigEndian.PutUint16(frame[2:], uint16(len(answer)))
		if _, err := conn.Write(append(frame[:], answer...)); err != nil {
			return
		}
	}
}

// allocateRefused is the Allocate error response 401 to the request with the
// 16 bytes transaction id. All values are whole multiples of four bytes.
func allocateRefused(transaction []byte) []byte {
	var attrs []byte
	add := func(kind uint16, value []byte) {
		attrs = binary.BigEndian.AppendUint16(attrs, kind)
		attrs = binary.BigEndian.AppendUint16(attrs, uint16(len(value)))
		attrs = append(attrs, value...)
	}
	add(attrMagicCookie, binary.BigEndian.AppendUint32(nil, magicCookie))
	add(attrMSVersion, []byte{0, 0, 0, 4})
	add(attrErrorCode, append([]byte{0, 0, 4, 1}, "Unauthorized"...))
	add(attrNonce, []byte("0123456789abcdef0123"))
	add(attrRealm, []byte("rtcmedia"))

	m := binary.BigEndian.AppendUint16(nil, allocateError)
	m = binary.BigEndian.AppendUint16(m, uint16(len(attrs)))
	return append(append(m, transaction...), attrs...)
}
