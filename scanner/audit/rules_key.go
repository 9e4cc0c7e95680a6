package audit

import (
	"crypto/x509"
	"fmt"
	"slices"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

func weakSignature() Rule {
	return Rule{
		ID: "weak-signature", Family: "usage", Question: edge.Usage, Severity: Error,
		Short: "is signed with SHA-1 or MD5, itself or above", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "the certificate, or an intermediate, is signed with SHA-1 or MD5",
		Doc: `SHA-1 and MD5 signatures can be forged. Browsers refuse them since January 2017 and Microsoft's since May 2017, and
federation partners follow: the handshake ends without a word that says why. A root's own signature does not count:
nobody checks it.

How to fix it: request a new certificate. Where only an intermediate is signed so, the CA has a newer one: import it into
Cert:\LocalMachine\CA on every member and remove the old one.`,
		Source: `Baseline Requirements 7.1.3.2 allow SHA-2 alone, in leaves and intermediates; RFC 9155 deprecates MD5 and SHA-1 in TLS`,
		Varies: besideASoundPath,
		Run: eachSigned(func(c *edge.Certificate) string {
			if s := c.Signature(); s.Old != "" {
				return "expected a SHA-2 signature, got " + s.Name
			}
			return ""
		}),
	}
}

func pssSignature() Rule {
	return Rule{
		ID: "pss-signature", Family: "usage", Question: edge.Usage, For: edgeAndInternal, Severity: Error,
		Short: "is signed with RSASSA-PSS, itself or above", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "the certificate, or an intermediate, is signed with RSASSA-PSS or has a PSS key",
		Doc: `RSASSA-PSS in certificates is not supported by Lync and Skype for Business; a Windows CA uses it where
AlternateSignatureAlgorithm is set. The services start, and TLS fails with partners, phones and older Windows.

How to fix it: on the CA switch it off, then issue the CA's and the server's certificates again; public CAs do not use it:
    certutil -setreg CA\csp\AlternateSignatureAlgorithm 0
    Restart-Service certsvc`,
		Source: `RSASSA-PSS signatures are not supported (Microsoft, "Certificate requirements for external user access in Lync Server 2013")`,
		Varies: besideASoundPath,
		Run: eachSigned(func(c *edge.Certificate) string {
			switch s := c.Signature(); {
			case s.Algorithm == edge.PSS:
				return "expected PKCS #1 v1.5 or ECDSA, got the signature algorithm " + s.Name
			case c.Key().Algorithm == edge.PSS:
				return "expected an ordinary RSA key, got one for RSASSA-PSS alone"
			default:
				return ""
			}
		}),
	}
}

func weakKey() Rule {
	return Rule{
		ID: "weak-key", Family: "usage", Question: edge.Usage, Severity: Error,
		Short: "has an RSA key of less than 2048 bits, itself or above", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "an RSA key of less than 2048 bits",
		Doc: `RSA keys of 1024 bits can be broken by those who care to. Public CAs have issued none since the end of 2013 and
browsers refuse them; 1024 was once supported by the product, which is why such certificates still turn up.

How to fix it: request a new certificate with -KeySize 2048. A key cannot be lengthened, so it is a new key: import the
new PFX on every member.`,
		Source: `RSA 2048 or more (Microsoft, "Certificate requirements for external user access in Lync Server 2013"); Baseline Requirements 6.1.5`,
		Varies: besideASoundPath,
		Run: eachSigned(func(c *edge.Certificate) string {
			if key := c.Key(); (key.Algorithm == edge.RSA || key.Algorithm == edge.PSS) && key.Bits > 0 && key.Bits < minRSABits {
				return fmt.Sprintf("expected an RSA key of %d bits or more, got %d", minRSABits, key.Bits)
			}
			return ""
		}),
	}
}

func keyTypeUnsupported() Rule {
	return Rule{
		ID: idKeyType, Family: "usage", Question: edge.Usage, Severity: Error,
		Short: "has a key or signature that no Edge can use", Mend: remedy.ByCertificate, Weight: weightAll,
		Varies: besideASoundPath,
		Title:  "key or signature neither RSA nor EC on P-256, P-384 or P-521",
		Doc: `What an Edge can serve, and those who connect to it can use, is short: RSA keys, and elliptic ones on the curves P-256,
P-384 and P-521 by name, signed with either. Ed25519, Ed448, DSA, ML-DSA, GOST, other curves, and curves written out as
parameters are refused by Schannel, by the phones, or by both: the certificate can often be imported and assigned, and the
handshakes fail. What is on no list is refused, too. An Edge whose certificate has such a key is never called well,
whatever is allowed.

How to fix it: request a certificate with an RSA key: Request-CsCertificate -KeySize 2048 asks for one.`,
		Source: `RSA and, by -KeyAlg, ECDH_P256, ECDH_P384 and ECDH_P521 (Microsoft, "Request-CsCertificate"); Baseline Requirements 6.1.1.3 and 7.1.3: RSA and ECDSA on P-256, P-384 and P-521 alone`,
		Run: eachSigned(func(c *edge.Certificate) string {
			switch key, s := c.Key(), c.Signature(); {
			case !key.Supported():
				return "expected an RSA key, got an unsupported one: " + key.String()
			case !s.Supported():
				return "expected an RSA signature, got an unsupported one: " + s.Name
			default:
				return ""
			}
		}),
	}
}

func serialNegative() Rule {
	return Rule{
		ID: "serial-negative", Family: "usage", Question: edge.Usage, Severity: Warning,
		Short: "has a negative serial number", Mend: remedy.ByCertificate, Weight: weightAll,
		Varies: besideASoundPath,
		Title:  "the serial number is negative",
		Doc: `A serial number has to be positive. Some CAs forgot the zero byte that says so: half of their certificates read as
negative. Windows and OpenSSL take them; Go refuses them since version 1.23, so partners and proxies written in Go
cannot connect, and others follow.

How to fix it: have the CA mended, then request a new certificate.`,
		Source: "RFC 5280 section 4.1.2.2: the serial number MUST be a positive integer",
		Run: eachSigned(func(c *edge.Certificate) string {
			if n := c.X509.SerialNumber; n != nil && n.Sign() < 0 {
				return "expected a positive serial number, got " + n.String()
			}
			return ""
		}),
	}
}

func ecKey() Rule {
	return Rule{
		ID: "ec-key", Family: "usage", Question: edge.Usage, For: edgeAndInternal, Severity: Warning,
		Short: "has an elliptic curve key", Mend: remedy.ByCertificate, Weight: weightAll, Doubts: true,
		Title: "the certificate has an elliptic curve key",
		Doc: `ECDSA is documented as possible, but a Windows key on a curve always belongs to a CNG provider, and administrators
report that services of Lync and Skype for Business refuse keys of such providers: the certificate can be assigned and the
service does not start or presents nothing. Old clients and phones do not know ECDSA either.

How to fix it: request an RSA key: Request-CsCertificate -KeySize 2048 asks for one.`,
		Source: `ECDSA is documented (Request-CsCertificate -KeyAlg ECDH_P256); keys of CNG providers are refused (field reports)`,
		Run: wrongLeaf(everywhere, func(w *world, g group, c *x509.Certificate) string {
			key := g.cert.Key()
			if key.Algorithm != edge.EC || !key.Supported() { // key-type-unsupported
				return ""
			}
			return fmt.Sprintf("expected an RSA key, got an %s", key)
		}),
	}
}

func crlMissing() Rule {
	return Rule{
		ID: "crl-missing", Family: "usage", Question: edge.Usage, For: edgeAlone, Severity: Warning,
		Short: "has no CRL distribution point", Mend: remedy.ByCertificate, Weight: weightAll,
		Title: "the certificate has no CRL distribution point",
		Doc: `The documentation wants a CRL distribution point in every server certificate; where it is missing, an Edge that checks
for revocation cannot, and refuses or waits. OCSP has been leaving, so nothing takes its place. Certificates of seven days
or less (ten, if issued before 2026-03-15) need none.

How to fix it: on a private CA, add the CRL distribution point to the CA's extensions; from a public CA, order a
certificate that is not short-lived.`,
		Source: `"All server certificates must contain a CRL Distribution Point" (Microsoft, "Certificate infrastructure requirements for Lync Server 2013"); Baseline Requirements 7.1.2.11.2 on short-lived ones`,
		Run: judgeLeaf(everywhere, func(w *world, g group, c *x509.Certificate) (f Finding) {
			if len(c.CRLDistributionPoints) == 0 && LifetimeDays(c.NotBefore, c.NotAfter) > shortLived(c.NotBefore) {
				f.Message = fmt.Sprintf("certificate %s has no CRL distribution point; presented by %s", w.short(g.cert), w.where(g.at))
			}
			return f
		}),
	}
}

// besideASoundPath is when the rules of eachSigned are milder.
const besideASoundPath = "info for a CA certificate beside a good path that does without it"

// eachSigned runs a check over every leaf and every intermediate that belongs
// to its chain, each told once however many send it. Roots are exempt, and so
// is what has nothing to do with the leaf (chain-extra).
func eachSigned(wrong func(*edge.Certificate) string) func(*world, *result) {
	return func(w *world, r *result) {
		r.unseen(w.missing(everything)...)
		for n, g := range w.certificates() {
			leaf := n < len(w.leaves)
			if g.cert.X509 == nil {
				if leaf { // else nothing but junk, and chain-extra
					r.couldNotTell(undecodable, g.at...)
				}
				continue
			}
			what := wrong(g.cert)
			if what == "" {
				r.pass()
				continue
			}
			f := Finding{Certificates: certs(g.cert)}
			name := "certificate " + w.short(g.cert)
			if !leaf {
				name = "intermediate " + nameOf(g.cert)
				if w.beside(g) {
					f.Severity, f.Fix = Info, "nothing has to be done: the path is good without it"
					name += ", beside a path that is good without it"
				}
			}
			f.Message = fmt.Sprintf("%s: %s; presented by %s", what, name, w.where(g.at))
			r.find(f, g.at...)
		}
	}
}

// beside says whether every path of these captures is sound without an
// intermediate that they sent.
func (w *world) beside(g group) bool {
	for _, i := range g.at {
		t := w.scan.forest.Judge(w.captures[i].Chain)
		if t.Standing != trust.Trusted || edge.Holds(t.Path, g.cert) {
			return false
		}
	}
	return true
}

// certificates groups the captures by every certificate of their chains that
// counts, leaves first.
func (w *world) certificates() []group {
	if w.signed != nil {
		return w.signed
	}
	var above []group
	places := edge.Places[edge.Fingerprint]{}
	for _, g := range w.chains() {
		layout := w.scan.forest.Layout(g.chain)
		for n, cert := range g.chain {
			if n == 0 || edge.Holds(g.chain[:n], cert) || edge.Holds(layout.Roots, cert) || edge.Holds(layout.Extra, cert) {
				continue
			}
			at, first := places.Of(cert.Fingerprint)
			if first {
				above = append(above, group{cert: cert})
			}
			above[at].at = append(above[at].at, g.at...)
		}
	}
	for n := range above {
		above[n].at = slices.Compact(slices.Sorted(slices.Values(above[n].at)))
	}
	w.signed = slices.Concat(w.leaves, above)
	return w.signed
}
