package certfile

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"

	"github.com/smallstep/pkcs7"

	"edgecert/scanner/edge"
)

// readDER reads a file that is one DER structure.
func (c *contents) readDER(der []byte) error { return c.readDERAs(der, "") }

// readDERAs finds out what a DER structure is. The format is told for files
// that are nothing else; a PEM file stays one whatever its blocks hold.
func (c *contents) readDERAs(der []byte, format Format) error {
	if len(der) > 1 && der[0] == 0x30 && der[1] == 0x80 {
		// Indefinite lengths (BER): the PKCS#7 reader takes them, of a PFX
		// nobody here does.
		if c.readPKCS7(der, format) == nil {
			return nil
		}
		return fmt.Errorf("the contents are BER, not DER; convert them with openssl pkcs12, or export them again")
	}
	var outer asn1.RawValue
	rest, err := asn1.Unmarshal(der, &outer)
	if err != nil || outer.Tag != asn1.TagSequence || !outer.IsCompound {
		return errDamaged
	}
	der = der[:len(der)-len(rest)]
	if len(bytes.TrimSpace(rest)) > 0 {
		c.notes = append(c.notes, fmt.Sprintf("%d bytes behind the contents are left unread", len(rest)))
	}
	var first asn1.RawValue
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

func (c *contents) readPKCS7(der []byte, format Format) error {
	c.setFormat(format, PKCS7)
	p, err := pkcs7.Parse(der)
	if err != nil {
		return fmt.Errorf("reading PKCS#7: %w", err)
	}
	for _, cert := range p.Certificates {
		c.certs = append(c.certs, edge.NewCertificate(cert.Raw))
	}
	return nil
}

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
	c.certs = append(c.certs, edge.NewCertificate(der))
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
	var shape struct {
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue
		}
		Data []byte
	}
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
	if err := c.readKey(der); err != nil {
		return ErrWrongPassword // one wrong password in 256 leaves good padding
	}
	return nil
}

func (c *contents) readKey(der []byte) error {
	key, err := parseKey(der)
	if err != nil {
		return fmt.Errorf("reading the private key: %w", err)
	}
	c.addKey(key)
	return nil
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

func (c *contents) addKey(key any) {
	if signer, ok := key.(crypto.Signer); ok {
		c.keys = append(c.keys, signer.Public())
		return
	}
	c.oddKeys = append(c.oddKeys, fmt.Sprintf("%T", key))
	c.notes = append(c.notes, "a private key that cannot sign, hence of no use for TLS")
}
