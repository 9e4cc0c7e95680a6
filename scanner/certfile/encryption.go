package certfile

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"unicode/utf16"

	"edgecert/scanner/limits"
)

// errUnsupported is of an encryption that is not read here.
var errUnsupported = errors.New("an encryption that is not supported")

// A passphrase is a password in the two forms that derivations take: UTF-16 with
// a final zero (RFC 7292 appendix B.1), and UTF-8 (RFC 8018).
type passphrase struct{ wide, utf8 []byte }

func newPassphrase(text string) passphrase {
	p := passphrase{utf8: []byte(text)}
	for _, u := range append(utf16.Encode([]rune(text)), 0) {
		p.wide = binary.BigEndian.AppendUint16(p.wide, u)
	}
	return p
}

// emptyPassphrases are those of a file without a password: the empty one, and
// none at all. Programs differ.
func emptyPassphrases() []passphrase { return []passphrase{newPassphrase(""), {}} }

// A meter charges rounds of key derivation.
type meter struct{ left int }

func (m *meter) charge(rounds int) error {
	if rounds < 1 {
		return errDamaged
	}
	if rounds > m.left {
		return fmt.Errorf("it asks for %d rounds of key derivation: no program writes more than %d in one file", rounds, limits.KeyRounds)
	}
	m.left -= rounds
	return nil
}

type pbeParams struct {
	Salt   []byte
	Rounds int `asn1:"optional,default:1"`
}

type pbkdf2Params struct {
	Salt   []byte
	Rounds int
	Length int                      `asn1:"optional"`
	PRF    pkix.AlgorithmIdentifier `asn1:"optional"`
}

// pbes2Params are also those of PBMAC1 (RFC 8018 appendix A.5).
type pbes2Params struct{ KDF, Scheme pkix.AlgorithmIdentifier }

