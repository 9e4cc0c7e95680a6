package edge

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// overlooked says what crypto/x509 reads over in a certificate that it takes,
// and other readers (OpenSSL, GnuTLS) refuse: what follows where nothing may,
// dates to the minute, alternative names that are none. Empty: nothing.
func overlooked(c *x509.Certificate) string {
	e, _ := split(c.Raw)
	for _, part := range []struct {
		name  string
		bytes cryptobyte.String
		shape shape
	}{
		{"its issuer's name", e.issuer, nameShape()}, {"its subject's name", e.subject, nameShape()},
		{"its dates", e.validity, group(cbasn1.SEQUENCE, date, date)},
		{"its key", e.key, group(cbasn1.SEQUENCE, algorithmShape(), one(cbasn1.BIT_STRING))},
		{"its signature algorithm", e.algorithm, algorithmShape()},
		{"its extensions", e.extension, maybe(tagged(3), group(tagged(3), list(cbasn1.SEQUENCE, extensionShape())))},
		{"its end", append(e.after, e.rest...), group(0)},
	} {
		if !part.shape(&part.bytes) || !part.bytes.Empty() {
			return part.name + ": bytes that may not be there"
		}
	}
	for _, x := range c.Extensions {
		value := cryptobyte.String(x.Value)
		if shape := valueShape(x.Id.String()); shape != nil && (!shape(&value) || !value.Empty()) {
			return "its extension " + x.Id.String() + ": bytes that may not be there"
		}
	}
	return ""
}

// A shape reads an element off a string and says whether it is as it has to be.
type shape func(*cryptobyte.String) bool

// one is an element with anything in it.
func one(tag cbasn1.Tag) shape {
	return func(s *cryptobyte.String) bool { return s.SkipASN1(tag) }
}

// maybe is an element that may be missing.
func maybe(tag cbasn1.Tag, present shape) shape {
	return func(s *cryptobyte.String) bool { return !s.PeekASN1Tag(tag) || present(s) }
}

// anything is any element, or none.
func anything(s *cryptobyte.String) bool { return s.Empty() || element(s) }

func element(s *cryptobyte.String) bool {
	var any cryptobyte.String
	var tag cbasn1.Tag
	return s.ReadAnyASN1Element(&any, &tag)
}

// group is an element with others in it, one after the other and no more.
func group(tag cbasn1.Tag, parts ...shape) shape {
	return func(s *cryptobyte.String) bool {
		inside := *s
		if tag != 0 && !s.ReadASN1(&inside, tag) {
			return false
		}
		for _, part := range parts {
			if !part(&inside) {
				return false
			}
		}
		return inside.Empty()
	}
}

// list is an element with any number of equal ones in it.
func list(tag cbasn1.Tag, each shape) shape {
	return func(s *cryptobyte.String) bool {
		var inside cryptobyte.String
		if !s.ReadASN1(&inside, tag) {
			return false
		}
		for !inside.Empty() {
			if !each(&inside) {
				return false
			}
		}
		return true
	}
}

func tagged(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific().Constructed() }

func nameShape() shape {
	set := list(cbasn1.SET, group(cbasn1.SEQUENCE, identifier, func(s *cryptobyte.String) bool {
		var value cryptobyte.String
		var tag cbasn1.Tag
		return s.ReadAnyASN1(&value, &tag) && (isText(tag) || tag == numericString)
	}))
	return list(cbasn1.SEQUENCE, filled(set))
}

// filled is an element that may not be empty.
func filled(s shape) shape {
	return func(in *cryptobyte.String) bool { return (len(*in) < 2 || (*in)[1] > 0) && s(in) }
}

// numericString is a string that is read as its bytes.
const numericString = 18

// identifier is an object identifier.
func identifier(s *cryptobyte.String) bool {
	var id asn1.ObjectIdentifier
	return s.ReadASN1ObjectIdentifier(&id)
}

func algorithmShape() shape { return group(cbasn1.SEQUENCE, identifier, anything) }

func extensionShape() shape {
	return group(cbasn1.SEQUENCE, identifier, maybe(cbasn1.BOOLEAN, boolean), one(cbasn1.OCTET_STRING))
}

func boolean(s *cryptobyte.String) bool {
	var value cryptobyte.String
	return s.ReadASN1(&value, cbasn1.BOOLEAN) && len(value) == 1
}

// date is to the second and in UTC (RFC 5280, 4.1.2.5.1 and 2).
func date(s *cryptobyte.String) bool {
	var value cryptobyte.String
	var tag cbasn1.Tag
	return s.ReadAnyASN1(&value, &tag) && bytes.HasSuffix(value, []byte{'Z'}) &&
		len(value) == map[cbasn1.Tag]int{cbasn1.UTCTime: len("060102150405Z"), cbasn1.GeneralizedTime: len("20060102150405Z")}[tag]
}

