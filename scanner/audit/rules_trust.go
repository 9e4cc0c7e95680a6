package audit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

func untrustedIssuer() Rule {
	return Rule{
		ID: "untrusted-issuer", Family: "trust", Private: true, Severity: Error,
		Short: "is not trusted outside", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "no path to a public root, nor to a given one",
		Doc: `Nobody outside can check who you are. Federation partners and Microsoft 365 trust public CAs
and nothing else; phones and laptops that are not members of the domain neither. They break the handshake, and users see
"there was a problem verifying the certificate from the server".

The path is sought over everything seen in the scan, whatever its dates and signature algorithms, so an expired or SHA-1
certificate is not called untrusted for that. The message says which case it is: a self-signed certificate, a private CA,
a CA that clients refuse (no CA flag, path length, name constraints, a policy that is required, another key identifier than
the certificate below names, distrusted by Mozilla from a day on), an issuer whose
signature cannot be verified here (an algorithm that nobody uses in public: who could not be verified is not trusted), or
an issuer that nobody sent. In the last case there are two explanations: the intermediate is missing on every member, or the CA is
private and its root was not sent.

How to fix it: have a public CA issue the certificate. If the intermediate is missing, import it on every member into
Cert:\LocalMachine\CA and restart the Edge services. If a private CA is meant, give its root with --roots.`,
		Source: `"Certificate requirements for external user access in Lync Server 2013": certificates must be issued by a public CA; RFC 5280 section 6.1`,
		Run:    eachChain(runUntrusted),
	}
}

func runUntrusted(w *world, r *result, g chainGroup) {
	switch {
	case g.trust.Standing == trust.Unverified:
		r.couldNotTell(g.trust.Unjudged(), g.at...)
	case trusted(g), g.trust.Standing == trust.Withdrawn, w.hostTrusts(g.leaf()):
		r.pass()
	case w.meant && g.trust.Standing == trust.Unknown && len(g.chain) == 1:
		// As CAs send it: the intermediate may lie in the servers' store.
		r.couldNotTell("the file of the certificate that was meant holds no intermediate, and nobody sent its issuer", g.at...)
	default:
		why, steps := w.untrusted(g)
		r.find(Finding{
			Certificates: certs(g.leaf()),
			Message:      fmt.Sprintf("%s a certificate that nobody outside can verify: %s", w.present(g.at), why),
			Steps:        steps,
		}, g.at...)
	}
}

func trusted(g chainGroup) bool {
	return g.trust.Standing == trust.Trusted || g.trust.Standing == trust.Incomplete
}

// hostTrusts: roots given as the only ones are the whole truth; the host's own
// store is not asked beside them.
func (w *world) hostTrusts(leaf *edge.Certificate) bool {
	return !w.scan.policy.OnlyRoots && (w.scan.ev.HostTrusted[leaf.Fingerprint] || w.meant && w.hostTrustsIssuer(leaf))
}

// hostTrustsIssuer answers for a certificate that the host was not asked about, as
// where it was meant for a saved scan: by another one of the same issuer.
func (w *world) hostTrustsIssuer(leaf *edge.Certificate) bool {
	for i := range w.scan.ev.Captures {
		for _, other := range w.scan.ev.Captures[i].Leaves() {
			if w.scan.ev.HostTrusted[other.Fingerprint] && leaf.X509 != nil && other.X509 != nil &&
				bytes.Equal(leaf.X509.RawIssuer, other.X509.RawIssuer) && bytes.Equal(leaf.X509.AuthorityKeyId, other.X509.AuthorityKeyId) {
				return true
			}
		}
	}
	return false
}

// untrusted says why a chain is not trusted, and the way out.
func (w *world) untrusted(g chainGroup) (why string, steps []Step) {
	top := g.trust.Path[len(g.trust.Path)-1]
	switch g.trust.Standing {
	case trust.SelfSigned:
		return "it is self-signed", nil
	case trust.Private:
		return fmt.Sprintf("it comes from a private CA, %s, which is %s", nameOf(top), w.noRoot()), w.privateSteps()
	case trust.Refused:
		return "clients refuse its path: " + g.trust.Objection, []Step{{Text: "have the CA issue the certificate from an intermediate that may, or take another CA"}}
	default:
		if w.pool.File != nil && len(g.chain) == 1 {
			return fmt.Sprintf("the file holds no intermediate, and its issuer %q is %s", top.Issuer(), w.noRoot()),
				[]Step{{Text: "put the CA's intermediate into the file (for a PFX: export it with all certificates of the path), or give a private CA's root with --roots"}}
		}
		everywhere := "on every member"
		if w.pool.Listed() {
			everywhere = "there"
		}
		why = fmt.Sprintf("its issuer %q was sent by nobody and is %s; either the intermediate is missing %s, or the CA is private",
			top.Issuer(), w.noRoot(), everywhere)
		if g.trust.Objection != "" {
			why += " (" + g.trust.Objection + ")"
		}
		if own := w.privateSteps(); own != nil {
			return why + issuerAt(top), own
		}
		missing := Step{Text: "if the CA is public, fetch its intermediate as C:\\intermediate.cer, and on every member import it and restart", Commands: append([]string{importIntermediate}, remedy.Restart()...)}
		if !w.pool.IsEdge() {
			missing = Step{Text: "if the CA is public, add its intermediate to the chain that is sent"}
		}
		return why + issuerAt(top), []Step{missing,
			{Text: "if the CA is private, have a public one issue the certificate, or, where a private one is meant, give its root with --roots"}}
	}
}

