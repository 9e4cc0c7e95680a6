// Package targets turns what people have written down into what is dialed:
//
//	targets file ─┐
//	topology ─────┼→ []edge.Pool ─ Locate (DNS) ─→ []edge.Pool ─ Plan ─→ []edge.Endpoint
//	SIP domain ───┘
//
// Load and CommandLine read; Discover finds a pool from a SIP domain;
// Locate asks DNS what dialing needs, Resolve the rest; Plan is pure and writes
// out every cell that has to be seen. Write goes the other way and prints a
// targets file.
//
// Every fact keeps its source, so that a person can be told where an address
// or a name came from, and what disagrees is noted, never settled silently.
package targets

import (
	"edgecert/scanner/edge"
	"edgecert/scanner/targets/syntax"
)

// A File is what one or several targets files (or a command line) describe.
type File struct {
	Pools   []edge.Pool // in the order described; the pool of loose endpoints last
	Domains []Domain    // pools to be found from DNS, each once
}

// A Domain is a SIP domain whose pool is to be found from DNS.
type Domain struct {
	Name   string // A-labels, lower case, no trailing dot
	Source string // "targets.txt:12", "command line"
}

// FoundSource begins the Source of a pool that was found from a SIP domain.
const FoundSource = "DNS of "

// The limits of a targets file.
const (
	maxFileSize    = 16 << 20 // bytes: memory, against a wrong file (a disk image, /dev/zero)
	maxLineLength  = 64 << 10 // bytes: a binary file is told after one line; 700 SIP domains fit
	maxPools       = 2_000    // pools of all files: a report of more is read by nobody
	maxAddresses   = 64       // addresses of a member or VIPs: a typing slip in a generator
	maxNames       = 5_000    // SIP domains or extra names of a pool: rules times names stays quick
	maxLoose       = 200_000  // loose endpoints: memory of the captures
	maxDomains     = 1_000    // domains to discover: each costs some 20 DNS queries
	maxInventories = 1_000    // inventory files of a pool: each is opened
	maxErrors      = 25       // errors told: beyond that it is the wrong file
)

// parse reads a targets file. name is what the errors and sources call it.
// On bad input it returns Errors with everything that is wrong, and no File.
func parse(name string, raw []byte, rules []string) (File, error) {
	text, err := syntax.Decode(name, raw)
	if err != nil {
		return File{}, err
	}
	p := newParser(name, rules)
	p.run(text)
	if err := p.failed(); err != nil {
		return File{}, err
	}
	return p.file(), nil
}