// decrypt opens data, which is encrypted under a password as a says.
func (m *meter) decrypt(a pkix.AlgorithmIdentifier, data []byte, p passphrase) ([]byte, error) {
	block, iv, err := m.cipher(a, p)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(data) == 0 || len(data)%size != 0 || len(iv) != size {
		return nil, errDamaged
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, data)
	pad := int(out[len(out)-1])
	if pad < 1 || pad > size || !bytes.Equal(out[len(out)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, ErrWrongPassword
	}
	return out[:len(out)-pad], nil
}

func (m *meter) cipher(a pkix.AlgorithmIdentifier, p passphrase) (cipher.Block, []byte, error) {
	make, size := newRC2, 0
	switch a.Algorithm.String() {
	case "1.2.840.113549.1.5.13":
		return m.pbes2(a, p)
	case "1.2.840.113549.1.12.1.3":
		make, size = des.NewTripleDESCipher, 24
	case "1.2.840.113549.1.12.1.5":
		size = 16
	case "1.2.840.113549.1.12.1.6":
		size = 5
	default:
		return nil, nil, fmt.Errorf("%w (%s)", errUnsupported, a.Algorithm)
	}
	var params pbeParams
	if _, err := asn1.Unmarshal(a.Parameters.FullBytes, &params); err != nil {
		return nil, nil, errDamaged
	}
	key, err := m.derive(sha1.New, p.wide, params, keyMaterial, size)
	if err != nil {
		return nil, nil, err
	}
	iv, err := m.derive(sha1.New, p.wide, params, ivMaterial, des.BlockSize)
	if err != nil {
		return nil, nil, err
	}
	block, err := make(key)
	return block, iv, err
}

func (m *meter) pbes2(a pkix.AlgorithmIdentifier, p passphrase) (cipher.Block, []byte, error) {
	var params pbes2Params
	var iv []byte
	if _, err := asn1.Unmarshal(a.Parameters.FullBytes, &params); err != nil {
		return nil, nil, errDamaged
	}
	make, size := aes.NewCipher, 0
	switch params.Scheme.Algorithm.String() {
	case "2.16.840.1.101.3.4.1.2":
		size = 16
	case "2.16.840.1.101.3.4.1.22":
		size = 24
	case "2.16.840.1.101.3.4.1.42":
		size = 32
	case "1.2.840.113549.3.7":
		make, size = des.NewTripleDESCipher, 24
	default:
		return nil, nil, fmt.Errorf("%w (%s)", errUnsupported, params.Scheme.Algorithm)
	}
	if _, err := asn1.Unmarshal(params.Scheme.Parameters.FullBytes, &iv); err != nil {
		return nil, nil, errDamaged
	}
	key, err := m.pbkdf2(params.KDF, p, size)
	if err != nil {
		return nil, nil, err
	}
	block, err := make(key)
	return block, iv, err
}

// pbkdf2 derives a key of size bytes, or where that is 0 of as many as a says.
func (m *meter) pbkdf2(a pkix.AlgorithmIdentifier, p passphrase, size int) ([]byte, error) {
	if a.Algorithm.String() != "1.2.840.113549.1.5.12" {
		return nil, fmt.Errorf("%w (%s)", errUnsupported, a.Algorithm)
	}
	var params pbkdf2Params
	if _, err := asn1.Unmarshal(a.Parameters.FullBytes, &params); err != nil {
		return nil, errDamaged
	}
	if size == 0 {
		size = params.Length
	}
	if size < 1 || size > sha512.Size {
		return nil, errDamaged
	}
	prf := sha1.New // the default of the standard
	if params.PRF.Algorithm != nil {
		if prf = hashOf(params.PRF.Algorithm); prf == nil {
			return nil, fmt.Errorf("%w (%s)", errUnsupported, params.PRF.Algorithm)
		}
	}
	if err := m.charge(params.Rounds); err != nil {
		return nil, err
	}
	return pbkdf2.Key(prf, string(p.utf8), params.Salt, params.Rounds, size)
}

// hashOf is the hash of a digest's or an HMAC's OID, nil where it is another's.
func hashOf(oid asn1.ObjectIdentifier) func() hash.Hash {
	switch oid.String() {
	case "1.3.14.3.2.26", "1.2.840.113549.2.7":
		return sha1.New
	case "2.16.840.1.101.3.4.2.4", "1.2.840.113549.2.8":
		return sha256.New224
	case "2.16.840.1.101.3.4.2.1", "1.2.840.113549.2.9":
		return sha256.New
	case "2.16.840.1.101.3.4.2.2", "1.2.840.113549.2.10":
		return sha512.New384
	case "2.16.840.1.101.3.4.2.3", "1.2.840.113549.2.11":
		return sha512.New
	}
	return nil
}

// What is derived (RFC 7292 appendix B.3).
const (
	keyMaterial byte = 1
	ivMaterial  byte = 2
	macMaterial byte = 3
)

// derive is PKCS#12's own derivation (RFC 7292 appendix B.2).
func (m *meter) derive(h func() hash.Hash, password []byte, params pbeParams, purpose byte, size int) ([]byte, error) {
	if err := m.charge(params.Rounds); err != nil {
		return nil, err
	}
	digest := h()
	v := digest.BlockSize()
	diversifier := bytes.Repeat([]byte{purpose}, v)
	input := append(fill(params.Salt, v), fill(password, v)...)
	var out []byte
	for len(out) < size {
		digest.Reset()
		digest.Write(diversifier)
		digest.Write(input)
		a := digest.Sum(nil)
		for range params.Rounds - 1 {
			digest.Reset()
			digest.Write(a)
			a = digest.Sum(a[:0])
		}
		out = append(out, a...)
		b := new(big.Int).SetBytes(fill(a, v)[:v])
		b.Add(b, big.NewInt(1))
		mask := new(big.Int).Lsh(big.NewInt(1), uint(8*v))
		for i := 0; i < len(input); i += v {
			block := new(big.Int).SetBytes(input[i : i+v])
			block.Add(block, b).Mod(block, mask).FillBytes(input[i : i+v])
		}
	}
	return out[:size], nil
}

// fill repeats b up to a whole number of blocks; nothing stays nothing.
func fill(b []byte, block int) []byte {
	if len(b) == 0 {
		return nil
	}
	size := (len(b) + block - 1) / block * block
	return bytes.Repeat(b, size/len(b)+1)[:size]
}

// verify compares the MAC of a PFX. ErrWrongPassword: it is another's, of the
// password or of the contents; errUnsupported: nobody can tell here.
func (m *meter) verify(mac macData, contents []byte, p passphrase) error {
	algorithm := mac.Digest.Algorithm
	h := hashOf(algorithm.Algorithm)
	var key []byte
	var err error
	switch {
	case algorithm.Algorithm.String() == "1.2.840.113549.1.5.14":
		var params pbes2Params
		if _, err := asn1.Unmarshal(algorithm.Parameters.FullBytes, &params); err != nil {
			return errDamaged
		}
		if h = hashOf(params.Scheme.Algorithm); h == nil {
			return fmt.Errorf("%w (%s)", errUnsupported, params.Scheme.Algorithm)
		}
		key, err = m.pbkdf2(params.KDF, p, 0)
	case h == nil:
		return fmt.Errorf("%w (%s)", errUnsupported, algorithm.Algorithm)
	default:
		key, err = m.derive(h, p.wide, pbeParams{mac.Salt, mac.Rounds}, macMaterial, h().Size())
	}
	if err != nil {
		return err
	}
	sum := hmac.New(h, key)
	sum.Write(contents)
	if !hmac.Equal(sum.Sum(nil), mac.Digest.Digest) {
		return ErrWrongPassword
	}
	return nil
}