// privateSteps: a private CA is mended by a public one. Where it is meant, its root
// has to be known here.
func (w *world) privateSteps() []Step {
	if !w.pool.PrivateIssuer {
		return nil
	}
	return []Step{{Text: "give the private CA's root with --roots"}}
}

// issuerAt says where a certificate says that its issuer's is to be had.
func issuerAt(c *edge.Certificate) string {
	for _, url := range c.X509.IssuingCertificateURL {
		if strings.HasPrefix(url, "http://") && len(url) <= 200 {
			return "; the certificate says that its issuer's is at " + url
		}
	}
	return ""
}

// noRoot says against which roots a CA was held, with their age.
func (w *world) noRoot() string {
	if w.scan.policy.OnlyRoots {
		return "not among the given roots"
	}
	text := "not among Mozilla's public roots of " + shortDate(trust.RootsDate())
	if len(w.scan.policy.Roots) > 0 {
		text += " nor the given ones"
	}
	if trust.RootsOld(trust.RootsDate(), w.scan.now) {
		text += " (that list is more than 90 days old: a newer edgecert may know the CA)"
	}
	return text
}

func rootWithdrawn() Rule {
	return Rule{
		ID: "root-withdrawn", Family: "trust", Private: true, Severity: Warning,
		Short: "ends in a root that was withdrawn", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "the path ends in a root that was public, and was withdrawn",
		Doc: `Mozilla's list of roots held this one once and holds it no more: the root programmes withdraw roots that are old, that
their owner gave up, or whose CA lost their trust. It is no private CA. Windows and software that is seldom updated may go
on trusting it for years; browsers, and partners with a current list, do not, or will not soon.

How to fix it: have the certificate issued again by the same CA, which has a newer root, or, where the CA itself has gone,
by another one. Where only the intermediate is old, a newer one of the CA may lead to a root that is public: import it on
every member into Cert:\LocalMachine\CA.`,
		Source:  "Mozilla Root Store Policy section 7.3 (removals), and older versions of the list that is embedded; each programme has its own dates",
		Applies: func(w *world) bool { return !w.scan.policy.OnlyRoots },
		Run: eachChain(func(w *world, r *result, g chainGroup) {
			switch g.trust.Standing {
			case trust.Unverified:
				r.couldNotTell(g.trust.Unjudged(), g.at...)
			case trust.Withdrawn:
				top := g.trust.Path[len(g.trust.Path)-1]
				r.find(Finding{
					Certificates: certs(g.leaf(), top),
					Message: fmt.Sprintf("%s a certificate of the root %s, which was public until %s or later and is %s; Windows and others may still trust it",
						w.present(g.at), nameOf(top), shortDate(g.trust.Withdrawn), w.noRoot()),
				}, g.at...)
			default:
				r.pass()
			}
		}),
	}
}

