package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"edgecert/report"
	"edgecert/report/diff"
	"edgecert/report/formats"
	"edgecert/report/text"
	"edgecert/scanner/edge"
)

// outputFlags say where reports go.
type outputFlags struct {
	files    []string
	format   string
	quiet    bool
	previous string
	state    string
	mail     mailOptions
	webhook  webhookOptions
	remind   string
	comma    string // of the CSV
}

func (o *outputFlags) bind(f *pflag.FlagSet) {
	f.StringArrayVarP(&o.files, "output", "o", nil, "write a report to `FILE`, in the format of its suffix; repeatable")
	f.StringVar(&o.format, "format", "table", "format of stdout, `F`: "+strings.Join(formatNames(), ", "))
	f.BoolVarP(&o.quiet, "quiet", "q", false, "stdout only if there is a warning, an error or a change")
	f.StringVar(&o.comma, "csv-separator", ",", "part the cells of CSV with `C`: Excel wants ; in many countries")
	f.StringVar(&o.previous, "previous", "", "tell what changed since the scan saved in `FILE` (JSON)")
}

// bindNightly binds what only a scan that runs again and again needs.
func (o *outputFlags) bindNightly(f *pflag.FlagSet) {
	f.StringVar(&o.state, "state", "", "keep the last scan in `DIR` and tell what changed since")
	f.StringVar(&o.remind, "remind", "", "with --state: tell what has not changed again only after `D`, as 7d or 36h (default: every time)")
	o.webhook.bind(f)
	f.StringArrayVar(&o.mail.to, "mail-to", nil, "mail the report to `ADDRESS` whenever --quiet would print; repeatable")
	f.StringVar(&o.mail.from, "mail-from", "", "the mail's sender, `ADDRESS`")
	f.StringVar(&o.mail.server, "smtp", "", "the mail server, `HOST[:PORT]` (587 with STARTTLS; 465 is TLS from the start)")
	f.StringVar(&o.mail.user, "smtp-user", "", "log in to the mail server as `NAME`")
	f.StringVar(&o.mail.passwordFile, "smtp-password-file", "", "read the password from `FILE` (default: "+mailPasswordVariable+")")
	f.BoolVar(&o.mail.clear, "smtp-clear", false, "no TLS, for a relay on this machine")
}

// separator is what --csv-separator says, checked when the sinks are opened.
func (o outputFlags) separator() rune {
	if o.comma == "" {
		return 0
	}
	return rune(o.comma[0])
}

// formatNames are what --format takes.
func formatNames() []string {
	return edge.Map(formats.All(), func(f formats.Format) string { return f.Name })
}

// suffixes are what --output takes.
func suffixes() []string {
	var all []string
	for _, f := range formats.All() {
		all = append(all, f.Suffixes...)
	}
	return all
}

// sinks are the places that reports go to, checked before anything is dialed:
// a scan must not be lost to a typing slip.
type sinks struct {
	flags    outputFlags
	format   formats.Format
	files    []formats.Format // by place in flags.files
	previous *report.Report
	checks   bool // what is delivered is a file's judgement, no scan
	state    *state
	mail     *mailer
	webhook  *webhook
	remind   *reminder
}

// formats are that of stdout and those of the files, all of which can be written.
func (o outputFlags) formats() (stdout formats.Format, files []formats.Format, err error) {
	stdout, ok := formats.Named(o.format)
	if !ok {
		return stdout, nil, oneOf("--format", o.format, formatNames()...)
	}
	for i, name := range o.files {
		if slices.ContainsFunc(o.files[:i], func(other string) bool { return sameFile(name, other) }) {
			return stdout, nil, hintf("give each report a file of its own", "--output %s is given twice", name)
		}
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			return stdout, nil, hintf("name a file in it, as "+filepath.Join(name, "edge.html"), "--output %s: it is a folder", name)
		}
		format, ok := formats.OfFile(name)
		if !ok {
			return stdout, nil, hintf("the suffix says the format: "+strings.Join(suffixes(), " "), "--output %s: no format has this suffix", name)
		}
		if info, err := os.Stat(filepath.Dir(name)); err != nil || !info.IsDir() {
			return stdout, nil, hintf("make it first, or name another", "--output %s: the folder %s does not exist", name, filepath.Dir(name))
		}
		if err := writable(name); err != nil {
			return stdout, nil, fmt.Errorf("--output %s: %w", name, err)
		}
		files = append(files, format)
	}
	return stdout, files, nil
}

// spare refuses to write a report over what is read.
func (o outputFlags) spare(read []string) error {
	for _, name := range o.files {
		if slices.ContainsFunc(read, func(other string) bool { return sameFile(name, other) }) {
			return hintf("give the report a file of its own", "--output %s would overwrite the targets", name)
		}
	}
	return nil
}

