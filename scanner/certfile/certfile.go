// Package certfile reads a certificate from a file before it is assigned:
//
//	PEM, DER, PKCS#7, PFX ─ Read ─→ File ─ AsEvidence ─→ edge.Evidence ─→ audit
//
// It takes what Windows, certutil, CAs and OpenSSL write: CRLF, UTF-16, byte
// order marks, "Bag Attributes", base64 without a header, mails, BER, and every
// encryption of a PFX or key that is in use. The bytes are given; the package opens no
// file. Every failure has its own message, since "cannot read it" helps nobody
// who stands before a maintenance window.
package certfile

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// Format is how a file was written.
type Format string

// The formats.
const (
	PEM   Format = "PEM"
	DER   Format = "DER"
	PKCS7 Format = "PKCS#7"
	PFX   Format = "PFX"
)

// A File is what a certificate file holds.
type File struct {
	Name         string // as given, for messages
	Format       Format
	Certificates []*edge.Certificate // the leaf first, the rest in the file's order; never none
	Leaves       []*edge.Certificate // those that the file may have been made for: several, and nothing in it says which is meant
	Key          edge.KeyStatus
	Provider     string   // of a PFX: the Windows provider that held the key, and will hold it again; empty: not said
	Notes        []string // what is odd and no failure, a sentence each
}

// What can be wrong with a file. Every error of Read is one of these, or says
// what is damaged; all name the file.
var (
	ErrEmpty          = errors.New("the file is empty")
	ErrTooLarge       = fmt.Errorf("the file is larger than %d MB: no certificate is", limits.CertificateFile>>20)
	ErrNoCertificate  = errors.New("the file holds no certificate")
	ErrPasswordNeeded = errors.New("the file is encrypted and no password was given")
	ErrWrongPassword  = edge.Hintf("it is the one that was given when the file was exported; capitals count", "the password is wrong")
)

// accepted is what a file may be.
const accepted = "give the certificate as PEM, DER, PKCS#7 or PFX"

// Read reads a file's contents. password is called once at most, and only
// where the file is encrypted and the empty password does not open it; nil
// means that there is none. Its error is returned as it is.
func Read(name string, data []byte, password func() (string, error)) (File, error) {
	if password == nil {
		password = func() (string, error) { return "", ErrPasswordNeeded }
	}
	f, err := read(data, sync.OnceValues(password))
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	f.Name = name
	return f, nil
}

func read(data []byte, password func() (string, error)) (File, error) {
	if len(data) > limits.CertificateFile {
		return File{}, ErrTooLarge
	}
	c := contents{password: password, meter: meter{limits.KeyRounds}}
	text, isText := decodeText(data)
	var err error
	switch {
	case len(data) == 0 || isText && text == "":
		return File{}, ErrEmpty
	case isText:
		err = c.readText(text)
	default:
		err = c.readDER(data)
	}
	if err != nil {
		return File{}, err
	}
	return c.file()
}

// contents gathers what a file holds, block by block.
type contents struct {
	meter
	password func() (string, error)
	format   Format
	certs    []*edge.Certificate
	keys     []crypto.PublicKey // of the private keys
	oddKeys  int                // private keys that cannot be compared
	provider string
	others   []string // what else there was, for the message when no certificate was
	notes    []string
}

func (c *contents) file() (File, error) {
	if len(c.certs) == 0 {
		return File{}, c.noCertificate()
	}
	if len(c.certs) > limits.CertificatesOf {
		return File{}, fmt.Errorf("the file holds %d certificates: a chain has a handful, a root store less than %d", len(c.certs), limits.CertificatesOf)
	}
	f := File{Format: c.format, Certificates: c.certs, Leaves: c.leaves(), Key: c.keyStatus(), Provider: c.provider, Notes: c.notes}
	if n := len(f.Leaves); n > 1 {
		f.Notes = append(f.Notes, fmt.Sprintf("of the %d certificates in it that are no CA's the first is judged, %s", n, f.Leaves[0].Thumbprint()))
	}
	if i := c.leaf(); i > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("the certificate itself is number %d in the file, behind others", i+1))
		leaf := f.Certificates[i]
		f.Certificates = append([]*edge.Certificate{leaf}, append(c.certs[:i:i], c.certs[i+1:]...)...)
	}
	return f, nil
}

// noCertificate says what there was instead.
func (c *contents) noCertificate() error {
	switch {
	case len(c.others) > 0:
		return fmt.Errorf("%w, but %s", ErrNoCertificate, c.others[0])
	case len(c.keys)+c.oddKeys > 0:
		return edge.Hintf("a PFX, or a PEM file, may have both", "%w, but a private key alone", ErrNoCertificate)
	default:
		return edge.Hintf(accepted, "%w", ErrNoCertificate)
	}
}

// keyStatus compares the private keys with the certificates.
func (c *contents) keyStatus() edge.KeyStatus {
	leaf := c.certs[c.leaf()]
	switch {
	case c.withKey() >= 0:
		return edge.KeyMatches
	case c.oddKeys > 0, len(c.keys) > 0 && (leaf.X509 == nil || leaf.X509.PublicKey == nil):
		return edge.KeyUnreadable
	case len(c.keys) > 0:
		return edge.KeyDiffers
	default:
		return edge.KeyAbsent
	}
}

// withKey is the place of the certificate whose private key is here, else -1.
func (c *contents) withKey() int { return slices.IndexFunc(c.certs, c.hasKeyOf) }

func (c *contents) hasKeyOf(cert *edge.Certificate) bool {
	return slices.ContainsFunc(c.keys, func(key crypto.PublicKey) bool { return isKeyOf(cert, key) })
}

// leaves are the certificates whose private keys are here, else those that are no
// CA's, as far as one can see: a root of version 1 does not say what it is.
func (c *contents) leaves() []*edge.Certificate {
	is := c.hasKeyOf
	if c.withKey() < 0 {
		is = c.isLeaf
	}
	var out []*edge.Certificate
	for _, cert := range c.certs {
		same := func(o *edge.Certificate) bool { return o.Fingerprint == cert.Fingerprint }
		if is(cert) && !slices.ContainsFunc(out, same) {
			out = append(out, cert)
		}
	}
	return out
}

func (c *contents) isLeaf(cert *edge.Certificate) bool {
	issues := func(o *edge.Certificate) bool {
		return o.X509 != nil && bytes.Equal(o.X509.RawIssuer, cert.X509.RawSubject) && !bytes.Equal(o.X509.RawIssuer, o.X509.RawSubject)
	}
	return cert.X509 != nil && !cert.X509.IsCA && !slices.ContainsFunc(c.certs, issues)
}

// isKeyOf compares keys, and where Go gave none to the certificate their encodings.
func isKeyOf(cert *edge.Certificate, key crypto.PublicKey) bool {
	if cert.X509 == nil {
		return false
	}
	if k, ok := cert.X509.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok {
		return k.Equal(key)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	return err == nil && bytes.Equal(der, cert.X509.RawSubjectPublicKeyInfo)
}

// leaf is the certificate whose key is here, else the first that is no CA's.
func (c *contents) leaf() int {
	if i := c.withKey(); i >= 0 {
		return i
	}
	return max(slices.IndexFunc(c.certs, c.isLeaf), 0)
}
