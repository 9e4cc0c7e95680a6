//go:build !unix

package main

import (
	"os"
	"syscall"
)

// ends are the signals that end a scan with its report: Ctrl-C, and the window
// that is closed.
func ends() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

func failWrites() {}
