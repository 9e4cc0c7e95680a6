package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"edgecert/report"
	"edgecert/report/vantage"
	"edgecert/scanner/audit"
)

func (a *app) reportCommand() *cobra.Command {
	var p policyFlags
	var o outputFlags
	c := &cobra.Command{
		Use:   "report SCAN.json...",
		Short: "Render a saved scan again, or several side by side",
		Long: "Render a saved scan in any format, without network. With policy flags it is judged again, as\n" +
			"of the time it was made. Several scans of the same pools are taken for several vantage\n" +
			"points and shown side by side; where they differ is a finding. - is stdin.",
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
			r, err := a.saved(c.Context(), args, over, c.Flags())
			if err != nil {
				return err
			}
			return a.deliver(c.Context(), r, sinks, p.failOn)
		},
	}
	p.bind(c.Flags())
	o.bind(c.Flags())
	return c
}

// saved reads saved scans, judges each again where a policy flag asks for it,
// and lays several side by side, each called as its file, or as its host where it
// comes from stdin.
func (a *app) saved(ctx context.Context, names []string, over audit.Policy, f *pflag.FlagSet) (report.Report, error) {
	var all []vantage.Scan
	for _, name := range names {
		r, err := a.loadReport(ctx, name)
		if err != nil {
			return report.Report{}, err
		}
		again, err := rejudge(ctx, *r, over, f)
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

// rejudge judges a saved scan with those fields of over whose flags were given
// laid over the policy it was made with. Without such a flag it is left as it is.
func rejudge(ctx context.Context, r report.Report, over audit.Policy, f *pflag.FlagSet) (report.Report, error) {
	policy, asked := r.Policy, false
	for name, lay := range map[string]func(){
		"profile":    func() { policy.Profile = over.Profile },
		"warn-days":  func() { policy.WarnDays = over.WarnDays },
		"error-days": func() { policy.ErrorDays = over.ErrorDays },
		"allow":      func() { policy.Allow = over.Allow },
		"severity":   func() { policy.Severities = over.Severities },
		"roots":      func() { policy.Roots = over.Roots },
		"only-roots": func() { policy.OnlyRoots = over.OnlyRoots },
	} {
		if f.Changed(name) {
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
	changes := r.Changes
	r = report.Judge(ctx, r.Evidence, policy, r.Now(), r.Tool)
	r.Changes = changes
	return r, nil
}
