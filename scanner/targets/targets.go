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

// maxErrors are told of a targets file: beyond that it is the wrong file.
const maxErrors = 25

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
