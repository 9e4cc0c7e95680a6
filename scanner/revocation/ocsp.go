package revocation

import (
	"context"

	"golang.org/x/crypto/ocsp"

	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// askOCSP posts one request (RFC 6960 appendix A.1). The answer is judged as a
// stapled one is.
func (c *checker) askOCSP(ctx context.Context, s Subject, url string) edge.Revocation {
	source := "OCSP " + url
	request, err := ocsp.CreateRequest(s.Certificate.X509, s.Issuer.X509, nil)
	if err != nil {
		return unknown(source, "making the request: "+err.Error())
	}
	answer, err := c.fetch(ctx, s, url, "application/ocsp-request", request, limits.OCSPAnswer)
	if err != nil {
		return unknown(source, err.Error())
	}
	return trust.JudgeOCSP(answer, s.Certificate.X509, s.Issuer.X509, source, c.o.Now)
}
