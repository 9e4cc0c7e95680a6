package edge

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// readable is what can be read of a certificate that crypto/x509 refuses as a
// whole (a negative serial, a name in a bad encoding, trailing data). A field
// that cannot be read is its zero value; those behind it are tried all the
// same, since each has a length of its own (RFC 5280, 4.1).
type readable struct {
	serial    *big.Int
	issuer    pkix.Name
	notBefore time.Time
	notAfter  time.Time
	subject   pkix.Name
	key       []byte // SubjectPublicKeyInfo, DER
	dnsNames  []string
}

func read(der []byte) readable {
	var r readable
	var certificate, tbs cryptobyte.String
	s := cryptobyte.String(der)
	if !s.ReadASN1(&certificate, cbasn1.SEQUENCE) || !certificate.ReadASN1(&tbs, cbasn1.SEQUENCE) {
		return r
	}
	tbs.SkipOptionalASN1(cbasn1.Tag(0).ContextSpecific().Constructed()) // version
	for _, field := range []func(cryptobyte.String){
		func(s cryptobyte.String) { r.serial = readSerial(s) },
		func(cryptobyte.String) {}, // signature algorithm
		func(s cryptobyte.String) { r.issuer = readName(s) },
		func(s cryptobyte.String) { r.notBefore, r.notAfter = readValidity(s) },
		func(s cryptobyte.String) { r.subject = readName(s) },
		func(s cryptobyte.String) { r.key = bytes.Clone(s) },
	} {
		var element cryptobyte.String
		var tag cbasn1.Tag
		if !tbs.ReadAnyASN1Element(&element, &tag) {
			return r
		}
		field(element)
	}
	for !tbs.Empty() {
		var element cryptobyte.String
		var tag cbasn1.Tag
		if !tbs.ReadAnyASN1(&element, &tag) {
			break
		}
		if tag == cbasn1.Tag(3).ContextSpecific().Constructed() {
			r.dnsNames = readDNSNames(element)
		}
	}
	return r
}

// readSerial takes an integer of any length, sign and padding.
func readSerial(element cryptobyte.String) *big.Int {
	var content cryptobyte.String
	if !element.ReadASN1(&content, cbasn1.INTEGER) || len(content) == 0 {
		return nil
	}
	n := new(big.Int).SetBytes(content)
	if content[0]&0x80 != 0 { // two's complement
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(content))))
	}
	return n
}

// readName takes the attributes that can be read of a distinguished name.
func readName(element cryptobyte.String) pkix.Name {
	var name pkix.Name
	var rdns, set, attribute cryptobyte.String
	if !element.ReadASN1(&rdns, cbasn1.SEQUENCE) {
		return name
	}
	var sequence pkix.RDNSequence
	for rdns.ReadASN1(&set, cbasn1.SET) {
		var relative pkix.RelativeDistinguishedNameSET
		for set.ReadASN1(&attribute, cbasn1.SEQUENCE) {
			var id asn1.ObjectIdentifier
			var value cryptobyte.String
			var tag cbasn1.Tag
			if attribute.ReadASN1ObjectIdentifier(&id) && attribute.ReadAnyASN1(&value, &tag) {
				relative = append(relative, pkix.AttributeTypeAndValue{Type: id, Value: text(value, tag)})
			}
		}
		if len(relative) > 0 {
			sequence = append(sequence, relative)
		}
	}
	name.FillFromRDNSequence(&sequence)
	return name
}

// text is a string of any ASN.1 type; BMPString is UTF-16 (X.690, 8.23.8).
func text(value []byte, tag cbasn1.Tag) string {
	const bmpString = 30
	if tag != bmpString {
		return string(value)
	}
	units := make([]uint16, len(value)/2)
	for i := range units {
		units[i] = uint16(value[2*i])<<8 | uint16(value[2*i+1])
	}
	return string(utf16.Decode(units))
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

// readDNSNames finds the DNS names of the subject alternative name extension
// among extensions. Names in a bad encoding are given as they were sent.
func readDNSNames(extensions cryptobyte.String) []string {
	var list, extension, value, names cryptobyte.String
	if !extensions.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil
	}
	for list.ReadASN1(&extension, cbasn1.SEQUENCE) {
		var id asn1.ObjectIdentifier
		if !extension.ReadASN1ObjectIdentifier(&id) || !id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) {
			continue
		}
		extension.SkipOptionalASN1(cbasn1.BOOLEAN) // critical
		if !extension.ReadASN1(&value, cbasn1.OCTET_STRING) || !value.ReadASN1(&names, cbasn1.SEQUENCE) {
			return nil
		}
		return generalNames(names)
	}
	return nil
}

func generalNames(names cryptobyte.String) []string {
	var found []string
	for !names.Empty() {
		var name cryptobyte.String
		var tag cbasn1.Tag
		if !names.ReadAnyASN1(&name, &tag) {
			break
		}
		if tag == cbasn1.Tag(2).ContextSpecific() { // dNSName (RFC 5280, 4.2.1.6)
			found = append(found, string(name))
		}
	}
	return found
}
