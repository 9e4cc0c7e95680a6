package audit

import (
	"crypto/x509"
	"fmt"
	"slices"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

const clientAuthSource = `"client EKU if public IM connectivity with AOL is deployed" (Microsoft, "Certificate summary - Public instant messaging connectivity in Lync Server 2013"); "no longer required" otherwise (Microsoft, "Certificate infrastructure requirements for Lync Server 2013")`

func clientAuthMissing() Rule {
	return Rule{
		ID: "client-auth-missing", Family: "usage", Question: edge.Usage, For: edgeAlone, Severity: Error,
		Short: "is not for client authentication", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "client authentication is required here and the certificate is not for it",
		Doc: `The pool says that its certificate must be for client authentication too (public-im aol, or client-auth required). In
a connection that the Edge opens to such a partner it is the client, and the partner refuses a certificate for servers
alone.

How to fix it: request the certificate with -ClientEKU $true. Public CAs are about to stop issuing it
(client-auth-ending): where the partner allows, take the requirement out of the targets file.`,
		Source:  clientAuthSource,
		Applies: clientAuthRequired,
		Run: wrongLeaf(subjectBearers, func(w *world, g group, c *x509.Certificate) string {
			if hasUsage(c, x509.ExtKeyUsageClientAuth) || noUsage(c) { // good for anything: server-auth-missing
				return ""
			}
			return "expected the extended key usage client authentication, got " + usages(c)
		}),
	}
}

func clientAuthEnding() Rule {
	return Rule{
		ID: "client-auth-ending", Family: "usage", Question: edge.Usage, For: edgeAndPartner, Severity: Info,
		Short: "is for client authentication, which public CAs stop issuing", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "client authentication is needed here, and public CAs stop issuing it",
		Doc: `Certificates for servers and clients at once are leaving the public CAs. Chrome's root program takes new intermediates for
server authentication alone from 2026-06-15 on, and new certificates from 2027-03-15 on; DigiCert leaves client
authentication out by default from 2025-10-01 and issues none from 2027-03-01; Let's Encrypt issues none
from 2026-07-08, Sectigo, by one trade page, from 2027-02-10. The next renewal may come without it.

Who still asks for it: a Cisco Expressway, in mutual TLS on 5061 (from its release 15.5 it keeps clients and servers apart),
and XMPP servers that authenticate each other by certificate (SASL EXTERNAL: older ejabberd and Openfire). So it is told
of a partner's host that has it, of XMPP in a pool, and where the targets file requires it. Other partners of an Edge do not
need it; AOL and Yahoo ended on 2014-06-30.

How to fix it: ask the partners whether they still need it, and take "public-im aol" or "client-auth required" out;
otherwise find a CA with a hierarchy of its own for it.`,
		Source: "Chrome Root Program Policy 1.8; announcements of DigiCert and Let's Encrypt; Cisco field notice FN74362; blog.prosody.im, February 2026",
		Applies: func(w *world) bool {
			return clientAuthRequired(w) || w.pool.Kind == edge.PartnerPool || w.dialed(edge.XMPP)
		},
		Run: judgeLeaf(clientAuthWanted, func(w *world, g group, c *x509.Certificate) Finding {
			// A private CA goes on as it likes; the other is client-auth-missing.
			if w.pool.PrivateIssuer || !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
				return Finding{}
			}
			why, fix := "which this pool requires", `ask the partner whether client authentication is still needed; else remove "public-im aol" or "client-auth required" from the targets file`
			switch {
			case w.pool.Kind == edge.PartnerPool:
				why, fix = "which a Cisco Expressway needs in mutual TLS", "ask the partner whether his host needs it: a Cisco Expressway keeps clients and servers apart from release 15.5 on"
			case !clientAuthRequired(w):
				why, fix = "which XMPP servers ask for that authenticate by certificate (SASL EXTERNAL: older ejabberd and Openfire)", "ask the XMPP partners whether client authentication is still needed: newer servers take dialback or a certificate for servers"
			}
			return Finding{
				Message: fmt.Sprintf("certificate %s is for client authentication, %s; its renewal may not be: %s", w.short(g.cert), why, w.clientAuthDates()),
				Fix:     fix,
			}
		}),
	}
}

// clientAuthWanted picks the endpoints whose certificate somebody wants for
// clients, too.
func clientAuthWanted(w *world) filter {
	bearer := subjectBearers(w)
	return func(e edge.Endpoint) bool {
		return clientAuthRequired(w) && bearer(e) || w.pool.Kind == edge.PartnerPool || e.Role == edge.XMPP
	}
}

// clientAuthDates tells what is over and what is to come.
func (w *world) clientAuthDates() string {
	var out []string
	for _, m := range clientAuthEnds() {
		word := "from"
		if !w.scan.now.Before(m.on) {
			word = "since"
		}
		out = append(out, fmt.Sprintf("%s %s %s", word, shortDate(m.on), m.what))
	}
	return list(out)
}

func clientAuthPresent() Rule {
	return Rule{
		ID: "client-auth-present", Family: "usage", Question: edge.Usage, For: edgeAlone, Severity: Warning,
		Short: "is for client authentication too", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "client authentication is forbidden here and the certificate is for it",
		Doc: `The pool says that its certificate must not be for client authentication: public CAs stop issuing it, and a
certificate that still has it comes from a hierarchy that browsers are about to distrust, or from a template of old.

How to fix it: request the certificate without it (-ClientEKU $false).`,
		Source:  "Chrome Root Program Policy 1.8: TLS server hierarchies are for server authentication alone; the pool's own description (client-auth forbidden)",
		Applies: func(w *world) bool { return w.pool.ClientAuth == edge.ClientAuthForbidden },
		Run: wrongLeaf(everywhere, func(w *world, g group, c *x509.Certificate) string {
			if !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
				return ""
			}
			return "expected no client authentication, got " + usages(c)
		}),
	}
}
