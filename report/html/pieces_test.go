package html

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
