package trust

import (
	"fmt"

	"edgecert/scanner/edge"
)

const givenUp = "the search for a path was given up: the chain is too long or too entangled"

// diagnose says why no sound path was found, by what explains most: a path to
// a root that clients refuse; a link or a certificate that could not be
// checked (then nothing is certain); the longest walk that found no root.
func diagnose(own, all *search, chain []*edge.Certificate) Result {
	cut := own.cut || all.cut
	for _, list := range [][]candidate{own.refused, all.refused} {
		if c, ok := pick(list, func(c candidate) bool { return !c.unchecked }); ok {
			r := c.result(Refused)
			r.Cut = cut
			return r
		}
	}
	if c, ok := pick(all.refused, func(c candidate) bool { return true }); ok {
		r := c.result(Unverified)
		r.Objection, r.Cut = unverifiedLink(c), cut
		return r
	}
	end := longest(own.deadEnds)
	if c := longest(all.deadEnds); len(c.path) > len(end.path) {
		end = c
	}
	if len(end.path) == 0 { // every walk ended in a bound
		return Result{Standing: Unverified, Path: chain[:1], Cut: true, Objection: givenUp}
	}
	r := end.result(Unknown)
	r.Cut = cut
	last := r.Path[len(r.Path)-1]
	switch {
	case IsSelfSigned(last) && len(r.Path) == 1:
		r.Standing = SelfSigned
	case cut:
		r.Standing = Unverified
		r.Objection = givenUp
	case IsSelfSigned(last):
		r.Standing = Private
		r.Missing = missing(r.Path[1:len(r.Path)-1], chain)
	case unreadable(chain) != nil:
		r.Standing = Unverified
		r.Objection = "a certificate of the chain cannot be read: " + unreadable(chain).ParseError
	default:
		r.Missing = missing(r.Path[1:], chain)
	}
	if r.Standing == Unknown && end.imposter {
		r.Objection = fmt.Sprintf("a certificate named %q was seen, but its key did not sign %q", last.Issuer(), last.Subject())
	}
	return r
}

func pick(list []candidate, ok func(candidate) bool) (candidate, bool) {
	for _, c := range list {
		if ok(c) {
			return c, true
		}
	}
	return candidate{}, false
}

// longest is the dead end that came furthest; of equal ones one that ends in
// a self-signed certificate, since that explains itself.
func longest(list []candidate) candidate {
	var best candidate
	for _, c := range list {
		switch {
		case len(c.path) > len(best.path):
			best = c
		case len(c.path) == len(best.path) && selfIssued(c.last().X509) && !selfIssued(best.last().X509):
			best = c
		}
	}
	return best
}

func (c candidate) last() *edge.Certificate { return c.path[len(c.path)-1].cert }

func unverifiedLink(c candidate) string {
	for i := 1; i < len(c.path); i++ {
		if child := c.path[i-1].cert; verify(child.X509, c.path[i].cert.X509) == unchecked {
			return fmt.Sprintf("the signature on %q (%s) cannot be checked", child.Subject(), child.X509.SignatureAlgorithm)
		}
	}
	return "a signature cannot be checked"
}

func unreadable(chain []*edge.Certificate) *edge.Certificate {
	for _, c := range chain {
		if c.X509 == nil {
			return c
		}
	}
	return nil
}
