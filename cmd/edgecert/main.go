// What crypto/tls and crypto/x509 refuse by default and have no Config field
// for, although old Edges still present it: SHA-1 in handshake signatures,
// negative serial numbers, RSA keys under 1024 bits and over 8192. The
// scanner must see such a certificate to say that it is wrong. The system's
// resolver is asked without EDNS (netedns0), which boxes on the way drop without
// a word: no answer would be told of DNS that is well.

//go:debug tlssha1=1
//go:debug x509negativeserial=1
//go:debug rsa1024min=0
//go:debug tlsmaxrsasize=16384
//go:debug netedns0=0

// Edgecert dials the external interfaces of every member of Lync and Skype
// for Business Edge pools, records the chain that each presents, and says
// whether the right certificate sits on the Access, Web Conferencing and A/V
// edges of every member: by name, by member, with the fix.
//
// Usage:
//
//	edgecert scan   [DOMAIN | HOST:PORT]... [-t FILE]...    scan and report
//	edgecert watch  -t FILE [--expect CERT]                 after a renewal: until it has arrived
//	edgecert check  CERT -t FILE [--pool NAME]              would this certificate be right?
//	edgecert targets FILE | --topology FILE | DOMAIN        show what would be dialed
//	edgecert report SCAN.json...                            render a saved scan again
//	edgecert collect                                        the PowerShell that gathers what the wire does not show
//	edgecert rules, edgecert explain RULE                   the catalogue, and one rule of it
//	edgecert demo                                           an Edge pool on loopback, scanned
//
// The report goes to stdout and nothing else does; progress, log and errors
// go to stderr. The exit status is 0 when all is well, 1 for warnings alone,
// 2 for an error finding or incomplete coverage, 3 for usage, bad input or an
// internal failure, and 130 when interrupted.
package main

import "os"

func main() {
	status, done := guarded()
	if !done {
		ctx := ended(ends()...)
		failWrites()
		status = run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	}
	os.Exit(status) // the exit status is the answer
}