func notPublicCA() Rule {
	return Rule{
		ID: "not-public-ca", Family: "trust", Private: true, Severity: Error,
		Short: "is not from a public CA", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "trusted on this host only, not by the embedded public roots",
		Doc: `The machine that scanned trusts the issuer, but no public root stands above it: a CA of your own domain, rolled out
by group policy, or one that a TLS-inspecting proxy uses. It looks well from any computer of the company, and fails for
federation partners, Microsoft 365 and every device outside the domain.

How to fix it: have a public CA issue the external certificate. Where a private CA is meant (a test pool, a closed
federation), say "issuer private" in the pool's description, or give the root with --roots.`,
		Source: `"Certificate requirements for external user access in Lync Server 2013": certificates must be issued by a public CA`,
		// Roots given as the only ones leave nothing that this host alone could trust.
		Applies: func(w *world) bool { return !w.scan.policy.OnlyRoots && !w.pool.PrivateIssuer },
		Run: eachChain(func(w *world, r *result, g chainGroup) {
			switch {
			case trusted(g), g.trust.Standing == trust.Withdrawn:
				r.pass()
			case w.hostTrusts(g.leaf()):
				top := g.trust.Path[len(g.trust.Path)-1]
				r.find(Finding{
					Certificates: certs(g.leaf()),
					Message: fmt.Sprintf("%s a certificate that this host trusts and the public does not: %q is %s",
						w.present(g.at), issuerOrSelf(top), w.noRoot()),
				}, g.at...)
			case g.trust.Standing == trust.Unverified:
				r.couldNotTell(g.trust.Unjudged(), g.at...)
			case !w.scan.ev.HostRoots:
				r.couldNotTell("this host's own roots were not asked", g.at...)
			}
		}),
	}
}

// issuerOrSelf is the name at the top of a path that found no root.
func issuerOrSelf(top *edge.Certificate) string {
	if trust.IsSelfSigned(top) {
		return top.Subject()
	}
	return top.Issuer()
}

func chainIncomplete() Rule {
	return Rule{
		ID: "chain-incomplete", Family: "trust", Severity: Error,
		Short: "does not send an intermediate that others send", Mend: remedy.ByIntermediate,
		Title: "a path exists only with an intermediate that this member did not send",
		Doc: `A server has to send its certificate with every intermediate up to the root. Here one member leaves out an
intermediate that another one sends. Browsers and Windows often have it in a cache and hide the fault; federation
partners' servers, phones and Linux clients do not, so every so many connections fail, depending on which member DNS
happens to give: the intermittent federation fault that takes days to find.

The member has the certificate, but not its intermediate in the machine's store for intermediate CAs: it was imported
from a file without the chain, or into the wrong store.

How to fix it: take the intermediate from a member that sends it (Export-Certificate) and import it on this one into
Cert:\LocalMachine\CA, then restart the Edge services, since Schannel keeps the chain it built.`,
		Source: "RFC 5246 section 7.4.2 (TLS 1.2): each following certificate MUST directly certify the one preceding it, the root alone MAY be omitted; field reports of intermittent federation failures",
		Run:    runIncomplete,
	}
}

func runIncomplete(w *world, r *result) {
	// Who sends an intermediate is asked once, not for each of ten thousand
	// endpoints that lack it.
	told := map[edge.Fingerprint]string{}
	sentBy := func(c *edge.Certificate) string {
		if told[c.Fingerprint] == "" {
			told[c.Fingerprint] = w.sentBy(c)
		}
		return told[c.Fingerprint]
	}
	eachChain(func(w *world, r *result, g chainGroup) {
		switch {
		case len(g.trust.Missing) > 0:
			lacking := edge.Map(g.trust.Missing, func(c *edge.Certificate) string { return fmt.Sprintf("%s, which %s", nameOf(c), sentBy(c)) })
			noun := "intermediate"
			if len(lacking) > 1 {
				noun = "intermediates"
			}
			r.find(Finding{
				Certificates: certs(append(slices.Clone(g.trust.Missing), g.leaf())...),
				Also:         []string{"chain-differs-across-members"},
				Message:      fmt.Sprintf("%s %s not send the %s %s", w.where(g.at), w.verb(g.at, "does", "do"), noun, list(lacking)) + w.storesSay(g),
				Steps:        w.missingSteps(g),
			}, g.at...)
		case slices.Contains([]trust.Standing{trust.Trusted, trust.Withdrawn, trust.Private, trust.SelfSigned}, g.trust.Standing):
			r.pass() // up to the root, whatever that is worth
		default: // untrusted-issuer tells why there is no path
			r.couldNotTell(noPath, g.at...)
		}
	})(w, r)
}

// sentBy names who sends an intermediate: this pool's members, else others'.
func (w *world) sentBy(c *edge.Certificate) string {
	here := w.those(sends(c))
	if len(here) > 0 {
		return w.where(here) + " " + w.verb(here, "sends", "send")
	}
	name := func(e *edge.Endpoint) string {
		switch {
		case e.Pool == w.pool.Name: // in an extra handshake
			return e.Member
		case e.Member == "":
			return target(*e)
		default:
			return fmt.Sprintf("%s of pool %s", e.Member, e.Pool)
		}
	}
	others := edge.Map(edge.GroupBy(w.scan.forest.Senders(c), name), func(same []*edge.Endpoint) string { return name(same[0]) })
	if len(others) == 1 {
		return others[0] + " sends"
	}
	return list(others) + " send"
}
