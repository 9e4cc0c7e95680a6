package audit

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

const namesSource = `Microsoft: "Certificate requirements for external user access in Lync Server 2013" and "Certificate summary - Public instant messaging connectivity in Lync Server 2013"`

func accessNameMissing() Rule {
	return missingName(edge.AccessName, Error,
		"the Access Edge FQDN is not in the SAN",
		`Clients and partners connect to this name and compare it with the SAN. It must stand there even where it is the
subject's name too: TLS ignores the subject. Without it nobody signs in from outside and no partner federates.`,
		`the SAN must hold the Access FQDN even when it is the subject: "TLS ignores the subject name" (`+namesSource+`)`)
}

func webconNameMissing() Rule {
	return missingName(edge.WebConfName, Error,
		"the Web Conferencing Edge FQDN is not in the SAN",
		`Meeting content (slides, whiteboards, polls) from outside goes to the Web Conferencing Edge. Clients compare its
name with the SAN and, where it is missing, join the meeting without content: "we can't connect to the server for
sharing right now".`,
		`"sip.contoso.com, webcon.contoso.com, sip.fabrikam.com" (`+namesSource+`)`)
}

func sipDomainNameMissing() Rule {
	return missingName(edge.SIPDomainName, Error,
		"sip.<domain> of a SIP domain is not in the SAN",
		`Users of every SIP domain find the Edge by sip.<domain>, phones by nothing else, and partners of that domain compare
this name too. Where it is missing, one domain's users cannot sign in by themselves and one domain's partners cannot
federate, while all looks well from the others. In hybrid deployments the domains that are online count as well.`,
		`SANs are added for additional SIP domains (`+namesSource+`); the SAN on all Edge servers must also hold sip.<domain> of every online SIP domain (Microsoft, Skype for Business documentation, cloud-consolidation-edge-certificates)`)
}

func srvTargetNameMissing() Rule {
	return missingName(edge.SRVTargetName, Error,
		"the exact name that an SRV record points to is not in the SAN",
		`Partners and clients follow the SRV record and then compare the name it points to with the certificate. The name
must be there as it is, a wildcard does not do.`,
		`the exact target must be in the SN or SAN (Microsoft, Skype for Business Server documentation, deploy-skype-connectivity)`)
}

func extraNameMissing() Rule {
	return missingName(edge.ExtraName, Error,
		"a name that extra-names asks for is not in the SAN",
		`The targets file says that the certificate must hold this name, for a reason of its own: a reverse proxy that shares
the certificate, or an old name that is still in use.`,
		`the pool's own description (extra-names); SANs are added for additional SIP domains and other entries (`+namesSource+`)`)
}

func xmppNameMissing() Rule {
	return missingName(edge.XMPPName, Warning,
		"the XMPP domain is not in the SAN",
		`XMPP partners compare the domain itself, not the host, with the certificate. Where it is missing they fall back to
dialback without trust in the certificate, or refuse.`,
		`RFC 6120 sections 13.7.1.2 and 13.7.2: the certificate is for the domain of the XMPP service; the XMPP rows list contoso.com in addition (`+namesSource+`)`)
}

// nameRule is the rule that tells of a required name that is missing; empty: none
// of an Edge's.
func nameRule(k edge.NameKind) string {
	return map[edge.NameKind]string{
		edge.AccessName: "access-name-missing", edge.WebConfName: "webcon-name-missing", edge.SIPDomainName: "sip-domain-name-missing",
		edge.SRVTargetName: "srv-target-name-missing", edge.ExtraName: "extra-name-missing", edge.XMPPName: "xmpp-name-missing",
	}[k]
}

// missingName is the rule for one kind of required name.
func missingName(k edge.NameKind, s Severity, title, doc, source string) Rule {
	scope := edgeAlone
	if k == edge.SRVTargetName {
		scope = edgeAndPartner
	}
	return Rule{
		ID: nameRule(k), Family: "names", Question: edge.Names, For: scope, Severity: s, Title: title, Source: source,
		Short: "lacks %s", Lacks: true, Mend: remedy.ByCertificate, Weight: weightName,
		Doc: doc + `

How to fix it: request a certificate with all names of the pool (edgecert targets lists them, with the
Request-CsCertificate command that asks for them), then import and assign it on every member.`,
		Applies: func(w *world) bool { return len(w.namesOf(k)) > 0 },
		Run: func(w *world, r *result) {
			lacks := func(g group) []edge.RequiredName {
				return slices.DeleteFunc(w.namesOf(k), func(n edge.RequiredName) bool { return holdsName(g.cert.X509, n.Name) != lacked })
			}
			var wrong []group
			r.eachLeaf(w.bearers(k), func(g group, _ *x509.Certificate) {
				if len(lacks(g)) > 0 {
					wrong = append(wrong, g)
				} else {
					r.pass()
				}
			})
			// The certificate before a renewal lacks mostly what the new one lacks,
			// and one request mends both.
			for _, groups := range edge.GroupBy(wrong, func(g group) string { return reasons(lacks(g)) }) {
				names := lacks(groups[0])
				f, at := w.lackFinding(reasons(names), groups)
				f.Subjects = plainNames(names)
				f.Also = also(nameRule(edge.SRVTargetName), k == edge.SIPDomainName && slices.ContainsFunc(f.Subjects, w.isSRVTarget))
				r.find(f, at...)
			}
		},
	}
}

