package trust

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// A search is one walk up from a leaf.
type search struct {
	f     *Forest
	sent  map[edge.Fingerprint]bool
	mine  map[string][]*issuer // what was sent, by name
	other bool                 // certificates that others sent may be used
	spent *spent               // shared with the chain's other search

	path  []*authority
	paths int
	dead  map[*authority]bool // nothing but dead ends above, whichever path leads to it

	sound     *candidate // the best complete path without an objection
	withdrawn *candidate // the best one to a root that was withdrawn
	refused   *candidate // the first one with an objection
	unsure    *candidate // the first one of which nobody here can say
	deadEnd   *candidate // the walk that came furthest
	cut       bool
}

// A candidate is a path that came to an end, in a root or not.
type candidate struct {
	path      []*authority
	objection string
}

func (f *Forest) search(chain []*edge.Certificate, other bool, sp *spent) *search {
	some := chain[:min(len(chain), limits.ChainRead)]
	s := &search{f: f, sent: prints(some), mine: map[string][]*issuer{}, other: other, spent: sp, dead: map[*authority]bool{}}
	s.cut = len(chain) > limits.ChainRead || f.Short(chain)
	for _, c := range some {
		if c.X509 == nil {
			continue
		}
		a := f.authority(c)
		f.add(a)
		if !slices.Contains(s.mine[a.subject], a.issuer) {
			s.mine[a.subject] = append(s.mine[a.subject], a.issuer)
		}
	}
	s.walk(f.authority(chain[0]))
	return s
}

// walk puts a on the path and goes on to everything that signed it. It says
// whether all of that is dead, so that no other path need try.
func (s *search) walk(a *authority) (dead bool) {
	s.path = append(s.path, a)
	defer func() { s.path = s.path[:len(s.path)-1] }()
	if a.root() {
		s.complete()
		return false
	}
	if len(s.path) == limits.PathLength {
		s.cut = true
		return false
	}
	why, found := "", false
	dead = true
	issuers, more := s.issuers(a)
	s.cut = s.cut || more
	for _, by := range issuers {
		if !slices.ContainsFunc(by.certs, s.usable) {
			continue
		}
		switch s.link(a, by) {
		case unasked:
			s.cut = true
			return false
		case signed:
			found = true
			for _, up := range by.certs {
				if !s.usable(up) || s.dead[up] {
					continue
				}
				if s.exhausted() {
					s.cut = true
					return false
				}
				dead = s.walk(up) && dead
			}
		case unchecked:
			why = fmt.Sprintf("the signature on %q (%s) cannot be verified", a.cert.Subject(), a.cert.Signature().Name)
			dead = false
		default:
			if why == "" {
				why = fmt.Sprintf("a certificate named %q was seen, but its key did not sign %q", a.cert.Issuer(), a.cert.Subject())
			}
		}
	}
	if !found {
		s.end(why)
	}
	// A ring of cross certificates is dead only from where it was entered.
	dead = dead && !s.ringed(a)
	if dead {
		s.dead[a] = true
	}
	return dead
}

// ringed says whether an issuer of a was left out because it is on the path.
func (s *search) ringed(a *authority) bool {
	return slices.ContainsFunc(s.path[:len(s.path)-1], func(p *authority) bool { return p.subject == a.parents })
}

// usable: a root, or sent, or, where others may help, sent by anybody; and not
// the same name and key twice, which is a ring of cross certificates (RFC 4158
// section 2.4.2), whatever certificate carries them.
func (s *search) usable(a *authority) bool {
	if !a.root() && !s.other && !s.sent[a.cert.Fingerprint] {
		return false
	}
	return !slices.ContainsFunc(s.path, func(p *authority) bool { return p.issuer == a.issuer })
}

// link verifies one signature, once for the whole scan.
func (s *search) link(child *authority, by *issuer) link {
	pair := pair{child.cert.Fingerprint, by}
	l := s.f.links[pair]
	if l == unasked && s.spend(cost(by.key())) {
		l = verify(child.cert, by.key())
		s.f.links[pair] = l
	}
	return l
}

func (s *search) complete() {
	s.paths++
	top := s.path[len(s.path)-1]
	objection, unsure := objection(s.path)
	c := &candidate{slices.Clone(s.path), objection}
	switch {
	case objection != "":
		s.refused = first(s.refused, c)
	case unsure != "":
		c.objection = unsure
		s.unsure = first(s.unsure, c)
	case top.anchor:
		s.sound = s.better(s.sound, c)
	default:
		s.withdrawn = s.better(s.withdrawn, c)
	}
}

func first(old, c *candidate) *candidate {
	if old != nil {
		return old
	}
	return c
}

// end keeps the walk that came furthest; of equal ones one that ends in a
// self-issued certificate, since that explains itself.
func (s *search) end(why string) {
	explains := func(path []*authority) bool { return selfIssued(path[len(path)-1].cert.X509) }
	d := s.deadEnd
	if d == nil || len(s.path) > len(d.path) || len(s.path) == len(d.path) && explains(s.path) && !explains(d.path) {
		s.deadEnd = &candidate{slices.Clone(s.path), why}
	}
}

// better is the sound path that serves best: valid now before expired, without
// old hashes before with them, then the one whose first certificate to end ends
// last, then the shortest.
func (s *search) better(a, b *candidate) *candidate {
	if a == nil {
		return b
	}
	av, au := span(a.path, s.f.o.Now)
	bv, bu := span(b.path, s.f.o.Now)
	switch {
	case av != bv && av:
		return a
	case av != bv:
		return b
	case weak(a.path) != weak(b.path):
		if weak(a.path) {
			return b
		}
		return a
	case au.After(bu):
		return a
	case bu.After(au):
		return b
	case len(b.path) < len(a.path):
		return b
	default:
		return a
	}
}

// weak: an intermediate is signed with a hash that can be forged.
func weak(path []*authority) bool {
	for i, a := range path {
		if i > 0 && i < len(path)-1 && a.cert.Signature().Old != "" {
			return true
		}
	}
	return false
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

func (c *candidate) result(standing Standing) Result {
	r := Result{Standing: standing, Objection: c.objection}
	for _, a := range c.path {
		r.Path = append(r.Path, a.cert)
	}
	top := c.path[len(c.path)-1]
	r.Given, r.Withdrawn = top.given, top.withdrawn
	return r
}

// parsed is the path as the bundle takes it.
func parsed(path []*authority) []*x509.Certificate {
	out := make([]*x509.Certificate, len(path))
	for i, a := range path {
		out[i] = a.cert.X509
	}
	return out
}
