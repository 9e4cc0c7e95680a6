package report_test

import (
	"bytes"
	"strings"
	"testing"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
)

// The plan's script throws before its first command, and text of the network
// stays in its comments.
func TestPowerShellIsNotRunAsAWhole(t *testing.T) {
	t.Parallel()
	r := reporttest.Faulty(t).Report()
	p := &r.Pools[0]
	p.Plan.Name = "edge\n; calc #> ‘"
	p.Steps = []audit.Step{{On: []string{"edge2\ncalc"}, Text: "assign it", Commands: []string{"Set-CsCertificate -Type DataEdgeExternal -Thumbprint AB", "Start-CsWindowsService"}, Problems: []int{0, 1}}}
	var out bytes.Buffer
	if err := report.PowerShell(&out, r); err != nil {
		t.Fatal(err)
	}
	thrown, commands := false, 0
	for l := range strings.Lines(out.String()) {
		l = strings.TrimSpace(l)
		switch {
		case l == "" || strings.HasPrefix(l, "# "):
		case strings.HasPrefix(l, "throw '"):
			thrown = true
		case !thrown:
			t.Errorf("before the script refuses: %s", l)
		case l != p.Steps[0].Commands[0] && l != p.Steps[0].Commands[1]:
			t.Errorf("no command of the plan: %s", l)
		default:
			commands++
		}
	}
	if commands != 2 || !strings.Contains(out.String(), "(settles problems 1, 2)") {
		t.Errorf("%d commands in\n%s", commands, out.String())
	}
}
