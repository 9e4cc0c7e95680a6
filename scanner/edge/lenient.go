package edge

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"edgecert/scanner/limits"
)

// A Question is what must be judged of every certificate that is presented.
type Question string

// The four questions.
const (
	Names    Question = "names"
	Validity Question = "validity"
	Trust    Question = "trust"
	Usage    Question = "usage"
)

// unknownKey is a SubjectPublicKeyInfo of an algorithm that nobody has, which
// crypto/x509 leaves alone.
func unknownKey() []byte {
	return []byte{0x30, 8, 0x30, 3, 0x06, 1, 0x00, 0x03, 1, 0}
}

// relaxed reads what crypto/x509 refuses as a whole. malformed is false where
// only its own limits stood in the way: a key of a kind, or on a curve, that it
// lacks, a negative serial number, name constraints in another form. unread
// says which questions the rest leaves open, and why.
func relaxed(der []byte) (c *x509.Certificate, unread map[Question]string, malformed bool) {
	e, ok := split(der)
	if !ok {
		return nil, unreadAll("it is no certificate"), true
	}
	list, listed := splitExtensions(e.extension)
	known := e
	known.key = unknownKey()
	if n := readSerial(e.serial); n != nil && n.Sign() < 0 && minimal(e.serial) {
		known.serial = []byte{0x02, 1, 1}
	}
	if listed {
		known.extension = join(list, func(x pkix.Extension) bool { return !x.Id.Equal(oidNameConstraints()) })
	}
	c, err := x509.ParseCertificate(append(known.der(), der[len(trim(der)):]...))
	if err != nil {
		malformed = true
		c, unread = e.piecemeal(list, listed)
	}
	e.restore(c, der, list)
	return c, unread, malformed
}

func unreadAll(why string) map[Question]string {
	return map[Question]string{Names: why, Validity: why, Usage: why}
}

// trim is der without what follows its outermost element.
func trim(der []byte) []byte {
	s := cryptobyte.String(der)
	var whole cryptobyte.String
	var tag cbasn1.Tag
	s.ReadAnyASN1Element(&whole, &tag)
	return whole
}

// piecemeal reads every extension by itself.
func (e elements) piecemeal(list []pkix.Extension, listed bool) (*x509.Certificate, map[Question]string) {
	unread := map[Question]string{}
	if !listed {
		unread[Names], unread[Usage] = "its extensions cannot be read", "its extensions cannot be read"
	}
	good := map[int]bool{}
	seen := map[string]bool{}
	for i, x := range list {
		if seen[x.Id.String()] || i >= limits.LenientExtensions {
			continue
		}
		seen[x.Id.String()] = true
		alone := func(y pkix.Extension) bool { return same(x, y) }
		if _, err := x509.ParseCertificate(blank(join(list[i:i+1], alone))); err == nil {
			good[i] = true
			continue
		}
		if q := questionOf(x.Id); q != "" {
			unread[q] = "an extension (" + x.Id.String() + ") cannot be read"
		}
	}
	var kept []pkix.Extension
	for i, x := range list {
		if good[i] && !x.Id.Equal(oidNameConstraints()) {
			kept = append(kept, x)
		}
	}
	c, err := x509.ParseCertificate(blank(join(kept, func(pkix.Extension) bool { return true })))
	if err != nil { // each was taken by itself
		c = &x509.Certificate{}
	}
	c.RawIssuer, c.RawSubject = e.issuer, e.subject
	c.Issuer, c.Subject = readName(e.issuer), readName(e.subject)
	c.NotBefore, c.NotAfter = readValidity(e.validity)
	if c.NotBefore.IsZero() || c.NotAfter.IsZero() {
		unread[Validity] = "its dates cannot be read"
	}
	if len(e.key) == 0 {
		unread[Usage] = "its key cannot be read"
	}
	for i, x := range list {
		if !good[i] && x.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) && len(c.DNSNames) == 0 {
			var whole bool
			if c.DNSNames, whole = readDNSNames(x.Value); whole {
				delete(unread, Names)
			}
		}
	}
	return c, unread
}

// questionOf is the question that an extension answers.
func questionOf(id asn1.ObjectIdentifier) Question {
	switch id.String() {
	case "2.5.29.17": // subject alternative name
		return Names
	case "2.5.29.15", "2.5.29.19", "2.5.29.37": // key usage, basic constraints, extended key usage
		return Usage
	default:
		return ""
	}
}

// blank is a certificate that says nothing but these extensions.
func blank(extensions []byte) []byte {
	algorithm := []byte{0x30, 3, 0x06, 1, 0x00}
	day := append([]byte{0x17, 13}, "260101000000Z"...)
	return elements{
		version: []byte{0xa0, 3, 0x02, 1, 2}, serial: []byte{0x02, 1, 1}, algorithm: algorithm, issuer: []byte{0x30, 0},
		validity: append(append([]byte{0x30, 30}, day...), day...), subject: []byte{0x30, 0}, key: unknownKey(),
		extension: extensions, outerAlgorithm: algorithm, signature: []byte{0x03, 1, 0},
	}.der()
}

// restore puts what was sent in the place of what stood for it.
func (e elements) restore(c *x509.Certificate, der []byte, list []pkix.Extension) {
	c.Raw, c.RawTBSCertificate, c.RawSubjectPublicKeyInfo = der, e.tbs, e.key
	c.SerialNumber = readSerial(e.serial)
	c.Extensions = list
	var bits asn1.BitString
	s := e.signature
	if s.ReadASN1BitString(&bits) {
		c.Signature = bits.RightAlign()
	}
	c.PublicKey, c.PublicKeyAlgorithm = ReadKey(e.key).Public, x509.UnknownPublicKeyAlgorithm
}

func oidNameConstraints() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 30} }
