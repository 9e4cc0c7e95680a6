//go:build unix

package scanner

import "syscall"

// Descriptors that are not connections: files, pipes, the log, the poller.
const spareDescriptors = 64

// descriptors is how many connections this process may have open. The package
// os has raised the soft limit to the hard one already.
func descriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return defaultConcurrency
	}
	return max(int(min(limit.Cur, 1<<20))-spareDescriptors, 1)
}
