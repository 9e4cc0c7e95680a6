package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
)

// Where memory is limited (ulimit -v, ulimit -d), Go's runtime may end the
// process in the middle of anything, with a stack trace and the status of
// findings. Only another process can say better: there the program runs as a
// child of itself. Elsewhere it is the kernel that ends what is too large, and
// no start is paid for twice.

// guardedVariable tells the child that it is one: 3 is then what stderr was,
// and stderr a pipe into which only the runtime writes.
const guardedVariable = "EDGECERT_GUARDED"

// runtimeSpace is what the runtime reserves of the address space at its start,
// in bytes, and does not use: measured, 700 MB.
const runtimeSpace = 720 << 20

// guarded runs the program under guard where memory is limited, and says with
// which status it ended; false where this process is to do the work.
func guarded() (status int, done bool) {
	limit, limited := memoryLimit()
	switch {
	case !limited:
		return 0, false
	case os.Getenv(guardedVariable) == "":
		status, err := guard(os.Args, os.Stderr)
		if err != nil {
			newUI(os.Stderr).fail(err)
		}
		return status, true
	}
	os.Stderr = os.NewFile(3, "/dev/stderr")
	_ = os.Unsetenv(guardedVariable)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit / 10 * 8) // collect earlier rather than fail
	}
	return 0, false
}

// memoryLimit is what the limits leave for data, in bytes.
func memoryLimit() (int64, bool) {
	limit, limited := int64(0), false
	for resource, reserved := range map[int]uint64{syscall.RLIMIT_AS: runtimeSpace, syscall.RLIMIT_DATA: 0} {
		var r syscall.Rlimit
		if syscall.Getrlimit(resource, &r) != nil || int64(r.Cur) < 0 {
			continue // -1 is without limit
		}
		left := int64(max(r.Cur, reserved) - reserved)
		if !limited || left < limit {
			limit, limited = left, true
		}
	}
	return limit, limited
}

// guard runs a command and returns its exit status; where a runtime that fails
// ended it, that of an internal failure, and the failure.
func guard(args []string, stderr *os.File) (int, error) {
	runtime.LockOSThread() // the kernel ends the child with the thread that started it
	name, err := os.Executable()
	if err != nil {
		return exitUsage, err
	}
	said := &beginning{}
	child := &exec.Cmd{Path: name, Args: args, Env: append(os.Environ(), guardedVariable+"=1"),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: said, ExtraFiles: []*os.File{stderr},
		SysProcAttr: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}}
	caught := make(chan os.Signal, 8)
	signal.Notify(caught, ends()...)
	defer signal.Stop(caught)
	if err := child.Start(); err != nil {
		return exitUsage, hintf(roomHint, "starting under limited memory: %w", err)
	}
	go func() {
		for s := range caught {
			_ = child.Process.Signal(s)
		}
	}()
	err = child.Wait()
	if failure := said.failure(); failure != nil {
		return exitUsage, failure
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return exitOK, nil
	case !ok:
		return exitUsage, err
	case exit.Sys().(syscall.WaitStatus).Signaled():
		return 128 + int(exit.Sys().(syscall.WaitStatus).Signal()), nil
	}
	return exit.ExitCode(), nil
}

const roomHint = "give it more room (ulimit -v, ulimit -d), fewer targets (--shard), or a smaller --concurrency"

// beginning keeps the beginning of what a runtime says at its end.
type beginning struct{ text bytes.Buffer }

func (b *beginning) Write(p []byte) (int, error) {
	const enough = 4 << 10
	room := max(0, enough-b.text.Len())
	_, _ = io.CopyN(&b.text, bytes.NewReader(p), int64(min(room, len(p))))
	return len(p), nil
}

// failure says in a sentence what a runtime said; nil where it said nothing.
func (b *beginning) failure() error {
	text := b.text.String()
	short := strings.HasPrefix(text, "SIGSEGV") // in the runtime's own code, whose collector takes memory without looking whether it got any
	for _, shortage := range []string{"out of memory", "cannot allocate", "failed to reserve", "failed to create new OS thread", "pthread_create failed",
		"unexpected signal during runtime execution"} {
		short = short || strings.Contains(text, shortage)
	}
	if short {
		return hintf(roomHint, "memory ran out under the limits of this shell")
	}
	if text == "" {
		return nil
	}
	first, _, _ := strings.Cut(text, "\n")
	return hintf("please report it as a bug", "internal failure: %s", first)
}
