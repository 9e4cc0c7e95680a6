package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/pflag"

	"edgecert/scanner/certfile"
	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

func bindExpect(f *pflag.FlagSet, expect *string) {
	f.Var(once{expect}, "expect", "the certificate that was meant, `FILE|THUMBPRINT`: every endpoint must present it; - is stdin")
}

// once is the text of a flag that is given once at most: of two certificates
// that were meant, one would be left out in silence.
type once struct{ *string }

func (o once) String() string {
	if o.string == nil {
		return ""
	}
	return *o.string
}

func (o once) Type() string { return "once" }

func (o once) Set(text string) error {
	if *o.string != "" {
		return errors.New("given twice")
	}
	*o.string = text
	return nil
}

// expected is what --expect says: a thumbprint, a file, or a file on stdin.
func (a *app) expected(ctx context.Context, text string, p passwordFlags) (edge.Expectation, error) {
	x := edge.Expectation{Text: text, Source: "--expect"}
	if text != stdinName {
		return a.expectation(ctx, x, p)
	}
	name, data, err := a.certificate(ctx, text)
	if err != nil {
		return x, fmt.Errorf("%s: reading the expected certificate: %w", x.Source, err)
	}
	x.Text = name
	return a.expectationIn(ctx, x, data, p)
}

// expectation completes what an `expect` line or --expect says: a thumbprint, or
// a file whose leaf is meant.
func (a *app) expectation(ctx context.Context, x edge.Expectation, p passwordFlags) (edge.Expectation, error) {
	if print, ok := edge.ParseThumbprint(x.Text); ok {
		x.Text, x.Thumbprint = print, print
		return x, nil
	}
	data, err := readAtMost(x.Text, limits.CertificateFile)
	if err != nil {
		return x, hintf(thumbprintHint(x.Text), "%s: reading the expected certificate: %w", x.Source, err)
	}
	return a.expectationIn(ctx, x, data, p)
}

// expectationIn takes the leaf of a file for what is meant. A file that has two
// does not say which.
func (a *app) expectationIn(ctx context.Context, x edge.Expectation, data []byte, p passwordFlags) (edge.Expectation, error) {
	file, err := certfile.Read(x.Text, data, func() (string, error) { return a.password(ctx, x.Text, p) })
	if err != nil {
		return x, fmt.Errorf("%s: %w", x.Source, err)
	}
	if n := len(file.Leaves); n > 1 {
		prints := edge.Map(file.Leaves[:min(n, 4)], func(c *edge.Certificate) string { return strings.ToUpper(c.Thumbprint()) })
		return x, hintf("leave the right one alone in it, or give its thumbprint: "+strings.Join(prints, ", "),
			"%s: %s: %d certificates in it are no CA's, and one is meant", x.Source, x.Text, n)
	}
	x.Certificate, x.Chain, x.File = file.Certificates[0], file.Chain(), file.Checked()
	x.Thumbprint = x.Certificate.Fingerprint.String()
	return x, nil
}

// thumbprintHint says what a thumbprint is, and how far text is from one.
func thumbprintHint(text string) string {
	hint := "a thumbprint has 40 or 64 hexadecimal digits"
	digits := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Hex_Digit, r) {
			return r
		}
		return -1
	}, text)
	if len(digits) > 16 && 10*len(digits) > 6*len(text) {
		hint += fmt.Sprintf(": these are %d", len(digits))
	}
	return hint
}

// wholeThumbprint refuses a thumbprint that was pasted with its blanks and
// without quotes: all but its beginning would be hosts.
func wholeThumbprint(expect string, args []string) error {
	if _, ok := edge.ParseThumbprint(expect); ok || len(args) == 0 {
		return nil
	}
	for n := range args {
		if _, ok := edge.ParseThumbprint(expect + strings.Join(args[:n+1], "")); ok {
			return hintf("write it as --expect \""+expect+" "+args[0]+" ...\"", "--expect %s: a thumbprint with blanks stands in quotes", expect)
		}
	}
	return nil
}

// readExpected reads the files that `expect` lines name.
func (a *app) readExpected(ctx context.Context, pools []edge.Pool, password passwordFlags) error {
	for _, p := range pools {
		for i, x := range p.Expect {
			if x.Thumbprint != "" {
				continue
			}
			var err error
			if p.Expect[i], err = a.expectation(ctx, x, password); err != nil {
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
