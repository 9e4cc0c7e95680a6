package audit

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"

	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

func weakSignature() Rule {
	return Rule{
		ID: "weak-signature", Family: "usage", Severity: Error,
		Title: "the certificate, or an intermediate, is signed with SHA-1 or MD5",
		Doc: `SHA-1 and MD5 signatures can be forged. Browsers refuse them since January 2017 and Microsoft's since May 2017, and
federation partners follow: the handshake ends without a word that says why. A root's own signature does not count:
nobody checks it.

How to fix it: request a new certificate. Where only an intermediate is signed so, the CA has a newer one: import it into
Cert:\LocalMachine\CA on every member and remove the old one.`,
		Source: `Baseline Requirements 7.1.3.2 allow SHA-2 alone, in leaves and intermediates; RFC 9155 deprecates MD5 and SHA-1 in TLS`,
		Run: eachSigned(func(c *x509.Certificate) string {
			switch c.SignatureAlgorithm {
			case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
				return "expected a SHA-2 signature, got " + c.SignatureAlgorithm.String()
			default:
				return ""
			}
		}),
	}
}

func pssSignature() Rule {
	return Rule{
		ID: "pss-signature", Family: "usage", Severity: Error,
		Title: "the certificate, or an intermediate, is signed with RSASSA-PSS or has a PSS key",
		Doc: `RSASSA-PSS in certificates is not supported by Lync and Skype for Business; a Windows CA uses it where
AlternateSignatureAlgorithm is set. The services start, and TLS fails with partners, phones and older Windows.

How to fix it: on the CA switch it off, then issue the CA's and the server's certificates again; public CAs do not use it:
    certutil -setreg CA\csp\AlternateSignatureAlgorithm 0
    Restart-Service certsvc`,
		Source: `RSASSA-PSS signatures are not supported (Microsoft, "Certificate requirements for external user access in Lync Server 2013")`,
		Run: eachSigned(func(c *x509.Certificate) string {
			switch c.SignatureAlgorithm {
			case x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
				return "expected PKCS #1 v1.5 or ECDSA, got the signature algorithm " + c.SignatureAlgorithm.String()
			}
			if pssKey(c) {
				return "expected an ordinary RSA key, got one for RSASSA-PSS alone"
			}
			return ""
		}),
	}
}

// pssKey says whether the public key is of type id-RSASSA-PSS (RFC 4055, 1.2),
// which crypto/x509 leaves unparsed.
func pssKey(c *x509.Certificate) bool {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	_, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &spki)
	return err == nil && spki.Algorithm.Algorithm.Equal(oidRSASSAPSS())
}

func weakKey() Rule {
	return Rule{
		ID: "weak-key", Family: "usage", Severity: Error,
		Title: "an RSA key of less than 2048 bits",
		Doc: `RSA keys of 1024 bits can be broken by those who care to. Public CAs have issued none since the end of 2013 and
browsers refuse them; 1024 was once supported by the product, which is why such certificates still turn up.

How to fix it: request a new certificate with -KeySize 2048. A key cannot be lengthened, so it is a new key: import the
new PFX on every member.`,
		Source: `RSA 2048 or more (Microsoft, "Certificate requirements for external user access in Lync Server 2013"); Baseline Requirements 6.1.5`,
		Run: eachSigned(func(c *x509.Certificate) string {
			if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < minRSABits {
				return fmt.Sprintf("expected an RSA key of %d bits or more, got %d", minRSABits, key.N.BitLen())
			}
			return ""
		}),
	}
}

