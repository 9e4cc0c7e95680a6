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
	"context"
	"crypto/sha256"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// Standing is how a chain stands. The zero value is none of them.
type Standing string

// The standings, best first.
const (
	Trusted    Standing = "trusted"     // a path from what was sent to a root
	Incomplete Standing = "incomplete"  // a path only with an intermediate that somebody else sent
	Withdrawn  Standing = "withdrawn"   // a path to a root that the embedded list once held and holds no more
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
	Withdrawn RootList            // once public; the zero value is the embedded list
	Now       time.Time           // prefers a path without expired certificates; never decides trust
}

// A Result is what Judge says of one chain.
type Result struct {
	Standing Standing

	// Path is the path judged, leaf first. Trusted, Incomplete, Withdrawn and
	// Refused end in a root; the others are the longest walk there was.
	Path []*edge.Certificate

	// Missing are the certificates of Path between leaf and root that were not
	// sent and that somebody else did send, nearest to the leaf first: what
	// Incomplete lacks. Private and Unknown may lack some too.
	Missing []*edge.Certificate

	// Withdrawn is the day of the last embedded list that held the root, as far
	// as is known.
	Withdrawn time.Time

	// Given is set where Path ends in a root of Options.Roots.
	Given bool

	// Objection says for Refused and Unverified what is wrong, and for Unknown
	// that an issuer of the right name was seen whose key did not sign, or whose
	// signature nobody here can verify.
	Objection string

	// Cut is set where the search hit its bound: nothing negative is certain.
	Cut bool
}

// Unjudged says why it could not be told whether the chain is trusted; empty:
// it was judged.
func (r Result) Unjudged() string {
	if r.Standing != Unverified {
		return ""
	}
	return r.Objection
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

// New gathers the certificates of every capture, those of the extra
// handshakes included, and the roots. What is not judged when ctx ends is
// Unverified.
func New(ctx context.Context, captures []edge.Capture, o Options) *Forest {
	if o.Withdrawn.byPrint == nil {
		o.Withdrawn = withdrawnRoots()
	}
	f := &Forest{
		ctx:     ctx,
		o:       o,
		byName:  map[string]*family{},
		byKey:   map[keyOf]*issuer{},
		byKeyID: map[idOf][]*issuer{},
		byPrint: map[edge.Fingerprint]*authority{},
		senders: map[edge.Fingerprint][]*edge.Endpoint{},
		links:   map[pair]link{},
		results: map[edge.Fingerprint]Result{},
		layouts: map[edge.Fingerprint]Layout{},
		names:   map[string]string{},
		short:   map[edge.Fingerprint]bool{},
		left:    limits.WorkOfScan,
	}
	for _, c := range o.Roots {
		if c.X509 != nil {
			a := f.authority(c)
			a.anchor, a.given, a.withdrawn = true, true, time.Time{}
			f.add(a)
		}
	}
	for i := range captures {
		c := &captures[i]
		f.addSent(&c.Endpoint, c.Chain, c.Cut)
		for _, p := range c.Presentations {
			f.addSent(&c.Endpoint, p.Chain, p.Cut)
		}
	}
	return f
}

func (f *Forest) addSent(from *edge.Endpoint, chain []*edge.Certificate, cut int) {
	if cut > 0 && len(chain) > 0 {
		f.short[ChainKey(chain)] = true
	}
	for i, c := range chain {
		if c.X509 != nil {
			f.add(f.authority(c))
		}
		// Of leaves nobody asks who else sent them; ten thousand loose
		// endpoints need not be remembered one by one.
		if before := f.senders[c.Fingerprint]; i > 0 && (len(before) == 0 || before[len(before)-1] != from) {
			f.senders[c.Fingerprint] = append(before, from)
		}
	}
}

// Senders are the endpoints that sent c behind their leaf, in capture order.
func (f *Forest) Senders(c *edge.Certificate) []*edge.Endpoint {
	return f.senders[c.Fingerprint]
}

// NotWhole is why a question about what was sent has no answer where Short.
const NotWhole = "the certificates of this scan take more memory than it may use: of the chain its path alone was kept"

// Short says whether not all of a chain was kept.
func (f *Forest) Short(chain []*edge.Certificate) bool {
	return len(f.short) > 0 && f.short[ChainKey(chain)]
}

// Judge says how a chain, leaf first as sent, stands. One chain is judged
// once, however many endpoints sent it. An empty chain is Unverified.
func (f *Forest) Judge(chain []*edge.Certificate) Result {
	key := ChainKey(chain)
	r, ok := f.results[key]
	if !ok {
		r = f.judge(chain)
		f.results[key] = r
	}
	return r
}

// ChainKey is one and the same for chains of the same certificates in the same
// order.
func ChainKey(chain []*edge.Certificate) edge.Fingerprint {
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
	sp := &spent{}
	own := f.search(chain, false, sp)
	if own.sound != nil {
		return own.sound.result(Trusted)
	}
	all := f.search(chain, true, sp)
	if all.sound != nil && f.Short(chain) { // its server may have sent what is missing
		return Result{Standing: Unverified, Path: chain[:1], Cut: true, Objection: NotWhole}
	}
	if all.sound != nil {
		r := all.sound.result(Incomplete)
		r.Missing = missing(r.Path[1:len(r.Path)-1], chain)
		return r
	}
	return f.diagnose(own, all, chain)
}

// missing are those of a path that chain lacks.
func missing(path, chain []*edge.Certificate) []*edge.Certificate {
	sent := prints(chain)
	return edge.Keep(path, func(c *edge.Certificate) bool { return !sent[c.Fingerprint] })
}

func prints(chain []*edge.Certificate) map[edge.Fingerprint]bool {
	out := make(map[edge.Fingerprint]bool, len(chain))
	for _, c := range chain {
		out[c.Fingerprint] = true
	}
	return out
}
