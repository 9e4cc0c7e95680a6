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

// A gap is one question about a certificate that could not be judged.
type gap struct {
	cert     *edge.Certificate
	question edge.Question
	reason   string
	at       []int
}

// gaps are the questions that are open, each once a leaf.
func (w *world) gaps() []gap {
	var out []gap
	type key struct {
		print    edge.Fingerprint
		question edge.Question
		reason   string
	}
	index := map[key]int{}
	add := func(g gap) {
		k := key{g.cert.Fingerprint, g.question, g.reason}
		if n, ok := index[k]; ok {
			out[n].at = append(out[n].at, g.at...)
			return
		}
		index[k] = len(out)
		out = append(out, g)
	}
	for _, p := range w.chains() {
		leaf := p.chain[0]
		for _, q := range edge.Questions() {
			reason := leaf.Unread(q)
			if q == edge.Trust && !w.hostTrusts(leaf) {
				reason = p.trust.Unjudged()
			}
			if reason != "" {
				add(gap{leaf, q, reason, slices.Clone(p.at)})
			}
		}
	}
	return out
}

// below says whether something keeps the pool from being well whatever is
// allowed: an open question, a key that an Edge cannot serve or that the
// server does not hold, an encoding that nobody else accepts.
func (w *world) below() bool {
	if len(w.gaps()) > 0 {
		return true
	}
	for _, p := range w.chains() {
		if leaf := p.chain[0]; leaf.ParseError != "" || !leaf.Key().Supported() || !leaf.Signature().Supported() {
			return true
		}
	}
	return slices.ContainsFunc(w.captures, disproved)
}

func notJudged() Rule {
	return Rule{
		ID: idNotJudged, Family: "trust", Severity: Error,
		Short: "presents a certificate that could not be judged: %s",
		Title: "names, validity, trust or usage of a certificate could not be judged",
		Doc: `A certificate is well if its names, its dates, the path to its root, and its key and usages are. One of these could not
be judged here, and the message says why: a part of the certificate that cannot be read, a path whose constraints are of a
kind that is not known here, or work that was given up, because the chain is made to cost more than it is worth or
because the scan was interrupted. The pool counts as incomplete, not as well, whatever is allowed.

How to fix it: where a certificate cannot be read, have the CA issue it again. Where a chain was given up, send no more
than the certificates between the server's own and its root. After an interrupt, scan again.`,
		Source: "absence of evidence never passes: a forged certificate must not look better than an unknown one",
		Run: func(w *world, r *result) {
			gaps := w.gaps()
			for _, g := range gaps {
				if w.undecoded(g) { // certificate-undecodable
					continue
				}
				r.find(Finding{
					Certificates: certs(g.cert),
					Subjects:     []string{string(g.question)},
					Message:      fmt.Sprintf("the %s of certificate %s could not be judged: %s; presented by %s", g.question, w.short(g.cert), g.reason, w.where(g.at)),
					Fix:          "where the certificate cannot be read, have the CA issue it again; where its path was given up, send only what lies between it and its root",
				}, g.at...)
			}
			r.unseen(w.missing(everything)...)
			if len(gaps) == 0 && len(w.leaves) > 0 {
				r.pass()
			}
		},
	}
}

// undecoded says whether another finding tells of a gap: that the certificate
// cannot be decoded, where that is not allowed.
func (w *world) undecoded(g gap) bool {
	if g.question == edge.Trust && g.cert.X509 != nil || w.allowed(idUndecodable) {
		return false
	}
	r := w.result(idUndecodable)
	return slices.ContainsFunc(r.found, func(f Finding) bool { return holds(f.Certificates, g.cert) })
}
