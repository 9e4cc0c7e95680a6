// Package rawtls reads the server's first flight of a TLS handshake (RFC 5246
// and RFC 8446, section 4; the older versions alike) without taking part in
// one: for chains that crypto/tls refuses to look at, and for servers that
// share no suite or group with it.
//
//	Hellos ─→ server ─→ Read ─→ Flight: version, suite, chain, what was asked of us
//
// Nothing is verified. Whatever the bytes are, memory is bounded by the
// constants below, time by the reader's deadline.
package rawtls

import (
	"crypto/tls"
	"fmt"
)

// SSL30 is the version that crypto/tls no longer has a use for.
const SSL30 = 0x0300

// A Flight is what the server said up to ServerHelloDone, with TLS 1.3 up to
// its Certificate.
type Flight struct {
	Version     uint16
	Cipher      uint16   // 0: no ServerHello came
	Chain       [][]byte // DER, leaf first; nil: no Certificate message came
	Staple      []byte   // OCSP response, DER
	Requested   bool     // a CertificateRequest came
	Authorities [][]byte // its acceptable CAs: distinguished names, DER
	Done        bool     // read to its end: Requested is certain
}

// Pseudo says whether the flight is that of an MS-TURN server: a ServerHello
// for the anonymous suite 0x0018 and nothing to prove who it is ([MS-TURN]
// 2.1.1).
func (f *Flight) Pseudo() bool {
	return f.Done && f.Chain == nil && f.Cipher == 0x0018
}

// VersionName is a version as reports write it: "TLS 1.2".
func VersionName(v uint16) string {
	switch v {
	case 0:
		return ""
	case SSL30:
		return "SSL 3.0"
	default:
		return tls.VersionName(v)
	}
}

// CipherName is the IANA name of a suite, "0x1234" where it is not one of
// those that Hello offers.
func CipherName(id uint16) string {
	for _, s := range otherSuites() {
		if s.id == id {
			return s.name
		}
	}
	return tls.CipherSuiteName(id)
}

// AlertName is an alert as text: "40 (handshake failure)". The texts are the
// names of RFC 8446, 6, with the older ones of RFC 5246, 7.2.
func AlertName(number int) string {
	names := map[int]string{
		0: "close notify", 10: "unexpected message", 20: "bad record MAC", 21: "decryption failed",
		22: "record overflow", 30: "decompression failure", 40: "handshake failure", 41: "no certificate",
		42: "bad certificate", 43: "unsupported certificate", 44: "certificate revoked", 45: "certificate expired",
		46: "certificate unknown", 47: "illegal parameter", 48: "unknown CA", 49: "access denied",
		50: "decode error", 51: "decrypt error", 60: "export restriction", 70: "protocol version",
		71: "insufficient security", 80: "internal error", 86: "inappropriate fallback", 90: "user canceled",
		100: "no renegotiation", 109: "missing extension", 110: "unsupported extension", 112: "unrecognized name",
		113: "bad certificate status response", 115: "unknown PSK identity", 116: "certificate required",
		120: "no application protocol",
	}
	if name, ok := names[number]; ok {
		return fmt.Sprintf("%d (%s)", number, name)
	}
	return fmt.Sprint(number)
}
