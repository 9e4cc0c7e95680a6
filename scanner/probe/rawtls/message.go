package rawtls

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/cryptobyte"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/probe/fault"
)

// Handshake message types (RFC 8446, 4; RFC 5246, 7.4; RFC 6066, 8).
const (
	typeClientHello         = 1
	typeServerHello         = 2
	typeEncryptedExtensions = 8
	typeCertificate         = 11
	typeServerKeyExchange   = 12
	typeCertificateRequest  = 13
	typeServerHelloDone     = 14
	typeCertificateStatus   = 22
)

func messageName(kind byte) string {
	switch kind {
	case typeServerHello:
		return "ServerHello"
	case typeCertificate:
		return "Certificate"
	case typeCertificateRequest:
		return "CertificateRequest"
	default:
		return fmt.Sprintf("handshake (type %d)", kind)
	}
}

// take notes what one message says.
func (d *reader) take(kind byte, body []byte) error {
	f := d.flight
	if f.Cipher == 0 && kind != typeServerHello {
		return fault.New(edge.ClassProtocol, "a %s message before the ServerHello", messageName(kind))
	}
	switch kind {
	case typeServerHello:
		return d.serverHello(body)
	case typeCertificate:
		if f.Chain != nil {
			return fault.New(edge.ClassProtocol, "a second Certificate message")
		}
		err := f.certificate(body)
		f.Done = err == nil && f.Version == tls.VersionTLS13
		return err
	case typeCertificateRequest:
		return f.request(body)
	case typeCertificateStatus:
		f.staple(body)
	case typeServerHelloDone:
		f.Done = true
	case typeEncryptedExtensions, typeServerKeyExchange:
	default:
		return fault.New(edge.ClassProtocol, "a %s message in the server's first flight", messageName(kind))
	}
	return nil
}

// serverHello takes version and suite. A HelloRetryRequest has the same shape
// and a random value of its own (RFC 8446, 4.1.3); the ServerHello comes
// behind it.
func (d *reader) serverHello(body []byte) error {
	f := d.flight
	if f.Cipher != 0 && !d.retried {
		return fault.New(edge.ClassProtocol, "a second ServerHello")
	}
	var random, session, extensions cryptobyte.String
	var version uint16
	var compression uint8
	s := cryptobyte.String(body)
	if !s.ReadUint16(&version) || !s.ReadBytes((*[]byte)(&random), 32) ||
		!s.ReadUint8LengthPrefixed(&session) || !s.ReadUint16(&f.Cipher) || !s.ReadUint8(&compression) {
		return fault.New(edge.ClassProtocol, "a ServerHello that cannot be decoded")
	}
	again := sha256.Sum256([]byte("HelloRetryRequest"))
	d.retried = bytes.Equal(random, again[:]) && !d.retried
	f.Version = version
	if s.Empty() || !s.ReadUint16LengthPrefixed(&extensions) {
		return nil // older servers send none
	}
	var share cryptobyte.String
	for !extensions.Empty() {
		var id uint16
		var value cryptobyte.String
		if !extensions.ReadUint16(&id) || !extensions.ReadUint16LengthPrefixed(&value) {
			return fault.New(edge.ClassProtocol, "ServerHello extensions that cannot be decoded")
		}
		if id == extKeyShare {
			share = value
		}
		if id == extVersions && !value.ReadUint16(&f.Version) {
			return fault.New(edge.ClassProtocol, "a supported_versions extension that cannot be decoded")
		}
	}
	if d.hello == nil || f.Version != tls.VersionTLS13 {
		return nil
	}
	if d.retried {
		return fault.New(edge.ClassProtocol, "a HelloRetryRequest: the server likes none of the groups offered")
	}
	var err error
	d.secret, err = d.hello.secret(f.Cipher, share, message(typeServerHello, body))
	return err
}

// message is a handshake message, as transcripts have it.
func message(kind byte, body []byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	head[0] = kind
	return append(head, body...)
}

