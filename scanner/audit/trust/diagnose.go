package trust

import (
	"fmt"

	"edgecert/scanner/edge"
)

// diagnose says why no sound path was found, by what explains most: a path to
// a root that was public once; one that nobody here can judge; one to a root
// that clients refuse; the end of a budget, behind which there may be a path;
// the longest walk that found no root. What cannot be read or verified proves
// nothing, and makes nothing better.
func (f *Forest) diagnose(own, all *search, chain []*edge.Certificate) Result {
	cut := own.cut || all.cut
	for _, c := range []struct {
		*candidate
		Standing
	}{
		{own.withdrawn, Withdrawn}, {all.withdrawn, Withdrawn}, {own.unsure, Unverified}, {all.unsure, Unverified},
		{own.refused, Refused}, {all.refused, Refused},
	} {
		if c.candidate != nil {
			r := c.result(c.Standing)
			r.Cut = cut
			if c.Standing == Withdrawn {
				r.Missing = missing(r.Path[1:max(1, len(r.Path)-1)], chain)
			}
			return r
		}
	}
	end := own.deadEnd
	if end == nil || all.deadEnd != nil && len(all.deadEnd.path) > len(end.path) {
		end = all.deadEnd
	}
	if end == nil { // every walk ended in a bound
		return Result{Standing: Unverified, Path: chain[:1], Cut: true, Objection: f.givenUp(chain)}
	}
	r := end.result(Unknown)
	r.Cut = cut
	last := r.Path[len(r.Path)-1]
	switch selfSigned := IsSelfSigned(last); {
	case selfSigned && len(r.Path) == 1:
		r.Standing = SelfSigned
	case cut:
		r.Standing, r.Objection = Unverified, f.givenUp(chain)
	case selfSigned:
		r.Standing = Private
		r.Missing = missing(r.Path[1:max(1, len(r.Path)-1)], chain)
	default:
		r.Missing = missing(r.Path[1:], chain)
		bad, found := edge.Find(chain, func(c *edge.Certificate) bool { return c.X509 == nil })
		if r.Objection == "" && found {
			r.Objection = fmt.Sprintf("a certificate of the chain cannot be read: %s", bad.ParseError)
		}
	}
	return r
}

// givenUp says why a search ended before its end.
func (f *Forest) givenUp(chain []*edge.Certificate) string {
	if f.Short(chain) {
		return NotWhole
	}
	if f.ctx.Err() != nil {
		return "the scan ended before its path could be judged"
	}
	return "the search for a path was given up: the chain is too long, too entangled, or its keys cost too much to verify"
}