func ecKey() Rule {
	return Rule{
		ID: "ec-key", Family: "usage", Severity: Warning,
		Title: "the certificate has an elliptic curve key",
		Doc: `ECDSA is documented as possible, but a Windows key on a curve always belongs to a CNG provider, and administrators
report that services of Lync and Skype for Business refuse keys of such providers: the certificate can be assigned and the
service does not start or presents nothing. Old clients and phones do not know ECDSA either.

How to fix it: request an RSA key: Request-CsCertificate -KeySize 2048 asks for one.`,
		Source: `ECDSA is documented (Request-CsCertificate -KeyAlg ECDH_P256); keys of CNG providers are refused (field reports)`,
		Run: judgeLeaf(everything, func(w *world, g group, c *x509.Certificate) *Finding {
			kind := ""
			switch key := c.PublicKey.(type) {
			case *ecdsa.PublicKey:
				kind = "an ECDSA key on " + key.Curve.Params().Name
			case ed25519.PublicKey:
				kind = "an Ed25519 key"
			default:
				return nil
			}
			return &Finding{
				Message: fmt.Sprintf("expected an RSA key, got %s: certificate %s; presented by %s", kind, w.short(g.cert), w.where(g.at)),
				Fix:     w.fixRequest(w.captures[g.at[0]].Endpoint.Role),
			}
		}),
	}
}

func crlMissing() Rule {
	return Rule{
		ID: "crl-missing", Family: "usage", Severity: Warning,
		Title: "the certificate has no CRL distribution point",
		Doc: `The documentation wants a CRL distribution point in every server certificate; where it is missing, an Edge that checks
for revocation cannot, and refuses or waits. Short-lived certificates of public CAs may leave it out by their own rules,
and OCSP has been leaving too, so it is a warning.

How to fix it: on a private CA, add the CRL distribution point to the CA's extensions; from a public CA, order a
certificate that is not short-lived.`,
		Source: `"All server certificates must contain a CRL Distribution Point" (Microsoft, "Certificate infrastructure requirements for Lync Server 2013"); Baseline Requirements 7.1.2.11.2 on short-lived ones`,
		Run: judgeLeaf(everything, func(w *world, g group, c *x509.Certificate) *Finding {
			if len(c.CRLDistributionPoints) > 0 {
				return nil
			}
			return &Finding{
				Message: fmt.Sprintf("certificate %s has no CRL distribution point; presented by %s", w.short(g.cert), w.where(g.at)),
				Fix:     "order a certificate that has one; on a private CA add it to the CA's extensions",
			}
		}),
	}
}

// eachSigned runs a check over every leaf and every intermediate that belongs
// to its chain, each told once however many send it. Roots are exempt, and so
// is what has nothing to do with the leaf (chain-extra).
func eachSigned(wrong func(*x509.Certificate) string) func(*world, *result) {
	return func(w *world, r *result) {
		r.unseen(w.missing(everything)...)
		for _, g := range w.certificates() {
			if g.cert.X509 == nil {
				r.couldNotTell(undecodable, g.at...)
				continue
			}
			what := wrong(g.cert.X509)
			if what == "" {
				r.pass()
				continue
			}
			name, fix := "certificate "+w.short(g.cert), w.fixRequest(w.captures[g.at[0]].Endpoint.Role)
			if w.captures[g.at[0]].Leaf().Fingerprint != g.cert.Fingerprint {
				name = "intermediate " + nameOf(g.cert)
				fix = "get the CA's current intermediate, or a new certificate: " + fix
			}
			r.find(Finding{
				Certificates: certs(g.cert),
				Message:      fmt.Sprintf("%s: %s; presented by %s", what, name, w.where(g.at)),
				Fix:          fix,
			}, g.at...)
		}
	}
}

// certificates groups the captures by every certificate of their chains that
// counts, leaves first.
func (w *world) certificates() []group {
	out := slices.Clone(w.leaves)
	index := map[edge.Fingerprint]int{}
	for i, c := range w.captures {
		layout := trust.LayoutOf(c.Chain)
		for n, cert := range c.Chain {
			if n == 0 || holds(c.Chain[:n], cert) || holds(layout.Roots, cert) || holds(layout.Extra, cert) {
				continue
			}
			if at, ok := index[cert.Fingerprint]; ok && w.pool.Kind != edge.LoosePool {
				out[at].at = append(out[at].at, i)
				continue
			}
			index[cert.Fingerprint] = len(out)
			out = append(out, group{cert, []int{i}})
		}
	}
	return out
}
