package audit

import (
	"fmt"
	"slices"

	"edgecert/scanner/edge"
)

const (
	idNotJudged   = "not-judged"
	idKeyType     = "key-type-unsupported"
	idUndecodable = "certificate-undecodable"
	idNotProved   = "key-not-proved"
)

// The floor: a pool is well only if names, validity, trust and usage of every
// certificate that is presented were judged, passed or found. Allowing a rule
// silences what it finds, and does not judge in its place.

// A gap is one question about a certificate that could not be judged, or whose
// answer keeps the pool from being well.
type gap struct {
	cert     *edge.Certificate
	question edge.Question
	reason   string
	rule     string // which tells of it, where it does; empty: none
	at       []int
}

// gaps are the questions that are open, each once a leaf; and what keeps the
// pool from being well whatever is allowed: a key that an Edge cannot serve or
// that the server does not hold, an encoding that nobody else accepts.
func (w *world) gaps() []gap {
	if w.open != nil {
		return w.open
	}
	out := []gap{}
	type key struct {
		print    edge.Fingerprint
		question edge.Question
		reason   string
	}
	places := edge.Places[key]{}
	add := func(c *edge.Certificate, q edge.Question, reason, rule string, at ...int) {
		n, first := places.Of(key{c.Fingerprint, q, reason})
		if first {
			out = append(out, gap{cert: c, question: q, reason: reason, rule: rule})
		}
		out[n].at = append(out[n].at, at...)
	}
	for _, p := range w.chains() {
		leaf := p.chain[0]
		unread := false
		for _, q := range []edge.Question{edge.Names, edge.Validity, edge.Usage} {
			if why := leaf.Unread(q); why != "" {
				unread = true
				add(leaf, q, "could not be judged: "+why, idUndecodable, p.at...)
			}
		}
		switch why := p.trust.Unjudged(); {
		case why != "" && leaf.X509 == nil:
			add(leaf, edge.Trust, "could not be judged: "+why, idUndecodable, p.at...)
		case why != "" && !w.hostTrusts(leaf):
			add(leaf, edge.Trust, "could not be judged: "+why, "", p.at...)
		}
		switch {
		case leaf.ParseError != "" && !unread:
			add(leaf, edge.Usage, "is nobody's, since its encoding is broken: "+leaf.ParseError, idUndecodable, p.at...)
		case leaf.X509 != nil && !leaf.Key().Supported():
			add(leaf, edge.Usage, "cannot be well with such a key: "+leaf.Key().String(), idKeyType, p.at...)
		case leaf.X509 != nil && !leaf.Signature().Supported():
			add(leaf, edge.Usage, "cannot be well with such a signature: "+leaf.Signature().Name, idKeyType, p.at...)
		}
	}
	for i, c := range w.captures {
		if leaf := disprovedLeaf(c); leaf != nil {
			add(leaf, edge.Usage, "cannot be well: the server does not hold its key", idNotProved, i)
		}
	}
	w.open = out
	return out
}

func notJudged() Rule {
	return Rule{
		ID: idNotJudged, Family: "trust", Coverage: true, Severity: Error,
		Short: "presents a certificate that could not be judged: %s",
		Title: "names, validity, trust or usage of a certificate could not be judged",
		Doc: `A certificate is well if its names, its dates, the path to its root, and its key and usages are. One of these could not
be judged here, and the message says why: a part of the certificate that cannot be read, a path whose constraints are of a
kind that is not known here, or work that was given up, because the chain is made to cost more than it is worth or
because the scan was interrupted. It is said, too, where a rule is allowed and what it would find keeps the pool from being
well all the same: a key of a kind that an Edge cannot serve, a key that the server does not hold, an encoding that nobody
else accepts. The pool counts as incomplete, not as well, whatever is allowed.

How to fix it: where a certificate cannot be read, have the CA issue it again. Where a chain was given up, send no more
than the certificates between the server's own and its root. After an interrupt, scan again.`,
		Source: "absence of evidence never passes: a forged certificate must not look better than an unknown one",
		Run: func(w *world, r *result) {
			r.unseen(w.missing(everything)...)
			if len(w.leaves) > 0 {
				r.pass()
			}
			for _, g := range w.gaps() {
				if w.tells(g) {
					continue
				}
				r.find(Finding{
					Certificates: certs(g.cert),
					Subjects:     []string{string(g.question)},
					Message:      fmt.Sprintf("the %s of certificate %s %s; presented by %s", g.question, w.short(g.cert), g.reason, w.where(g.at)),
					Fix:          "where the certificate cannot be read or served, have the CA issue another; where its path was given up, send only what lies between it and its root",
				}, g.at...)
			}
		},
	}
}

// tells says whether another finding tells of a gap.
func (w *world) tells(g gap) bool {
	return g.rule != "" && !w.allowed(g.rule) &&
		slices.ContainsFunc(w.result(g.rule).found, func(f Finding) bool { return edge.Holds(f.Certificates, g.cert) })
}
