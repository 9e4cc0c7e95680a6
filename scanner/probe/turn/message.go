package turn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/probe/fault"
)

// The message types that are asked or answered here ([MS-TURN] 2.2.1; RFC
// 8489, 14).
const (
	bindingRequest   = 0x0001
	bindingResponse  = 0x0101
	bindingError     = 0x0111
	allocateRequest  = 0x0003
	allocateResponse = 0x0103
	allocateError    = 0x0113
)

// The attributes that are read ([MS-TURN] 2.2.2). Two numbers are swapped
// against the standard: there 0x0014 is the realm (RFC 8489, 18.3).
const (
	attrErrorCode   = 0x0009 // 2.2.2.4
	attrMagicCookie = 0x000f // 2.2.2.8
	attrNonce       = 0x0014 // 2.2.2.13; the realm in the standard
	attrRealm       = 0x0015 // 2.2.2.14; the nonce in the standard
	attrMSVersion   = 0x8008 // 2.2.2.17
	attrSoftware    = 0x8022 // SERVER in the drafts, SOFTWARE in RFC 8489, 14.14
)

const (
	magicCookie  = 0x72c64bc6 // [MS-TURN] 2.2.2.8: marks every message of this dialect
	stunCookie   = 0x2112a442 // RFC 8489, 5: the first bytes of the standard's transaction ID
	headerLength = 20
	idLength     = 16

	// The lowest version there is: a server of any age takes it, and newer
	// ones mean address families, which are of no use here.
	msVersion = 1
)

// message is a STUN or TURN message of either dialect.
type message struct {
	kind       uint16
	id         [idLength]byte
	attributes []attribute
	microsoft  bool // begins with the magic cookie
}

type attribute struct {
	kind  uint16
	value []byte
}

// newAllocate is an Allocate request without credentials as [MS-TURN] 3.2.4.1
// has it; the magic cookie must come first (2.2.2).
func newAllocate() []byte {
	body := binary.BigEndian.AppendUint32(attributeHeader(nil, attrMagicCookie, 4), magicCookie)
	body = binary.BigEndian.AppendUint32(attributeHeader(body, attrMSVersion, 4), msVersion)
	return append(append(messageHeader(allocateRequest, len(body)), random(idLength)...), body...)
}

// newBinding is a Binding request of RFC 8489.
func newBinding() []byte {
	b := binary.BigEndian.AppendUint32(messageHeader(bindingRequest, 0), stunCookie)
	return append(b, random(idLength-4)...)
}

func messageHeader(kind uint16, length int) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, kind), uint16(length))
}

func attributeHeader(b []byte, kind, length uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, kind), length)
}

var errShort = errors.New("shorter than it says")

// parse reads a message. Values point into b.
func parse(b []byte) (message, error) {
	var m message
	if len(b) < headerLength {
		return m, fmt.Errorf("a message of %s: the header alone has %d", inBytes(len(b)), headerLength)
	}
	m.kind = binary.BigEndian.Uint16(b)
	copy(m.id[:], b[4:headerLength])
	length := int(binary.BigEndian.Uint16(b[2:]))
	if m.kind >= 0x4000 {
		return m, fmt.Errorf("message type 0x%04x: the first two bits are zero in STUN", m.kind)
	}
	if length > len(b)-headerLength {
		return m, fmt.Errorf("a message of %s that says %d: %w", inBytes(len(b)-headerLength), length, errShort)
	}
	body := b[headerLength : headerLength+length]
	m.microsoft = bytes.HasPrefix(body, binary.BigEndian.AppendUint32(attributeHeader(nil, attrMagicCookie, 4), magicCookie))

	// The drafts that [MS-TURN] builds on do not pad attributes, RFC 8489, 14
	// does, and there are servers that mix the two: if one way leaves a
	// remainder, the other is tried.
	var err error
	if m.attributes, err = attributes(body, !m.microsoft); err != nil {
		var other error
		if m.attributes, other = attributes(body, m.microsoft); other == nil {
			err = nil
		}
	}
	return m, err
}

// attributes splits a message's body; aligned: values are padded to 4 bytes.
func attributes(body []byte, aligned bool) ([]attribute, error) {
	var list []attribute
	for len(body) > 0 {
		if len(body) < 4 {
			return nil, fmt.Errorf("%s behind the last attribute", inBytes(len(body)))
		}
		a := attribute{kind: binary.BigEndian.Uint16(body)}
		length := int(binary.BigEndian.Uint16(body[2:]))
		body = body[4:]
		if length > len(body) {
			return nil, fmt.Errorf("attribute 0x%04x: %w", a.kind, errShort)
		}
		a.value = body[:length]
		if aligned {
			length = min((length+3)&^3, len(body)) // the last one's padding may be missing
		}
		body = body[length:]
		list = append(list, a)
	}
	return list, nil
}

// find is the value of the first attribute of a kind, nil where there is none.
func (m message) find(kind uint16) []byte {
	for _, a := range m.attributes {
		if a.kind == kind {
			return a.value
		}
	}
	return nil
}

// answerTo reads answer as the relay's answer to request. Live is set for
// every answer in kind, a refusal above all.
func answerTo(request, answer []byte) *edge.Turn {
	m, err := parse(answer)
	if err != nil {
		return &edge.Turn{Fault: fault.Of(err, "the relay's answer")}
	}
	if !bytes.Equal(m.id[:], request[4:headerLength]) {
		return &edge.Turn{Fault: fault.New(edge.ClassProtocol, "the relay's answer has another transaction ID than the request")}
	}
	switch m.kind {
	case allocateResponse, allocateError, bindingResponse, bindingError:
		return m.turn()
	default:
		return &edge.Turn{Fault: fault.New(edge.ClassProtocol, "the relay answers with message type 0x%04x", m.kind)}
	}
}

func (m message) turn() *edge.Turn {
	realm := uint16(attrRealm)
	if !m.microsoft {
		realm = attrNonce
	}
	t := &edge.Turn{Live: true, Realm: text(m.find(realm)), Software: text(m.find(attrSoftware))}
	if v := m.find(attrMSVersion); len(v) == 4 {
		t.Version = strconv.FormatUint(uint64(binary.BigEndian.Uint32(v)), 10)
	}
	// RFC 8489, 14.8: 21 reserved bits, the hundreds, the rest, the reason.
	if v := m.find(attrErrorCode); len(v) >= 4 {
		t.ErrorCode = int(v[2]&7)*100 + int(v[3]%100)
	}
	return t
}

// text is a value as it came, without the zero bytes that fill it up.
func text(b []byte) string {
	b = bytes.TrimRight(b, "\x00")
	return string(b[:min(len(b), limits.TURNText)])
}

func inBytes(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.Itoa(n) + " bytes"
}
