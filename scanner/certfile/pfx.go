package certfile

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode/utf16"

	"edgecert/scanner/limits"
)

// The outermost layers of a PFX (RFC 7292 section 4). It is read here and not by
// a library, since those give up as a whole where one key or certificate in it
// is of a kind that Go refuses: the very files that are to be judged.
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
		Digest struct {
			Algorithm pkix.AlgorithmIdentifier
			Digest    []byte
		}
		Salt   []byte
		Rounds int `asn1:"optional,default:1"`
	}
	encryptedData struct {
		Version int
		Info    struct {
			Type      asn1.ObjectIdentifier
			Algorithm pkix.AlgorithmIdentifier
			Content   asn1.RawValue `asn1:"tag:0,optional"`
		}
	}
	encryptedKey struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	safeBag struct {
		ID         asn1.ObjectIdentifier
		Value      asn1.RawValue  `asn1:"tag:0,explicit"`
		Attributes []bagAttribute `asn1:"set,optional"`
	}
	bagAttribute struct {
		ID     asn1.ObjectIdentifier
		Values asn1.RawValue `asn1:"set"`
	}
	certBag struct {
		Type asn1.ObjectIdentifier
		Data []byte `asn1:"tag:0,explicit"`
	}
)

const (
	oidData          = "1.2.840.113549.1.7.1"
	oidEncryptedData = "1.2.840.113549.1.7.6"
	oidProvider      = "1.3.6.1.4.1.311.17.1" // Microsoft's: the CSP that held the key
)

// readPFX opens a PFX with the empty password first: then nobody is asked for
// one that is not needed.
func (c *contents) readPFX(der []byte) error {
	var file pfxFile
	if _, err := asn1.Unmarshal(der, &file); err != nil {
		return errDamaged
	}
	if file.AuthSafe.Type.String() != oidData {
		return errors.New("the PFX is signed by a key and not protected by a password; export it again")
	}
	var safe []byte
	if _, err := asn1.Unmarshal(file.AuthSafe.Content.Bytes, &safe); err != nil {
		return errDamaged
	}
	for _, p := range emptyPassphrases() {
		if err := c.openPFX(file, safe, p); !errors.Is(err, ErrWrongPassword) {
			return err
		}
	}
	password, err := c.password()
	if err != nil {
		return err
	}
	return c.openPFX(file, safe, newPassphrase(password))
}

// openPFX adds what the PFX holds, if p is its password.
func (c *contents) openPFX(file pfxFile, safe []byte, p passphrase) error {
	r := pfxReader{meter: meter{limits.KeyRounds}, p: p}
	if file.Mac.Digest.Digest != nil {
		err := r.verify(file.Mac, safe, p)
		switch {
		case errors.Is(err, errUnsupported):
			r.notes = append(r.notes, fmt.Sprintf("whether the PFX is intact was not checked: its MAC is %v", err))
		case err != nil:
			return err
		}
	}
	if err := r.readSafe(safe); err != nil {
		return err
	}
	if len(r.keys) > 1 {
		return errors.New("the PFX holds several private keys, and which one is meant it does not say; export that certificate alone")
	}
	for _, cert := range r.certs {
		c.addCertificate(cert)
	}
	for _, key := range r.keys {
		c.addPrivateKey(key)
	}
	if len(r.keys) == 0 {
		r.notes = append(r.notes, "the PFX holds no private key")
	}
	c.provider = r.provider
	c.notes = append(c.notes, r.notes...)
	return nil
}

// A pfxReader gathers the bags of a PFX.
type pfxReader struct {
	meter
	p        passphrase
	certs    [][]byte
	keys     [][]byte // PKCS#8; empty: of an encryption that is not supported
	provider string
	notes    []string
}

// readSafe reads the parts of a PFX, each of which may be encrypted.
func (r *pfxReader) readSafe(safe []byte) error {
	list, err := sequence(safe)
	if err != nil {
		return err
	}
	for _, e := range list {
		var part contentInfo
		if _, err := asn1.Unmarshal(e.FullBytes, &part); err != nil {
			return errDamaged
		}
		var bags []byte
		switch part.Type.String() {
		case oidData:
			if _, err := asn1.Unmarshal(part.Content.Bytes, &bags); err != nil {
				return errDamaged
			}
		case oidEncryptedData:
			if bags, err = r.open(part.Content.Bytes); err != nil {
				return err
			}
		default:
			return errors.New("a part of the PFX is encrypted for a key and not by a password; export it again")
		}
		if err := r.readBags(bags, limits.BERDepth); err != nil {
			return err
		}
	}
	return nil
}

