package edge

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"

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

// elements are the parts of a certificate, each with its header, as they were
// sent. Each has a length of its own (RFC 5280, 4.1), so that one in a bad
// encoding does not hide those behind it.
type elements struct {
	tbs, outerAlgorithm, signature, rest                                        cryptobyte.String
	version, serial, algorithm, issuer, validity, subject, key, uids, extension cryptobyte.String
	after                                                                       cryptobyte.String // behind the last that may be there
}

func split(der []byte) (elements, bool) {
	var e elements
	var certificate, body cryptobyte.String
	s := cryptobyte.String(der)
	if !s.ReadASN1(&certificate, cbasn1.SEQUENCE) || !certificate.ReadASN1Element(&e.tbs, cbasn1.SEQUENCE) {
		return e, false
	}
	var tag cbasn1.Tag
	_ = certificate.ReadAnyASN1Element(&e.outerAlgorithm, &tag) && certificate.ReadAnyASN1Element(&e.signature, &tag)
	e.rest = certificate
	inside := e.tbs
	inside.ReadASN1(&body, cbasn1.SEQUENCE)
	if body.PeekASN1Tag(cbasn1.Tag(0).ContextSpecific().Constructed()) {
		body.ReadAnyASN1Element(&e.version, &tag)
	}
	for _, field := range []*cryptobyte.String{&e.serial, &e.algorithm, &e.issuer, &e.validity, &e.subject, &e.key} {
		if !body.ReadAnyASN1Element(field, &tag) {
			return e, len(e.serial) > 0
		}
	}
	for !body.Empty() {
		var element cryptobyte.String
		switch ok := body.ReadAnyASN1Element(&element, &tag); {
		case !ok:
			e.after = append(e.after, body...)
			return e, true
		case len(e.extension) > 0:
			e.after = append(e.after, element...)
		case tag == cbasn1.Tag(3).ContextSpecific().Constructed():
			e.extension = element
		default:
			e.uids = append(e.uids, element...)
		}
	}
	return e, true
}

// der puts the elements together again.
func (e elements) der() []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, field := range []cryptobyte.String{e.version, e.serial, e.algorithm, e.issuer, e.validity, e.subject, e.key, e.uids, e.extension, e.after} {
				b.AddBytes(field)
			}
		})
		b.AddBytes(e.outerAlgorithm)
		b.AddBytes(e.signature)
		b.AddBytes(e.rest)
	})
	der, err := b.Bytes()
	if err != nil { // of bytes that are there nothing can fail
		return nil
	}
	return der
}

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

// splitExtensions takes the list apart, as far as it is one.
func splitExtensions(element cryptobyte.String) (list []pkix.Extension, whole bool) {
	if len(element) == 0 {
		return nil, true
	}
	var outer, all, one, value cryptobyte.String
	if !element.ReadASN1(&outer, cbasn1.Tag(3).ContextSpecific().Constructed()) || !outer.ReadASN1(&all, cbasn1.SEQUENCE) {
		return nil, false
	}
	for !all.Empty() {
		var x pkix.Extension
		if !all.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&x.Id) {
			return list, false
		}
		if one.PeekASN1Tag(cbasn1.BOOLEAN) {
			var flag cryptobyte.String
			one.ReadASN1(&flag, cbasn1.BOOLEAN)
			x.Critical = len(flag) == 1 && flag[0] != 0
		}
		if !one.ReadASN1(&value, cbasn1.OCTET_STRING) {
			return list, false
		}
		x.Value = value
		list = append(list, x)
	}
	return list, true
}

func same(x, y pkix.Extension) bool { return x.Id.Equal(y.Id) && bytes.Equal(x.Value, y.Value) }

// join is the extensions element of those that are kept, empty without any.
func join(list []pkix.Extension, keep func(pkix.Extension) bool) []byte {
	kept := Keep(list, keep)
	if len(kept) == 0 {
		return nil
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.Tag(3).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, x := range kept {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(x.Id)
					if x.Critical {
						b.AddASN1Boolean(true)
					}
					b.AddASN1OctetString(x.Value)
				})
			}
		})
	})
	der, err := b.Bytes()
	if err != nil { // an object identifier that cannot be written again
		return nil
	}
	return der
}

// readSerial takes an integer of any length, sign and padding.
func readSerial(element cryptobyte.String) *big.Int {
	var content cryptobyte.String
	if !element.ReadASN1(&content, cbasn1.INTEGER) {
		return nil
	}
	return Integer(content)
}

// Integer is what the content of an INTEGER says, padded or not; nil where there
// is none.
func Integer(content []byte) *big.Int {
	if len(content) == 0 {
		return nil
	}
	n := new(big.Int).SetBytes(content)
	if content[0]&0x80 != 0 { // two's complement
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(content))))
	}
	return n
}

// minimal says whether an integer is written without padding (X.690, 8.3.2).
func minimal(element cryptobyte.String) bool {
	var n big.Int
	return element.ReadASN1Integer(&n)
}

func readValidity(element cryptobyte.String) (notBefore, notAfter time.Time) {
	var validity cryptobyte.String
	if !element.ReadASN1(&validity, cbasn1.SEQUENCE) {
		return
	}
	return readTime(&validity), readTime(&validity)
}

// readTime takes a UTCTime or GeneralizedTime, also without seconds or with an
// offset, which RFC 5280 forbids and X.680 allows.
func readTime(s *cryptobyte.String) time.Time {
	var value cryptobyte.String
	var tag cbasn1.Tag
	if !s.ReadAnyASN1(&value, &tag) {
		return time.Time{}
	}
	century := ""
	if tag == cbasn1.UTCTime && len(value) > 1 { // RFC 5280, 4.1.2.5.1: 50 is 1950
		century = "20"
		if value[0] >= '5' {
			century = "19"
		}
	}
	for _, layout := range []string{"20060102150405Z0700", "200601021504Z0700", "20060102150405.999Z0700", "20060102150405"} {
		if t, err := time.Parse(layout, century+string(value)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// readDNSNames takes the DNS names of a subject alternative name extension, in
// a bad encoding as they were sent; whole where the list could be walked.
func readDNSNames(value cryptobyte.String) (found []string, whole bool) {
	var names cryptobyte.String
	if !value.ReadASN1(&names, cbasn1.SEQUENCE) {
		return nil, false
	}
	for !names.Empty() {
		var name cryptobyte.String
		var tag cbasn1.Tag
		if !names.ReadAnyASN1(&name, &tag) {
			return found, false
		}
		if tag == cbasn1.Tag(2).ContextSpecific() { // dNSName (RFC 5280, 4.2.1.6)
			found = append(found, string(name))
		}
	}
	return found, true
}

func oidNameConstraints() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 30} }
