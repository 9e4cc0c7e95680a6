// Package trust builds certification paths over everything a scan has seen:
//
//	all chains of all captures + Mozilla's roots + --roots ─→ Forest ─ Judge(chain) ─→ Result
//
// Its question is not only "is this chain trusted?" but "why not, and who has
// what is missing?". A verifier stops at the first bad date and knows one
// server; here a path is walked regardless of dates and of the strength of
// signatures (an expired or SHA-1 leaf does not also become untrusted: other
// rules say so), and with intermediates that another member sent. That is why
// crypto/x509.Verify does not do: the judgement is ours (RFC 5280 section 6.1,
// RFC 4158 for the building), the cryptography is the standard library's.
//
// The package is pure: no network, no file, no clock.
package trust

import (
	"crypto/sha256"
	"time"

	"edgecert/scanner/edge"
)

// Standing is how a chain stands. The zero value is none of them.
type Standing string

// The standings, best first.
const (
	Trusted    Standing = "trusted"     // a path from what was sent to a root
	Incomplete Standing = "incomplete"  // a path only with an intermediate that somebody else sent
	Refused    Standing = "refused"     // a path to a root which clients refuse: Objection says why
	Unverified Standing = "unverified"  // could not tell: Objection says why
	SelfSigned Standing = "self-signed" // the leaf is signed by its own key and is no root
	Private    Standing = "private"     // the path ends in a self-signed certificate that is no root
	Unknown    Standing = "unknown"     // nobody sent the issuer, and no root has its name
)

// Options are the roots to stand on and the time.
type Options struct {
	Roots     []*edge.Certificate // trusted beside Mozilla's, and as if public
	OnlyRoots bool                // Roots alone are trusted
	Now       time.Time           // prefers a path without expired certificates; never decides trust
}

// A Result is what Judge says of one chain.
type Result struct {
	Standing Standing

	// Path is the path judged, leaf first. Trusted, Incomplete and Refused end
	// in a root; the others are the longest walk there was.
	Path []*edge.Certificate

	// Missing are the certificates of Path between leaf and root that were not
	// sent and that somebody else did send, nearest to the leaf first: what
	// Incomplete lacks. Private and Unknown may lack some too.
	Missing []*edge.Certificate

	// Given is set where Path ends in a root of Options.Roots.
	Given bool

	// Objection says for Refused and Unverified what is wrong, and for Unknown
	// that an issuer of the right name was seen whose key did not sign.
	Objection string

	// Cut is set where the search hit its bound: nothing negative is certain.
	Cut bool
}

// Expired are the certificates of the path above the leaf, root included,
// whose validity does not hold at now.
func (r Result) Expired(now time.Time) []*edge.Certificate {
	var out []*edge.Certificate
	for i, c := range r.Path {
		if i > 0 && !validAt(c, now) {
			out = append(out, c)
		}
	}
	return out
}

func validAt(c *edge.Certificate, now time.Time) bool {
	return !now.Before(c.NotBefore()) && !now.After(c.NotAfter())
}

// A Forest is every certificate of a scan with the roots. It remembers what it
// has verified and is not safe for concurrent use.
type Forest struct {
	o         Options
	bySubject map[string][]*authority // roots first, then in the order seen
	byPrint   map[edge.Fingerprint]*authority
	senders   map[edge.Fingerprint][]edge.Endpoint
	links     map[[2]edge.Fingerprint]link
	results   map[edge.Fingerprint]Result // by the hash of the chain's fingerprints
}

// An authority is a certificate that may stand above another one.
type authority struct {
	cert       *edge.Certificate
	anchor     bool // trusted: a path may end here
	given      bool // by Options.Roots
	constraint constraint
}

// New gathers the certificates of every capture, those of the extra
// handshakes included, and the roots.
func New(captures []edge.Capture, o Options) *Forest {
	f := &Forest{
		o:         o,
		bySubject: map[string][]*authority{},
		byPrint:   map[edge.Fingerprint]*authority{},
		senders:   map[edge.Fingerprint][]edge.Endpoint{},
		links:     map[[2]edge.Fingerprint]link{},
		results:   map[edge.Fingerprint]Result{},
	}
	for _, c := range o.Roots {
		f.add(&authority{cert: c, anchor: true, given: true})
	}
	if !o.OnlyRoots {
		for _, r := range publicRoots() {
			f.add(&authority{cert: r.cert, anchor: true, constraint: r.constraint})
		}
	}
	for _, c := range captures {
		f.addSent(c.Endpoint, c.Chain)
		for _, p := range c.Presentations {
			f.addSent(c.Endpoint, p.Chain)
		}
	}
	return f
}

func (f *Forest) add(a *authority) {
	if a.cert.X509 == nil || f.byPrint[a.cert.Fingerprint] != nil {
		return
	}
	f.byPrint[a.cert.Fingerprint] = a
	subject := string(a.cert.X509.RawSubject)
	f.bySubject[subject] = append(f.bySubject[subject], a)
}

func (f *Forest) addSent(from edge.Endpoint, chain []*edge.Certificate) {
	for i, c := range chain {
		f.add(&authority{cert: c})
		// Of leaves nobody asks who else sent them; ten thousand loose
		// endpoints need not be remembered one by one.
		if i > 0 {
			f.senders[c.Fingerprint] = append(f.senders[c.Fingerprint], from)
		}
	}
}

// Senders are the endpoints that sent c behind their leaf, in capture order.
func (f *Forest) Senders(c *edge.Certificate) []edge.Endpoint {
	return f.senders[c.Fingerprint]
}

// Judge says how a chain, leaf first as sent, stands. One chain is judged
// once, however many endpoints sent it. An empty chain is Unverified.
func (f *Forest) Judge(chain []*edge.Certificate) Result {
	key := chainKey(chain)
	r, ok := f.results[key]
	if !ok {
		r = f.judge(chain)
		f.results[key] = r
	}
	return r
}

func chainKey(chain []*edge.Certificate) edge.Fingerprint {
	h := sha256.New()
	for _, c := range chain {
		h.Write(c.Fingerprint[:])
	}
	return edge.Fingerprint(h.Sum(nil))
}

func (f *Forest) judge(chain []*edge.Certificate) Result {
	if len(chain) == 0 {
		return Result{Standing: Unverified, Objection: "no certificate was sent"}
	}
	leaf := chain[0]
	if leaf.X509 == nil {
		return Result{Standing: Unverified, Path: chain[:1], Objection: "the certificate cannot be read: " + leaf.ParseError}
	}
	own := f.search(leaf, chain, false)
	if r, ok := own.best(f.o.Now); ok {
		r.Standing = Trusted
		return r
	}
	all := f.search(leaf, chain, true)
	if r, ok := all.best(f.o.Now); ok {
		r.Standing = Incomplete
		r.Missing = missing(r.Path[1:len(r.Path)-1], chain)
		return r
	}
	return diagnose(own, all, chain)
}

// missing are those of a path that chain lacks.
func missing(path, chain []*edge.Certificate) []*edge.Certificate {
	sent := prints(chain)
	var out []*edge.Certificate
	for _, c := range path {
		if !sent[c.Fingerprint] {
			out = append(out, c)
		}
	}
	return out
}

func prints(chain []*edge.Certificate) map[edge.Fingerprint]bool {
	out := make(map[edge.Fingerprint]bool, len(chain))
	for _, c := range chain {
		out[c.Fingerprint] = true
	}
	return out
}
