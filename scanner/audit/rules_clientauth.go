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
		ID: "client-auth-ending", Family: "usage", Question: edge.Usage, For: edgeAlone, Severity: Info,
		Short: "is for client authentication, which public CAs stop issuing", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "client authentication is required here, and public CAs stop issuing it",
		Doc: `Certificates for servers and clients at once are leaving the public CAs. Chrome's root program takes new intermediates for
server authentication alone from 2026-06-15 on, and new certificates from 2027-03-15 on; DigiCert leaves client
authentication out by default from 2025-10-01 and issues none from 2027-03-01; Let's Encrypt issues none
from 2026-07-08. The next renewal of this pool's certificate may come without it.

How to fix it: ask the partners whether they still need it (AOL and Yahoo ended on 2014-06-30), and take "public-im aol"
or "client-auth required" out; otherwise find a CA with a hierarchy of its own for it.`,
		Source:  "Chrome Root Program Policy 1.8; announcements of DigiCert and Let's Encrypt",
		Applies: clientAuthRequired,
		Run: judgeLeaf(subjectBearers, func(w *world, g group, c *x509.Certificate) Finding {
			// A private CA goes on as it likes; the other is client-auth-missing.
			if w.pool.PrivateIssuer || !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
				return Finding{}
			}
			return Finding{
				Message: fmt.Sprintf("certificate %s is for client authentication, which this pool requires; its renewal may not be: %s",
					w.short(g.cert), w.clientAuthDates()),
				Fix: `ask the partner whether client authentication is still needed; else remove "public-im aol" or "client-auth required" from the targets file`,
			}
		}),
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
