package edge

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// readName takes the attributes that can be read of a distinguished name.
func readName(element cryptobyte.String) pkix.Name {
	var name pkix.Name
	var sequence pkix.RDNSequence
	eachRDN(element, func(set []attribute) {
		var relative pkix.RelativeDistinguishedNameSET
		for _, a := range set {
			relative = append(relative, pkix.AttributeTypeAndValue{Type: a.id, Value: text(a.value, a.tag)})
		}
		sequence = append(sequence, relative)
	})
	name.FillFromRDNSequence(&sequence)
	return name
}

// NameText is a distinguished name as text (RFC 4514 order).
func NameText(der []byte) string { return readName(der).String() }

// NameKey is a distinguished name in the form in which two that differ only in
// case, in spaces or in the type of their strings are equal (RFC 5280, 7.1).
// What is no name is its own bytes.
func NameKey(der []byte) string {
	keys, whole := NameParts(der)
	if !whole {
		return "\x01" + string(der)
	}
	return strings.Join(keys, "\x00")
}

// SubjectKey is the NameKey of the subject of a certificate that is not parsed.
func SubjectKey(der []byte) string {
	e, _ := split(der)
	return NameKey(e.subject)
}

// NameParts are the relative names of a distinguished name, each as in NameKey:
// one name lies below another where the other's are its first.
func NameParts(der []byte) (parts []string, whole bool) {
	whole = eachRDN(der, func(set []attribute) {
		var keys []string
		for _, a := range set {
			value := string(a.value)
			if isText(a.tag) {
				value = strings.ToLower(strings.Join(strings.Fields(text(a.value, a.tag)), " "))
			}
			keys = append(keys, a.id.String()+"="+strconv.Quote(value))
		}
		slices.Sort(keys)
		parts = append(parts, strings.Join(keys, "+"))
	})
	return parts, whole
}

type attribute struct {
	id    asn1.ObjectIdentifier
	value cryptobyte.String
	tag   cbasn1.Tag
}

// eachRDN walks a distinguished name and says whether it came to its end.
func eachRDN(element cryptobyte.String, visit func([]attribute)) (whole bool) {
	var rdns, set, pair cryptobyte.String
	if !element.ReadASN1(&rdns, cbasn1.SEQUENCE) {
		return false
	}
	for rdns.ReadASN1(&set, cbasn1.SET) {
		var all []attribute
		for set.ReadASN1(&pair, cbasn1.SEQUENCE) {
			var a attribute
			if pair.ReadASN1ObjectIdentifier(&a.id) && pair.ReadAnyASN1(&a.value, &a.tag) {
				all = append(all, a)
			}
		}
		if !set.Empty() {
			return false
		}
		if len(all) > 0 {
			visit(all)
		}
	}
	return rdns.Empty()
}

const (
	teletexString   = 20 // T61: what CAs write into it is Latin-1
	universalString = 28
	bmpString       = 30
)

func isText(tag cbasn1.Tag) bool {
	switch tag {
	case cbasn1.UTF8String, cbasn1.PrintableString, cbasn1.IA5String, teletexString, universalString, bmpString:
		return true
	default:
		return false
	}
}

// text is a string of any ASN.1 type; BMPString is UTF-16, UniversalString
// UTF-32 (X.690, 8.23).
func text(value []byte, tag cbasn1.Tag) string {
	switch tag {
	case bmpString:
		units := make([]uint16, len(value)/2)
		for i := range units {
			units[i] = uint16(value[2*i])<<8 | uint16(value[2*i+1])
		}
		return string(utf16.Decode(units))
	case universalString:
		runes := make([]rune, len(value)/4)
		for i := range runes {
			runes[i] = rune(value[4*i])<<24 | rune(value[4*i+1])<<16 | rune(value[4*i+2])<<8 | rune(value[4*i+3])
		}
		return string(runes)
	case teletexString:
		runes := make([]rune, len(value))
		for i, b := range value {
			runes[i] = rune(b)
		}
		return string(runes)
	default:
		return string(value)
	}
}
