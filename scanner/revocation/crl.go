package revocation

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// A CRL is fetched once for all certificates that name it. Whether private
// addresses may be contacted belongs to the key, since it decides the answer.
type crlKey struct {
	url   string
	given bool
}

type crlOnce struct {
	once sync.Once
	list *x509.RevocationList
	err  error
}

func (c *checker) askCRL(ctx context.Context, s Subject, url string) edge.Revocation {
	list, err := c.crl(ctx, s, url)
	if err != nil {
		return unknown("CRL "+url, err.Error())
	}
	return judgeCRL(list, s, url, c.o.Now)
}

// judgeCRL reads a list as an answer to "is the certificate revoked?".
func judgeCRL(list *x509.RevocationList, s Subject, url string, now time.Time) edge.Revocation {
	source := "CRL " + url
	if err := fits(list, s, url, now); err != nil {
		return unknown(source, err.Error())
	}
	for _, e := range list.RevokedCertificateEntries {
		if e.SerialNumber.Cmp(s.Certificate.X509.SerialNumber) == 0 {
			return edge.Revocation{Status: edge.Revoked, Source: source, RevokedAt: e.RevocationTime.UTC(), Reason: trust.RevocationReason(e.ReasonCode)}
		}
	}
	return edge.Revocation{Status: edge.Good, Source: source}
}

func (c *checker) crl(ctx context.Context, s Subject, url string) (*x509.RevocationList, error) {
	key := crlKey{url, s.Given}
	c.mu.Lock()
	o := c.crls[key]
	if o == nil {
		o = &crlOnce{}
		c.crls[key] = o
	}
	c.mu.Unlock()
	o.once.Do(func() { o.list, o.err = c.fetchCRL(ctx, s, url) })
	return o.list, o.err
}

func (c *checker) fetchCRL(ctx context.Context, s Subject, url string) (*x509.RevocationList, error) {
	data, err := c.fetch(ctx, s, url, "", nil, limits.CRL)
	if err != nil {
		return nil, err
	}
	return readCRL(data)
}

// readCRL reads DER, as is the rule (RFC 5280 section 4.2.1.13); some servers
// hold PEM.
func readCRL(data []byte) (*x509.RevocationList, error) {
	if block, _ := pem.Decode(data); block != nil {
		data = block.Bytes
	}
	list, err := x509.ParseRevocationList(data)
	if err != nil {
		return nil, fmt.Errorf("reading the CRL: %w", err)
	}
	return list, nil
}

// fits says whether a CRL can tell about a certificate: signed by its issuer,
// in its time, and of the right scope (RFC 5280 section 6.3.3).
func fits(list *x509.RevocationList, s Subject, url string, now time.Time) error {
	issuer := s.Issuer.X509
	if issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return errors.New("the issuer may not sign CRLs (key usage)")
	}
	// CheckSignature takes SHA-1, which CAs of the Edge's age still use here.
	if err := issuer.CheckSignature(list.SignatureAlgorithm, list.RawTBSRevocationList, list.Signature); err != nil {
		return fmt.Errorf("the CRL is not signed by the certificate's issuer: %w", err)
	}
	switch {
	case list.ThisUpdate.After(now.Add(10 * time.Minute)):
		return fmt.Errorf("the CRL is valid only from %s", list.ThisUpdate.UTC().Format(time.RFC3339))
	case list.NextUpdate.IsZero():
		return errors.New("the CRL names no end")
	case list.NextUpdate.Before(now):
		return fmt.Errorf("the CRL ended on %s", list.NextUpdate.UTC().Format(time.RFC3339))
	}
	for _, e := range list.Extensions {
		if err := inScope(e, s.Certificate.X509, url); err != nil {
			return err
		}
	}
	return nil
}

// distributionPoint is the issuing distribution point extension
// (RFC 5280 section 5.2.5): what a CRL is limited to.
type distributionPoint struct {
	Point struct {
		FullName []asn1.RawValue `asn1:"optional,tag:0"`
		Relative asn1.RawValue   `asn1:"optional,tag:1"`
	} `asn1:"optional,tag:0"`
	OnlyUsers      bool           `asn1:"optional,tag:1"`
	OnlyCAs        bool           `asn1:"optional,tag:2"`
	SomeReasons    asn1.BitString `asn1:"optional,tag:3"`
	Indirect       bool           `asn1:"optional,tag:4"`
	OnlyAttributes bool           `asn1:"optional,tag:5"`
}

func inScope(e pkix.Extension, cert *x509.Certificate, url string) error {
	if !e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 28}) {
		if e.Critical {
			return fmt.Errorf("the CRL has a critical extension that is not known here (%s)", e.Id)
		}
		return nil
	}
	var p distributionPoint
	if _, err := asn1.Unmarshal(e.Value, &p); err != nil {
		return fmt.Errorf("reading the CRL's distribution point: %w", err)
	}
	switch {
	case p.Indirect || p.OnlyAttributes || p.SomeReasons.BitLength > 0:
		return errors.New("the CRL is indirect or limited to some reasons, which is not supported")
	case p.OnlyUsers && cert.IsCA, p.OnlyCAs && !cert.IsCA:
		return errors.New("the CRL is for another kind of certificate")
	}
	// A CA that splits its CRL says in each part which it is: another part,
	// put in this one's place, would call a revoked certificate good.
	names := p.Point.FullName
	ours := func(n asn1.RawValue) bool { return string(n.Bytes) == url }
	if len(names) > 0 && !slices.ContainsFunc(names, ours) {
		return errors.New("the CRL is another part of the CA's list")
	}
	return nil
}
