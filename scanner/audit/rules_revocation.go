package audit

import (
	"cmp"
	"fmt"
	"slices"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

// An answer is what one source said of the revocation of one certificate.
type answer struct {
	edge.Revocation
	cert *edge.Certificate
	at   []int
}

// revocations are all answers there are for this pool: the stapled responses,
// judged always, and what was asked with --revocation, for leaves and the
// intermediates above them.
func (w *world) revocations() []answer {
	var out []answer
	chains := w.chains()
	var presenting map[edge.Fingerprint][]int
	if w.scan.ev.Revocation != nil {
		presenting = w.presenting(chains)
	}
	seen := map[edge.Fingerprint]bool{}
	for _, g := range chains {
		out = append(out, w.stapled(g)...)
		if w.scan.ev.Revocation == nil {
			continue
		}
		for i, c := range g.trust.Path {
			known, ok := w.scan.ev.Revocation[c.Fingerprint]
			switch {
			case seen[c.Fingerprint], !ok && i > 0:
				continue
			case !ok:
				known = edge.Revocation{Status: edge.RevocationUnknown, Error: "it was not asked for"}
			}
			seen[c.Fingerprint] = true
			out = append(out, answer{known, c, presenting[c.Fingerprint]})
		}
	}
	return out
}

// stapled judges the OCSP responses that came with a chain. One response for
// all endpoints of a chain is the normal case, so equal answers are one.
func (w *world) stapled(g chainGroup) []answer {
	var out []answer
	places := edge.Places[edge.Revocation]{}
	for _, i := range g.at {
		t := w.captures[i].TLS
		if t == nil || len(t.Staple) == 0 && !t.StapleCut || w.leaf(i) != g.leaf().Fingerprint {
			continue
		}
		r := edge.Revocation{Status: edge.RevocationUnknown, Source: "stapled OCSP response", Error: "the certificate's issuer was not found"}
		switch {
		case t.StapleCut:
			r.Error = "it was not kept, for its size or for want of room"
		case len(g.trust.Path) > 1:
			r = trust.JudgeOCSP(t.Staple, g.leaf().X509, g.trust.Path[1].X509, r.Source, w.scan.now)
		}
		n, first := places.Of(r)
		if first {
			out = append(out, answer{Revocation: r, cert: g.leaf()})
		}
		out[n].at = append(out[n].at, i)
	}
	return out
}

// presenting are, for every certificate, the captures in whose path it stands.
func (w *world) presenting(chains []chainGroup) map[edge.Fingerprint][]int {
	out := map[edge.Fingerprint][]int{}
	for _, g := range chains {
		for _, c := range g.trust.Path {
			out[c.Fingerprint] = append(out[c.Fingerprint], g.at...)
		}
	}
	for _, at := range out {
		slices.Sort(at)
	}
	return out
}

// toldWith names the certificate of an answer and who presents it. What stands
// above a leaf has no letter.
func (w *world) toldWith(a answer) string {
	if _, leaf := w.labels[a.cert.Fingerprint]; leaf {
		return fmt.Sprintf("%s, presented by %s,", w.tell(a.cert), w.where(a.at))
	}
	return fmt.Sprintf("the CA certificate %s above what %s %s", nameOf(a.cert), w.where(a.at), w.verb(a.at, "presents", "present"))
}

func revokedOn(a answer) string {
	if a.RevokedAt.IsZero() {
		return ""
	}
	return " on " + shortDate(a.RevokedAt)
}

func revoked() Rule {
	return Rule{
		ID: "revoked", Family: "revocation", Severity: Error,
		Short: "is revoked, itself or above", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "the certificate, or its intermediate, is revoked",
		Doc: `The CA has taken the certificate back, or the stapled OCSP response that the server itself sends says so. Clients
that check revocation (Windows does, for federation too) refuse it, others go on: so some partners fail and some do not.
A CA revokes what was reissued or found at fault, mostly some days after telling the address it has on file.

Stapled responses are always judged; OCSP responders and CRLs are asked with --revocation.

How to fix it: request a new certificate with a new key and assign it on every member. If the reason is "superseded",
the new one exists already: find out who requested it.`,
		Source: "RFC 6960 section 2.2 (OCSP), RFC 5280 section 5 (CRL); Baseline Requirements 4.9.1",
		Run: func(w *world, r *result) {
			for _, a := range w.revocations() {
				switch a.Status {
				case edge.Good:
					r.pass()
				case edge.Revoked:
					r.find(Finding{
						Certificates: certs(a.cert),
						Message: fmt.Sprintf("%s was revoked%s (%s), says %s",
							w.toldWith(a), revokedOn(a), cmp.Or(a.Reason, "unspecified"), a.Source),
					}, a.at...)
				default: // revocation-unknown tells why
					r.couldNotTell("revocation could not be found out", a.at...)
				}
			}
		},
	}
}

func revocationUnknown() Rule {
	return Rule{
		ID: "revocation-unknown", Family: "revocation", Severity: Info,
		Short: "could not be checked for revocation", Mend: remedy.ByOwnSteps,
		Title: "whether the certificate is revoked could not be found out",
		Doc: `With --revocation the CA was asked and gave no answer that counts: the responder or the CRL's server could not be
reached from here, the answer was out of its time, or signed by somebody else; or the certificate names neither. Or the
response that the server staples does not hold. Windows clients that cannot find out either may refuse the certificate
or wait up to 15 seconds for each one. "Could not find out" is never taken for "good".

How to fix it: see that the addresses in the certificate can be reached over port 80 from the Edge servers and from where
this ran. A stapled response out of its time: the server cannot reach the responder itself.`,
		Source: `RFC 6960 section 3.2 (requirements for accepting a response); "All server certificates must contain a CRL Distribution Point" (Microsoft, "Certificate infrastructure requirements for Lync Server 2013")`,
		Run: func(w *world, r *result) {
			for _, a := range w.revocations() {
				if a.Status == edge.Good || a.Status == edge.Revoked {
					r.pass()
					continue
				}
				source, fix := "", "nothing can be asked: have the CA name an OCSP responder or a CRL in what it issues, or drop this with --allow revocation-unknown"
				if a.Source != "" {
					source = " from " + a.Source
					fix = "see that the addresses in the certificate can be reached over port 80, from the Edge servers and from here"
				}
				r.find(Finding{
					Certificates: certs(a.cert),
					Message:      fmt.Sprintf("whether %s is revoked could not be found out%s: %s", w.toldWith(a), source, a.Error),
					Fix:          fix,
				}, a.at...)
			}
		},
	}
}
