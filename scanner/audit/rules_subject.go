package audit

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

// subjectBearers picks the endpoints whose certificate's subject matters: with
// separate certificates it is the Access Edge's alone.
func subjectBearers(w *world) filter { return w.bearers(edge.AccessName) }

func subjectNotInSAN() Rule {
	return Rule{
		ID: "subject-not-in-san", Family: "names", Question: edge.Names, For: edgeAlone, Severity: Error,
		Short: "has a subject that its SAN does not repeat", Mend: remedy.ByCertificate, Weight: weightName,
		Title: "the subject's common name is not in the SAN",
		Doc: `The subject's name must be repeated in the SAN. Clients that look at the SAN alone, as TLS has asked for since 2011,
do not see the subject's name at all, and public CAs do not issue such a certificate any more.

How to fix it: request a new certificate; Request-CsCertificate repeats the subject's name by itself. A certificate
without it was requested by other means.`,
		Source: `"The subject name is replicated in the SAN and must be present for correct operation" (` + namesSource + `); Baseline Requirements 7.1.4.3`,
		Run: judgeLeaf(on(edge.Access, edge.WebConf, edge.AV, edge.XMPP), func(w *world, g group, c *x509.Certificate) (f Finding) {
			cn := c.Subject.CommonName
			switch {
			case cn == "" || inSAN(c, cn):
			case isWildcard(cn) || slices.ContainsFunc(w.due(g), func(n edge.RequiredName) bool { return strings.EqualFold(n.Name, cn) }):
				// wildcard-subject, or the rule for that name
			default:
				f.Message = fmt.Sprintf("certificate %s has the subject %s, which its SAN does not repeat; %s; presented by %s",
					w.short(g.cert), cn, validFor(c), w.where(g.at))
			}
			return f
		}),
	}
}

func subjectNotAccessName() Rule {
	return Rule{
		ID: "subject-not-access-name", Family: "names", Question: edge.Names, For: edgeAlone, Severity: Warning,
		Short: "has a subject that is not the Access Edge name", Mend: remedy.ByCertificate, Weight: weightName,
		Title: "the subject's common name is not the Access Edge FQDN",
		Doc: `The subject of the external certificate should be the Access Edge FQDN (or the load balancer's name for it). Lync
Server 2013 does not insist, but older partners (Office Communications Server, some gateways) read
the subject and nothing else.

How to fix it: at the next renewal let Request-CsCertificate choose the subject, or name the Access Edge FQDN as the
common name in the CA's form.`,
		Source:  `"subject name: sip.contoso.com" (Microsoft, "Certificate summary - Public instant messaging connectivity in Lync Server 2013"); "no longer a requirement" in 2013, still recommended`,
		Applies: func(w *world) bool { return w.pool.FQDN(edge.Access) != "" },
		Run: wrongLeaf(subjectBearers, func(w *world, g group, c *x509.Certificate) string {
			want, cn := w.pool.FQDN(edge.Access), c.Subject.CommonName
			switch {
			case strings.EqualFold(cn, want), isWildcard(cn): // wildcard-subject
				return ""
			case cn == "":
				return fmt.Sprintf("expected the subject %s, got no common name in its subject", want)
			default:
				return fmt.Sprintf("expected the subject %s, got the subject %s", want, cn)
			}
		}),
	}
}

func subjectNotFirst() Rule {
	return Rule{
		ID: "subject-not-first", Family: "names", Question: edge.Names, For: edgeAlone, Severity: Info,
		Short: "does not list its subject first", Mend: remedy.ByCertificate, Weight: weightName,
		Title: "the subject's name is not the first of the SAN",
		Doc: `The documentation lists the subject's name first. Nothing that speaks TLS today minds the order; it was told of some
devices of long ago that they read the first name alone.

How to fix it: nothing has to be done. At the next renewal, Request-CsCertificate puts it first by itself.`,
		Source: `"The order … does not matter", says the normative page, though other tables keep one (` + namesSource + `)`,
		Run: judgeLeaf(on(edge.Access, edge.WebConf), func(w *world, g group, c *x509.Certificate) Finding {
			cn := c.Subject.CommonName
			if cn == "" || !inSAN(c, cn) || strings.EqualFold(c.DNSNames[0], cn) {
				return Finding{}
			}
			return Finding{
				Message: ByLetter(w.letter(g.cert)) + fmt.Sprintf("lists %s before its subject %s; presented by %s",
					c.DNSNames[0], cn, w.where(g.at)),
				Fix: "nothing has to be done",
			}
		}),
	}
}

func nameNotDNSSafe() Rule {
	return Rule{
		ID: "name-not-dns-safe", Family: "names", Question: edge.Names, For: edgeAlone, Severity: Warning,
		Short: "holds a name that is not DNS-safe", Mend: remedy.ByCertificate, Weight: weightName,
		Title: "a name of the SAN has characters that an Edge does not support",
		Doc: `Names may consist of letters, digits and hyphens. Underscores and characters outside ASCII are not supported in any
FQDN of an Edge, public CAs refuse them, and clients differ in whether they match them at all.

How to fix it: request a certificate without the name; rename the host where it is one that is used. Names in other
scripts are written as A-labels (xn--...).`,
		Source: `the FQDN of an Edge may hold A–Z, a–z, 0–9 and hyphens, no underscore and no Unicode (Microsoft, "Determine DNS requirements for Lync Server 2013"); RFC 1035 section 2.3.1`,
		Run: judgeLeaf(everywhere, func(w *world, g group, c *x509.Certificate) Finding {
			var bad, subjects []string
			for _, n := range c.DNSNames {
				if why := nameFault(n); why != "" {
					subjects = append(subjects, n)
					bad = append(bad, fmt.Sprintf("%q %s", n, why))
				}
			}
			if len(bad) == 0 {
				return Finding{}
			}
			return Finding{
				Subjects: subjects,
				Message:  fmt.Sprintf("in the SAN of certificate %s %s; presented by %s", w.short(g.cert), list(bad), w.where(g.at)),
				Fix:      "request a certificate without it; names in other scripts are written as A-labels",
			}
		}),
	}
}
