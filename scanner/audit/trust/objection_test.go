package trust

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
)

// An issuer's serial number may be negative, as old private CAs have it: it is
// named by the same bytes.
func TestIssuerNamedBySerial(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		serial byte
		parent int64
		named  bool
	}{
		{"positive", 0x05, 5, true},
		{"negative", 0xfb, -5, true},
		{"another", 0x06, 5, false},
		{"another sign", 0xfb, 251, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			aki := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 35}, Value: []byte{0x30, 3, 0x82, 1, c.serial}}
			child := &x509.Certificate{Extensions: []pkix.Extension{aki}}
			parent := &x509.Certificate{SerialNumber: big.NewInt(c.parent)}
			if why := notNamed(child, parent); (why == "") != c.named {
				t.Errorf("named %v, want %v: %s", why == "", c.named, why)
			}
		})
	}
}

// A certificate that names no issuer by identifier, or an issuer that has none, is as
// good as one that fits.
func TestNotNamed(t *testing.T) {
	t.Parallel()
	naming := func(id ...byte) *x509.Certificate {
		if id == nil {
			return &x509.Certificate{}
		}
		value := append([]byte{0x30, byte(2 + len(id)), 0x80, byte(len(id))}, id...)
		return &x509.Certificate{Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 35}, Value: value}}}
	}
	for name, c := range map[string]struct {
		child *x509.Certificate
		of    []byte // the issuer's identifier
		want  bool
	}{
		"names none":                 {naming(), []byte{1}, false},
		"names this one":             {naming(1), []byte{1}, false},
		"names another":              {naming(2), []byte{1}, true},
		"the issuer has none itself": {naming(2), nil, false},
	} {
		if got := notNamed(c.child, &x509.Certificate{SubjectKeyId: c.of}); (got != "") != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestRevocationReason(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{-1: "reason -1", 0: "unspecified", 4: "superseded", 7: "reason 7", 10: "AA compromise", 11: "reason 11"} {
		if got := RevocationReason(code); got != want {
			t.Errorf("%d: %q, want %q", code, got, want)
		}
	}
}
