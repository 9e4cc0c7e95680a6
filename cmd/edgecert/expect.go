package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"edgecert/scanner/certfile"
	"edgecert/scanner/edge"
)

func bindExpect(f *pflag.FlagSet, expect *string) {
	f.StringVar(expect, "expect", "", "the certificate that was meant, `FILE|THUMBPRINT`: every endpoint must present it")
}

// expectation completes what an `expect` line or --expect says: a thumbprint, or
// a file whose leaf is meant. password is asked where the file needs one.
func expectation(x edge.Expectation, password func(name string) (string, error)) (edge.Expectation, error) {
	if print, ok := edge.ParseThumbprint(x.Text); ok {
		x.Text, x.Thumbprint = print, print
		return x, nil
	}
	data, err := readAtMost(x.Text, certfile.MaxSize)
	if err != nil {
		return x, hintf("a thumbprint has 40 or 64 hexadecimal digits", "%s: reading the expected certificate: %w", x.Source, err)
	}
	file, err := certfile.Read(x.Text, data, func() (string, error) { return password(x.Text) })
	if err != nil {
		return x, fmt.Errorf("%s: %w", x.Source, err)
	}
	x.Certificate, x.Chain, x.File = file.Certificates[0], file.Chain(), file.Checked()
	x.Thumbprint = x.Certificate.Fingerprint.String()
	return x, nil
}

// readExpected reads the files that `expect` lines name.
func readExpected(pools []edge.Pool, password func(name string) (string, error)) error {
	for _, p := range pools {
		for i, x := range p.Expect {
			if x.Thumbprint != "" {
				continue
			}
			var err error
			if p.Expect[i], err = expectation(x, password); err != nil {
				return err
			}
		}
	}
	return nil
}

// expectEverywhere makes x, which is for no role, the certificate that is meant
// for Access's group of every Edge pool and for every host of the command line,
// in place of what their lines say. It refuses pools of which none is asked.
func expectEverywhere(pools []edge.Pool, x edge.Expectation) error {
	for i, p := range pools {
		if !p.IsEdge() && p.Kind != edge.CommandLinePool {
			continue
		}
		expect := []edge.Expectation{x}
		for _, own := range p.Expect {
			if own.Role != "" && !p.SharesWithAccess(own.Role) {
				expect = append(expect, own)
			}
		}
		pools[i].Expect = expect
	}
	if !expecting(pools) {
		return hintf("a pool of another kind has its own line expect", "--expect is for Edge pools and hosts of the command line, and there is none")
	}
	return nil
}
