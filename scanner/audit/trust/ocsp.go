package trust

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"

	"edgecert/scanner/edge"
)

// skew is how far a responder's clock may run ahead of ours.
const skew = 10 * time.Minute

// JudgeOCSP reads an OCSP response, stapled or fetched, as an answer to "is
// leaf, issued by issuer, revoked?". Whatever stands in the way of an answer
// (a wrong signer, another certificate, a response out of its time) makes it
// unknown with the reason, never good. source is put into the result.
func JudgeOCSP(der []byte, leaf, issuer *x509.Certificate, source string, now time.Time) edge.Revocation {
	out := edge.Revocation{Status: edge.RevocationUnknown, Source: source}
	if leaf.SerialNumber == nil {
		out.Error = "the certificate's serial number cannot be read"
		return out
	}
	if dearSigner(der, issuer) {
		out.Error = "the key that signed the response costs too much to verify with"
		return out
	}
	// Without an issuer the parser checks only the response's own signature:
	// it would call a delegate without the right to sign a good signer, and an
	// intermediate that signs for itself and sends itself along a bad one.
	r, err := ocsp.ParseResponseForCert(der, leaf, nil)
	if err == nil {
		err = checkSigner(r, issuer, now)
	}
	if err == nil {
		err = checkAnswer(r, now)
	}
	if err != nil {
		out.Error = err.Error()
		return out
	}
	switch r.Status {
	case ocsp.Good:
		out.Status = edge.Good
	case ocsp.Revoked:
		out.Status, out.RevokedAt, out.Reason = edge.Revoked, r.RevokedAt.UTC(), RevocationReason(r.RevocationReason)
	default:
		out.Error = "the responder does not know the certificate"
	}
	return out
}

// dearSigner looks at the keys that would verify a response, its own first
// certificate's and the issuer's, before the parser does (RFC 6960, 4.2.1).
func dearSigner(der []byte, issuer *x509.Certificate) bool {
	if Dear(edge.ReadKey(issuer.RawSubjectPublicKeyInfo)) {
		return true
	}
	var response, bytes, body, basic, certs, first cryptobyte.String
	in, explicit := cryptobyte.String(der), cbasn1.Tag(0).ContextSpecific().Constructed()
	if !in.ReadASN1(&response, cbasn1.SEQUENCE) || !response.SkipASN1(cbasn1.ENUM) || !response.ReadASN1(&bytes, explicit) ||
		!bytes.ReadASN1(&body, cbasn1.SEQUENCE) || !body.SkipASN1(cbasn1.OBJECT_IDENTIFIER) || !body.ReadASN1(&basic, cbasn1.OCTET_STRING) ||
		!basic.ReadASN1(&body, cbasn1.SEQUENCE) || !body.SkipASN1(cbasn1.SEQUENCE) || !body.SkipASN1(cbasn1.SEQUENCE) || !body.SkipASN1(cbasn1.BIT_STRING) ||
		!body.ReadASN1(&certs, explicit) || !certs.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1Element(&first, cbasn1.SEQUENCE) {
		return false // no certificate of its own, or nothing that can be parsed
	}
	return Dear(edge.NewCertificate(first).Key())
}

// checkSigner: the issuer itself, or a delegate that the issuer certified for
// signing OCSP responses (RFC 6960 section 4.2.2.2).
func checkSigner(r *ocsp.Response, issuer *x509.Certificate, now time.Time) error {
	d := r.Certificate
	if d == nil || bytes.Equal(d.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) {
		if err := r.CheckSignatureFrom(issuer); err != nil {
			return fmt.Errorf("the response is not signed by the certificate's issuer: %w", err)
		}
		return nil
	}
	if err := issuer.CheckSignature(d.SignatureAlgorithm, d.RawTBSCertificate, d.Signature); err != nil {
		return fmt.Errorf("the response is signed by %q, whom the issuer did not certify: %w", d.Subject, err)
	}
	if !slices.Contains(d.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) {
		return fmt.Errorf("the response is signed by %q, which may not sign OCSP responses (extended key usage)", d.Subject)
	}
	if now.Before(d.NotBefore) || now.After(d.NotAfter) {
		return fmt.Errorf("the response is signed by %q, whose certificate is not valid now", d.Subject)
	}
	return nil
}

// checkAnswer: the response's time (RFC 6960 section 4.2.2.1). A response
// without an end is as good as the day it is from.
func checkAnswer(r *ocsp.Response, now time.Time) error {
	switch {
	case r.ThisUpdate.After(now.Add(skew)):
		return fmt.Errorf("the response is valid only from %s", r.ThisUpdate.UTC().Format(time.RFC3339))
	case !r.NextUpdate.IsZero() && r.NextUpdate.Before(now):
		return fmt.Errorf("the response ended on %s", r.NextUpdate.UTC().Format(time.RFC3339))
	case r.NextUpdate.IsZero() && now.Sub(r.ThisUpdate) > 24*time.Hour:
		return fmt.Errorf("the response is of %s and names no end", r.ThisUpdate.UTC().Format(time.RFC3339))
	default:
		return nil
	}
}

// RevocationReason names a reason code (RFC 5280 section 5.3.1).
func RevocationReason(code int) string {
	names := []string{"unspecified", "key compromise", "CA compromise", "affiliation changed", "superseded",
		"cessation of operation", "certificate hold", "", "remove from CRL", "privilege withdrawn", "AA compromise"}
	if code < 0 || code >= len(names) || names[code] == "" {
		return fmt.Sprintf("reason %d", code)
	}
	return names[code]
}
