package audit

import (
	"crypto/x509"
	"fmt"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

// The rules about a certificate file, judged before it is assigned.

// checksFile applies to pools that a certificate file stands in for, where
// they have a service that it would serve.
func checksFile(w *world) bool { return w.pool.File != nil && len(w.leaves) > 0 }

// carriesKey says whether a format is meant to hold the private key too. A
// certificate as the CA sends it (.cer, .p7b) never does: the key is waiting
// on the server that made the request.
func carriesKey(f edge.CheckedFile) bool { return f.Format == "PFX" }

func keyMissing() Rule {
	return Rule{
		ID: "key-missing", Family: "file", Severity: Error,
		Short: "comes without its private key", Mend: remedy.ByOwnSteps,
		Varies: "info for a file that is not a PFX: there the key may wait on the server that requested it",
		Title:  "the certificate file holds no private key",
		Doc: `A PFX without the private key cannot be assigned: Import-CsCertificate takes it, and the certificate then does not
appear among those that Set-CsCertificate accepts, since the server cannot prove that it is its own. All members of an
Edge pool need the same key, so it has to travel with the certificate.

A .cer, .crt or .p7b file as the CA sends it holds no key, and need not: it belongs to the request that is pending on one
server. On the others the PFX exported there is imported.

How to fix it: export the certificate with its private key on the server that requested it (Export-PfxCertificate, or
certlm.msc with "Yes, export the private key"); if the key was not made exportable, request the certificate again with
-PrivateKeyExportable $true.`,
		Source:  `"Certificate requirements for external user access in Lync Server 2013": on an Edge pool the private key must be exportable, and each Edge Server has the same certificate and key`,
		Applies: checksFile,
		Run: func(w *world, r *result) {
			f := *w.pool.File
			switch {
			case f.Key == edge.KeyUnreadable:
				r.couldNotTell("the private key cannot be compared", w.all()...)
			case f.Key != edge.KeyAbsent:
				r.pass()
			case carriesKey(f):
				r.find(Finding{Certificates: certs(w.checked()),
					Message: fmt.Sprintf("%s is a PFX, and holds no private key: it cannot be assigned", f.Name),
					Fix:     "export it again with its private key on the server that requested it; if the key is not exportable, request the certificate again with -PrivateKeyExportable $true"}, w.all()...)
			default:
				r.find(Finding{Severity: Info, Certificates: certs(w.checked()),
					Message: fmt.Sprintf("%s (%s) holds no private key: it can be imported only where the request is pending", f.Name, f.Format),
					Fix:     "import it on the server that made the request, and carry it to the other members as a PFX exported there with its private key"}, w.all()...)
			}
		},
	}
}

func keyMismatch() Rule {
	return Rule{
		ID: "key-mismatch", Family: "file", Severity: Error,
		Short: "comes with a private key of another certificate", Mend: remedy.ByOwnSteps,
		Title: "the private key in the file belongs to another certificate",
		Doc: `The file holds a private key, and it is not the key of the certificate: most often a renewed certificate was put
together with the key of the last one. No server can complete a handshake with it.

How to fix it: find the key that the certificate was requested with (on Windows it is on the server that made the
request: certutil -repairstore my SERIAL joins the two), or request the certificate again.`,
		Source:  "RFC 8446 section 4.4.3 (RFC 5246 section 7.4.3 for TLS 1.2): the server proves that it holds the private key of its certificate",
		Applies: checksFile,
		Run: func(w *world, r *result) {
			f := *w.pool.File
			switch f.Key {
			case edge.KeyMatches:
				r.pass()
			case edge.KeyDiffers:
				r.find(Finding{Certificates: certs(w.checked()),
					Message: fmt.Sprintf("the private key in %s does not belong to the certificate in it", f.Name),
					Fix:     "find the key that the certificate was requested with, on the server that requested it: certutil -repairstore my " + w.checked().Serial() + "; or request the certificate again"}, w.all()...)
			case edge.KeyUnreadable:
				r.couldNotTell("the private key cannot be compared", w.all()...)
			}
		},
	}
}

func keyStorageUnsupported() Rule {
	return Rule{
		ID: "key-storage-unsupported", Family: "file", Severity: Warning,
		Short: "would put its key into a CNG provider", Mend: remedy.ByOwnSteps,
		Title: "the PFX would put its key into a CNG provider, which the Edge does not work with",
		Doc: `A PFX that Windows exported says which provider held its key, and the import puts it there again. Lync and Skype for
Business need a key of a classic CSP: with one of a CNG provider (a "Key Storage Provider") the services do not start, or
the assignment fails with messages that do not name the cause. A PFX of OpenSSL names no provider and goes into the
classic one.

How to fix it: import it with the classic provider: certutil -csp "Microsoft RSA SChannel Cryptographic Provider"
-importpfx FILE; or request the certificate again from a template with a legacy cryptographic service provider.`,
		Source:  "Microsoft, CertSetCertificateContextProperty: CERT_KEY_PROV_INFO_PROP_ID with dwProvType 0 is a CNG key storage provider; the PFX attribute is szOID_PKCS_12_KEY_PROVIDER_NAME_ATTR (1.3.6.1.4.1.311.17.1)",
		Applies: func(w *world) bool { return checksFile(w) && w.pool.IsEdge() },
		Run: func(w *world, r *result) {
			f := *w.pool.File
			if !isCNG(f.Provider) {
				r.pass()
				return
			}
			r.find(Finding{Certificates: certs(w.checked()),
				Message: fmt.Sprintf("expected a key of a classic CSP, got one of a CNG provider (%s): so %s says, and the import puts it there again", f.Provider, f.Name),
				Fix:     `import it with certutil -csp "Microsoft RSA SChannel Cryptographic Provider" -importpfx and the file's name`}, w.all()...)
		},
	}
}

// isCNG says whether a provider is one of CNG's. Their names end so, Microsoft's
// and those of hardware alike; the TPM's is the exception.
func isCNG(provider string) bool {
	return strings.Contains(provider, "Key Storage Provider") || provider == "Microsoft Platform Crypto Provider"
}

// mayNotEncipher is of a file alone: whether RSA key exchange will be negotiated,
// for which the key must encipher, only the server that gets it can show.
func (w *world) mayNotEncipher(g group, c *x509.Certificate) bool {
	return w.pool.File != nil && g.cert.Key().Algorithm == edge.RSA && edge.HasExtension(c, edge.KeyUsage) && c.KeyUsage&x509.KeyUsageKeyEncipherment == 0
}

// checked is the certificate of the file.
func (w *world) checked() *edge.Certificate { return w.leaves[0].cert }
