package remedy

import (
	"strings"

	"edgecert/scanner/edge"
)

// Commands are PowerShell for the Skype for Business Server Management Shell,
// with the pool's own names filled in. Somebody will paste them into a shell
// with administrator's rights: what came from the network or a file stands in
// one only where it is hex or a DNS-safe name, or in Quote.

// pfx is where a group's certificate is carried with its private key.
func (p *planner) pfx(group []edge.Role) string {
	if len(p.Groups()) < 2 {
		return `C:\edge.pfx`
	}
	return `C:\edge-` + strings.Join(edge.Map(group, func(r edge.Role) string { return string(r) }), "-") + ".pfx"
}

// Quote makes text one argument of a command, in single quotes that it cannot
// leave: PowerShell reads ‘ ’ ‚ ‛ as the quote ' too, and two of them in a row as
// one of the text (about_Quoting_Rules). A line break ends no string, and would
// end the line that is pasted: it becomes a blank, like every control character.
func Quote(text string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range text {
		switch {
		case r == '\'' || r >= '\u2018' && r <= '\u201b':
			b.WriteString(strings.Repeat(string(r), 2))
		case r < ' ' || r == 0x7f || r == 0x85 || r == '\u2028' || r == '\u2029':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// Assign assigns a certificate that is in the store of the machine.
func Assign(types []string, thumbprint string) string {
	return "Set-CsCertificate -Type " + strings.Join(types, ",") + " -Thumbprint " + HexOnly(thumbprint)
}

func assignFile(types []string, file string) string {
	return "Set-CsCertificate -Type " + strings.Join(types, ",") + " -Thumbprint (Get-PfxCertificate " + Quote(file) + ").Thumbprint"
}

// InStore is the path of a certificate in the machine's own store.
func InStore(thumbprint string) string { return `Cert:\LocalMachine\My\` + HexOnly(thumbprint) }

// ExportPFX is how a certificate leaves a server with its private key: the
// product has no cmdlet of its own for that. The certificate is a path of the
// store Cert:.
func ExportPFX(certificate, file string) string {
	return "Export-PfxCertificate -Cert " + certificate + " -FilePath " + Quote(file) + " -Password (Read-Host -AsSecureString)"
}

// ImportPFX: Import-CsCertificate takes the password as plain text, and a full
// path.
func ImportPFX(file string) string {
	return "Import-CsCertificate -Path " + Quote(file) + " -Password (Read-Host) -PrivateKeyExportable $true"
}

func importCER(file string) string {
	return "Import-CsCertificate -Path " + Quote(file) + " -PrivateKeyExportable $true"
}

// HexOnly lets a thumbprint into a command only where it is one.
func HexOnly(thumbprint string) string {
	if strings.Trim(thumbprint, "0123456789abcdefABCDEF") != "" {
		return ""
	}
	return strings.ToUpper(thumbprint)
}
