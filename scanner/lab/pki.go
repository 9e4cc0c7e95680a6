package lab

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// A Template describes one certificate. Equal templates of one issuer are one
// certificate, so a world is built from a healthy template and one changed
// field. Slices are replaced, never changed in place.
type Template struct {
	Subject   pkix.Name
	Names     []string // DNS names of the SAN, in order; none: no SAN
	NotBefore time.Time
	NotAfter  time.Time
	Usage     x509.KeyUsage
	ExtUsage  []x509.ExtKeyUsage // none: no EKU extension
	CA        bool
	Key       KeySpec
	Signature x509.SignatureAlgorithm // zero: SHA-256 with the issuer's kind of key
	CRL       []string                // distribution points
	OCSP      []string
	Serial    []byte           // content octets of the INTEGER, so that it may be negative; nil: derived
	Issue     int              // tells certificates apart that are equal but for their serial number
	Extra     []pkix.Extension // added, or put in the place of one that Go would write
	Revoked   bool             // the lab's CRL and OCSP say so
}

// An Issued is a certificate with its key.
type Issued struct {
	Template Template
	DER      []byte
	Key      crypto.Signer
	Cert     *x509.Certificate // nil where Go cannot parse it
}

// Issue signs the certificate that t describes with the issuer's key; a nil
// issuer makes it self-signed. Everything but the signatures of PSS and ECDSA
// follows from t and the issuer, so issuing twice gives one certificate.
func (r *KeyRing) Issue(t Template, issuer *Issued) (*Issued, error) {
	key, err := r.key(t.Key)
	if err != nil {
		return nil, err
	}
	x := t.x509(issuer)
	parent, signer := x, key
	if issuer != nil {
		if issuer.Cert == nil {
			return nil, fmt.Errorf("issuing %s: the issuer's certificate cannot be parsed", t.Subject)
		}
		parent, signer = issuer.Cert, issuer.Key
	}
	if t.Signature == x509.MD5WithRSA {
		x.SignatureAlgorithm = x509.SHA256WithRSA // Go signs no MD5: done below
	}
	der, err := x509.CreateCertificate(rand.Reader, x, parent, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("issuing %s: %w", t.Subject, err)
	}
	if t.Serial != nil || t.Signature == x509.MD5WithRSA {
		if der, err = resign(der, t.Serial, t.Signature, signer); err != nil {
			return nil, fmt.Errorf("signing %s again: %w", t.Subject, err)
		}
	}
	issued := &Issued{Template: t, DER: der, Key: key}
	if c, err := x509.ParseCertificate(der); err == nil {
		issued.Cert = c
	}
	return issued, nil
}

func (t Template) x509(issuer *Issued) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          t.serial(issuer),
		Subject:               t.Subject,
		DNSNames:              t.Names,
		NotBefore:             t.NotBefore,
		NotAfter:              t.NotAfter,
		KeyUsage:              t.Usage,
		ExtKeyUsage:           t.ExtUsage,
		IsCA:                  t.CA,
		BasicConstraintsValid: true,
		SignatureAlgorithm:    t.Signature,
		CRLDistributionPoints: t.CRL,
		OCSPServer:            t.OCSP,
		ExtraExtensions:       t.Extra,
	}
}

// serial is 15 bytes of a digest of everything that makes the certificate:
// positive, and within the 20 octets of RFC 5280, 4.1.2.2.
func (t Template) serial(issuer *Issued) *big.Int {
	sum := sha256.Sum256([]byte(t.id(issuer)))
	sum[0] = sum[0]&0x3f | 0x40
	return new(big.Int).SetBytes(sum[:15])
}

// id is text that is equal for equal certificates.
func (t Template) id(issuer *Issued) string {
	t.NotBefore, t.NotAfter = t.NotBefore.UTC().Truncate(time.Second), t.NotAfter.UTC().Truncate(time.Second)
	id := fmt.Sprintf("%#v", t)
	if issuer != nil {
		id += fmt.Sprintf(" by %x", sha256.Sum256(issuer.DER))
	}
	return id
}

// An Authority describes a certification authority: a root, and the
// intermediate that it signs and that signs leaves.
type Authority struct {
	Name         string // chains refer to it by this
	Root         Template
	Intermediate Template
	Under        string // the authority whose intermediate signs this one's, for a longer chain; empty: Root signs it
	Trusted      bool   // its root is among the lab's roots
}

// NewAuthority describes a healthy authority of two RSA keys of its own.
func NewAuthority(name string, now time.Time) Authority {
	now = now.UTC().Truncate(24 * time.Hour)
	ca := func(kind string, from, to time.Time) Template {
		return Template{
			Subject:   pkix.Name{Organization: []string{"Lab " + name}, CommonName: "Lab " + name + " " + kind},
			NotBefore: from, NotAfter: to, CA: true, Key: KeySpec{Label: name + " " + kind},
			Usage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		}
	}
	a := Authority{
		Name:         name,
		Root:         ca("Root", now.AddDate(-5, 0, 0), now.AddDate(15, 0, 0)),
		Intermediate: ca("Intermediate", now.AddDate(-2, 0, 0), now.AddDate(6, 0, 0)),
	}
	a.Intermediate.CRL = []string{Responder + "/" + name + "/root.crl"}
	return a
}

// An Issuer is an authority with its certificates made.
type Issuer struct {
	Root, Intermediate *Issued
}

// Raise makes an authority's certificates. above is the authority that a is
// under, and may be nil where it is under none.
func (r *KeyRing) Raise(a Authority, above *Issued) (Issuer, error) {
	root, err := r.Issue(a.Root, nil)
	if err != nil {
		return Issuer{}, fmt.Errorf("authority %s: %w", a.Name, err)
	}
	if above == nil {
		above = root
	}
	intermediate, err := r.Issue(a.Intermediate, above)
	if err != nil {
		return Issuer{}, fmt.Errorf("authority %s: %w", a.Name, err)
	}
	return Issuer{Root: root, Intermediate: intermediate}, nil
}