// certificate takes the chain: length-prefixed DER, with TLS 1.3 behind a
// context and with extensions at each (RFC 8446, 4.4.2).
func (f *Flight) certificate(body []byte) error {
	var list, context cryptobyte.String
	s := cryptobyte.String(body)
	modern := f.Version == tls.VersionTLS13
	if modern && !s.ReadUint8LengthPrefixed(&context) ||
		!s.ReadUint24LengthPrefixed(&list) || !s.Empty() {
		return fault.New(edge.ClassBadCertificate, "a Certificate message that cannot be decoded")
	}
	if list.Empty() {
		return fault.New(edge.ClassBadCertificate, "a Certificate message without a certificate")
	}
	var chain [][]byte
	for !list.Empty() {
		var der, extensions cryptobyte.String
		if !list.ReadUint24LengthPrefixed(&der) || modern && !list.ReadUint16LengthPrefixed(&extensions) {
			return fault.New(edge.ClassBadCertificate, "a Certificate message whose certificate %d is cut", len(chain)+1)
		}
		if len(der) == 0 {
			return fault.New(edge.ClassBadCertificate, "a Certificate message whose certificate %d is empty", len(chain)+1)
		}
		if len(chain) == limits.Chain {
			return fault.New(edge.ClassTooLarge, "a chain of more than %d certificates", limits.Chain)
		}
		if len(chain) == 0 {
			f.stapleOf(extensions)
		}
		chain = append(chain, bytes.Clone(der))
	}
	f.Chain = chain
	return nil
}

func (f *Flight) stapleOf(extensions cryptobyte.String) {
	for !extensions.Empty() {
		var id uint16
		var value cryptobyte.String
		if !extensions.ReadUint16(&id) || !extensions.ReadUint16LengthPrefixed(&value) {
			return
		}
		if id == extStatusRequest {
			f.staple(value)
		}
	}
}

// staple takes an OCSP response (RFC 6066, 8): type 1, length, DER. One that
// cannot be decoded is no staple.
func (f *Flight) staple(body []byte) {
	var kind uint8
	var response cryptobyte.String
	s := cryptobyte.String(body)
	if s.ReadUint8(&kind) && kind == 1 && s.ReadUint24LengthPrefixed(&response) && len(response) > 0 {
		f.Staple = bytes.Clone(response)
	}
}

// request takes the acceptable CAs of a CertificateRequest.
func (f *Flight) request(body []byte) error {
	s := cryptobyte.String(body)
	var skipped, names cryptobyte.String
	ok := s.ReadUint8LengthPrefixed(&skipped) // certificate types; the context with TLS 1.3
	switch {
	case f.Version == tls.VersionTLS13:
		ok = ok && requestExtensions(&s, &names)
	case f.Version == tls.VersionTLS12:
		ok = ok && s.ReadUint16LengthPrefixed(&skipped) && s.ReadUint16LengthPrefixed(&names)
	default:
		ok = ok && s.ReadUint16LengthPrefixed(&names)
	}
	for ok && !names.Empty() {
		var name cryptobyte.String
		if ok = names.ReadUint16LengthPrefixed(&name); ok {
			f.Authorities = append(f.Authorities, bytes.Clone(name))
		}
	}
	if !ok {
		return fault.New(edge.ClassProtocol, "a CertificateRequest that cannot be decoded")
	}
	f.Requested = true
	return nil
}

// requestExtensions finds the certificate_authorities (RFC 8446, 4.2.4).
func requestExtensions(s, names *cryptobyte.String) bool {
	var extensions cryptobyte.String
	ok := s.ReadUint16LengthPrefixed(&extensions)
	for ok && !extensions.Empty() {
		var id uint16
		var value cryptobyte.String
		ok = extensions.ReadUint16(&id) && extensions.ReadUint16LengthPrefixed(&value)
		if ok && id == extAuthorities {
			ok = value.ReadUint16LengthPrefixed(names)
		}
	}
	return ok
}
