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
