package audit

import (
	"crypto/x509"
	"fmt"
	"net/netip"
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

// How a certificate travels with its private key. There is no cmdlet of the
// product's own for the way out; the thumbprint comes first in exportPFX.
const (
	exportPFX = `Export-PfxCertificate -Cert Cert:\LocalMachine\My\%[1]s -FilePath .\edge.pfx -Password (Read-Host -AsSecureString)`
	importPFX = `Import-CsCertificate -Path .\edge.pfx -Password (Read-Host) -PrivateKeyExportable $true`
)

// fixAssign brings a certificate that one member has to these, and assigns it.
func (w *world) fixAssign(members []string, r edge.Role, c *edge.Certificate) string {
	where := on(members)
	use := w.uses(r)
	if use == "" {
		return fmt.Sprintf("install the certificate with thumbprint %s %s", c.Thumbprint(), where)
	}
	return fmt.Sprintf("on a member that has it: "+exportPFX+"; %[2]s: "+importPFX+"; Set-CsCertificate -Type %[3]s -Thumbprint %[1]s; "+
		"then restart the Edge services: Stop-CsWindowsService; Start-CsWindowsService", c.Thumbprint(), where, use)
}

// on says where to run a command. A name that is not fit for a command line is
// left to the message.
func on(members []string) string {
	for _, m := range members {
		if _, err := netip.ParseAddr(m); err != nil && !edge.DNSSafe(m) {
			return "on the servers named"
		}
	}
	if len(members) == 0 {
		return "on every member"
	}
	return "on " + list(members)
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
	signer := "a public CA"
	if w.pool.PrivateIssuer {
		signer = "the pool's CA"
	}
	client := ""
	if w.clientAuthRequired() {
		client = " -ClientEKU $true"
	}
	return fmt.Sprintf("Request-CsCertificate -New -Type %s -AllSipDomain%s -KeySize %d -PrivateKeyExportable $true%s "+
		"-Output .\\edge.req; have %s sign it; on each member: "+importPFX+
		"; Set-CsCertificate -Type %s -Thumbprint <thumbprint of the new certificate>",
		use, domains, minRSABits, client, signer, use)
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
