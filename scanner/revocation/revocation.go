// Package revocation asks CAs whether certificates are revoked, on request
// (`--revocation`) and after the scan:
//
//	[]edge.Capture ─ Subjects ─→ []Subject ─ Check (OCSP, else CRL) ─→ edge.Evidence.Revocation
//
// "Could not find out" is unknown with the reason, never good. Who may be
// contacted is decided here, since the addresses stand in certificates that a
// stranger sent: only those in certificates with a verified path to a root, by
// http or https, private addresses only where that root was given with --roots,
// and loopback and link-local ones only where the scan is of such. Nothing else is contacted: no proxy of the environment, no issuer's
// certificate fetched.
package revocation

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
	"edgecert/scanner/mistake"
)

// A Subject is a certificate to ask about.
type Subject struct {
	Certificate *edge.Certificate
	Issuer      *edge.Certificate // nil: unknown, so nobody can be asked
	Trusted     bool              // a path to a root was verified: its addresses may be contacted
	Given       bool              // that root was given by the user: private addresses too
}

// Options are the manners of Check. The zero value is good but for Now.
type Options struct {
	Now     time.Time     // answers are judged at this time
	Timeout time.Duration // for one request, redirects included; 0: 10 s
	Targets []netip.Addr  // what the scan dials
}

const (
	defaultTimeout = 10 * time.Second
	atATime        = 8 // requests under way
)

// Dialed are the addresses of the captures' endpoints, as Options.Targets takes
// them.
func Dialed(captures []edge.Capture) []netip.Addr {
	out := make([]netip.Addr, len(captures))
	for i, c := range captures {
		out[i] = c.Endpoint.Address.Unmap()
	}
	return out
}

// Subjects are the distinct certificates of all captures that have an issuer
// to ask: each leaf, and each intermediate on its path. roots are as for the
// audit, so that both walk the same path.
func Subjects(ctx context.Context, captures []edge.Capture, roots trust.Options) []Subject {
	forest := trust.New(ctx, captures, roots)
	seen := map[edge.Fingerprint]bool{}
	var out []Subject
	for _, c := range captures {
		for _, chain := range c.Chains() {
			r := forest.Judge(chain)
			trusted := r.Standing == trust.Trusted || r.Standing == trust.Incomplete
			for i, cert := range r.Path {
				above := i+1 < len(r.Path)
				if seen[cert.Fingerprint] || i > 0 && !above {
					continue // of a root only its owner could tell
				}
				seen[cert.Fingerprint] = true
				s := Subject{Certificate: cert, Trusted: trusted, Given: r.Given}
				if above {
					s.Issuer = r.Path[i+1]
				}
				out = append(out, s)
			}
		}
	}
	return out
}

// Check asks about every subject, each once: the OCSP responders in the
// certificate, and where none of them answers its CRLs, each of which is
// fetched once. It returns an answer for every subject, whatever happens; once
// ctx is done the rest is unknown.
func Check(ctx context.Context, subjects []Subject, o Options) map[edge.Fingerprint]edge.Revocation {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	c := &checker{o: o, crls: map[crlKey]*crlOnce{}}
	answers := make([]edge.Revocation, len(subjects))
	var g errgroup.Group
	g.SetLimit(atATime)
	for i, s := range subjects {
		g.Go(func() error {
			defer mistake.Caught(ctx)
			answers[i] = c.check(ctx, s)
			return nil
		})
	}
	_ = g.Wait() // no function above returns an error
	out := make(map[edge.Fingerprint]edge.Revocation, len(subjects))
	for i, s := range subjects {
		out[s.Certificate.Fingerprint] = answers[i]
	}
	return out
}

type checker struct {
	o    Options
	mu   sync.Mutex
	crls map[crlKey]*crlOnce
}

func (c *checker) check(ctx context.Context, s Subject) edge.Revocation {
	switch {
	case s.Certificate.X509 == nil, s.Certificate.ParseError != "":
		return unknown("", "the certificate cannot be read: "+s.Certificate.ParseError)
	case s.Issuer == nil || s.Issuer.X509 == nil:
		return unknown("", "the certificate's issuer was not found")
	case !s.Trusted:
		return unknown("", "no root vouches for the certificate, so the addresses in it are not contacted (a private CA is given with --roots)")
	}
	var failed []edge.Revocation
	for _, way := range []struct {
		ask  func(context.Context, Subject, string) edge.Revocation
		urls []string
	}{{c.askOCSP, s.Certificate.X509.OCSPServer}, {c.askCRL, s.Certificate.X509.CRLDistributionPoints}} {
		for _, url := range bounded(way.urls) {
			r := way.ask(ctx, s, url)
			if r.Status != edge.RevocationUnknown {
				return r
			}
			failed = append(failed, r)
		}
	}
	return sum(failed)
}

// bounded: a certificate may list addresses without end. Others than http are
// left out (ldap: points into the CA's own domain).
func bounded(urls []string) []string {
	out := edge.Keep(urls, func(u string) bool {
		lower := strings.ToLower(u)
		return strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
	})
	const perKind = 3
	return slices.Compact(out[:min(len(out), perKind)])
}

func unknown(source, why string) edge.Revocation {
	return edge.Revocation{Status: edge.RevocationUnknown, Source: source, Error: why}
}

// sum makes one answer of those that did not help, with the reasons in the
// order of the sources.
func sum(failed []edge.Revocation) edge.Revocation {
	switch len(failed) {
	case 0:
		return unknown("", "the certificate names no OCSP responder and no CRL that is fetched by http")
	case 1:
		return failed[0]
	}
	sources := edge.Map(failed, func(r edge.Revocation) string { return r.Source })
	whys := edge.Map(failed, func(r edge.Revocation) string { return r.Error })
	return unknown(strings.Join(sources, " and "), strings.Join(whys, "; "))
}
