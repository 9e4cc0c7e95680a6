//go:build unix

package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"edgecert/scanner/lab"
)

// However a scan is told to end, it reports first: by Ctrl-C, by a service
// manager, or by the loss of the terminal that it runs in.
func TestSignalsEndAScanWithItsReport(t *testing.T) {
	t.Parallel()
	// What is ignored here, under nohup, the command would inherit; what is
	// caught it would not.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(caught) })
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			member, resolver := listen(t)
			file := filepath.Join(t.TempDir(), "scan.json")
			scan := exec.Command("edgecert", "scan", member.Addr().String(), "--resolver", resolver.LocalAddr().String(),
				"--timeout", "60s", "--retries", "0", "--format", "json", "-o", file)
			var out, errOut strings.Builder
			scan.Stdout, scan.Stderr = &out, &errOut
			if err := scan.Start(); err != nil {
				t.Fatal(err)
			}
			conn, err := member.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil { // it is in the handshake
				t.Fatal(err)
			}
			for range 2 { // to the process, and to its group
				if err := scan.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
			}
			exit, ok := errors.AsType[*exec.ExitError](scan.Wait())
			if !ok || exit.ExitCode() != exitInterrupted || !strings.Contains(out.String(), `"interrupted": true`) {
				t.Errorf("%v, want exit status %d and a report that says so\n%s%s", exit, exitInterrupted, out.String(), errOut.String())
			}
			if saved, err := os.ReadFile(file); err != nil || string(saved) != out.String() {
				t.Errorf("the file of -o: %d bytes, %v", len(saved), err)
			}
		})
	}
}

// A watch that is told to end reports what is there and what is missing, too.
func TestAnInterruptEndsAWatchWithItsReport(t *testing.T) {
	t.Parallel()
	l, err := lab.Start(t.Context(), lab.Renewal(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	dir := t.TempDir()
	targets, roots, err := writeLab(l, dir)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "scan.json")
	watch := exec.Command("edgecert", "watch", "-t", targets, "--roots", roots, "--only-roots", "--resolver", l.Resolver(),
		"--expect", strings.Repeat("ab", 20), "--interval", "1h", "--format", "json", "-o", file)
	var out strings.Builder
	watch.Stdout = &out
	words, err := watch.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	told := bufio.NewReader(words)
	if _, err := told.ReadString('\n'); err != nil { // it has looked, and waits
		t.Fatal(err)
	}
	if err := watch.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(told)
	exit, ok := errors.AsType[*exec.ExitError](watch.Wait())
	if !ok || exit.ExitCode() != exitInterrupted || !strings.Contains(string(rest), "interrupted after") ||
		!strings.Contains(out.String(), `"interrupted": true`) || !strings.Contains(out.String(), "expected-not-presented") {
		t.Errorf("%v, want exit status %d and a report of what is missing\n%s%s", exit, exitInterrupted, out.String(), rest)
	}
	if saved, err := os.ReadFile(file); err != nil || string(saved) != out.String() {
		t.Errorf("the file of -o: %d bytes, %v", len(saved), err)
	}
}