func (r *pfxReader) open(der []byte) ([]byte, error) {
	var e encryptedData
	if _, err := asn1.Unmarshal(der, &e); err != nil {
		return nil, errDamaged
	}
	data := e.Info.Content.Bytes
	if e.Info.Content.IsCompound {
		data = joinParts(data)
	}
	out, err := r.decrypt(e.Info.Algorithm, data, r.p)
	if errors.Is(err, errUnsupported) {
		return nil, fmt.Errorf("the certificates in the PFX are in %w; export it again", err)
	}
	return out, err
}

func (r *pfxReader) readBags(bags []byte, levels int) error {
	list, err := sequence(bags)
	if err != nil || levels == 0 {
		return errDamaged
	}
	for _, e := range list {
		var bag safeBag
		if _, err := asn1.Unmarshal(e.FullBytes, &bag); err != nil {
			return errDamaged
		}
		if err := r.readBag(bag, levels); err != nil {
			return err
		}
	}
	return nil
}

// readBag: the kinds that are neither certificate nor key (revocation lists,
// secrets) are none of ours.
func (r *pfxReader) readBag(bag safeBag, levels int) error {
	switch bag.ID.String() {
	case "1.2.840.113549.1.12.10.1.1":
		r.addKey(bag, bag.Value.Bytes)
	case "1.2.840.113549.1.12.10.1.2":
		key, err := r.openKey(bag.Value.Bytes, r.p)
		if err != nil && !errors.Is(err, errUnsupported) {
			return err
		}
		r.addKey(bag, key)
	case "1.2.840.113549.1.12.10.1.3":
		var cert certBag
		if _, err := asn1.Unmarshal(bag.Value.Bytes, &cert); err != nil {
			return errDamaged
		}
		r.certs = append(r.certs, cert.Data)
	case "1.2.840.113549.1.12.10.1.6":
		return r.readBags(bag.Value.Bytes, levels-1)
	}
	return nil
}

func (r *pfxReader) addKey(bag safeBag, der []byte) {
	r.keys = append(r.keys, der)
	for _, a := range bag.Attributes {
		var name asn1.RawValue
		if a.ID.String() != oidProvider {
			continue
		}
		if _, err := asn1.Unmarshal(a.Values.Bytes, &name); err == nil && name.Tag == asn1.TagBMPString {
			r.provider = decodeBMP(name.Bytes)
		}
	}
}

func decodeBMP(b []byte) string {
	var wide []uint16
	for pair := range slices.Chunk(b[:len(b)&^1], 2) {
		wide = append(wide, binary.BigEndian.Uint16(pair))
	}
	return string(utf16.Decode(wide))
}

// openKey decrypts a PKCS#8 key (RFC 5958 section 3).
func (m *meter) openKey(der []byte, p passphrase) ([]byte, error) {
	var e encryptedKey
	if _, err := asn1.Unmarshal(der, &e); err != nil {
		return nil, errDamaged
	}
	key, err := m.decrypt(e.Algorithm, e.Data, p)
	if err == nil && !isKey(key) { // one wrong password in 256 leaves good padding
		err = ErrWrongPassword
	}
	return key, err
}

// sequence is the elements of a sequence in BER. What a wrong password leaves of
// one that was encrypted is none.
func sequence(ber []byte) ([]asn1.RawValue, error) {
	der, _, err := toDER(ber, limits.BERDepth)
	if err != nil {
		return nil, err
	}
	var outer asn1.RawValue
	if _, err := asn1.Unmarshal(der, &outer); err != nil || outer.Tag != asn1.TagSequence || !outer.IsCompound {
		return nil, errDamaged
	}
	return elements(outer.Bytes), nil
}

// readEncryptedKey reads an encrypted PKCS#8 key.
func (c *contents) readEncryptedKey(der []byte) error {
	password, err := c.password()
	if err != nil {
		return err
	}
	key, err := c.openKey(der, newPassphrase(password))
	if err != nil && !errors.Is(err, errUnsupported) {
		return err
	}
	c.addPrivateKey(key)
	return nil
}
