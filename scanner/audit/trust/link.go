package trust

import (
	"bytes"
	"crypto"
	"crypto/md5"
	"crypto/rsa"
	"crypto/x509"
	"errors"

	"edgecert/scanner/edge"
)

// A link is what is known of "parent signed child". The zero value: not asked.
type link byte

const (
	unasked   link = iota
	signed         // the signature verifies
	unsigned       // it does not
	unchecked      // no means to verify it: an algorithm of another age or of tomorrow
)

// maxRSABits bounds the work one hostile key can cause: the time of an RSA
// verification grows with the square of the modulus, and a certificate may
// carry a modulus of megabits. The largest key that any root program takes
// is 8192 bits.
const maxRSABits = 16384

// link verifies one signature, once a pair for the whole scan.
func (f *Forest) link(child, parent *edge.Certificate) link {
	pair := [2]edge.Fingerprint{child.Fingerprint, parent.Fingerprint}
	l := f.links[pair]
	if l == unasked {
		l = verify(child.X509, parent.X509)
		f.links[pair] = l
	}
	return l
}

// verify asks the standard library. CheckSignature takes SHA-1, which
// CheckSignatureFrom and Verify refuse: that a signature is weak is said by
// weak-signature, and a path must not break on it. MD5 is refused by both, so
// it is verified here with the same RSA. What cannot be verified at all (DSA,
// MD2, unknown algorithms) is unchecked, never taken as signed.
func verify(child, parent *x509.Certificate) link {
	if key, ok := parent.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSABits {
		return unchecked
	}
	err := parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	var weak x509.InsecureAlgorithmError
	switch {
	case err == nil:
		return signed
	case errors.As(err, &weak) && child.SignatureAlgorithm == x509.MD5WithRSA:
		return verifyMD5(child, parent)
	case errors.As(err, &weak), errors.Is(err, x509.ErrUnsupportedAlgorithm):
		return unchecked
	default:
		return unsigned
	}
}

func verifyMD5(child, parent *x509.Certificate) link {
	key, ok := parent.PublicKey.(*rsa.PublicKey)
	if !ok {
		return unsigned
	}
	sum := md5.Sum(child.RawTBSCertificate)
	if rsa.VerifyPKCS1v15(key, crypto.MD5, sum[:], child.Signature) != nil {
		return unsigned
	}
	return signed
}

// selfIssued: subject and issuer are the same name (RFC 5280 section 3.2).
func selfIssued(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

// IsSelfSigned reports whether c is signed by its own key: a root, or a
// self-signed leaf. Where the signature cannot be checked, equal key
// identifiers decide.
func IsSelfSigned(c *edge.Certificate) bool {
	if c.X509 == nil || !selfIssued(c.X509) {
		return false
	}
	switch verify(c.X509, c.X509) {
	case signed:
		return true
	case unchecked:
		return len(c.X509.AuthorityKeyId) == 0 || sameKeyID(c.X509, c.X509)
	default:
		return false
	}
}

// sameKeyID reports whether child names parent's key as the one that signed it.
func sameKeyID(child, parent *x509.Certificate) bool {
	return len(child.AuthorityKeyId) > 0 && bytes.Equal(child.AuthorityKeyId, parent.SubjectKeyId)
}
