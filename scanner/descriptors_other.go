//go:build !unix

package scanner

// descriptors is how many connections this process may have open. Windows has
// no limit on sockets worth minding here.
func descriptors() int { return defaultConcurrency }
