//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// ends are the signals that end a scan with its report. The last two would end
// it with a stack trace and the status of findings: Ctrl-\, and the limit of
// processor time (ulimit -t).
func ends() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGXCPU}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it: the terminal may go, the scan goes on
		all = append(all, syscall.SIGHUP)
	}
	return all
}

// failWrites has a write that nobody reads (`| head`), or that is beyond the
// limit of file sizes (ulimit -f), fail as any does: it must not cost the other
// outputs.
func failWrites() { signal.Ignore(syscall.SIGPIPE, syscall.SIGXFSZ) }
