package audit

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

func serverAuthMissing() Rule {
	return Rule{
		ID: "server-auth-missing", Family: "usage", Question: edge.Usage, Severity: Error,
		Short: "is not for server authentication", Mend: remedy.ByCertificate, Weight: weightAll,
		Varies: "warning where there is no extended key usage extension at all",
		Title:  "the certificate is not for server authentication",
		Doc: `The extended key usage must name server authentication (1.3.6.1.5.5.7.3.1); clients and partners refuse anything
else. Without any extended key usage the certificate is for every purpose: most accept it, strict ones do not, and no
public CA issues it today.

How to fix it: request the certificate from a web server template or as a TLS server certificate; Request-CsCertificate
asks for the right usage by itself.`,
		Source: `server authentication always: it is "essential for MTLS" (Microsoft, "Certificate infrastructure requirements for Lync Server 2013")`,
		Run: judgeLeaf(everywhere, func(w *world, g group, c *x509.Certificate) (f Finding) {
			switch {
			case hasUsage(c, x509.ExtKeyUsageServerAuth):
			case noUsage(c):
				f.Severity = Warning
				f.Message = fmt.Sprintf("certificate %s has no extended key usage extension, so it is for any purpose; expected server authentication; presented by %s",
					w.short(g.cert), w.where(g.at))
			default:
				f.Message = fmt.Sprintf("expected the extended key usage server authentication, got %s: certificate %s; presented by %s",
					usages(c), w.short(g.cert), w.where(g.at))
			}
			return f
		}),
	}
}

// noUsage says whether there is no extended key usage extension.
func noUsage(c *x509.Certificate) bool { return !edge.HasExtension(c, edge.ExtendedKeyUsage) }

// usages lists the extended key usages by name, or by OID where they have none.
func usages(c *x509.Certificate) string {
	out := edge.Map(c.ExtKeyUsage, usageName)
	for _, oid := range c.UnknownExtKeyUsage {
		out = append(out, oid.String())
	}
	return cmp.Or(list(out), "none")
}

func usageName(u x509.ExtKeyUsage) string {
	return cmp.Or(map[x509.ExtKeyUsage]string{
		x509.ExtKeyUsageAny:             "any",
		x509.ExtKeyUsageServerAuth:      "server authentication",
		x509.ExtKeyUsageClientAuth:      "client authentication",
		x509.ExtKeyUsageCodeSigning:     "code signing",
		x509.ExtKeyUsageEmailProtection: "e-mail protection",
		x509.ExtKeyUsageTimeStamping:    "time stamping",
		x509.ExtKeyUsageOCSPSigning:     "OCSP signing",
	}[u], "usage "+u.String())
}

func keyUsageUnsuitable() Rule {
	return Rule{
		ID: "key-usage-unsuitable", Family: "usage", Question: edge.Usage, Severity: Error,
		Short: "has a key usage that TLS cannot work with", Mend: remedy.ByCertificate, Weight: weightAll,
		Varies: "warning in check, where an RSA key may sign and may not encipher",
		Title:  "the key usage does not allow what TLS does with the key",
		Doc: `The key usage extension must allow digital signatures, with which every modern key exchange is signed; an RSA key
needs key encipherment for the old RSA key exchange instead. Where the negotiated one is not allowed, strict clients end
the handshake (ERR_SSL_KEY_USAGE_INCOMPATIBLE) and others do not, which looks like a fault of the client. An extension in
which nothing is set allows nothing.

How to fix it: request the certificate from a web server template: digital signature, and for RSA key encipherment too.`,
		Source: "RFC 5246 section 7.4.2: digitalSignature for ECDHE_RSA and ECDHE_ECDSA, keyEncipherment for RSA; RFC 8446 section 4.4.2.2: digitalSignature",
		Run: judgeLeaf(everywhere, func(w *world, g group, c *x509.Certificate) (f Finding) {
			switch need := w.missingKeyUsage(g, c); {
			case need == "" && w.mayNotEncipher(g, c):
				f.Severity = Warning
				f.Message = fmt.Sprintf("expected the key usage key encipherment beside digital signature, got %s: certificate %s; strict clients refuse it where an old Edge negotiates RSA key exchange",
					keyUsages(c.KeyUsage), w.short(g.cert))
			case need != "":
				f.Message = fmt.Sprintf("expected the key usage %s, got %s: certificate %s; presented by %s",
					need, keyUsages(c.KeyUsage), w.short(g.cert), w.where(g.at))
			}
			return f
		}),
	}
}

