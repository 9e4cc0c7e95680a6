package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edgecert/scanner"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

func (a *app) demoCommand() *cobra.Command {
	var k demoKind
	var o outputFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Raise an Edge pool on loopback, with faults, and scan it",
		Long: "Raise an Edge pool of three members on loopback, with the faults that people meet, and scan\n" +
			"it through real sockets. With faults the exit status is 0 once the report is shown; with\n" +
			"--healthy it is that of a scan. With --renewal the pool is renewed member by member, and watched.",
		Args: takes("no arguments", 0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			for _, name := range []string{"output", "format", "quiet", "previous"} {
				if k.serve && c.Flags().Changed(name) {
					return hintf("leave one of them out", "--serve does not scan: --%s has no report to be about", name)
				}
			}
			if k.healthy && k.renewal || k.serve && k.renewal {
				return hintf("leave one of them out", "--renewal is a pool of its own, and is watched")
			}
			return a.demo(c, k, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&k.healthy, "healthy", false, "the pool as it should be")
	f.BoolVar(&k.renewal, "renewal", false, "a pool that is renewed while you watch; ends by itself")
	f.BoolVar(&k.serve, "serve", false, "keep the pool up and print how to scan it from another terminal")
	o.bind(f)
	return c
}

// A demoKind says which pool is shown, and how.
type demoKind struct{ healthy, renewal, serve bool }

// demo raises the lab, and scans it as scan does, watches it or keeps it up.
func (a *app) demo(c *cobra.Command, k demoKind, o outputFlags) error {
	if _, _, err := o.formats(); err != nil {
		return err
	}
	a.opts.quiet = o.quiet
	a.ui.configure(a.opts)
	spec := lab.Demo(time.Now())
	switch {
	case k.healthy:
		spec = lab.Healthy(time.Now())
	case k.renewal:
		spec = lab.Renewal(time.Now())
	}
	l, err := lab.Start(c.Context(), spec)
	if err != nil {
		return err
	}
	defer l.Close()
	dir, err := os.MkdirTemp("", "edgecert-demo-")
	if err != nil {
		return fmt.Errorf("making a folder for the demo: %w", err)
	}
	defer os.RemoveAll(dir)
	targets, roots, err := writeLab(l, dir)
	if err != nil {
		return err
	}
	if k.serve {
		return a.serve(c.Context(), l, targets, roots)
	}
	for _, f := range l.Faults() {
		a.ui.infof("a fault of this pool, made on purpose: %s", f)
	}
	s := scanFlags{targets: []string{targets}, resolver: l.Resolver(), dial: scanner.Options{Timeout: 10 * time.Second}, rate: "0"}
	p := policyFlags{roots: []string{roots}, failOn: "warning"}
	if k.renewal {
		return a.demoRenewal(c, l, dir, s, p, o)
	}
	if !k.healthy {
		p.failOn = "never"
	}
	return a.scan(c, nil, s, p, o)
}

// demoInterval lets one see each member turn, and lets all end within a minute.
const demoInterval = 2 * time.Second

// demoRenewal watches the pool for its new certificate. After each look one
// thing more happens: a member restarts, or comes back with it.
func (a *app) demoRenewal(c *cobra.Command, l *lab.Lab, dir string, s scanFlags, p policyFlags, o outputFlags) error {
	s.expect = filepath.Join(dir, "new.cer")
	if err := os.WriteFile(s.expect, l.Renewed("edge1", edge.Access, 443).DER, 0o600); err != nil {
		return fmt.Errorf("writing the demo's files: %w", err)
	}
	steps := l.RenewalSteps()
	w := &watcher{a: a, interval: demoInterval, limit: time.Minute, between: func() {
		if len(steps) > 0 {
			steps[0]()
			steps = steps[1:]
		}
	}}
	return a.watch(c, nil, w, s, p, o)
}

// writeLab puts the files that describe the lab into a folder: its targets
// file and its roots.
func writeLab(l *lab.Lab, dir string) (targets, roots string, err error) {
	targets, roots = filepath.Join(dir, "targets.txt"), filepath.Join(dir, "roots.pem")
	for name, data := range map[string][]byte{targets: []byte(l.Targets()), roots: l.Roots()} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return "", "", fmt.Errorf("writing the demo's files: %w", err)
		}
	}
	return targets, roots, nil
}

// quoted is a path as every shell takes it, cmd.exe's and PowerShell's too.
func quoted(path string) string {
	if strings.Contains(path, " ") {
		return `"` + path + `"`
	}
	return path
}

// serve keeps the lab up until it is interrupted.
func (a *app) serve(ctx context.Context, l *lab.Lab, targets, roots string) error {
	_, err := fmt.Fprintf(a.out, "# %s\n%s\n# %s\n%s\n# scan it from another terminal; Ctrl-C here ends it\nedgecert scan -t %s --roots %s --resolver %s\n",
		targets, strings.TrimSpace(l.Targets()), roots, strings.TrimSpace(string(l.Roots())), quoted(targets), quoted(roots), l.Resolver())
	if err != nil {
		return fmt.Errorf("printing the demo's targets: %w", err)
	}
	<-ctx.Done()
	return nil
}
