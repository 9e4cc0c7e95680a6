package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"edgecert/scanner/lab"
)

// renew turns a member of the script's lab: `renew edge1 restart`, `renew edge1`.
func renew(ts *testscript.TestScript, _ bool, args []string) {
	l := ts.Value(labKey{}).(*scriptLab).Lab
	if len(args) == 2 && args[1] == "restart" {
		l.Restart(args[0])
		return
	}
	l.Renew(args[0])
}

// A scriptLab is the pool that a script raised.
type scriptLab struct{ *lab.Lab }

type labKey struct{}

// tmux runs a command of the script's terminal, whose socket is in $TERMINAL.
func tmux(ts *testscript.TestScript, args ...string) string {
	cmd := exec.Command("tmux", append([]string{"-u", "-S", ts.Getenv("TERMINAL"), "-f", os.DevNull}, args...)...)
	for _, name := range []string{"PATH", "NO_COLOR", "HOME", "NEW", "RESOLVER"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C.UTF-8", "SHELL=/bin/sh", "TERM=xterm")
	cmd.Dir = ts.MkAbs(".")
	out, err := cmd.CombinedOutput()
	if err != nil {
		ts.Fatalf("tmux %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

// terminal runs a shell command in a real terminal: `terminal 80x24 COMMAND`.
func terminal(ts *testscript.TestScript, _ bool, args []string) {
	dir, err := os.MkdirTemp("", "tmux") // a socket's path has room for a hundred characters
	ts.Check(err)
	ts.Setenv("TERMINAL", filepath.Join(dir, "s"))
	columns, rows, _ := strings.Cut(args[0], "x")
	tmux(ts, "new-session", "-d", "-x", columns, "-y", rows, "trap : INT; "+args[1]+"; echo status $?; cat")
	ts.Defer(func() { // by its own socket: a script may have several
		_ = exec.Command("tmux", "-S", filepath.Join(dir, "s"), "kill-server").Run()
		os.RemoveAll(dir)
	})
}

// resize makes the terminal another size: `resize 60x20`.
func resize(ts *testscript.TestScript, _ bool, args []string) {
	columns, rows, _ := strings.Cut(args[0], "x")
	tmux(ts, "resize-window", "-x", columns, "-y", rows)
}

// typeKeys types into the terminal: `keys C-c`.
func typeKeys(ts *testscript.TestScript, _ bool, args []string) {
	tmux(ts, append([]string{"send-keys"}, args...)...)
}

// screenShows waits until the terminal shows all of these, or with ! demands
// that it does not now.
func screenShows(ts *testscript.TestScript, neg bool, args []string) {
	var text string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		text = tmux(ts, "capture-pane", "-p", "-e")
		all := true
		for _, want := range args {
			all = all && regexp.MustCompile("(?m)"+want).MatchString(text)
		}
		if neg {
			if all {
				ts.Fatalf("the screen shows %q:\n%s", args, text)
			}
			return
		}
		if all {
			return
		}
	}
	ts.Fatalf("the screen does not come to show %q:\n%s", args, text)
}
