package certfile

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"edgecert/scanner/edge"
)

// readPFX opens a PFX with the empty password first: then nobody is asked for
// one that is not needed.
func (c *contents) readPFX(der []byte) error {
	if n := iterations(der); n > maxIterations {
		return fmt.Errorf("the PFX asks for %d rounds of key derivation: no program writes more than %d", n, maxIterations)
	}
	password := ""
	key, leaf, cas, err := pkcs12.DecodeChain(der, password)
	if wrongPassword(err) {
		if password, err = c.password(); err != nil {
			return err
		}
		key, leaf, cas, err = pkcs12.DecodeChain(der, password)
	}
	if lacksKey(err) {
		c.notes = append(c.notes, "the PFX holds no private key")
		leaf, cas, err = decodeWithoutKey(der, password)
	}
	switch {
	case wrongPassword(err):
		return ErrWrongPassword
	case err != nil && strings.Contains(err.Error(), "certificate missing"):
		c.others = append(c.others, "a private key alone")
		return nil
	case err != nil && strings.Contains(err.Error(), "exactly one key bag"):
		return errors.New("the PFX holds several private keys, and which one is meant it does not say; export that certificate alone")
	case err != nil && strings.Contains(err.Error(), "no MAC in data"):
		return errors.New("the PFX has a password and no integrity protection (MAC); export it again")
	case err != nil:
		return errors.New("reading the PFX: " + strings.TrimPrefix(err.Error(), "pkcs12: "))
	}
	if key != nil {
		c.addKey(key)
	}
	for _, cert := range append([]*x509.Certificate{leaf}, cas...) {
		c.certs = append(c.certs, edge.NewCertificate(cert.Raw))
	}
	return nil
}

// maxIterations bounds the time that a file can cost: ten million rounds take
// some seconds, and Windows writes 2,000, OpenSSL 2,048.
const maxIterations = 10_000_000

func iterations(pfx []byte) int {
	var file pfxFile
	if _, err := asn1.Unmarshal(pfx, &file); err != nil {
		return 0 // the library says what is wrong
	}
	return file.Mac.Iterations
}

// wrongPassword: with a MAC the library says so; without one, or where MAC and
// contents have different passwords, the padding comes out wrong, and the
// library hands that on as text.
func wrongPassword(err error) bool {
	return errors.Is(err, pkcs12.ErrIncorrectPassword) || errors.Is(err, pkcs12.ErrDecryption) ||
		err != nil && strings.Contains(err.Error(), pkcs12.ErrDecryption.Error())
}

func lacksKey(err error) bool {
	return err != nil && strings.Contains(err.Error(), "private key missing")
}

// decodeWithoutKey: the library opens no PFX without a key, so one is put in
// beside its contents, which are read as they are.
func decodeWithoutKey(der []byte, password string) (*x509.Certificate, []*x509.Certificate, error) {
	spare, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		return nil, nil, err
	}
	sealed, err := withBags(der, password, safeBag{oidKeyBag, explicit(spare)})
	if err != nil {
		return nil, nil, err
	}
	_, leaf, cas, err := pkcs12.DecodeChain(sealed, password)
	return leaf, cas, err
}

// readEncryptedKey reads an encrypted PKCS#8 key by the PFX library: a PFX
// holds keys in the very same form (RFC 7292 section 4.2.2), and the standard
// library reads none that is encrypted.
func (c *contents) readEncryptedKey(der []byte) error {
	password, err := c.password()
	if err != nil {
		return err
	}
	host, err := spareCertificate()
	if err != nil {
		return err
	}
	store, err := pkcs12.Modern2023.EncodeTrustStore([]*x509.Certificate{host}, password)
	if err != nil {
		return err
	}
	sealed, err := withBags(store, password, safeBag{oidShroudedKeyBag, explicit(der)})
	if err != nil {
		return err
	}
	key, _, _, err := pkcs12.DecodeChain(sealed, password)
	var unsupported pkcs12.NotImplementedError
	switch {
	case errors.As(err, &unsupported), err != nil && strings.Contains(err.Error(), "not supported"):
		return errors.New("the private key's encryption is not supported: " + strings.TrimPrefix(err.Error(), "pkcs12: "))
	case err != nil:
		return ErrWrongPassword
	}
	c.addKey(key)
	return nil
}
