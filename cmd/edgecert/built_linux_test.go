package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What only the program as it is built can show: what becomes of it at the
// limits of a shell. The race detector would need more than any of them leaves.
func TestBuilt(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "edgecert")
	build := exec.Command("go", "build", "-tags", "nethttpomithttp2", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Run("memory that runs out", func(t *testing.T) { t.Parallel(); memoryRunsOut(t, program) })
	t.Run("limits that suffice", func(t *testing.T) { t.Parallel(); memorySuffices(t, program) })
	t.Run("interrupted under limits", func(t *testing.T) { t.Parallel(); interruptedUnderLimits(t, program) })
	t.Run("signals at any moment", func(t *testing.T) { t.Parallel(); signalsAtAnyMoment(t, program) })
	t.Run("a full disk", func(t *testing.T) { t.Parallel(); diskIsFull(t, program) })
	t.Run("hostile input", func(t *testing.T) { t.Parallel(); hostileInput(t, program) })
	t.Run("hostile peers", func(t *testing.T) { t.Parallel(); hostilePeers(t, program) })
}

// under runs a command in a shell with a limit and returns its exit status and
// what it said.
func under(t *testing.T, limit string, command ...string) (status int, out, errOut string) {
	t.Helper()
	cmd := limited(t, limit, command...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	} else if ok {
		status = exit.ExitCode()
	}
	return status, stdout.String(), stderr.String()
}

// limited is a command in a shell with a limit. What hangs is killed, which is
// no exit status that any test wants.
func limited(t *testing.T, limit string, command ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return exec.CommandContext(ctx, "sh", append([]string{"-c", "ulimit " + limit + ` && exec "$@"`, "sh"}, command...)...)
}

// inWords says what is wrong with how a failure is told: in a line and its hint,
// by the program and not by Go's runtime.
func inWords(status int, errOut string) error {
	switch {
	case status != exitUsage:
		return fmt.Errorf("exit status %d, want %d", status, exitUsage)
	case !strings.HasPrefix(errOut, "error: ") || strings.Count(errOut, "\n") > 4:
		return errors.New("not told in a sentence")
	}
	for _, trace := range []string{"goroutine", "runtime", "fatal error", ".go:"} {
		if strings.Contains(errOut, trace) {
			return fmt.Errorf("a stack trace (%q)", trace)
		}
	}
	return nil
}

func memoryRunsOut(t *testing.T, program string) {
	var many bytes.Buffer
	for i := range 200_000 {
		fmt.Fprintf(&many, "127.%d.%d.%d:443\n", i>>16, i>>8&255, i&255)
	}
	file := filepath.Join(t.TempDir(), "many.txt")
	if err := os.WriteFile(file, many.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, errOut := under(t, "-d 100000", program, "targets", file)
	if err := inWords(status, errOut); err != nil || !strings.Contains(errOut, "memory ran out") {
		t.Errorf("%v\n%s", err, errOut)
	}
}

// What Go's runtime says at its end, and a mistake of the program's own, which
// is none of memory's.
func TestWhatARuntimeSays(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"": "",
		"fatal error: runtime: out of memory\n\ngoroutine 1 [running]:\n":                                                              "memory ran out",
		"SIGSEGV: segmentation violation\nPC=0x436f7d m=6 sigcode=1 addr=0x0\n\ngoroutine 0 gp=0x1 m=6 mp=0x1 [idle]:\n":               "memory ran out",
		"fatal error: unexpected signal during runtime execution\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0]\n":        "memory ran out",
		"panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1]\n": "internal failure: panic: runtime error: invalid memory address or nil pointer dereference",
	} {
		b := &beginning{}
		if _, err := b.Write([]byte(said)); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := b.failure(); err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

func memorySuffices(t *testing.T, program string) {
	for _, limit := range []string{"-v 4000000", "-d 1000000"} {
		status, out, errOut := under(t, limit, program, "explain", "expired")
		if status != exitOK || out == "" || errOut != "" {
			t.Errorf("%s: exit status %d\n%s", limit, status, errOut)
		}
		status, _, errOut = under(t, limit, program, "explain", "expierd")
		if err := inWords(status, errOut); err != nil || !strings.Contains(errOut, "did you mean expired?") {
			t.Errorf("%s: %v\n%s", limit, err, errOut)
		}
	}
}

// Who is told is the guard; what ends is the scan, with its report.
func interruptedUnderLimits(t *testing.T, program string) {
	member, resolver := listen(t)
	cmd := limited(t, "-v 4000000", program, "scan", member.Addr().String(), "--resolver", resolver.LocalAddr().String(),
		"--timeout", "60s", "--retries", "0", "--format", "json")
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := member.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	exit, ok := errors.AsType[*exec.ExitError](cmd.Wait())
	if !ok || exit.ExitCode() != exitInterrupted || !strings.Contains(out.String(), `"interrupted": true`) {
		t.Errorf("%v, want exit status %d and a report that says so\n%s%s", exit, exitInterrupted, out.String(), errOut.String())
	}
}

// Signals that come twice, as timeout(1) sends them, at random moments of a scan
// that would not end by itself: report and file are there each time, whole.
func signalsAtAnyMoment(t *testing.T, program string) {
	file := filepath.Join(t.TempDir(), "scan.json")
	random := rand.New(rand.NewPCG(13, 7))
	for n := range 40 {
		member, resolver := listen(t)
		cmd := limited(t, "-c 0", program, "scan", member.Addr().String(), "--resolver", resolver.LocalAddr().String(),
			"--timeout", "100s", "--retries", "0", "--format", "json", "-o", file)
		var out, errOut strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errOut
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		conn, err := member.Accept()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(30 * time.Millisecond)))) // whichever moment it is
		for range 2 {
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
		}
		exit, _ := errors.AsType[*exec.ExitError](cmd.Wait())
		_ = conn.Close()
		saved, err := os.ReadFile(file)
		if exit.ExitCode() != exitInterrupted || err != nil || string(saved) != out.String() || !strings.Contains(out.String(), `"interrupted": true`) {
			t.Fatalf("signal %d: %v, %v\n%s%s", n, exit, err, out.String(), errOut.String())
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

// A disk that is full, and a limit of file sizes, are told, and leave the
// outputs whole that have room.
func diskIsFull(t *testing.T, program string) {
	dir := t.TempDir()
	old, other := filepath.Join(dir, "old.html"), filepath.Join(dir, "scan.prom")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	scan := []string{program, "scan", "127.0.0.1:1", "--quick", "--retries", "0"}
	for _, test := range []struct {
		name, limit string
		args        []string
	}{
		{"stdout", "-c 0", []string{"--format", "json"}},
		{"-o", "-f 16", []string{"-o", old, "-o", other, "-q"}}, // blocks of 512 bytes
		{"--state", "-f 0", []string{"-q", "--state", filepath.Join(dir, "state")}},
	} {
		cmd := limited(t, test.limit, append(scan, test.args...)...)
		var errOut strings.Builder
		cmd.Stderr = &errOut
		if test.name == "stdout" {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer full.Close()
			cmd.Stdout = full
		}
		exit, _ := errors.AsType[*exec.ExitError](cmd.Run())
		if err := inWords(exit.ExitCode(), errOut.String()); err != nil {
			t.Errorf("%s: %v\n%s", test.name, err, errOut.String())
		}
	}
	if text, _ := os.ReadFile(old); string(text) != "old" {
		t.Errorf("the old file holds %d bytes", len(text))
	}
	if info, err := os.Stat(other); err != nil || info.Size() == 0 {
		t.Errorf("the output that had room: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
