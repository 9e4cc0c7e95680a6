package audit

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// Fixes are PowerShell for the Skype for Business Server Management Shell,
// with the pool's own names filled in. Somebody will paste them into a shell
// with administrator's rights, so nothing that came from the network goes into
// one but names that edge.DNSSafe lets through and hex digits.

// uses are the -Type values for the pool's services, in the order in which the
// documentation lists them. A/V has the same certificate where one serves all.
func (w *world) uses(r edge.Role) string {
	if r != "" && w.pool.PerService {
		return certificateUse(r)
	}
	return strings.Join([]string{useAccess, useWebConf, useAV}, ",")
}

// fixAssign assigns a certificate that is already on the member, or says how
// to bring it there.
func (w *world) fixAssign(member string, r edge.Role, c *edge.Certificate) string {
	where := "on each member that lacks it"
	if member != "" {
		where = "on " + member
	}
	use := w.uses(r)
	if use == "" {
		return fmt.Sprintf("install the certificate with thumbprint %s %s", c.Thumbprint(), where)
	}
	return fmt.Sprintf("%s: Import-CsCertificate -Path .\\edge.pfx -PrivateKeyExportable $true; "+
		"Set-CsCertificate -Type %s -Thumbprint %s; then restart the Edge services (Stop-CsWindowsService; Start-CsWindowsService)",
		where, use, c.Thumbprint())
}

// fixRequest asks for a certificate with all the names that this pool needs,
// and assigns it.
func (w *world) fixRequest(r edge.Role) string {
	use := w.uses(r)
	if use == "" {
		return "request a certificate with the right names and use, and install it there"
	}
	var names []string
	for _, n := range w.required {
		if edge.DNSSafe(n.Name) {
			names = append(names, n.Name)
		}
	}
	domains := ""
	if len(names) > 0 {
		domains = ` -DomainName "` + strings.Join(names, ",") + `"`
	}
	client := ""
	if w.clientAuthRequired() {
		client = " -ClientEKU $true"
	}
	return fmt.Sprintf("Request-CsCertificate -New -Type %s -AllSipDomain%s -KeySize %d -PrivateKeyExportable $true%s "+
		"-Output .\\edge.req; have a public CA sign it; on each member: Import-CsCertificate -Path .\\edge.pfx "+
		"-PrivateKeyExportable $true; Set-CsCertificate -Type %s -Thumbprint <thumbprint of the new certificate>",
		use, domains, minRSABits, client, use)
}

// nameFault says why Windows would not take a DNS name, empty where it would:
// "A–Z, a–z, 0–9 and hyphens" ("Determine DNS requirements for Lync Server
// 2013"), in labels of 1 to 63 and at most 253 together (RFC 1035, 2.3.4). A
// leading wildcard label is told by other rules.
func nameFault(name string) string {
	if name == "" {
		return "is empty"
	}
	if len(name) > 253 {
		return "is longer than 253 characters"
	}
	for l := range strings.SplitSeq(name, ".") {
		switch {
		case l == "":
			return "has an empty label"
		case len(l) > 63:
			return "has a label of more than 63 characters"
		case strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-"):
			return "has a label that starts or ends with a hyphen"
		case strings.Contains(l, "_"):
			return "has an underscore"
		}
		for _, c := range l {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
				if c >= 0x80 {
					return "has a character outside ASCII"
				}
				return fmt.Sprintf("has the character %q", c)
			}
		}
	}
	return ""
}

// clientAuthRequired says whether the pool's certificate must carry client
// authentication too.
func (w *world) clientAuthRequired() bool {
	return w.pool.ClientAuth == edge.ClientAuthRequired || w.pool.PublicIMAOL
}

// hasUsage says whether an extended key usage is there, "any" included.
func hasUsage(c *x509.Certificate, want x509.ExtKeyUsage) bool {
	return slices.Contains(c.ExtKeyUsage, want) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}
