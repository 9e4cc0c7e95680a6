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
	for _, s := range []struct {
		oids, name string
		algorithm  Algorithm
		hash       crypto.Hash
		old        string
	}{
		{"1.2.840.113549.1.1.2", "MD2-RSA", RSA, 0, "MD2"},
		{"1.2.840.113549.1.1.3", "MD4-RSA", RSA, 0, "MD4"},
		{"1.2.840.113549.1.1.4 1.3.14.3.2.3", "MD5-RSA", RSA, crypto.MD5, "MD5"},
		{"1.2.840.113549.1.1.5 1.3.14.3.2.29", "SHA1-RSA", RSA, crypto.SHA1, "SHA-1"},
		{"1.2.840.113549.1.1.11", "SHA256-RSA", RSA, crypto.SHA256, ""},
		{"1.2.840.113549.1.1.12", "SHA384-RSA", RSA, crypto.SHA384, ""},
		{"1.2.840.113549.1.1.13", "SHA512-RSA", RSA, crypto.SHA512, ""},
		{"1.2.840.113549.1.1.14", "SHA224-RSA", RSA, crypto.SHA224, ""},
		{"1.2.840.10045.4.1", "ECDSA-SHA1", EC, crypto.SHA1, "SHA-1"},
		{"1.2.840.10045.4.3.1", "ECDSA-SHA224", EC, crypto.SHA224, ""},
		{"1.2.840.10045.4.3.2", "ECDSA-SHA256", EC, crypto.SHA256, ""},
		{"1.2.840.10045.4.3.3", "ECDSA-SHA384", EC, crypto.SHA384, ""},
		{"1.2.840.10045.4.3.4", "ECDSA-SHA512", EC, crypto.SHA512, ""},
		{"1.2.840.10040.4.3 1.3.14.3.2.27", "DSA-SHA1", "DSA", 0, "SHA-1"},
		{"2.16.840.1.101.3.4.3.1 2.16.840.1.101.3.4.3.2 2.16.840.1.101.3.4.3.3 2.16.840.1.101.3.4.3.4", "DSA", "DSA", 0, ""},
		{"1.3.101.112", "Ed25519", Ed25519, 0, ""},
		{"1.2.643.2.2.3 1.2.643.7.1.1.3.2 1.2.643.7.1.1.3.3", "GOST", "GOST", 0, ""},
	} {
		if oneOf(oid, s.oids) {
			return Signature{Algorithm: s.algorithm, Name: s.name, Hash: s.hash, Old: s.old}
		}
	}
	a := otherAlgorithm(oid) // the keys of ML-DSA and Ed448 and their signatures have one identifier
	return Signature{Algorithm: a, Name: string(a)}
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
	for _, h := range []struct {
		oid, name string
		hash      crypto.Hash
	}{
		{"1.2.840.113549.2.5", "MD5", crypto.MD5},
		{"1.3.14.3.2.26", "SHA-1", crypto.SHA1},
		{"2.16.840.1.101.3.4.2.4", "SHA-224", crypto.SHA224},
		{"2.16.840.1.101.3.4.2.1", "SHA-256", crypto.SHA256},
		{"2.16.840.1.101.3.4.2.2", "SHA-384", crypto.SHA384},
		{"2.16.840.1.101.3.4.2.3", "SHA-512", crypto.SHA512},
	} {
		if h.oid == id.String() {
			return h.hash, h.name
		}
	}
	return 0, id.String()
}
