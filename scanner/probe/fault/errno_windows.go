package fault

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// On Windows the package syscall has constants of Unix names with invented
// values, which a proxy's reply is told by (package proxy), while Winsock
// reports numbers of its own. Both are known.

func refused() []syscall.Errno {
	return []syscall.Errno{syscall.ECONNREFUSED, windows.WSAECONNREFUSED}
}

func reset() []syscall.Errno {
	return []syscall.Errno{syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE,
		windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAENETRESET, windows.WSAESHUTDOWN}
}

func unreachable() []syscall.Errno {
	return []syscall.Errno{syscall.EHOSTUNREACH, syscall.ENETUNREACH,
		windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAENETDOWN,
		windows.WSAEHOSTDOWN, windows.WSAEACCES}
}

// This machine ran out of descriptors or local ports.
func shortage() []syscall.Errno {
	return []syscall.Errno{syscall.EMFILE, syscall.EADDRNOTAVAIL, syscall.EADDRINUSE,
		windows.WSAEMFILE, windows.WSAENOBUFS, windows.WSAEADDRNOTAVAIL, windows.WSAEADDRINUSE}
}
