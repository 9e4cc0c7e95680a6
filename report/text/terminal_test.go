package text

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/lab/peer"
)

// TestTableInARealTerminal writes reports to a terminal and reads back what
// stands on its screen: every character is where the layout meant it to be, and
// no string of a certificate has moved, coloured or cleared anything.
func TestTableInARealTerminal(t *testing.T) {
	t.Parallel()
	tmux := peer.Program(t, "tmux", "tmux")
	for name, r := range map[string]report.Report{"faulty": reporttest.Faulty(t).Report(), "hostile": reporttest.Hostile(t).Report(), "pools": reporttest.ManyPools(t).Report(), "loose": reporttest.LooseList(t, 200).Report()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const width, height = 180, 400 // wide enough for every command
			file := filepath.Join(t.TempDir(), "report")
			if err := os.WriteFile(file, table(t, r, Options{Width: width, Color: true}), 0o600); err != nil {
				t.Fatal(err)
			}
			got := screen(t, tmux, fmt.Sprintf("cat '%s'; printf end-of-report; cat", file), width, height)
			want := string(table(t, r, Options{Width: width})) + "end-of-report"
			if d := cmp.Diff(want, strings.TrimRight(got, "\n")); d != "" {
				t.Errorf("the screen shows something else (-meant +shown):\n%s", d)
			}
		})
	}
}

// screen runs a shell command in a terminal of its own until end-of-report
// stands there, and returns the text on it.
func screen(t *testing.T, tmux, command string, width, height int) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tmux") // a socket's path has room for a hundred characters
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	run := func(args ...string) string {
		cmd := exec.Command(tmux, append([]string{"-u", "-S", socket, "-f", os.DevNull}, args...)...)
		cmd.Env = append(os.Environ(), "TMUX=", "LC_ALL=C.UTF-8", "SHELL=/bin/sh") // a service account has no login shell
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("tmux %s: %v\n%s", args[0], err, out)
		}
		return string(out)
	}
	run("new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), command)
	t.Cleanup(func() { run("kill-server") })
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if text := run("capture-pane", "-p"); regexp.MustCompile(`(?m)^end-of-report$`).MatchString(text) {
			return text
		}
	}
	t.Fatalf("the report did not come to its end:\n%s", run("capture-pane", "-p"))
	return ""
}
