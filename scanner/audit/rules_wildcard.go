package audit

import (
	"crypto/x509"
	"fmt"
	"slices"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

const wildcardSource = `wildcards are not supported on external Edge names (Microsoft, "Wildcard certificate support in Lync Server 2013"); phones cannot sign in (field reports)`

func wildcardSubject() Rule {
	return Rule{
		ID: "wildcard-subject", Family: "names", Question: edge.Names, For: edgeAlone, Severity: Error,
		Short: "has a wildcard as its subject", Mend: remedy.ByCertificate, Weight: weightName,
		Title: "the subject's common name is a wildcard",
		Doc: `An Edge's certificate must be issued to a host. With a wildcard as its subject the certificate is refused by
federation partners and phones, though browsers are content with it.

How to fix it: request a certificate whose subject is the Access Edge FQDN, and which lists every name.`,
		Source: wildcardSource,
		Run: wrongLeaf(everywhere, func(w *world, g group, c *x509.Certificate) string {
			if !isWildcard(c.Subject.CommonName) {
				return ""
			}
			return "expected a host as the subject, got " + c.Subject.CommonName
		}),
	}
}

func wildcardOnly() Rule {
	return Rule{
		ID: "wildcard-only", Family: "names", Question: edge.Names, For: edgeAlone, Severity: Error,
		Short: "holds %s through a wildcard alone", Mend: remedy.ByCertificate, Weight: weightName,
		Title: "a required name is covered by a wildcard alone",
		Doc: `The name is not in the SAN itself, only *.<domain> is. Desktop clients accept that and phones, conferencing devices and
federation partners do not: all looks well from the administrator's desk.

How to fix it: request a certificate that lists each name; the wildcard may stay beside them.`,
		Source: wildcardSource,
		Run: judgeLeaf(func(w *world) filter { return w.anyBearer }, func(w *world, g group, c *x509.Certificate) Finding {
			covered := w.coveredOnly(g, c)
			if len(covered) == 0 {
				return Finding{}
			}
			return Finding{
				Subjects: plainNames(covered),
				Also:     missingRules(covered),
				Message: fmt.Sprintf("certificate %s holds %s through a wildcard alone; %s; presented by %s",
					w.short(g.cert), reasons(covered), validFor(c), w.where(g.at)),
			}
		}),
	}
}

func missingRules(names []edge.RequiredName) []string {
	var out []string
	for _, n := range names {
		if id := nameRule(n.Kind); id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// anyBearer picks the endpoints whose certificate must hold any name at all.
func (w *world) anyBearer(e edge.Endpoint) bool {
	return slices.ContainsFunc(w.required, func(n edge.RequiredName) bool { return w.bearers(n.Kind)(e) })
}

// coveredOnly returns the names that a certificate must hold, where it is
// presented, and holds through a wildcard alone.
func (w *world) coveredOnly(g group, c *x509.Certificate) []edge.RequiredName {
	return slices.DeleteFunc(w.due(g), func(n edge.RequiredName) bool { return holdsName(c, n.Name) != byWildcard })
}

func wildcardExtra() Rule {
	return Rule{
		ID: "wildcard-extra", Family: "names", Question: edge.Names, For: edgeAlone, Severity: Info,
		Short: "holds a wildcard too", Mend: remedy.ByCertificate, Weight: weightName,
		Title: "the SAN holds a wildcard beside the required names",
		Doc: `A wildcard that no required name depends on does no harm here. Whoever has the private key of any server with this
certificate can pose as every host of the domain, though, and an Edge stands at the outer wall.

How to fix it: nothing has to be done; leave it out at the next renewal where nothing else needs it.`,
		Source: `the XMPP rows list "*.contoso.com or contoso.com" in addition (Microsoft, "Certificate requirements for external user access in Lync Server 2013")`,
		Run: judgeLeaf(everywhere, func(w *world, g group, c *x509.Certificate) Finding {
			extra := slices.DeleteFunc(slices.Clone(c.DNSNames), func(n string) bool { return !isWildcard(n) })
			if len(extra) == 0 || len(w.coveredOnly(g, c)) > 0 { // wildcard-only
				return Finding{}
			}
			return Finding{
				Subjects: extra,
				Message:  "the SAN of " + ByLetter(w.letter(g.cert)) + fmt.Sprintf("holds %s too; presented by %s", list(extra), w.where(g.at)),
				Fix:      "nothing has to be done; leave it out at the next renewal",
			}
		}),
	}
}
