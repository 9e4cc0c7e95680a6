package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommandsStayWhole(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fix  string
		want []string
	}{
		"prose alone":               {"renew it", []string{"renew it"}},
		"place and command":         {"on edge2: Set-CsCertificate -Type A", []string{"on edge2:", "Set-CsCertificate -Type A"}},
		"several commands":          {"on edge2: Import-CsCertificate -Path x; Set-CsCertificate -Type A; then rest", []string{"on edge2:", "Import-CsCertificate -Path x", "Set-CsCertificate -Type A", "then rest"}},
		"two commands after colon":  {"then restart: Stop-CsWindowsService; Start-CsWindowsService", []string{"then restart:", "Stop-CsWindowsService", "Start-CsWindowsService"}},
		"semicolon in brackets":     {"restart (Stop-CsWindowsService; Start-CsWindowsService)", []string{"restart (Stop-CsWindowsService; Start-CsWindowsService)"}},
		"semicolon in quotes":       {`Get-Item "a;b"; done`, []string{`Get-Item "a;b"`, "done"}},
		"script block":              {"Get-X | ForEach-Object { Set-Y; Set-Z }", []string{"Get-X | ForEach-Object { Set-Y; Set-Z }"}},
		"colon that starts no such": {"note: see the page", []string{"note: see the page"}},
		"line end from elsewhere":   {"first\nSet-Y -A 1", []string{"first\nSet-Y -A 1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tt.want, FixSteps(tt.fix)); d != "" {
				t.Error(d)
			}
		})
	}
}
