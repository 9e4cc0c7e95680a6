package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"edgecert/report"
	"edgecert/report/vantage"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

func (a *app) reportCommand() *cobra.Command {
	var p policyFlags
	var o outputFlags
	var find, at, expect string
	var password passwordFlags
	c := &cobra.Command{
		Use:   "report SCAN.json...",
		Short: "Render a saved scan again, or several side by side",
		Long: "Render a saved scan in any format, without network. It is judged again, as of the time it was\n" +
			"made, or --at another, and by the policy it was made with, or that of the flags. Several scans\n" +
			"of the same pools are taken for several vantage points and shown side by side; where they\n" +
			"differ is a finding. The parts of one scan (scan --shard) are joined. - is stdin.",
		Args: takes("saved scans", 1, -1),
		RunE: func(c *cobra.Command, args []string) error {
			over, err := p.parse()
			if err != nil {
				return err
			}
			sinks, err := o.open(c.Context(), a)
			if err != nil {
				return err
			}
			defer sinks.close()
			moment, err := parseMoment(at)
			if err != nil {
				return err
			}
			again := judging{policy: over, at: moment, flags: c.Flags()}
			if expect != "" {
				x, err := a.expected(c.Context(), expect, password)
				if err != nil {
					return err
				}
				again.expect = &x
			}
			r, err := a.saved(c.Context(), args, again)
			if err != nil {
				return err
			}
			if find != "" {
				return a.find(r, find)
			}
			return a.deliver(c.Context(), r, sinks, p.failOn)
		},
	}
	p.bind(c.Flags())
	o.bind(c.Flags())
	bindMoment(c.Flags(), &at)
	bindExpect(c.Flags(), &expect)
	password.bind(c.Flags())
	c.Flags().StringVar(&find, "find", "", "say where the certificate with this `SERIAL|THUMBPRINT` is; exits 1 where nobody has it")
	return c
}

// bindMoment is for commands that judge without dialing.
func bindMoment(f *pflag.FlagSet, at *string) {
	f.StringVar(at, "at", "", "judge as of `TIME`: 2027-03-01, or RFC 3339 as 2027-03-01T08:00:00Z")
}

// parseMoment reads what --at says; a date is its beginning, in UTC.
func parseMoment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, hintf("write it as --at 2027-03-01, or --at 2027-03-01T08:00:00Z", "--at %q: no date or time", text)
}

// find prints where a certificate is.
func (a *app) find(r report.Report, number string) error {
	places, err := report.Find(r, number)
	if err != nil {
		return fmt.Errorf("--find: %w", err)
	}
	a.status = exitOK
	if len(places) == 0 {
		a.status = exitWarning
		a.ui.infof("no endpoint of these scans presents it, and no inventory of them has it")
	}
	for _, p := range places {
		if _, err := fmt.Fprintln(a.out, p); err != nil {
			return fmt.Errorf("writing to stdout: %w", err)
		}
	}
	return nil
}

// judging is what the flags say of judging a saved scan again.
type judging struct {
	policy audit.Policy
	at     time.Time         // zero: as before
	expect *edge.Expectation // nil: what the scan says
	flags  *pflag.FlagSet    // that were given
}

// saved reads saved scans, judges each again where a flag asks for it,
// and lays several side by side, each called as its file, or as its host where it
// comes from stdin.
func (a *app) saved(ctx context.Context, names []string, j judging) (report.Report, error) {
	scans, names, err := a.load(ctx, names)
	if err != nil {
		return report.Report{}, err
	}
	var all []vantage.Scan
	for i, name := range names {
		again, err := rejudge(ctx, scans[i], j)
		if err != nil {
			return report.Report{}, fmt.Errorf("%s: %w", name, err)
		}
		called := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
		if name == stdinName {
			called = again.Evidence.Host
		}
		all = append(all, vantage.Scan{Name: called, Report: again})
	}
	if len(all) == 1 {
		return all[0].Report, nil
	}
	letters := vantage.Letters(all) // one letter, one certificate, in all of them
	for i := range all {
		r := &all[i].Report
		*r = report.New(r.Evidence, audit.JudgeLettered(ctx, r.Evidence, r.Policy, r.Now(), letters), r.Policy, r.Tool)
	}
	return vantage.Merge(all)
}

// load reads saved scans. Where one is a part of a scan, all have to be, and are
// joined.
func (a *app) load(ctx context.Context, names []string) ([]report.Report, []string, error) {
	var scans []report.Report
	for _, name := range names {
		r, err := a.loadReport(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		scans = append(scans, *r)
	}
	if len(scans) < 2 || !slices.ContainsFunc(scans, func(r report.Report) bool { return r.Evidence.Shard != nil }) {
		return scans, names, nil
	}
	whole, err := report.Join(ctx, scans)
	if err != nil {
		return nil, nil, err
	}
	if n := len(whole.Evidence.Missing); n > 0 {
		a.ui.warnf("of the parts of this scan some are missing: %v", whole.Evidence.Missing)
	}
	return []report.Report{whole}, names[:1], nil
}

// rejudge judges a saved scan with those fields of the policy whose flags were
// given laid over the one it was made with. Without such a flag it is left as it is.
func rejudge(ctx context.Context, r report.Report, j judging) (report.Report, error) {
	policy, over, at, asked := r.Policy, j.policy, j.at, !j.at.IsZero() || j.expect != nil
	for name, lay := range map[string]func(){
		"profile":    func() { policy.Profile = over.Profile },
		"warn-days":  func() { policy.WarnDays = over.WarnDays },
		"error-days": func() { policy.ErrorDays = over.ErrorDays },
		"allow":      func() { policy.Allow = over.Allow },
		"severity":   func() { policy.Severities = over.Severities },
		"roots":      func() { policy.Roots = over.Roots },
		"only-roots": func() { policy.OnlyRoots = over.OnlyRoots },
	} {
		if j.flags.Changed(name) {
			lay()
			asked = true
		}
	}
	if !asked {
		return r, nil
	}
	if err := consistent(policy); err != nil {
		return r, err
	}
	if j.expect != nil {
		if err := expectEverywhere(r.Evidence.Pools, *j.expect); err != nil {
			return r, err
		}
	}
	changes := r.Changes
	if at.IsZero() {
		at = r.Now()
	}
	r = report.Judge(ctx, r.Evidence, policy, at, r.Tool)
	r.Changes = changes
	return r, nil
}
