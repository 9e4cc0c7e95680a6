package edge

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"testing"

	"golang.org/x/crypto/cryptobyte"
)

// The forms of RSASSA-PSS that Go's enumeration has no name for, too.
func TestReadPSS(t *testing.T) {
	t.Parallel()
	sha256, sha1 := "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01", "\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a"
	tagged := func(n byte, s string) string { return string([]byte{0xa0 | n, byte(len(s))}) + s }
	sequence := func(s string) string { return string([]byte{0x30, byte(len(s))}) + s }
	mgf := func(hash string) string { return sequence("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08" + hash) }
	for _, c := range []struct {
		name, parameters string
		want             Signature
	}{
		{"all left out", sequence(""), Signature{PSS, "RSASSA-PSS with SHA-1, MGF1 with SHA-1, salt of 20", crypto.SHA1, "SHA-1", crypto.SHA1, 20}},
		{"SHA-256 and OpenSSL's salt", sequence(tagged(0, sha256) + tagged(1, mgf(sha256)) + tagged(2, "\x02\x02\x00\xde")),
			Signature{PSS, "RSASSA-PSS with SHA-256, MGF1 with SHA-256, salt of 222", crypto.SHA256, "", crypto.SHA256, 222}},
		{"MGF1 with SHA-1", sequence(tagged(0, sha256) + tagged(1, mgf(sha1)) + tagged(2, "\x02\x01\x20")),
			Signature{PSS, "RSASSA-PSS with SHA-256, MGF1 with SHA-1, salt of 32", crypto.SHA256, "SHA-1", crypto.SHA1, 32}},
		{"no parameters", "", Signature{PSS, "RSASSA-PSS without parameters", 0, "", 0, 0}},
	} {
		if got := readPSS(cryptobyte.String(c.parameters)); got != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// What Go can name reads the same by our own reader.
func TestSignatureNames(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	make := func(a x509.SignatureAlgorithm, by crypto.Signer) *Certificate {
		c := NewCertificate(healthy(t))
		template := *c.X509
		template.SignatureAlgorithm, template.PublicKey = a, by.Public()
		der, err := x509.CreateCertificate(rand.Reader, &template, &template, by.Public(), by)
		if err != nil {
			t.Fatal(err)
		}
		return NewCertificate(der)
	}
	for a, by := range map[x509.SignatureAlgorithm]crypto.Signer{x509.SHA256WithRSA: key, x509.SHA512WithRSA: key, x509.SHA1WithRSA: key, x509.PureEd25519: ed} {
		if got := make(a, by).Signature(); got.Name != a.String() || (got.Old != "") != (a == x509.SHA1WithRSA) {
			t.Errorf("%s: %+v", a, got)
		}
	}
	if c := make(x509.PureEd25519, ed); c.Key().Supported() || c.Signature().Supported() || c.Key().Public == nil {
		t.Errorf("Ed25519: %+v %+v", c.Key(), c.Signature())
	}
	if c := make(x509.SHA384WithRSAPSS, key); c.Signature().Algorithm != PSS || c.Key().String() != "RSA key of 2048 bits" {
		t.Errorf("PSS: %+v %s", c.Signature(), c.Key())
	}
}

// The unknown is on no list.
func TestWhatIsUnknownIsNotSupported(t *testing.T) {
	t.Parallel()
	for _, k := range []Key{{}, {Algorithm: "1.2.3"}, {Algorithm: RSA}, {Algorithm: EC, Curve: "P-256"}, {Algorithm: Ed25519, Bits: 256}, {Algorithm: "ML-DSA-65"}} {
		if k.Supported() {
			t.Errorf("%s is supported", k)
		}
	}
	for _, oid := range []string{"1.2.3", "1.3.101.113", "2.16.840.1.101.3.4.3.18", "1.2.840.10040.4.3", "1.2.643.7.1.1.3.2"} {
		if s := signature(oid); s.Supported() || s.Name == "" {
			t.Errorf("%s: %+v", oid, s)
		}
	}
}

// RFC 5280 section 7.1: case, spaces and the type of a string do not tell two
// names apart; a separator inside a value does not make two of one.
func TestNameKey(t *testing.T) {
	t.Parallel()
	cn := func(tag byte, value string) string {
		attribute := "\x06\x03\x55\x04\x03" + string([]byte{tag, byte(len(value))}) + value
		pair := string([]byte{0x30, byte(len(attribute))}) + attribute
		set := string([]byte{0x31, byte(len(pair))}) + pair
		return string([]byte{0x30, byte(len(set))}) + set
	}
	plain := NameKey([]byte(cn(0x13, "Example CA")))
	for name, der := range map[string]string{
		"UTF8String": cn(0x0c, "Example CA"), "other case": cn(0x13, "EXAMPLE ca"), "spaces": cn(0x13, " Example   CA "),
		"BMPString": cn(0x1e, "\x00E\x00x\x00a\x00m\x00p\x00l\x00e\x00 \x00C\x00A"),
	} {
		if NameKey([]byte(der)) != plain {
			t.Errorf("%s: %q, not %q", name, NameKey([]byte(der)), plain)
		}
	}
	for name, der := range map[string]string{"another": cn(0x13, "Example CB"), "longer": cn(0x13, "Example CA 2"), "no name": "junk", "octets": cn(0x04, "Example CA")} {
		if NameKey([]byte(der)) == plain {
			t.Errorf("%s is the same name", name)
		}
	}
}
