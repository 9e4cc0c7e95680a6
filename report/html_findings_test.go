package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCommandsBreakAtBlanks: a browser breaks a line behind a hyphen, and who
// types a command from paper would write "- Path".
func TestCommandsBreakAtBlanks(t *testing.T) {
	t.Parallel()
	for command, want := range map[string][]string{
		"Set-CsCertificate -Thumbprint AB":     {"Set-CsCertificate", "-Thumbprint"},
		"A-B (Get-Item C:\\x).Thumbprint; C-D": {"A-B", "Get-Item", "C-D"},
		"Import-X -Password (Read-Host)":       {"Import-X", "-Password", "Read-Host"},
		"-" + strings.Repeat("x", 1000):        nil,
		"":                                     nil,
	} {
		var whole []string
		var all strings.Builder
		for _, p := range pieces(command) {
			all.WriteString(p.Text)
			if p.Whole {
				whole = append(whole, p.Text)
			}
		}
		if d := cmp.Diff(want, whole); d != "" || all.String() != command {
			t.Errorf("%q became %q (-want +got):\n%s", command, all.String(), d)
		}
	}
}

// TestHTMLTellsMalformedCertificates: what could be read of it is told, as in
// the terminal report.
func TestHTMLTellsMalformedCertificates(t *testing.T) {
	t.Parallel()
	certs := newHTMLPage(malformed(t).report()).Pools[0].Certificates
	if len(certs) != 3 {
		t.Fatalf("%d certificates, want the good one, one of no form and one with a byte too many", len(certs))
	}
	if c := certs[2]; c.Malformed == "" || c.Subject != "sip.contoso.com" || c.Serial == "" || !strings.HasPrefix(c.Expiry, "Expires ") {
		t.Errorf("malformed %q, subject %q, serial %q, %q", c.Malformed, c.Subject, c.Serial, c.Expiry)
	}
}
