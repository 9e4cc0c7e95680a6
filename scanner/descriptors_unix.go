//go:build unix

package scanner

import "syscall"

// Descriptors that are not connections: files, pipes, the log, the poller, and
// DNS, which is asked 64 names at a time, A and AAAA together.
const spareDescriptors = 192

// descriptors is how many connections this process may have open. The package
// os has raised the soft limit to the hard one already.
func descriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return defaultConcurrency
	}
	all := int(min(limit.Cur, 1<<20))
	return max(all-min(spareDescriptors, all/2), 1)
}
