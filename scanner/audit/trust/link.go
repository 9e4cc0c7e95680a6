package trust

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"math/bits"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// A link is what is known of "this key signed that certificate". The zero
// value: not asked.
type link byte

const (
	unasked   link = iota
	signed         // the signature verifies
	unsigned       // it does not
	unchecked      // no means to verify it: an algorithm of another age or of tomorrow
)

// verify asks the standard library's cryptography, with the algorithm as our
// own reader has it: x509's own check refuses SHA-1 and MD5, of which
// weak-signature tells and on which a path must not break, and knows three of
// the many forms of RSASSA-PSS. What cannot be verified at all (DSA, MD2, MGF1
// with another hash, unknown algorithms) is unchecked, never taken as signed.
func verify(child *edge.Certificate, key edge.Key) link {
	s := child.Signature()
	if s.Algorithm == edge.Ed25519 {
		if pub, ok := key.Public.(ed25519.PublicKey); ok {
			return outcome(ed25519.Verify(pub, child.X509.RawTBSCertificate, child.X509.Signature))
		}
		return mismatch(s, key)
	}
	if s.Hash == 0 || !s.Hash.Available() {
		return unchecked
	}
	h := s.Hash.New()
	h.Write(child.X509.RawTBSCertificate)
	digest, signature := h.Sum(nil), child.X509.Signature
	switch pub := key.Public.(type) {
	case *rsa.PublicKey:
		if key.Bits > limits.RSABits {
			return unchecked
		}
		switch {
		case s.Algorithm == edge.RSA && key.Algorithm == edge.RSA:
			return outcome(rsa.VerifyPKCS1v15(pub, s.Hash, digest, signature) == nil)
		case s.Algorithm == edge.PSS && s.Mask != s.Hash:
			return unchecked
		case s.Algorithm == edge.PSS && s.Salt >= 0:
			// The standard library takes 0 for "find out".
			return outcome(rsa.VerifyPSS(pub, s.Hash, digest, signature, &rsa.PSSOptions{SaltLength: s.Salt}) == nil)
		}
	case *ecdsa.PublicKey:
		if s.Algorithm == edge.EC {
			return outcome(ecdsa.VerifyASN1(pub, digest, signature))
		}
	}
	return mismatch(s, key)
}

func outcome(ok bool) link {
	if ok {
		return signed
	}
	return unsigned
}

// mismatch: a key of another family did not make the signature; one that could
// not be read may have.
func mismatch(s edge.Signature, key edge.Key) link {
	family := key.Algorithm == s.Algorithm || key.Algorithm == edge.RSA && s.Algorithm == edge.PSS
	if key.Public == nil && family {
		return unchecked
	}
	return unsigned
}

// cost is the work of one verification, in those of an ordinary RSA key of
// 2048 bits (about 30 µs): it grows with the square of the modulus and with
// the length of the exponent.
func cost(key edge.Key) int {
	switch pub := key.Public.(type) {
	case *rsa.PublicKey:
		steps := bits.Len(uint(pub.E)) + bits.OnesCount(uint(pub.E))
		return 1 + key.Bits*key.Bits/(2048*2048)*steps/19
	case *ecdsa.PublicKey:
		return 1 + key.Bits*key.Bits/(115*115)
	case ed25519.PublicKey:
		return 2
	default:
		return 1
	}
}

// selfIssued: subject and issuer are the same name (RFC 5280 section 3.2).
func selfIssued(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) || edge.NameKey(c.RawSubject) == edge.NameKey(c.RawIssuer)
}

// Dear says of a key that verifying with it costs more than with any that a
// root program takes: nobody need do it where it decides nothing but words.
func Dear(key edge.Key) bool { return cost(key) > 50 }

// IsSelfSigned reports whether c is signed by its own key: a root, or a
// self-signed leaf. Where the signature cannot be checked, equal key
// identifiers decide.
func IsSelfSigned(c *edge.Certificate) bool {
	if c.X509 == nil || !selfIssued(c.X509) {
		return false
	}
	named := len(c.X509.AuthorityKeyId) > 0 && len(c.X509.SubjectKeyId) > 0
	if named && !sameKeyID(c.X509, c.X509) {
		return false
	}
	key := c.Key()
	if Dear(key) {
		return named
	}
	switch verify(c, key) {
	case signed:
		return true
	case unchecked:
		return named || len(c.X509.AuthorityKeyId) == 0
	default:
		return false
	}
}

// sameKeyID reports whether child names parent's key as the one that signed it.
func sameKeyID(child, parent *x509.Certificate) bool {
	return len(child.AuthorityKeyId) > 0 && bytes.Equal(child.AuthorityKeyId, parent.SubjectKeyId)
}
