package edge

import (
	"bytes"
	"crypto/x509/pkix"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
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
