package lab

import (
	"crypto"
	_ "crypto/md5" // crypto.MD5.New needs it
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// resign puts another serial number or signature algorithm into a certificate
// and signs it again: for what x509.CreateCertificate refuses to make, a
// negative serial number (RFC 5280, 4.1.2.2 forbids it, old CAs made them) and
// MD5. A nil serial stays as it is.
func resign(der, serial []byte, algorithm x509.SignatureAlgorithm, signer crypto.Signer) ([]byte, error) {
	var cert, tbs, version, oldSerial, algo cryptobyte.String
	in := cryptobyte.String(der)
	if !in.ReadASN1(&cert, asn1.SEQUENCE) || !cert.ReadASN1(&tbs, asn1.SEQUENCE) ||
		!tbs.ReadASN1Element(&version, asn1.Tag(0).ContextSpecific().Constructed()) ||
		!tbs.ReadASN1(&oldSerial, asn1.INTEGER) || !tbs.ReadASN1Element(&algo, asn1.SEQUENCE) {
		return nil, errors.New("not a certificate of version 3")
	}
	if serial == nil {
		serial = oldSerial
	}
	hash := crypto.SHA256
	switch algorithm {
	case x509.UnknownSignatureAlgorithm, x509.SHA256WithRSA, x509.ECDSAWithSHA256:
	case x509.MD5WithRSA:
		// md5WithRSAEncryption, 1.2.840.113549.1.1.4, parameters NULL.
		algo, hash = cryptobyte.String("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04\x05\x00"), crypto.MD5
	default:
		return nil, fmt.Errorf("a serial number of one's own with %s: SHA-256 and MD5 are known here", algorithm)
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(version)
		b.AddASN1(asn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(serial) })
		b.AddBytes(algo)
		b.AddBytes(tbs)
	})
	signed, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	h := hash.New()
	h.Write(signed)
	signature, err := signer.Sign(rand.Reader, h.Sum(nil), hash)
	if err != nil {
		return nil, err
	}
	var out cryptobyte.Builder
	out.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(signed)
		b.AddBytes(algo)
		b.AddASN1BitString(signature)
	})
	return out.Bytes()
}
