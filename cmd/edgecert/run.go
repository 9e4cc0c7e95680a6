package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"edgecert/scanner/audit"
	"edgecert/scanner/mistake"
)

// The exit statuses, after the convention of monitoring plugins.
const (
	exitOK          = 0
	exitWarning     = 1
	exitError       = 2
	exitUsage       = 3
	exitInterrupted = 130
)

// app is one run of the command.
type app struct {
	in     io.Reader
	tty    io.Reader // in as it came, to ask for a password on
	out    io.Writer
	ui     *ui
	opts   uiOptions
	status int // of a command that did its work
}

// run is the whole program: it returns the exit status.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	a := &app{in: &stdin{ctx: ctx, r: in}, tty: in, out: out, ui: newUI(errOut)}
	root := a.root()
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) { // a shell asks; cobra keeps the answers for ever
		completeValues(root)
	}
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	stop := context.AfterFunc(insisted(ctx), func() {
		a.ui.warnf("interrupted again: what is there is written, nothing more is sent; once more ends it at once")
	})
	defer stop()
	err := a.watched(ctx, root, args)
	switch {
	case err == nil:
		return a.status
	case errors.Is(err, context.Canceled):
		a.ui.fail(errors.New("interrupted before there was anything to report"))
		return exitInterrupted
	}
	a.ui.fail(err)
	return exitUsage
}

// watched runs the command. A mistake in this program, in whichever goroutine, is
// told like any failure, with -v where it is. Nothing is waited for then: who made
// it may hold what the others need.
func (a *app) watched(ctx context.Context, root *cobra.Command, args []string) error {
	ctx, mistakes := mistake.Watch(ctx)
	a.ui.running = ctx
	ended := make(chan error, 1)
	go func() {
		defer mistake.Caught(ctx)
		ended <- execute(ctx, root, args)
	}()
	var err error
	select {
	case m := <-mistakes:
		err = m
	case err = <-ended:
	}
	if m, ok := errors.AsType[*mistake.Mistake](err); ok {
		a.ui.debugf("%s", m.Stack)
		return hintf("please report it as a bug, with what -v says", "%w", m)
	}
	return err
}

func execute(ctx context.Context, root *cobra.Command, args []string) error {
	if err := wordFirst(root, args); err != nil {
		return err
	}
	return root.ExecuteContext(ctx)
}

func (a *app) root() *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "edgecert",
		Short: "One certificate, every Edge",
		Long: "edgecert dials the external interfaces of every member of Lync and Skype for Business\n" +
			"Edge pools and says whether the right certificate sits on each: by name, by member,\n" +
			"with the fix.",
		Example: "  edgecert demo                          an Edge pool on loopback, with faults\n" +
			"  edgecert scan -t targets.txt           did every service get the certificate?\n" +
			"  edgecert scan contoso.com              find the pool by DNS and scan it\n" +
			"  edgecert check new.pfx -t targets.txt  would this certificate be right?",
		Args:                       knownCommand,
		SuggestionsMinimumDistance: 2,
		SilenceErrors:              true,
		SilenceUsage:               true,
		PersistentPreRunE:          func(c *cobra.Command, _ []string) error { return a.prepare(c) },
		RunE: func(c *cobra.Command, _ []string) error {
			if version {
				return a.versionCommand().RunE(c, nil)
			}
			return c.Help()
		},
	}
	root.Flags().BoolVar(&version, "version", false, "print the version")
	flags := root.PersistentFlags()
	flags.BoolVarP(&a.opts.verbose, "verbose", "v", false, "log what is done, list acceptable CAs, tell every finding")
	flags.BoolVar(&a.opts.noColor, "no-color", false, "no colour (NO_COLOR, TERM=dumb and pipes are honoured unasked)")
	flags.BoolVar(&a.opts.noProgress, "no-progress", false, "no progress bar")
	flags.StringVar(&a.opts.logFormat, "log-format", "text", "log to stderr as `text|json`")
	root.AddCommand(a.scanCommand(), a.watchCommand(), a.checkCommand(), a.targetsCommand(), a.reportCommand(), a.collectCommand(),
		a.rulesCommand(), a.explainCommand(), a.demoCommand(), a.versionCommand(), a.manCommand())
	root.SetHelpFunc(a.help)
	root.SetHelpCommand(helpCommand())
	root.SetFlagErrorFunc(flagError)
	shellsOnly(root)
	return root
}

// prepare runs before every command, once the flags are read.
func (a *app) prepare(c *cobra.Command) error {
	if err := noneEmpty(c.Flags()); err != nil {
		return err
	}
	if a.opts.logFormat != "text" && a.opts.logFormat != "json" {
		return hintf("use --log-format text or --log-format json", "--log-format %q: no such format", a.opts.logFormat)
	}
	a.ui.configure(a.opts)
	return nil
}

// judged sets the exit status from a verdict, as --fail-on asks.
func (a *app) judged(v audit.Verdict, failOn string) {
	a.status = exitOK
	switch {
	case failOn == "never":
	case v == audit.VerdictError || v == audit.VerdictIncomplete:
		a.status = exitError
	case v == audit.VerdictWarning && failOn == "warning":
		a.status = exitWarning
	}
}
