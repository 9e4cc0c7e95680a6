package edge

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	_ "crypto/md5" // signatures of another age are verified too
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// An Algorithm is the family of a key or a signature; one without a name here
// is its object identifier. An enumeration of the standard library does not
// decide: it says nothing of what it does not know.
type Algorithm string

// The families.
const (
	RSA     Algorithm = "RSA" // PKCS #1 v1.5 in signatures
	PSS     Algorithm = "RSASSA-PSS"
	EC      Algorithm = "EC"
	Ed25519 Algorithm = "Ed25519"
)

// A Key is a public key as the certificate says it.
type Key struct {
	Algorithm Algorithm
	Curve     string           // of EC: "P-256", "explicit parameters", or the object identifier
	Bits      int              // 0 where unknown
	Public    crypto.PublicKey // nil where there is no means to verify with it
	Wrong     string           // why nobody can use it, though its kind is known
}

// Supported says whether an Edge and those who connect to it can use such a
// key: an allow-list, on which the unknown never is. RSASSA-PSS is told by a
// rule of its own.
func (k Key) Supported() bool {
	switch {
	case k.Wrong != "":
		return false
	case k.Algorithm == RSA, k.Algorithm == PSS:
		return k.Bits > 0
	case k.Algorithm == EC:
		return k.Public != nil && (k.Curve == "P-256" || k.Curve == "P-384" || k.Curve == "P-521")
	default:
		return false
	}
}

// String names the key: "RSA key of 2048 bits", "EC key on P-256", "Ed448 key".
func (k Key) String() string {
	if why := k.Wrong; why != "" {
		k.Wrong = ""
		return k.String() + " " + why
	}
	switch {
	case k.Algorithm == "":
		return "key that cannot be read"
	case k.Algorithm == EC:
		return "EC key on " + k.Curve
	case k.Bits > 0:
		return fmt.Sprintf("%s key of %d bits", k.Algorithm, k.Bits)
	default:
		return string(k.Algorithm) + " key"
	}
}

// Key reads the public key.
func (c *Certificate) Key() Key {
	if c.X509 == nil {
		return Key{}
	}
	// What the standard library took apart need not be taken apart again.
	if pub, ok := c.X509.PublicKey.(*ecdsa.PublicKey); ok {
		p := pub.Curve.Params()
		return Key{Algorithm: EC, Curve: p.Name, Bits: p.BitSize, Public: pub}
	}
	return ReadKey(c.X509.RawSubjectPublicKeyInfo)
}

// ReadKey reads a SubjectPublicKeyInfo.
func ReadKey(der []byte) Key {
	spki := cryptobyte.String(der)
	var info, algorithm cryptobyte.String
	var id asn1.ObjectIdentifier
	var bits asn1.BitString
	if !spki.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&id) ||
		!info.ReadASN1BitString(&bits) {
		return Key{}
	}
	data := bits.RightAlign()
	switch oid := id.String(); oid {
	case "1.2.840.113549.1.1.1":
		k := readRSA(RSA, data)
		if k.Wrong == "" && !bytes.Equal(algorithm, []byte{5, 0}) { // RFC 3279, 2.3.1: NULL
			k.Wrong = "whose algorithm has other parameters than NULL"
		}
		return k
	case "1.2.840.113549.1.1.10":
		return readRSA(PSS, data)
	case "1.2.840.10045.2.1":
		return readEC(algorithm, data)
	case "1.3.101.112":
		k := Key{Algorithm: Ed25519, Bits: 256}
		if len(data) == ed25519.PublicKeySize {
			k.Public = ed25519.PublicKey(data)
		}
		return k
	default:
		return Key{Algorithm: otherAlgorithm(oid)}
	}
}

// maxRSABits is the largest RSA key that OpenSSL and Schannel take.
const maxRSABits = 16384

// readRSA: an exponent beyond 2^31 is more than the standard library verifies
// with. Such a key is told, and has no Public.
func readRSA(a Algorithm, data cryptobyte.String) Key {
	var pair cryptobyte.String
	n, e := new(big.Int), new(big.Int)
	if !data.ReadASN1(&pair, cbasn1.SEQUENCE) || !pair.ReadASN1Integer(n) || !pair.ReadASN1Integer(e) || n.Sign() <= 0 || e.Sign() <= 0 {
		return Key{Algorithm: a}
	}
	k := Key{Algorithm: a, Bits: n.BitLen()}
	switch {
	case !data.Empty() || !pair.Empty():
		k.Wrong = "with something behind it"
	case n.Bit(0) == 0 || e.Bit(0) == 0 || e.BitLen() == 1 || e.Cmp(n) >= 0: // RFC 8017, 3.1
		k.Wrong = "that is none: its modulus or exponent cannot be"
	case k.Bits > maxRSABits:
		k.Wrong = "that is too long for everybody"
	}
	if k.Wrong == "" && e.BitLen() <= 31 {
		k.Public = &rsa.PublicKey{N: n, E: int(e.Int64())}
	}
	return k
}

func readEC(parameters cryptobyte.String, data []byte) Key {
	k := Key{Algorithm: EC, Curve: "explicit parameters"}
	var id asn1.ObjectIdentifier
	if !parameters.ReadASN1ObjectIdentifier(&id) {
		return k
	}
	k.Curve = id.String()
	var curve elliptic.Curve
	switch k.Curve {
	case "1.3.132.0.33":
		curve = elliptic.P224()
	case "1.2.840.10045.3.1.7":
		curve = elliptic.P256()
	case "1.3.132.0.34":
		curve = elliptic.P384()
	case "1.3.132.0.35":
		curve = elliptic.P521()
	default:
		k.Curve = otherCurve(k.Curve)
		return k
	}
	k.Curve, k.Bits = curve.Params().Name, curve.Params().BitSize
	if key, err := ecdsa.ParseUncompressedPublicKey(curve, data); err == nil {
		k.Public = key
	} else {
		k.Wrong = "that is no point of it"
	}
	return k
}

// otherCurve and otherAlgorithm name what is recognised and supported nowhere
// here.
func otherCurve(oid string) string {
	return nameOfOID(oid, [][2]string{
		{"1.2.840.10045.3.1.1", "P-192"},
		{"1.3.132.0.10", "secp256k1"},
		{"1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"},
		{"1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"},
		{"1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"},
		{"1.2.156.10197.1.301", "SM2"},
	})
}

func otherAlgorithm(oid string) Algorithm {
	return Algorithm(nameOfOID(oid, [][2]string{
		{"1.2.840.10040.4.1", "DSA"},
		{"1.3.101.110", "X25519"},
		{"1.3.101.111", "X448"},
		{"1.3.101.113", "Ed448"},
		{"2.16.840.1.101.3.4.3.17", "ML-DSA-44"},
		{"2.16.840.1.101.3.4.3.18", "ML-DSA-65"},
		{"2.16.840.1.101.3.4.3.19", "ML-DSA-87"},
		{"1.2.643.2.2.19 1.2.643.7.1.1.1.1 1.2.643.7.1.1.1.2", "GOST"},
	}))
}

// nameOfOID looks an object identifier up in a table, in which a name may have
// several; what is not there is called by itself.
func nameOfOID(oid string, table [][2]string) string {
	for _, row := range table {
		if oneOf(oid, row[0]) {
			return row[1]
		}
	}
	return oid
}

// oneOf says whether an object identifier is one of those in a list.
func oneOf(oid, list string) bool {
	for one := range strings.SplitSeq(list, " ") {
		if one == oid {
			return true
		}
	}
	return false
}
