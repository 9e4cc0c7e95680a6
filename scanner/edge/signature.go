package edge

import (
	"crypto"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// A Signature is how a certificate is signed, by object identifier and
// parameters.
type Signature struct {
	Algorithm Algorithm
	Name      string      // as people write it; an object identifier where nobody does
	Hash      crypto.Hash // 0 where unknown, or part of the algorithm
	Old       string      // "MD2", "MD5", "SHA-1": a hash in it that can be forged; else empty
	Mask      crypto.Hash // PSS: the hash of the mask generation
	Salt      int         // PSS: octets
}

// Supported is the allow-list of signatures that an Edge can serve;
// RSASSA-PSS, and old hashes, are told by rules of their own.
func (s Signature) Supported() bool {
	return (s.Algorithm == RSA || s.Algorithm == EC || s.Algorithm == PSS) && (s.Hash != 0 || s.Old != "")
}

// Signature reads the signature algorithm that the signature covers.
func (c *Certificate) Signature() Signature {
	if c.X509 == nil {
		return Signature{}
	}
	e, ok := split(c.X509.Raw)
	var algorithm cryptobyte.String
	var id asn1.ObjectIdentifier
	if !ok || !e.algorithm.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&id) {
		return Signature{Name: "a signature algorithm that cannot be read"}
	}
	if id.String() == "1.2.840.113549.1.1.10" {
		return readPSS(algorithm)
	}
	return signature(id.String())
}

func signature(oid string) Signature {
	rsa := func(h crypto.Hash, name, old string) Signature {
		return Signature{Algorithm: RSA, Name: name + "-RSA", Hash: h, Old: old}
	}
	ec := func(h crypto.Hash, name, old string) Signature {
		return Signature{Algorithm: EC, Name: "ECDSA-" + name, Hash: h, Old: old}
	}
	switch oid {
	case "1.2.840.113549.1.1.2":
		return rsa(0, "MD2", "MD2")
	case "1.2.840.113549.1.1.3":
		return rsa(0, "MD4", "MD4")
	case "1.2.840.113549.1.1.4", "1.3.14.3.2.3":
		return rsa(crypto.MD5, "MD5", "MD5")
	case "1.2.840.113549.1.1.5", "1.3.14.3.2.29":
		return rsa(crypto.SHA1, "SHA1", "SHA-1")
	case "1.2.840.113549.1.1.11":
		return rsa(crypto.SHA256, "SHA256", "")
	case "1.2.840.113549.1.1.12":
		return rsa(crypto.SHA384, "SHA384", "")
	case "1.2.840.113549.1.1.13":
		return rsa(crypto.SHA512, "SHA512", "")
	case "1.2.840.113549.1.1.14":
		return rsa(crypto.SHA224, "SHA224", "")
	case "1.2.840.10045.4.1":
		return ec(crypto.SHA1, "SHA1", "SHA-1")
	case "1.2.840.10045.4.3.1":
		return ec(crypto.SHA224, "SHA224", "")
	case "1.2.840.10045.4.3.2":
		return ec(crypto.SHA256, "SHA256", "")
	case "1.2.840.10045.4.3.3":
		return ec(crypto.SHA384, "SHA384", "")
	case "1.2.840.10045.4.3.4":
		return ec(crypto.SHA512, "SHA512", "")
	case "1.2.840.10040.4.3", "1.3.14.3.2.27":
		return Signature{Algorithm: "DSA", Name: "DSA-SHA1", Old: "SHA-1"}
	case "2.16.840.1.101.3.4.3.1", "2.16.840.1.101.3.4.3.2", "2.16.840.1.101.3.4.3.3", "2.16.840.1.101.3.4.3.4":
		return Signature{Algorithm: "DSA", Name: "DSA"}
	case "1.3.101.112":
		return Signature{Algorithm: Ed25519, Name: "Ed25519"}
	case "1.2.643.2.2.3", "1.2.643.7.1.1.3.2", "1.2.643.7.1.1.3.3":
		return Signature{Algorithm: "GOST", Name: "GOST"}
	default: // the keys of ML-DSA and Ed448 and their signatures have one identifier
		a := otherAlgorithm(oid)
		return Signature{Algorithm: a, Name: string(a)}
	}
}

// readPSS reads RSASSA-PSS-params (RFC 4055, 3.1): what is left out is SHA-1,
// MGF1 with SHA-1 and 20 octets of salt.
func readPSS(algorithm cryptobyte.String) Signature {
	s := Signature{Algorithm: PSS, Name: "RSASSA-PSS without parameters"}
	var parameters cryptobyte.String
	if !algorithm.ReadASN1(&parameters, cbasn1.SEQUENCE) {
		return s
	}
	field := func(n uint8) (cryptobyte.String, bool) {
		var out cryptobyte.String
		var present bool
		parameters.ReadOptionalASN1(&out, &present, cbasn1.Tag(n).ContextSpecific().Constructed())
		return out, present
	}
	hash, mask, salt := "SHA-1", "SHA-1", 20
	s.Hash, s.Mask = crypto.SHA1, crypto.SHA1
	if f, ok := field(0); ok {
		s.Hash, hash = readHash(f)
	}
	if f, ok := field(1); ok {
		var mgf cryptobyte.String
		var id asn1.ObjectIdentifier
		s.Mask, mask = 0, "an unknown mask"
		if f.ReadASN1(&mgf, cbasn1.SEQUENCE) && mgf.ReadASN1ObjectIdentifier(&id) && id.String() == "1.2.840.113549.1.1.8" {
			s.Mask, mask = readHash(mgf)
		}
	}
	if f, ok := field(2); ok && !f.ReadASN1Integer(&salt) {
		salt = -1
	}
	s.Salt = salt
	for _, h := range []string{hash, mask} {
		if h == "SHA-1" || h == "MD5" {
			s.Old = h
		}
	}
	s.Name = fmt.Sprintf("RSASSA-PSS with %s, MGF1 with %s, salt of %d", hash, mask, salt)
	return s
}

// readHash reads an AlgorithmIdentifier of a hash.
func readHash(s cryptobyte.String) (crypto.Hash, string) {
	var algorithm cryptobyte.String
	var id asn1.ObjectIdentifier
	if !s.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&id) {
		return 0, "a hash that cannot be read"
	}
	switch oid := id.String(); oid {
	case "1.2.840.113549.2.5":
		return crypto.MD5, "MD5"
	case "1.3.14.3.2.26":
		return crypto.SHA1, "SHA-1"
	case "2.16.840.1.101.3.4.2.4":
		return crypto.SHA224, "SHA-224"
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256, "SHA-256"
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384, "SHA-384"
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512, "SHA-512"
	default:
		return 0, oid
	}
}
