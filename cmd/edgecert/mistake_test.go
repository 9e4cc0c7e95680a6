package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"edgecert/report"
	"edgecert/scanner"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// A mistake of this program, in the command itself or in a goroutine of it that
// never ends, is an internal failure: a sentence, status 3, and no file touched.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]func(*app, context.Context) error{
		"in the command": func(*app, context.Context) error { panic("an index out of range") },
		"while it draws": func(a *app, ctx context.Context) error {
			a.ui.every(1, func() { panic("an index out of range") })
			select {} // for ever, as one that waits for what the other held
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var errOut bytes.Buffer
			a := &app{ui: newUI(&errOut)}
			command := &cobra.Command{Use: "edgecert", RunE: func(c *cobra.Command, _ []string) error { return wrong(a, c.Context()) }}
			command.SetArgs([]string{})
			err := a.watched(t.Context(), command, nil)
			a.ui.fail(err)
			if said := errOut.String(); !strings.HasPrefix(said, "error: internal failure: an index out of range\n") || !strings.Contains(said, "hint: please report") {
				t.Errorf("it says %q", said)
			}
		})
	}
}

// Where a scan ends by one, what it has brought home is no report.
func TestNoReportOfAMistake(t *testing.T) {
	t.Parallel()
	member, resolver := listen(t)
	go func() {
		for {
			conn, err := member.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	file := filepath.Join(t.TempDir(), "scan.json")
	var out, errOut bytes.Buffer
	a := &app{out: &out, in: strings.NewReader(""), ui: newUI(&errOut)}
	var s scanFlags
	var p policyFlags
	var o outputFlags
	c := &cobra.Command{Use: "edgecert", SilenceErrors: true, SilenceUsage: true}
	s.bind(c.Flags())
	p.bind(c.Flags())
	o.bind(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.take(c, args, s, p, o, func(ctx context.Context, ev edge.Evidence, _ scanFlags, so scanner.Options, _ audit.Policy) (report.Report, error) {
			so.Progress = func(int, int) { panic("an index out of range") }
			captures, err := scanner.Scan(ctx, edge.Plan(ev.Pools), so)
			ev.Captures = captures
			return report.New(ev, nil, audit.Policy{}, tool()), err
		})
	}
	c.SetArgs([]string{member.Addr().String(), "--resolver", resolver.LocalAddr().String(), "--quick", "--retries", "0", "-o", file})
	err := a.watched(t.Context(), c, []string{})
	if _, missing := os.Stat(file); err == nil || !strings.Contains(err.Error(), "internal failure") || out.Len() > 0 || !errors.Is(missing, os.ErrNotExist) {
		t.Errorf("%v; on stdout %q; the file: %v", err, out.String(), missing)
	}
}
