package html

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
)

// A lifetime is told in the days that lifetime-too-long counts: a duration ends at
// 292 years, and Windows' dates begin in 1601.
func TestValidityOfCenturies(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2026, 12, 1, 23, 59, 59, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, x, x, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := new(htmlBuilder).validity(edge.NewCertificate(der)), "1601-01-01 to 2026-12-01, 155,563 days"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

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
