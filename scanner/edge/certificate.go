package edge

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Fingerprint is the SHA-256 of a certificate's DER.
type Fingerprint [sha256.Size]byte

// String is the fingerprint in lower hex.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// Compare orders fingerprints.
func (f Fingerprint) Compare(g Fingerprint) int { return bytes.Compare(f[:], g[:]) }

// MarshalText is String, so that JSON shows a fingerprint as text.
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (f *Fingerprint) UnmarshalText(b []byte) error {
	if hex.DecodedLen(len(b)) != len(f) {
		return fmt.Errorf("fingerprint of %d characters: a SHA-256 has %d", len(b), hex.EncodedLen(len(f)))
	}
	_, err := hex.Decode(f[:], b)
	return err
}

// A Certificate is one certificate as sent. It is made once for all endpoints
// that present it and never changed afterwards, so pointers may be compared
// within one scan; across scans the fingerprint is compared.
type Certificate struct {
	Raw         []byte // DER, exactly as sent
	Fingerprint Fingerprint

	// X509 is what the certificate says: as Go parses it, or, where Go refuses
	// it, our own reading. Its key and its signature algorithm are to be had of
	// Key and Signature. nil where there is nothing to read.
	X509 *x509.Certificate

	// ParseError says why nobody would accept the encoding. It is empty where
	// only something that Go lacks stood in its way, as a curve.
	ParseError string

	Unreadable map[Question]string // why a question cannot be answered of it
}

// NewCertificate takes DER as it came from the network. It never fails: what
// cannot be parsed is kept with the reason.
func NewCertificate(der []byte) *Certificate {
	c := &Certificate{Raw: der, Fingerprint: sha256.Sum256(der)}
	parsed, err := x509.ParseCertificate(der)
	if err == nil {
		c.X509, c.ParseError = parsed, overlooked(parsed)
		return c
	}
	var malformed bool
	if c.X509, c.Unreadable, malformed = relaxed(der); malformed {
		c.ParseError = err.Error()
	} else {
		c.ParseError = overlooked(c.X509)
	}
	return c
}

// Holds says whether a certificate is in a list. Roots that were given and also
// sent are two values, so fingerprints are compared.
func Holds(list []*Certificate, c *Certificate) bool {
	return slices.ContainsFunc(list, func(x *Certificate) bool { return x.Fingerprint == c.Fingerprint })
}

// Distinct is the certificates of a list, each once and nil not at all.
func Distinct(list []*Certificate) []*Certificate {
	var out []*Certificate
	for _, c := range list {
		if c != nil && !Holds(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// Unread says why a question (names, validity or usage) cannot be answered of
// the certificate; empty: it can.
func (c *Certificate) Unread(q Question) string {
	if c.X509 == nil && q != Trust {
		return "it is no certificate: " + c.ParseError
	}
	return c.Unreadable[q]
}

// Thumbprint is the SHA-1 of the certificate in lower hex: the number that
// Windows shows (in upper case) and that Set-CsCertificate takes.
func (c *Certificate) Thumbprint() string {
	sum := sha1.Sum(c.Raw)
	return hex.EncodeToString(sum[:])
}

// Serial is the serial number in lower hex, whole bytes without separators or
// padding. A negative one (RFC 5280 section 4.1.2.2 forbids it, and some CAs
// did it) is in two's complement, as it is encoded and as Windows shows it.
// Empty where it cannot be read.
func (c *Certificate) Serial() string {
	if c.X509 == nil || c.X509.SerialNumber == nil {
		return ""
	}
	serial := c.X509.SerialNumber
	if serial.Sign() < 0 {
		bytes := uint(new(big.Int).Not(serial).BitLen()/8 + 1)
		serial = new(big.Int).Add(serial, new(big.Int).Lsh(big.NewInt(1), 8*bytes))
	}
	return hex.EncodeToString(serial.FillBytes(make([]byte, max(1, (serial.BitLen()+7)/8))))
}

// Subject is the subject's distinguished name as text (RFC 4514 order).
func (c *Certificate) Subject() string {
	if c.X509 == nil {
		return ""
	}
	return c.X509.Subject.String()
}

// Issuer is the issuer's distinguished name as text (RFC 4514 order).
func (c *Certificate) Issuer() string {
	if c.X509 == nil {
		return ""
	}
	return c.X509.Issuer.String()
}

// CommonName is the subject's last common name, empty where there is none.
func (c *Certificate) CommonName() string {
	if c.X509 == nil {
		return ""
	}
	return c.X509.Subject.CommonName
}

// NotBefore is the start of the validity, zero where it cannot be read.
func (c *Certificate) NotBefore() time.Time {
	if c.X509 == nil {
		return time.Time{}
	}
	return c.X509.NotBefore
}

// NotAfter is the end of the validity, zero where it cannot be read.
func (c *Certificate) NotAfter() time.Time {
	if c.X509 == nil {
		return time.Time{}
	}
	return c.X509.NotAfter
}

// DNSNames are the DNS names of the SAN as sent, in order.
func (c *Certificate) DNSNames() []string {
	if c.X509 == nil {
		return nil
	}
	return c.X509.DNSNames
}

// KeyID is the SHA-256 of the SubjectPublicKeyInfo: equal for a certificate
// that was renewed with the same key. The zero value where it cannot be read.
func (c *Certificate) KeyID() Fingerprint {
	if c.X509 == nil || len(c.X509.RawSubjectPublicKeyInfo) == 0 {
		return Fingerprint{}
	}
	return sha256.Sum256(c.X509.RawSubjectPublicKeyInfo)
}

// MarshalText is the fingerprint: JSON refers to a certificate by it.
func (c *Certificate) MarshalText() ([]byte, error) { return c.Fingerprint.MarshalText() }

// UnmarshalText reads the reference alone; the certificate itself has to be
// put in its place by whoever has the table.
func (c *Certificate) UnmarshalText(b []byte) error { return c.Fingerprint.UnmarshalText(b) }