// sameFile says whether two names are one file, which need not be there.
func sameFile(a, b string) bool {
	one, err1 := os.Stat(a)
	other, err2 := os.Stat(b)
	if err1 == nil && err2 == nil {
		return one.Mode().IsRegular() && os.SameFile(one, other)
	}
	a, err1 = filepath.Abs(a)
	b, err2 = filepath.Abs(b)
	return err1 == nil && err2 == nil && a == b
}

func (o outputFlags) open(ctx context.Context, a *app) (*sinks, error) {
	a.opts.quiet = o.quiet
	a.ui.configure(a.opts)
	s := &sinks{flags: o}
	var err error
	if s.format, s.files, err = o.formats(); err != nil {
		return nil, err
	}
	if !strings.Contains(",;|\t", o.comma) || len(o.comma) > 1 {
		return nil, hintf("use , or ; or | or a tab", "--csv-separator %q: no separator of cells", o.comma)
	}
	if o.previous != "" && o.state != "" {
		return nil, hintf("leave one of them out", "--previous and --state both say what to compare with")
	}
	if s.mail, err = newMailer(o.mail, os.Getenv); err != nil {
		return nil, err
	}
	if s.remind, err = newReminder(o.remind, o.state); err != nil {
		return nil, err
	}
	if s.webhook, err = newWebhook(o.webhook); err != nil {
		return nil, err
	}
	if o.previous != "" {
		s.previous, err = a.loadReport(ctx, o.previous)
		return s, err
	}
	if o.state != "" {
		s.state, err = openState(o.state)
	}
	return s, err
}

// recall reads the last scan of --state, now that it is known which pools the
// new one is of.
func (s *sinks) recall(ctx context.Context, pools []edge.Pool) error {
	if s.state == nil {
		return nil
	}
	var err error
	s.previous, err = s.state.previous(ctx, edge.Map(pools, func(p edge.Pool) string { return p.Name }))
	return err
}

// close gives the state back to the next run.
func (s *sinks) close() {
	if s.state != nil {
		_ = s.state.close() // the lock goes with the process at the latest
	}
}

// loadReport reads a saved scan; - is stdin.
func (a *app) loadReport(ctx context.Context, name string) (*report.Report, error) {
	in := a.in
	if name != stdinName {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("reading a saved scan: %w", err)
		}
		defer f.Close()
		in = f
	}
	r, err := report.Load(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", called(name), err)
	}
	return &r, nil
}

// deliver shows, writes, keeps and mails the report, and sets the exit status.
// One sink that fails costs no other its report.
func (a *app) deliver(ctx context.Context, r report.Report, s *sinks, failOn string) error {
	switch {
	case s.previous != nil && s.checks:
		r.Changes = diff.File(*s.previous, r)
	case s.previous != nil:
		r.Changes = diff.Compare(*s.previous, r)
	case s.state != nil:
		a.ui.infof("%s holds no earlier scan: this one is the first", s.flags.state)
	}
	var errs []error
	worth := worthReading(r) && s.remind.due(r)
	if worth || !s.flags.quiet {
		errs = append(errs, a.show(r, s.format, formats.Options{FailOn: failOn, Separator: s.flags.separator()}))
	}
	for i, name := range s.flags.files {
		errs = append(errs, writeFile(name, publicFile, func(w io.Writer) error {
			return s.files[i].Render(w, r, formats.Options{Text: text.Options{Width: fileWidth}, FailOn: failOn, Separator: s.flags.separator()})
		}))
	}
	if s.mail != nil && worth {
		errs = append(errs, s.mail.send(ctx, r))
	}
	posted := s.webhook == nil || !worth || a.post(ctx, r, s.webhook)
	err := errors.Join(errs...)
	switch {
	case s.state == nil:
	case r.Evidence.Interrupted:
		a.ui.warnf("the scan was interrupted: %s does not keep it", s.flags.state)
	case err == nil && posted: // what could not be delivered is told again by the next run
		err = s.keep(r, worth)
	}
	a.judged(r.Verdict, failOn)
	return err
}

// fileWidth is the width of a report that goes to a file.
const fileWidth = 100

// show renders a report on stdout.
func (a *app) show(r report.Report, f formats.Format, o formats.Options) error {
	w := bufio.NewWriterSize(a.out, 64<<10)
	o.Text = text.Options{Width: width(a.out), Color: colorful(a.out) && !a.opts.noColor, ASCII: asciiOnly(a.out), Verbose: a.opts.verbose}
	if err := f.Render(w, r, o); err != nil {
		return fmt.Errorf("writing the report to stdout as %s: %w", f.Name, err)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the report to stdout: %w", err)
	}
	return nil
}
