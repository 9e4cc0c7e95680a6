package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edgecert/scanner/lab"
)

func (a *app) demoCommand() *cobra.Command {
	var healthy, serve bool
	var o outputFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Raise an Edge pool on loopback, with faults, and scan it",
		Long: "Raise an Edge pool of three members on loopback, with the faults that people meet, and scan\n" +
			"it through real sockets. With faults the exit status is 0 once the report is shown; with\n" +
			"--healthy it is that of a scan.",
		Args: takes("no arguments", 0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			for _, name := range []string{"output", "format", "quiet", "previous"} {
				if serve && c.Flags().Changed(name) {
					return hintf("leave one of them out", "--serve does not scan: --%s has no report to be about", name)
				}
			}
			spec := lab.Demo(time.Now())
			if healthy {
				spec = lab.Healthy(time.Now())
			}
			l, err := lab.Start(c.Context(), spec)
			if err != nil {
				return err
			}
			defer l.Close()
			if serve {
				return a.serve(c.Context(), l)
			}
			return a.demo(c, l, o, healthy)
		},
	}
	f := c.Flags()
	f.BoolVar(&healthy, "healthy", false, "the pool as it should be")
	f.BoolVar(&serve, "serve", false, "keep the pool up and print how to scan it from another terminal")
	o.bind(f)
	return c
}

// demo scans the lab as scan does.
func (a *app) demo(c *cobra.Command, l *lab.Lab, o outputFlags, healthy bool) error {
	for _, f := range l.Faults() {
		a.ui.infof("a fault of this pool, made on purpose: %s", f)
	}
	dir, err := writeLab(l)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := scanFlags{targets: []string{filepath.Join(dir, labTargets)}, resolver: l.Resolver(), timeout: 10 * time.Second, rate: "0"}
	p := policyFlags{roots: []string{filepath.Join(dir, labRoots)}, failOn: "warning"}
	if !healthy {
		p.failOn = "never"
	}
	return a.scan(c, nil, s, p, o)
}

// The files that describe a lab.
const (
	labTargets = "targets.txt"
	labRoots   = "roots.pem"
)

// writeLab puts the files that describe the lab into a new folder.
func writeLab(l *lab.Lab) (string, error) {
	dir, err := os.MkdirTemp("", "edgecert-demo-")
	if err != nil {
		return "", fmt.Errorf("making a folder for the demo: %w", err)
	}
	for name, data := range map[string][]byte{labTargets: []byte(l.Targets()), labRoots: l.Roots()} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return dir, fmt.Errorf("writing the demo's files: %w", err)
		}
	}
	return dir, nil
}

// serve keeps the lab up until it is interrupted.
func (a *app) serve(ctx context.Context, l *lab.Lab) error {
	dir, err := writeLab(l)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	targets, roots := filepath.Join(dir, labTargets), filepath.Join(dir, labRoots)
	_, err = fmt.Fprintf(a.out, "# %s\n%s\n# %s\n%s\n# scan it from another terminal; Ctrl-C here ends it\nedgecert scan -t %s --roots %s --resolver %s\n",
		targets, strings.TrimSpace(l.Targets()), roots, strings.TrimSpace(string(l.Roots())), targets, roots, l.Resolver())
	if err != nil {
		return fmt.Errorf("printing the demo's targets: %w", err)
	}
	<-ctx.Done()
	return nil
}
