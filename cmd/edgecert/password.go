package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"edgecert/report"
)

// passwordFlags say where the password of a PFX comes from, wherever one is read.
type passwordFlags struct {
	file, env string
}

func (p *passwordFlags) bind(f *pflag.FlagSet) {
	f.StringVar(&p.file, "password-file", "", "read the PFX password from the first line of `FILE`")
	f.StringVar(&p.env, "password-env", "", "read the PFX password from the environment variable `NAME`")
}

// secretIn is the first line of a file, where a password must be.
func secretIn(file, what string) (string, error) {
	password, err := firstLine(file)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", what, err)
	}
	if password == "" {
		return "", hintf("its first line is the password", "%s: no password in it", file)
	}
	return password, nil
}

// password comes from a file, the environment or a prompt without echo; never
// from the command line, which other users of the machine can read.
func (a *app) password(ctx context.Context, name string, p passwordFlags) (string, error) {
	switch {
	case p.file != "" && p.env != "":
		return "", hintf("leave one of them out", "--password-file and --password-env both give the password")
	case p.file != "":
		password, err := firstLine(p.file)
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		return password, nil
	case p.env != "":
		value, ok := os.LookupEnv(p.env)
		if !ok {
			return "", fmt.Errorf("--password-env %s: the environment has no such variable", p.env)
		}
		return value, nil
	}
	return a.prompt(ctx, "password of "+report.Clean(name)+": ")
}
