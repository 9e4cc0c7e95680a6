package certfile

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// readDER reads a file that is one DER structure.
func (c *contents) readDER(der []byte) error { return c.readDERAs(der, "") }

// readDERAs finds out what a DER structure is. The format is told for files
// that are nothing else; a PEM file stays one whatever its blocks hold.
func (c *contents) readDERAs(ber []byte, format Format) error {
	if bytes.HasPrefix(ber, []byte("\xfe\xed\xfe\xed")) || bytes.HasPrefix(ber, []byte("\xce\xce\xce\xce")) {
		return edge.Hintf("keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12",
			"the file is a keystore of Java's own kind (JKS)")
	}
	der, rest, err := toDER(ber, limits.BERDepth)
	if err != nil || der[0] != asn1.TagSequence|0x20 {
		return errDamaged
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		c.notes = append(c.notes, fmt.Sprintf("%d bytes behind the contents are left unread", len(rest)))
	}
	var outer, first asn1.RawValue
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		return errDamaged
	}
	if _, err := asn1.Unmarshal(outer.Bytes, &first); err != nil {
		return errDamaged
	}
	switch first.Tag {
	case asn1.TagInteger:
		return c.readVersioned(der, first, format)
	case asn1.TagOID:
		return c.readPKCS7(der, format)
	default:
		return c.readCertificate(der, format)
	}
}

// readVersioned: structures that begin with a version are PFX (3) and keys.
func (c *contents) readVersioned(der []byte, version asn1.RawValue, format Format) error {
	if len(version.Bytes) == 1 && version.Bytes[0] == 3 {
		c.setFormat(format, PFX)
		return c.readPFX(der)
	}
	return c.readKey(der)
}

func (c *contents) setFormat(given, found Format) {
	if given == "" {
		given = found
	}
	c.format = given
}

// readPKCS7 takes the certificates of signed data (RFC 5652 section 5.1): they
// stand under the one tag 0 of its elements.
func (c *contents) readPKCS7(der []byte, format Format) error {
	c.setFormat(format, PKCS7)
	var info contentInfo
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return errDamaged
	}
	if info.Type.String() != "1.2.840.113549.1.7.2" {
		c.others = append(c.others, "PKCS#7 of another kind than signed data")
		return nil
	}
	parts, err := sequence(info.Content.Bytes)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if part.Class != asn1.ClassContextSpecific || part.Tag != 0 {
			continue
		}
		for _, cert := range elements(part.Bytes) {
			if cert.Tag == asn1.TagSequence && cert.Class == asn1.ClassUniversal { // others are attribute certificates
				c.addCertificate(cert.FullBytes)
			}
		}
	}
	return nil
}

func (c *contents) addCertificate(der []byte) { c.certs = append(c.certs, edge.NewCertificate(der)) }

// readCertificate: a certificate, a request and a CRL look alike from outside,
// and an encrypted key nearly so.
func (c *contents) readCertificate(der []byte, format Format) error {
	c.setFormat(format, DER)
	if _, err := x509.ParseCertificateRequest(der); err == nil {
		c.others = append(c.others, aRequest)
		return nil
	}
	if _, err := x509.ParseRevocationList(der); err == nil {
		c.others = append(c.others, "a revocation list")
		return nil
	}
	if isEncryptedKey(der) {
		return c.readEncryptedKey(der)
	}
	var shape struct {
		TBS, Algorithm asn1.RawValue
		Signature      asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &shape); err != nil {
		return errDamaged
	}
	// What Go cannot parse is kept: the audit says what is wrong with it.
	c.addCertificate(der)
	return nil
}

// readTrusted takes OpenSSL's own form: a certificate with trust settings
// behind it.
func (c *contents) readTrusted(der []byte) error {
	var cert asn1.RawValue
	if _, err := asn1.Unmarshal(der, &cert); err != nil {
		return errDamaged
	}
	return c.readCertificate(cert.FullBytes, PEM)
}

func isEncryptedKey(der []byte) bool {
	var shape encryptedKey
	_, err := asn1.Unmarshal(der, &shape)
	return err == nil
}

// readPEMKey takes a plain key, or one in OpenSSL's old encryption
// (Proc-Type: 4,ENCRYPTED). That is weak, which is why the standard library
// calls its reader deprecated, and still what many a key on disk is in.
func (c *contents) readPEMKey(block *pem.Block) error {
	//lint:ignore SA1019 see above
	if !x509.IsEncryptedPEMBlock(block) {
		return c.readKey(block.Bytes)
	}
	password, err := c.password()
	if err != nil {
		return err
	}
	//lint:ignore SA1019 see above
	der, err := x509.DecryptPEMBlock(block, []byte(password))
	if err != nil {
		return ErrWrongPassword
	}
	if !isKey(der) {
		return ErrWrongPassword // one wrong password in 256 leaves good padding
	}
	return c.readKey(der)
}

func (c *contents) readKey(der []byte) error {
	if !isKey(der) {
		return errDamaged
	}
	c.addPrivateKey(der)
	return nil
}

// isKey says whether DER has the shape of a private key: a sequence that begins
// with a version.
func isKey(der []byte) bool {
	list, err := sequence(der)
	return err == nil && len(list) > 1 && list[0].Tag == asn1.TagInteger
}

// addPrivateKey takes a key in DER; an empty one stands for one in an encryption
// that is not supported. A key of a kind that Go lacks (RSASSA-PSS, DSA, a curve
// such as P-192) is there all the same: only whose it is cannot be told.
func (c *contents) addPrivateKey(der []byte) {
	key, err := parseKey(der)
	signer, ok := key.(crypto.Signer)
	switch {
	case err == nil && ok:
		c.keys = append(c.keys, signer.Public())
	case err == nil:
		c.addOddKey("cannot sign, hence is of no use for TLS")
	case len(der) == 0:
		c.addOddKey("is in an encryption that is not supported: whose it is was not compared")
	default:
		c.addOddKey("is of a kind that cannot be read: whose it is was not compared")
	}
}

func (c *contents) addOddKey(note string) {
	c.oddKeys++
	c.notes = append(c.notes, "the private key "+note)
}

func parseKey(der []byte) (any, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	return x509.ParsePKCS8PrivateKey(der)
}
