package trust

import (
	"bytes"
	"crypto/x509"
	"slices"
	"time"

	"edgecert/scanner/edge"
)

// Bounds of one search. A chain of thousands of certificates of one name, or
// cross-signed in a ring, costs a moment and is then said to be cut.
const (
	maxDepth      = 12   // certificates on a path; the deepest public one has five
	maxSignatures = 200  // verifications for one chain, about 20 ms
	maxSteps      = 5000 // certificates tried, whether verified before or not
	maxPaths      = 32   // complete paths to choose from
	maxSent       = 100  // certificates of a chain that are looked at
)

// A search is one walk up from a leaf.
type search struct {
	f     *Forest
	sent  map[edge.Fingerprint]int // place in the chain
	other bool                     // certificates that others sent may be used

	path       []*authority
	unchecked  int // links on path that could not be verified
	signatures int
	steps      int

	sound    []candidate // complete paths without an objection
	refused  []candidate // complete paths with one
	deadEnds []candidate
	cut      bool
}

// A candidate is a path that came to an end, in a root or not.
type candidate struct {
	path      []*authority
	objection string
	unchecked bool
	imposter  bool // a certificate of the issuer's name was there, its key did not sign
}

func (f *Forest) search(leaf *edge.Certificate, chain []*edge.Certificate, other bool) *search {
	s := &search{f: f, sent: map[edge.Fingerprint]int{}, other: other}
	for i, c := range chain[:min(len(chain), maxSent)] {
		if _, twice := s.sent[c.Fingerprint]; !twice {
			s.sent[c.Fingerprint] = i
		}
	}
	s.cut = len(chain) > maxSent
	a := f.byPrint[leaf.Fingerprint]
	if a == nil {
		a = &authority{cert: leaf}
	}
	s.walk(a)
	return s
}

// walk puts a on the path and goes on to everything that signed it.
func (s *search) walk(a *authority) {
	s.path = append(s.path, a)
	defer func() { s.path = s.path[:len(s.path)-1] }()
	if a.anchor {
		s.complete()
		return
	}
	if len(s.path) == maxDepth {
		s.cut = true
		return
	}
	found, imposter := false, false
	for _, issuer := range s.issuers(a) {
		if s.exhausted() {
			s.cut = true
			return
		}
		switch s.link(a, issuer) {
		case signed:
			found = true
			s.walk(issuer)
		case unchecked:
			// Without a signature only the key identifiers can tie the two.
			if sameKeyID(a.cert.X509, issuer.cert.X509) {
				found = true
				s.unchecked++
				s.walk(issuer)
				s.unchecked--
			}
		default:
			imposter = true
		}
	}
	if !found {
		s.end(&s.deadEnds, candidate{imposter: imposter})
	}
}

func (s *search) exhausted() bool {
	s.steps++
	return s.steps > maxSteps || s.signatures > maxSignatures || len(s.sound)+len(s.refused) >= maxPaths
}

func (s *search) link(child, parent *authority) link {
	if s.f.links[[2]edge.Fingerprint{child.cert.Fingerprint, parent.cert.Fingerprint}] == unasked {
		s.signatures++
	}
	return s.f.link(child.cert, parent.cert)
}

// issuers are the certificates with the name of a's issuer that may be used
// and are not on the path yet, the likeliest first: roots, then what was sent,
// then what others sent; within each, the key that a names goes first.
func (s *search) issuers(a *authority) []*authority {
	var out []*authority
	for _, c := range s.f.bySubject[string(a.cert.X509.RawIssuer)] {
		_, sent := s.sent[c.cert.Fingerprint]
		if (c.anchor || sent || s.other) && !s.onPath(c) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(x, y *authority) int {
		return s.rank(a, x) - s.rank(a, y)
	})
	return out
}

func (s *search) rank(child, parent *authority) int {
	rank := 4
	if _, sent := s.sent[parent.cert.Fingerprint]; sent {
		rank = 2
	}
	if parent.anchor {
		rank = 0
	}
	if !sameKeyID(child.cert.X509, parent.cert.X509) {
		rank++
	}
	return rank
}

// onPath: the same name and key twice is a ring of cross certificates
// (RFC 4158 section 2.4.2), whatever certificate carries them.
func (s *search) onPath(c *authority) bool {
	return slices.ContainsFunc(s.path, func(a *authority) bool {
		x, y := a.cert.X509, c.cert.X509
		return bytes.Equal(x.RawSubject, y.RawSubject) && bytes.Equal(x.RawSubjectPublicKeyInfo, y.RawSubjectPublicKeyInfo)
	})
}

func (s *search) complete() {
	objection := objection(s.path)
	if objection == "" && s.unchecked == 0 {
		s.end(&s.sound, candidate{})
		return
	}
	s.end(&s.refused, candidate{objection: objection})
}

func (s *search) end(list *[]candidate, c candidate) {
	if len(*list) >= maxPaths {
		s.cut = true
		return
	}
	c.path, c.unchecked = slices.Clone(s.path), s.unchecked > 0
	*list = append(*list, c)
}

// best is the sound path that serves longest: valid now before expired, then
// the one whose first certificate to end ends last, then the shortest.
func (s *search) best(now time.Time) (Result, bool) {
	if len(s.sound) == 0 {
		return Result{}, false
	}
	best := slices.MaxFunc(s.sound, func(a, b candidate) int {
		av, au := span(a.path, now)
		bv, bu := span(b.path, now)
		switch {
		case av != bv && av:
			return 1
		case av != bv:
			return -1
		case !au.Equal(bu):
			return au.Compare(bu)
		default:
			return len(b.path) - len(a.path)
		}
	})
	return best.result(Trusted), true
}

// span: is every authority of the path valid at now, and until when.
func span(path []*authority, now time.Time) (bool, time.Time) {
	valid, until := true, path[0].cert.NotAfter()
	for i, a := range path {
		if i == 0 && len(path) > 1 {
			until = path[1].cert.NotAfter()
			continue // the leaf is the same on every path
		}
		valid = valid && validAt(a.cert, now)
		if a.cert.NotAfter().Before(until) {
			until = a.cert.NotAfter()
		}
	}
	return valid, until
}

func (c candidate) result(standing Standing) Result {
	r := Result{Standing: standing, Objection: c.objection}
	for _, a := range c.path {
		r.Path = append(r.Path, a.cert)
	}
	r.Given = c.path[len(c.path)-1].given
	return r
}

// parsed is the path as the standard library and the bundle take it.
func parsed(path []*authority) []*x509.Certificate {
	out := make([]*x509.Certificate, len(path))
	for i, a := range path {
		out[i] = a.cert.X509
	}
	return out
}
