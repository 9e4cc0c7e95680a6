// Package hosttrust asks this host's own root store about chains: what the
// audit cannot know by itself (not-public-ca), and what a saved report keeps as
// evidence.
//
// On Windows and macOS the platform's verifier answers, as it does for the
// programs of this host; it may fetch missing intermediates by itself. On
// others it is the certificates in the usual files.
package hosttrust

import (
	"crypto/x509"
	"fmt"
	"time"

	"edgecert/scanner/edge"
)

// Trusted returns the leaves that this host trusts. Intermediates that any
// endpoint sent may be used, and each leaf is asked about at a time at which it
// is valid, since the question is the root, not the dates. An error means that
// the store could not be read: then nothing was asked.
func Trusted(captures []edge.Capture, now time.Time) (map[edge.Fingerprint]bool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading this host's root store: %w", err)
	}
	return trustedBy(roots, captures, now), nil
}

func trustedBy(roots *x509.CertPool, captures []edge.Capture, now time.Time) map[edge.Fingerprint]bool {
	intermediates := x509.NewCertPool()
	seen := map[edge.Fingerprint]bool{}
	for _, c := range captures {
		for i, cert := range c.Chain {
			if i > 0 && cert.X509 != nil && !seen[cert.Fingerprint] {
				seen[cert.Fingerprint] = true
				intermediates.AddCert(cert.X509)
			}
		}
	}
	out := map[edge.Fingerprint]bool{}
	asked := map[edge.Fingerprint]bool{}
	for _, c := range captures {
		leaf := c.Leaf()
		if leaf == nil || leaf.X509 == nil || asked[leaf.Fingerprint] {
			continue
		}
		asked[leaf.Fingerprint] = true
		_, err := leaf.X509.Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: intermediates, CurrentTime: within(leaf.X509, now),
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err == nil {
			out[leaf.Fingerprint] = true
		}
	}
	return out
}

// within is now, or the nearest time at which the certificate is valid.
func within(c *x509.Certificate, now time.Time) time.Time {
	switch {
	case now.After(c.NotAfter):
		return c.NotAfter
	case now.Before(c.NotBefore):
		return c.NotBefore
	default:
		return now
	}
}