// lackFinding tells of certificates that lack the same names.
func (w *world) lackFinding(missing string, groups []group) (Finding, []int) {
	leaves := edge.Map(groups, func(g group) *edge.Certificate { return g.cert })
	shorts := edge.Map(leaves, w.short)
	at := slices.Sorted(slices.Values(slices.Concat(edge.Map(groups, func(g group) []int { return g.at })...)))
	f := Finding{Certificates: certs(leaves...)}
	if len(groups) == 1 {
		f.Message = fmt.Sprintf("certificate %s lacks %s; %s; presented by %s", shorts[0], missing, validFor(leaves[0].X509), w.where(at))
		return f, at
	}
	f.Message = fmt.Sprintf("certificates %s lack %s; presented by %s", list(shorts), missing, w.where(at))
	return f, at
}

// plainNames are the names alone.
func plainNames(names []edge.RequiredName) []string {
	return edge.Map(names, func(n edge.RequiredName) string { return n.Name })
}

// isSRVTarget says whether an SRV record that is followed leads to a name.
func (w *world) isSRVTarget(name string) bool {
	if w.pool.DNS == nil {
		return false
	}
	return slices.ContainsFunc(w.pool.DNS.SRV, func(a edge.SRVAnswer) bool {
		best, ok := a.Best()
		return ok && a.Kind != edge.SRVXMPP && strings.EqualFold(best.Target, name)
	})
}

func hostNameMissing() Rule {
	return Rule{
		ID: "host-name-missing", Family: "names", Question: edge.Names, For: nameDialed, Severity: Error,
		Short: "lacks %s", Lacks: true, Mend: remedy.ByCertificate, Weight: weightName,
		Title: "an endpoint dialed by name presents a certificate that does not hold the name",
		Doc: `For endpoints given as HOST:PORT nothing is known but the name they were dialed by, or the one that sni= gives. A
client that dials this name refuses the certificate.

How to fix it: request a certificate that holds the name, or dial the name that the certificate is for. Endpoints given
by address alone are not asked for a name; sni=NAME gives them one.`,
		Source: "RFC 9525 section 6: the client matches the name it dialed against the DNS names of the SAN; section 6.3 on wildcards",
		Run: eachBunch(hostNameKey, func(w *world, b bunch) Finding {
			name, leaf := b.first.Endpoint.FQDN, w.notFor(b.first)
			return Finding{
				Certificates: certs(leaf),
				Subjects:     []string{name},
				Message:      fmt.Sprintf("expected a certificate for %s from %s, got %s; %s", name, w.where(b.at), w.short(leaf), validFor(leaf.X509)),
				Fix:          "install a certificate that holds the name, or name the right one with sni=",
			}
		}),
	}
}

func hostNameKey(w *world, r *result, i int, c edge.Capture) string {
	if !named(c.Endpoint) || silent(c) {
		return ""
	}
	if wrong := w.notFor(c); wrong != nil {
		return c.Endpoint.FQDN + " " + wrong.Fingerprint.String()
	}
	if c.Leaf() == nil {
		r.unseen(i)
	} else if why := unread(c.Leaf(), edge.Names); why != "" {
		r.couldNotTell(why, i)
	} else {
		r.pass()
	}
	return ""
}

// notFor is a leaf of a capture that does not hold the name dialed, nil where all
// do. A wildcard will do, but not on the internal side of an Edge.
func (w *world) notFor(c edge.Capture) *edge.Certificate {
	enough := byWildcard
	if w.pool.Kind == edge.InternalPool {
		enough = exactly
	}
	leaf, _ := edge.Find(c.Leaves(), func(leaf *edge.Certificate) bool {
		return unread(leaf, edge.Names) == "" && holdsName(leaf.X509, c.Endpoint.FQDN) < enough
	})
	return leaf
}
