package certfile

import (
	"bytes"
	"encoding/asn1"
)

// toDER returns the first element of BER with definite lengths alone (NSS,
// Firefox, Java and many a CA write indefinite ones), and what stands behind
// it. What is definite already stays as it is, to the byte: certificates are
// signed.
func toDER(ber []byte, levels int) (der, rest []byte, err error) {
	h, ok := readHeader(ber)
	if !ok || levels == 0 {
		return nil, nil, errDamaged
	}
	if h.size >= 0 {
		end := h.start + h.size
		der, rest = ber[:end:end], ber[end:]
		if !h.constructed {
			return der, rest, nil
		}
		var inner []byte
		for left := ber[h.start:end:end]; len(left) > 0; {
			var element []byte
			if element, left, err = toDER(left, levels-1); err != nil {
				return der, rest, nil // odd inside: whoever reads that says so
			}
			inner = append(inner, element...)
		}
		if bytes.Equal(inner, ber[h.start:end]) {
			return der, rest, nil
		}
		return h.wrap(ber[:h.tagSize], inner), rest, nil
	}
	var inner []byte
	left := ber[h.start:]
	for !bytes.HasPrefix(left, []byte{0, 0}) {
		var element []byte
		if element, left, err = toDER(left, levels-1); err != nil {
			return nil, nil, err
		}
		inner = append(inner, element...)
	}
	return h.wrap(ber[:h.tagSize], inner), left[2:], nil
}

// A header is how an element of BER begins.
type header struct {
	tagSize     int
	start       int // of the contents
	size        int // of the contents; negative: until two zero bytes
	constructed bool
}

func readHeader(b []byte) (header, bool) {
	h := header{tagSize: 1}
	if len(b) < 2 {
		return h, false
	}
	h.constructed = b[0]&0x20 != 0
	if b[0]&0x1f == 0x1f { // a tag of several bytes
		for h.tagSize < len(b) && b[h.tagSize]&0x80 != 0 {
			h.tagSize++
		}
		h.tagSize++
	}
	if h.tagSize >= len(b) {
		return h, false
	}
	first := b[h.tagSize]
	h.start = h.tagSize + 1
	switch {
	case first < 0x80:
		h.size = int(first)
	case first == 0x80:
		h.size = -1
		return h, h.constructed
	default:
		n := int(first & 0x7f)
		if n > 4 || h.start+n > len(b) {
			return h, false
		}
		for _, digit := range b[h.start : h.start+n] {
			h.size = h.size<<8 | int(digit)
		}
		h.start += n
	}
	return h, h.size <= len(b)-h.start
}

// wrap puts contents under a tag, and the parts of a string into one.
func (h header) wrap(tag, contents []byte) []byte {
	const stringInParts = asn1.TagOctetString | 0x20
	if h.tagSize == 1 && tag[0] == stringInParts {
		tag, contents = []byte{asn1.TagOctetString}, joinParts(contents)
	}
	der := append([]byte{}, tag...)
	if n := len(contents); n < 0x80 {
		der = append(der, byte(n))
	} else {
		size := []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
		size = bytes.TrimLeft(size, "\x00")
		der = append(append(der, 0x80|byte(len(size))), size...)
	}
	return append(der, contents...)
}

// joinParts is the contents of the elements in b, one behind the other.
func joinParts(b []byte) []byte {
	var out []byte
	for _, part := range elements(b) {
		out = append(out, part.Bytes...)
	}
	return out
}

// elements are those of DER that stand one behind the other, up to the first
// that is damaged.
func elements(b []byte) []asn1.RawValue {
	var out []asn1.RawValue
	for len(b) > 0 {
		var e asn1.RawValue
		rest, err := asn1.Unmarshal(b, &e)
		if err != nil {
			break
		}
		out, b = append(out, e), rest
	}
	return out
}
