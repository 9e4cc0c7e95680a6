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
// with the pool's own names filled in: nothing in them is left to be replaced
// by hand. Somebody will paste them into a shell with administrator's rights,
// so nothing that came from the network goes into one but names that
// edge.DNSSafe lets through and hex digits.

// restart makes the services take the certificate that is assigned.
const restart = "Stop-CsWindowsService; Start-CsWindowsService"

// exportPFX is how a certificate leaves a server with its private key: the
// product has no cmdlet of its own for that. The certificate is a path of the
// store Cert:.
func exportPFX(certificate, file string) string {
	return fmt.Sprintf(`Export-PfxCertificate -Cert %s -FilePath %s -Password (Read-Host -AsSecureString)`, certificate, file)
}

// inStore is the path of a certificate whose thumbprint is known.
func inStore(thumbprint string) string { return `Cert:\LocalMachine\My\` + thumbprint }

// importPFX: Import-CsCertificate takes the password as plain text, and a full
// path.
func importPFX(file string) string {
	return "Import-CsCertificate -Path " + file + " -Password (Read-Host) -PrivateKeyExportable $true"
}

// copied reminds of the one step that is no command.
const copied = ", with that file copied there: "

func assign(types, thumbprint string) string {
	return fmt.Sprintf("Set-CsCertificate -Type %s -Thumbprint %s; %s", types, thumbprint, restart)
}

// uses are the -Type values for the pool's services. A/V has the same
// certificate where one serves all.
func (w *world) uses(r edge.Role) string {
	if r != "" && w.pool.PerService {
		return edge.CertificateType(r)
	}
	return strings.Join([]string{edge.TypeAccess, edge.TypeWebConf, edge.TypeAV}, ",")
}

// fixAssign assigns a certificate on these members, and brings it first to
// those that do not have it yet.
func (w *world) fixAssign(members []string, r edge.Role, c *edge.Certificate) string {
	use := w.uses(r)
	if use == "" || w.bearer(r) == edge.XMPP { // no cmdlet assigns a proxy's own
		return fmt.Sprintf("install the certificate with thumbprint %s %s", thumbprint(c), on(members))
	}
	return w.bring(members, use, thumbprint(c), `C:\edge.pfx`)
}

// bring is fixAssign for a certificate that may be known by its thumbprint
// alone.
func (w *world) bring(members []string, use, print, file string) string {
	holders := w.holdersOf(print)
	lacking := slices.DeleteFunc(slices.Clone(members), func(m string) bool { return slices.Contains(holders, m) })
	set := assign(use, print)
	if len(members) > 0 && len(lacking) == 0 {
		return on(members) + ": " + set
	}
	source := "on a member that has it"
	if len(holders) > 0 {
		source = on(holders[:1])
	}
	carry := source + ": " + exportPFX(inStore(print), file) + "; " + on(lacking) + copied + importPFX(file) + "; "
	if len(lacking) < len(members) {
		carry += on(members) + ": "
	}
	return carry + set
}

// holdersOf are the members that present a certificate on some service, or
// have it by their inventory.
func (w *world) holdersOf(print string) []string {
	var at []int
	for i, capture := range w.captures {
		if leaf := capture.Leaf(); leaf != nil && !capture.Endpoint.VIP && strings.EqualFold(leaf.Thumbprint(), print) {
			at = append(at, i)
		}
	}
	out := w.names(at)
	for _, r := range w.pool.Inventory {
		if strings.EqualFold(r.Thumbprint, print) && !slices.Contains(out, r.Member) {
			out = append(out, r.Member)
		}
	}
	return out
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
// on one member, and brings it to all of them. What is presented where nobody
// said that an Edge is, is not requested with the Edge's cmdlets.
func (w *world) fixRequest(r edge.Role) string {
	requests := edge.CertificateRequests(w.pool)
	if r != "" && w.pool.PerService {
		requests = slices.DeleteFunc(requests, func(q edge.CertificateRequest) bool { return !slices.Contains(q.Types, edge.CertificateType(r)) })
	}
	if len(requests) == 0 {
		return "request a certificate with the right names and use, and install it there"
	}
	var out []string
	for _, q := range requests {
		out = append(out, w.requestSteps(q))
	}
	return strings.Join(out, "; ")
}

func (w *world) requestSteps(q edge.CertificateRequest) string {
	signer := "a public CA"
	if w.pool.PrivateIssuer {
		signer = "the pool's CA"
	}
	first, others, all := "on one member", "on the others", on(nil)
	if w.named() && w.pool.File == nil {
		first = on([]string{w.pool.Members[0].Name})
	}
	file := q.File + ".cer"
	steps := fmt.Sprintf("%s: %s; have %s sign that, and save the answer as %s; %s: Import-CsCertificate -Path %[4]s -PrivateKeyExportable $true",
		first, q.Command, signer, file, first)
	if len(w.pool.Members) == 1 && w.pool.File == nil { // a file stands in for members that are not told here
		all = first
	} else {
		steps += "; " + exportPFX(`(Join-Path Cert:\LocalMachine\My (Get-PfxCertificate `+file+`).Thumbprint)`, q.File+".pfx") + "; " + others + copied + importPFX(q.File+".pfx")
		file = q.File + ".pfx"
	}
	return steps + "; " + all + ": " + assign(strings.Join(q.Types, ","), "(Get-PfxCertificate "+file+").Thumbprint")
}

// fixAV brings the right A/V certificate to the members that have another one
// by these records. Which one that is cannot be known where each has its own
// and the wire shows none.
func (w *world) fixAV(records []edge.InventoryRecord) string {
	right := w.rightAV(records)
	switch {
	case right != "":
		lacking := slices.DeleteFunc(slices.Clone(records), func(rec edge.InventoryRecord) bool { return strings.EqualFold(rec.Thumbprint, right) })
		return w.bring(membersOf(lacking), edge.TypeAV, right, avFile)
	case len(w.inTime(records)) == 0:
		return w.fixRequest(edge.AV)
	default:
		return "take the certificate of one member to all the others: " + importPFX(avFile) + "; assign it there for " + edge.TypeAV
	}
}

// fixRoll stages on the members without it what the others have staged, and
// where they do not agree, the newest. -Roll wants a date, and asks for it,
// since the inventory need not say it.
func (w *world) fixRoll(staged []edge.InventoryRecord, without []string) string {
	newest := slices.MaxFunc(staged, func(a, b edge.InventoryRecord) int { return a.NotBefore.Compare(b.NotBefore) })
	for _, rec := range staged {
		if rec.Thumbprint != newest.Thumbprint {
			without = append(without, rec.Member)
		}
	}
	right := hexOnly(newest.Thumbprint)
	if right == "" {
		return on(without) + ": stage the same certificate for the same day"
	}
	return on([]string{newest.Member}) + ": " + exportPFX(inStore(right), avFile) + "; " + on(without) + copied + importPFX(avFile) +
		"; Set-CsCertificate -Type " + edge.TypeAV + " -Thumbprint " + right + " -Roll -EffectiveDate (Read-Host 'EffectiveDate of the other members')"
}

const avFile = `C:\av.pfx`

// fixMissing holds thumbprints alone: hex, safe in a command.
func (w *world) fixMissing(g chainGroup) string {
	var steps []string
	for _, c := range g.trust.Missing {
		print := thumbprint(c)
		steps = append(steps, fmt.Sprintf(`on a member that sends it: Get-Item Cert:\LocalMachine\CA\%s | Export-Certificate -FilePath .\%s.cer; `+
			`where it is missing`+copied+`Import-Certificate -FilePath .\%s.cer -CertStoreLocation Cert:\LocalMachine\CA`, print, print, print))
	}
	return strings.Join(steps, "; ") + "; " + restart
}

const importIntermediate = `Import-Certificate -FilePath .\intermediate.cer -CertStoreLocation Cert:\LocalMachine\CA; `

// removeExpired takes a certificate out of the store that Schannel sends from.
func removeExpired(c *edge.Certificate) string {
	return `Remove-Item Cert:\LocalMachine\CA\` + thumbprint(c) + "; "
}

// hexOnly lets a thumbprint into a command only where it is one.
func hexOnly(thumbprint string) string {
	if strings.Trim(thumbprint, "0123456789abcdefABCDEF") != "" {
		return ""
	}
	return strings.ToUpper(thumbprint)
}

// clientAuthRequired says whether the pool's certificate must carry client
// authentication too.
func (w *world) clientAuthRequired() bool { return w.pool.NeedsClientAuth() }

// hasUsage says whether an extended key usage is there, "any" included.
func hasUsage(c *x509.Certificate, want x509.ExtKeyUsage) bool {
	return slices.Contains(c.ExtKeyUsage, want) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}