// missingKeyUsage names the key usage that the handshakes needed and c lacks.
// Without the extension everything is allowed.
func (w *world) missingKeyUsage(g group, c *x509.Certificate) string {
	if !edge.HasExtension(c, edge.KeyUsage) {
		return ""
	}
	signs, enciphers := c.KeyUsage&x509.KeyUsageDigitalSignature != 0, c.KeyUsage&x509.KeyUsageKeyEncipherment != 0
	rsa := g.cert.Key().Algorithm == edge.RSA
	if !signs && !(rsa && enciphers) {
		if rsa {
			return "digital signature or key encipherment"
		}
		return "digital signature"
	}
	for _, i := range g.at {
		tls := w.captures[i].TLS
		byRSA := rsa && tls != nil && strings.HasPrefix(tls.Cipher, "TLS_RSA_") && w.captures[i].Leaf() == g.cert
		switch {
		case byRSA && !enciphers:
			return "key encipherment"
		case !byRSA && !signs:
			return "digital signature"
		}
	}
	return ""
}

func keyUsages(u x509.KeyUsage) string {
	names := []string{"digital signature", "content commitment", "key encipherment", "data encipherment", "key agreement",
		"certificate signing", "CRL signing", "encipher only", "decipher only"}
	var out []string
	for bit, name := range names {
		if u&(1<<bit) != 0 {
			out = append(out, name)
		}
	}
	return cmp.Or(list(out), "none")
}

func leafIsCA() Rule {
	return Rule{
		ID: "leaf-is-ca", Family: "usage", Question: edge.Usage, Severity: Error,
		Short: "is a CA certificate", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "the server's certificate is a CA's",
		Doc: `The certificate that the service presents is marked as a certification authority's. Either a CA's own certificate was
assigned by mistake, or a self-signed one of a test; Windows and others refuse it as a server's.

How to fix it: assign a server certificate: Get-CsCertificate shows what is assigned, Set-CsCertificate -Type ...
-Thumbprint ... changes it.`,
		Source: "RFC 5280 section 4.2.1.9: the cA boolean says that the key may verify certificate signatures; Baseline Requirements 7.1.2.7.8: cA MUST be FALSE",
		Run: judgeLeaf(everywhere, func(w *world, g group, c *x509.Certificate) (f Finding) {
			if c.BasicConstraintsValid && c.IsCA {
				f.Message = fmt.Sprintf("expected a server's certificate, got a CA's: %s, subject %s; presented by %s",
					w.short(g.cert), g.cert.Subject(), w.where(g.at))
			}
			return f
		}),
	}
}

func certificateUndecodable() Rule {
	return Rule{
		ID: idUndecodable, Family: "usage", Question: edge.Usage, Severity: Error,
		Short: "breaks the rules of its encoding", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "the server's certificate breaks the rules of its own encoding",
		Doc: `The certificate could be recorded and compared, but not decoded as a whole: its SAN or its dates are garbled, its serial
number is padded, or bytes stand where none may. Windows is lenient and may show it as usual; partners with other
software refuse it. What can be read of it is judged by the other rules. An Edge that presents it is never called well,
whatever is allowed.

How to fix it: have the CA issue the certificate again; a private CA that made it needs mending first.`,
		Source: "RFC 5280 section 4.1: a certificate is DER encoded",
		Run: func(w *world, r *result) {
			r.unseen(w.missing(everything)...)
			for _, g := range w.leaves {
				if g.cert.ParseError == "" {
					r.pass()
					continue
				}
				r.find(Finding{
					Certificates: certs(g.cert),
					Message:      fmt.Sprintf("certificate %s of %s: %s", w.short(g.cert), w.where(g.at), g.cert.ParseError),
				}, g.at...)
			}
		},
	}
}
