//go:build !windows

package fault

import "syscall"

func refused() []syscall.Errno { return []syscall.Errno{syscall.ECONNREFUSED} }

func reset() []syscall.Errno {
	return []syscall.Errno{syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE}
}

// A firewall that rejects with "administratively prohibited" is told as
// EACCES or EHOSTUNREACH, depending on the code it sends.
func unreachable() []syscall.Errno {
	return []syscall.Errno{syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN,
		syscall.EHOSTDOWN, syscall.EACCES, syscall.EPERM}
}

// This machine ran out of descriptors or local ports.
func shortage() []syscall.Errno {
	return []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.EADDRINUSE, syscall.ENOBUFS}
}
