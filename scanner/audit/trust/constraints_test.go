package trust

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"edgecert/scanner/edge"
)

// general is a GeneralName of a form, for constraints and for names.
func general(form uint8, value string) []byte {
	tag := cbasn1.Tag(form).ContextSpecific()
	if form == edge.DirectoryName || form == edge.OtherName {
		tag = tag.Constructed()
	}
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(value)) })
	return b.BytesOrPanic()
}

// other is the value of an edge.OtherName.
func other(t *testing.T, id asn1.ObjectIdentifier, text string) string {
	t.Helper()
	oid, err := asn1.Marshal(id)
	if err != nil {
		t.Fatal(err)
	}
	return string(oid) + string([]byte{0xa0, byte(len(text) + 2), 0x0c, byte(len(text))}) + text
}

func directory(t *testing.T, n pkix.Name) string {
	t.Helper()
	der, err := asn1.Marshal(n.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	return string(der)
}

func constrained(permitted, excluded [][]byte) func(*x509.Certificate) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for n, list := range [][][]byte{permitted, excluded} {
			if len(list) == 0 {
				continue
			}
			b.AddASN1(cbasn1.Tag(n).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
				for _, base := range list {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(base) })
				}
			})
		}
	})
	return extended(30, b.BytesOrPanic())
}

func sanOf(names ...[]byte) func(*x509.Certificate) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, n := range names {
			b.AddBytes(n)
		}
	})
	return extended(17, b.BytesOrPanic())
}

func extended(last int, value []byte) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.DNSNames = nil
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, last}, Critical: last == 30, Value: value})
	}
}

// A form that the certificate does not carry constrains nothing; the others
// are judged, whatever the standard library knows of them.
func TestNameConstraints(t *testing.T) {
	t.Parallel()
	rootE, interE, leafE := newEntity(t, "Root"), newEntity(t, "Intermediate"), newEntity(t, "leaf")
	root := certify(t, rootE, rootE)
	contoso := pkix.Name{Country: []string{"DE"}, Organization: []string{"Contoso"}}
	shouting := pkix.Name{Country: []string{"de"}, Organization: []string{" CONTOSO  "}}
	subject := func(c *x509.Certificate) {
		c.Subject = pkix.Name{Country: []string{"DE"}, Organization: []string{"Contoso"}, CommonName: "sip"}
	}
	sip, ip := general(edge.DNSName, "sip.contoso.com"), general(edge.IPAddress, "\xc0\x00\x02\x01")
	upnID, unknownID := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}, asn1.ObjectIdentifier{1, 2, 3, 4}
	dns, dir := general(edge.DNSName, "contoso.com"), general(edge.DirectoryName, directory(t, contoso))
	list := func(l ...[]byte) [][]byte { return l }
	for _, test := range []struct {
		name                string
		permitted, excluded [][]byte
		names               [][]byte
		standing            Standing
		says                string
	}{
		{"as the Baseline Requirements ask", list(dns, dir), nil, list(sip), Trusted, ""},
		{"the directory in other letters", list(dns, general(edge.DirectoryName, directory(t, shouting))), nil, list(sip), Trusted, ""},
		{"another directory", list(dns, general(edge.DirectoryName, directory(t, pkix.Name{Organization: []string{"Fabrikam"}}))), nil, list(sip), Refused, "O=Contoso"},
		{"the directory excluded", nil, list(dir), list(sip), Refused, "O=Contoso"},
		{"another domain beside the directory", list(general(edge.DNSName, "fabrikam.com"), dir), nil, list(sip), Refused, "sip.contoso.com"},
		{"a UPN excluded, and none there", list(dns), list(general(edge.OtherName, other(t, upnID, "@evil.com"))), list(sip), Trusted, ""},
		{"a UPN that is not the one excluded", nil, list(general(edge.OtherName, other(t, upnID, "@evil.com"))), list(sip, general(edge.OtherName, other(t, upnID, "a@contoso.com"))), Trusted, ""},
		{"a UPN that is excluded", nil, list(general(edge.OtherName, other(t, upnID, "@evil.com"))), list(sip, general(edge.OtherName, other(t, upnID, "a@evil.com"))), Refused, "a@evil.com"},
		{"a kind that nobody knows, and none there", nil, list(general(edge.OtherName, other(t, unknownID, "x"))), list(sip), Trusted, ""},
		{"a kind that nobody knows", nil, list(general(edge.OtherName, other(t, unknownID, "x"))), list(sip, general(edge.OtherName, other(t, unknownID, "y"))), Unverified, "1.2.3.4"},
		{"no addresses at all, and none there", nil, list(general(edge.IPAddress, strings.Repeat("\x00", 8)), general(edge.IPAddress, strings.Repeat("\x00", 32))), list(sip), Trusted, ""},
		{"no addresses at all", nil, list(general(edge.IPAddress, strings.Repeat("\x00", 8))), list(sip, ip), Refused, "192.0.2.1"},
		{"another network", list(general(edge.IPAddress, "\x0a\x00\x00\x00\xff\x00\x00\x00")), nil, list(sip, ip), Refused, "192.0.2.1"},
		{"the network", list(general(edge.IPAddress, "\xc0\x00\x02\x00\xff\xff\xff\x00")), nil, list(sip, ip), Trusted, ""},
		{"a wildcard that reaches an excluded name", nil, list(general(edge.DNSName, "secret.contoso.com")), list(sip, general(edge.DNSName, "*.contoso.com")), Refused, "*.contoso.com"},
		{"a wildcard that does not reach so deep", nil, list(general(edge.DNSName, "a.secret.contoso.com")), list(sip, general(edge.DNSName, "*.contoso.com")), Trusted, ""},
		{"a wildcard in a permitted name alone", list(general(edge.DNSName, "sip.contoso.com")), nil, list(sip, general(edge.DNSName, "*.contoso.com")), Refused, "*.contoso.com"},
		{"mail of another host", list(general(edge.RFC822Name, "contoso.com")), nil, list(sip, general(edge.RFC822Name, "a@fabrikam.com")), Refused, "a@fabrikam.com"},
		{"a URI of a host below", list(general(edge.URIName, ".contoso.com")), nil, list(sip, general(edge.URIName, "https://a@x.contoso.com:443/")), Trusted, ""},
		{"a constraint that Go cannot read", list(general(edge.DNSName, "contoso.com"), general(edge.DNSName, "a b")), nil, list(sip), Trusted, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inter := certify(t, interE, rootE, constrained(test.permitted, test.excluded))
			leaf := certify(t, leafE, interE, server, subject, sanOf(test.names...))
			got := forest(root, sent("edge1", leaf, inter)).Judge(chain(leaf, inter))
			if got.Standing != test.standing || !strings.Contains(got.Objection, test.says) {
				t.Errorf("standing %q (%s), want %q (%s)", got.Standing, got.Objection, test.standing, test.says)
			}
		})
	}
}

// An issuer's name that differs in case or spaces is the same name.
func TestJudgeComparesNamesAsTheStandardSays(t *testing.T) {
	t.Parallel()
	rootE, leafE := newEntity(t, "Example Root"), newEntity(t, "leaf")
	root := certify(t, rootE, rootE)
	leaf := certify(t, leafE, entity{"EXAMPLE  root ", rootE.key}, server)
	if got := forest(root, sent("edge1", leaf)).Judge(chain(leaf)); got.Standing != Trusted {
		t.Errorf("%s (%s)", got.Standing, got.Objection)
	}
}
