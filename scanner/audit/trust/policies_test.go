package trust

import (
	"crypto/x509"
	"encoding/asn1"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func policy(last int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 3, last} }

// has gives a certificate policies; 0 stands for any.
func has(ids ...int) func(*x509.Certificate) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, id := range ids {
			oid := policy(id)
			if id == 0 {
				oid = asn1.ObjectIdentifier{2, 5, 29, 32, 0}
			}
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) })
		}
	})
	return extended(32, b.BytesOrPanic())
}

func maps(from, to int) func(*x509.Certificate) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(policy(from))
			b.AddASN1ObjectIdentifier(policy(to))
		})
	})
	return extended(33, b.BytesOrPanic())
}

// requires asks for a policy, and noMapping for none that is mapped, after so
// many certificates; noAny ends what "any" stands for.
func requires(after byte) func(*x509.Certificate) {
	return extended(36, []byte{0x30, 3, 0x80, 1, after})
}
func noMapping(after byte) func(*x509.Certificate) {
	return extended(36, []byte{0x30, 6, 0x80, 1, 0, 0x81, 1, after})
}
func noAny(after byte) func(*x509.Certificate) { return extended(54, []byte{2, 1, after}) }

// A CA that requires a policy is obeyed by everybody but OpenSSL; where none is
// required, nobody cares. crypto/x509 is a second opinion.
func TestPolicies(t *testing.T) {
	t.Parallel()
	rootE, upperE, lowerE, leafE := newEntity(t, "Root"), newEntity(t, "Upper"), newEntity(t, "Lower"), newEntity(t, "leaf")
	root := certify(t, rootE, rootE, requires(0), has(9)) // of a root nobody asks
	type mutations []func(*x509.Certificate)
	for _, test := range []struct {
		name               string
		upper, lower, leaf mutations
		trusted            bool
	}{
		{"none at all", nil, nil, nil, true},
		{"different ones, and none required", mutations{has(1)}, mutations{has(2)}, mutations{has(3)}, true},
		{"required, and none there", mutations{requires(0)}, nil, nil, false},
		{"required, and none in the leaf", mutations{requires(0), has(1)}, mutations{has(1)}, nil, false},
		{"required, and the same all the way", mutations{requires(0), has(1, 2)}, mutations{has(2, 3)}, mutations{has(2)}, true},
		{"required, and another in the leaf", mutations{requires(0), has(1)}, mutations{has(1)}, mutations{has(2)}, false},
		{"required, and another in the middle", mutations{requires(0), has(1)}, mutations{has(2)}, mutations{has(1)}, false},
		{"required, and any in the middle", mutations{requires(0), has(1)}, mutations{has(0)}, mutations{has(1)}, true},
		{"required, and any above", mutations{requires(0), has(0)}, mutations{has(0)}, mutations{has(1)}, true},
		{"any stands for none any more", mutations{requires(0), has(1), noAny(0)}, mutations{has(0)}, mutations{has(1)}, false},
		{"any stands for none after one more", mutations{requires(0), has(1), noAny(1)}, mutations{has(0)}, mutations{has(1)}, true},
		{"mapped", mutations{requires(0), has(1)}, mutations{has(1), maps(1, 2)}, mutations{has(2)}, true},
		{"mapped away", mutations{requires(0), has(1)}, mutations{has(1), maps(1, 2)}, mutations{has(1)}, false},
		{"mapped, which is forbidden", mutations{noMapping(0), has(1)}, mutations{has(1), maps(1, 2)}, mutations{has(2)}, false},
		{"mapped, which is forbidden later", mutations{noMapping(1), has(1)}, mutations{has(1), maps(1, 2)}, mutations{has(2)}, true},
		{"required below the leaf alone", mutations{requires(2)}, nil, nil, false},
		{"required below that", mutations{requires(3)}, nil, nil, true},
		{"required of the leaf by itself", nil, nil, mutations{requires(0)}, false},
		{"required later by the leaf", nil, nil, mutations{requires(1)}, true},
	} {
		upper, lower := certify(t, upperE, rootE, test.upper...), certify(t, lowerE, upperE, test.lower...)
		leaf := certify(t, leafE, lowerE, append(mutations{server}, test.leaf...)...)
		got := forest(root, sent("edge1", leaf, lower, upper)).Judge(chain(leaf, lower, upper))
		if test.trusted && got.Standing != Trusted || !test.trusted && (got.Standing != Refused || !strings.Contains(got.Objection, "policies")) {
			t.Errorf("%s: %s (%s)", test.name, got.Standing, got.Objection)
		}
		o := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now()}
		o.Roots.AddCert(root.X509)
		o.Intermediates.AddCert(upper.X509)
		o.Intermediates.AddCert(lower.X509)
		if _, err := leaf.X509.Verify(o); (err == nil) != test.trusted {
			t.Errorf("%s: crypto/x509 says %v", test.name, err)
		}
	}
}
