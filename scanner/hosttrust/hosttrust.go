// Package hosttrust asks this host's own root store about chains: what the
// audit cannot know by itself (not-public-ca), and what a saved report keeps as
// evidence.
//
// On Windows and macOS the platform's verifier answers, as it does for the
// programs of this host; it may fetch missing intermediates by itself. On
// others it is the certificates in the usual files.
package hosttrust

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

// The whole may take atLeast, and perLeaf more for each certificate: an
// ordinary one takes a third of a millisecond.
const (
	atLeast = 5 * time.Second
	perLeaf = time.Millisecond
)

// Trusted returns the leaves that this host trusts, of those that no root of
// the audit stands above: the others need no answer, and without a question
// the store is not read, which takes two thirds of a small scan's processor
// time. Intermediates that any endpoint sent may be used, and each leaf is
// asked about at a time at which it is valid, since the question is the root,
// not the dates. An error means that not all were asked about: the store could
// not be read, ctx ended, or it took too long.
func Trusted(ctx context.Context, captures []edge.Capture, o trust.Options) (map[edge.Fingerprint]bool, error) {
	intermediates, leaves := gather(captures, trust.New(ctx, captures, o))
	if len(leaves) == 0 {
		return map[edge.Fingerprint]bool{}, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading this host's root store: %w", err)
	}
	return trustedBy(ctx, roots, intermediates, leaves, o.Now)
}

func trustedBy(ctx context.Context, roots, intermediates *x509.CertPool, leaves []*edge.Certificate, now time.Time) (map[edge.Fingerprint]bool, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, atLeast+time.Duration(len(leaves))*perLeaf, errors.New("it took too long"))
	defer cancel()
	out := map[edge.Fingerprint]bool{}
	for n, leaf := range leaves {
		if ctx.Err() != nil {
			return out, fmt.Errorf("asking this host's root store about %d of %d certificates: %w", len(leaves)-n, len(leaves), context.Cause(ctx))
		}
		_, err := leaf.X509.Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: intermediates, CurrentTime: within(leaf.X509, now),
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err == nil {
			out[leaf.Fingerprint] = true
		}
	}
	return out, nil
}

// gather is what was sent, each once; of the leaves those that have no path to a
// root of the audit in one chain at least. Who breaks the encoding, or sends a key
// that costs more than any CA's, is not asked about: it would be the verifier's
// whole time.
func gather(captures []edge.Capture, known *trust.Forest) (*x509.CertPool, []*edge.Certificate) {
	intermediates := x509.NewCertPool()
	var leaves []*edge.Certificate
	type place struct {
		print edge.Fingerprint
		leaf  bool
	}
	seen := map[place]bool{}
	for _, c := range captures {
		for _, chain := range c.Chains() {
			r := known.Judge(chain).Standing
			rooted := r == trust.Trusted || r == trust.Incomplete
			for i, cert := range chain {
				at := place{cert.Fingerprint, i == 0}
				if seen[at] || i == 0 && rooted || cert.X509 == nil || cert.ParseError != "" {
					continue
				}
				seen[at] = true
				switch {
				case i == 0:
					leaves = append(leaves, cert)
				case !trust.Dear(cert.Key()):
					intermediates.AddCert(cert.X509)
				}
			}
		}
	}
	return intermediates, leaves
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
