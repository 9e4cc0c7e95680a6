package certfile

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
)

// The outermost layer of a PFX, as far as more bags have to go in
// (RFC 7292 section 4).
type (
	pfxFile struct {
		Version  int
		AuthSafe contentInfo
		Mac      macData `asn1:"optional"`
	}
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"tag:0,explicit,optional"`
	}
	macData struct {
		Mac struct {
			Algorithm pkix.AlgorithmIdentifier
			Digest    []byte
		}
		Salt       []byte
		Iterations int `asn1:"optional,default:1"`
	}
	safeBag struct {
		ID    asn1.ObjectIdentifier
		Value asn1.RawValue `asn1:"tag:0,explicit"`
	}
	pbkdf2Params struct {
		Salt       []byte
		Iterations int
		KeyLength  int
		PRF        pkix.AlgorithmIdentifier
	}
	pbmac1Params struct {
		KDF, MAC pkix.AlgorithmIdentifier
	}
)

var (
	oidData           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidKeyBag         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	oidShroudedKeyBag = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	oidPBMAC1         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 14}
	oidPBKDF2         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidHMACSHA256     = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
)

// withBags returns the PFX with more bags, unencrypted, sealed anew. It lives
// for one call of Decode and protects nothing, hence one iteration.
func withBags(pfx []byte, password string, bags ...safeBag) ([]byte, error) {
	var file pfxFile
	if _, err := asn1.Unmarshal(pfx, &file); err != nil {
		return nil, fmt.Errorf("reading the PFX: %w", err)
	}
	var safe []byte
	if _, err := asn1.Unmarshal(file.AuthSafe.Content.Bytes, &safe); err != nil {
		return nil, fmt.Errorf("reading the PFX's contents: %w", err)
	}
	var items []asn1.RawValue
	if _, err := asn1.Unmarshal(safe, &items); err != nil {
		return nil, fmt.Errorf("reading the PFX's contents: %w", err)
	}
	m := marshaler{}
	item := m.marshal(contentInfo{oidData, explicit(m.marshal(m.marshal(bags)))})
	safe = m.marshal(append(items, asn1.RawValue{FullBytes: item}))
	out := pfxFile{Version: 3, AuthSafe: contentInfo{oidData, explicit(m.marshal(safe))}}
	if err := m.seal(&out, safe, password); err != nil {
		return nil, err
	}
	sealed := m.marshal(out)
	return sealed, m.err
}

func explicit(der []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: der}
}

// seal puts a PBMAC1 over the contents (RFC 9579): the one MAC of a PFX whose
// key derivation is in the standard library.
func (m *marshaler) seal(file *pfxFile, safe []byte, password string) error {
	salt := make([]byte, 8)
	hash := pkix.AlgorithmIdentifier{Algorithm: oidHMACSHA256, Parameters: asn1.NullRawValue}
	kdf := m.marshal(pbkdf2Params{salt, 1, sha256.Size, hash})
	params := m.marshal(pbmac1Params{pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2, Parameters: asn1.RawValue{FullBytes: kdf}}, hash})
	key, err := pbkdf2.Key(sha256.New, password, salt, 1, sha256.Size)
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(safe)
	file.Mac.Mac.Algorithm = pkix.AlgorithmIdentifier{Algorithm: oidPBMAC1, Parameters: asn1.RawValue{FullBytes: params}}
	file.Mac.Mac.Digest = mac.Sum(nil)
	file.Mac.Salt, file.Mac.Iterations = salt, 1
	return nil
}

// A marshaler keeps the first error, so that layers can be written as layers.
type marshaler struct{ err error }

func (m *marshaler) marshal(v any) []byte {
	der, err := asn1.Marshal(v)
	if m.err == nil {
		m.err = err
	}
	return der
}

// spareCertificate is a certificate about nothing, to accompany a key.
func spareCertificate() (*x509.Certificate, error) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