func generalName(s *cryptobyte.String) bool {
	_, ok := ReadGeneralName(s)
	return ok
}

// valueShape is that of an extension's value, nil for those that nobody here
// reads (RFC 5280, 4.2.1 and 4.2.2).
func valueShape(id string) shape {
	names := list(cbasn1.SEQUENCE, generalName)
	switch id {
	case KeyUsage:
		return one(cbasn1.BIT_STRING)
	case subjectAlternativeName:
		return names
	case "2.5.29.19": // basic constraints
		return group(cbasn1.SEQUENCE, maybe(cbasn1.BOOLEAN, boolean), maybe(cbasn1.INTEGER, one(cbasn1.INTEGER)))
	case "2.5.29.31": // CRL distribution points
		name := group(tagged(0), maybe(tagged(0), list(tagged(0), generalName)), maybe(tagged(1), one(tagged(1))))
		reasons := cbasn1.Tag(1).ContextSpecific()
		point := group(cbasn1.SEQUENCE, maybe(tagged(0), filled(name)), maybe(reasons, one(reasons)), maybe(tagged(2), list(tagged(2), generalName)))
		return filled(list(cbasn1.SEQUENCE, filled(point)))
	case "2.5.29.32": // policies
		return list(cbasn1.SEQUENCE, algorithmShape())
	case "2.5.29.35": // authority key identifier
		key, serial := cbasn1.Tag(0).ContextSpecific(), cbasn1.Tag(2).ContextSpecific()
		return group(cbasn1.SEQUENCE, maybe(key, one(key)), maybe(tagged(1), list(tagged(1), generalName)), maybe(serial, one(serial)))
	case ExtendedKeyUsage:
		return list(cbasn1.SEQUENCE, identifier)
	case "1.3.6.1.5.5.7.1.1": // authority information access
		return list(cbasn1.SEQUENCE, group(cbasn1.SEQUENCE, identifier, generalName))
	case "2.5.29.14", "2.5.29.30", "2.5.29.36": // subject key identifier, name constraints, policy constraints
		return anything
	default:
		return nil
	}
}

// Extensions that are there, and say nothing, are not as if they were not there:
// a key usage without a bit allows nothing.
const (
	KeyUsage               = "2.5.29.15"
	subjectAlternativeName = "2.5.29.17"
	ExtendedKeyUsage       = "2.5.29.37"
)

// HasExtension says whether a certificate has an extension.
func HasExtension(c *x509.Certificate, id string) bool {
	return slices.ContainsFunc(c.Extensions, func(x pkix.Extension) bool { return x.Id.String() == id })
}

// The forms of a GeneralName (RFC 5280, 4.2.1.6), as its tag.
const (
	OtherName     = 0
	RFC822Name    = 1
	DNSName       = 2
	DirectoryName = 4
	URIName       = 6
	IPAddress     = 7
)

// A GeneralName is an alternative name, or the base of a constraint, as sent.
type GeneralName struct {
	Form  int
	Kind  string // of OtherName: its object identifier
	Value cryptobyte.String
}

// GeneralNames are the names of the SAN; ok is false where it is none.
func GeneralNames(c *x509.Certificate) (out []GeneralName, ok bool) {
	x, present := Find(c.Extensions, func(x pkix.Extension) bool { return x.Id.String() == subjectAlternativeName })
	if !present {
		return nil, true
	}
	value := cryptobyte.String(x.Value)
	var list cryptobyte.String
	if !value.ReadASN1(&list, cbasn1.SEQUENCE) || !value.Empty() {
		return nil, false
	}
	for !list.Empty() {
		n, ok := ReadGeneralName(&list)
		if !ok {
			return out, false
		}
		out = append(out, n)
	}
	return out, true
}

// ReadGeneralName reads a name and says whether it is one.
func ReadGeneralName(s *cryptobyte.String) (GeneralName, bool) {
	var n GeneralName
	var tag cbasn1.Tag
	if !s.ReadAnyASN1(&n.Value, &tag) {
		return n, false
	}
	n.Form = int(tag & 0x1f)
	want := cbasn1.Tag(n.Form).ContextSpecific()
	switch n.Form {
	case OtherName, 3, DirectoryName, 5: // 3: x400Address, 5: ediPartyName
		want = want.Constructed()
	}
	if tag != want || n.Form > 8 {
		return n, false
	}
	switch n.Form {
	case OtherName:
		var id asn1.ObjectIdentifier
		if !n.Value.ReadASN1ObjectIdentifier(&id) {
			return n, false
		}
		n.Kind = id.String()
		inside := n.Value
		return n, group(tagged(0), element)(&inside) && inside.Empty()
	case DirectoryName:
		inside := n.Value
		return n, nameShape()(&inside) && inside.Empty()
	}
	return n, true
}
