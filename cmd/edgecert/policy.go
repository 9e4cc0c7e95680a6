package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"edgecert/scanner/audit"
	"edgecert/scanner/certfile"
	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// policyFlags say how captures are judged.
type policyFlags struct {
	profile             string
	warnDays, errorDays int
	allow, severity     []string
	roots               []string
	onlyRoots           bool
	failOn              string
}

func (p *policyFlags) bind(f *pflag.FlagSet) {
	f.StringVar(&p.profile, "profile", "", "raise rules to errors as a preset: `federation|renewal`")
	f.IntVar(&p.warnDays, "warn-days", 0, "warn `N` days before expiry (0: min(30, a third of the lifetime))")
	f.IntVar(&p.errorDays, "error-days", 0, "an error `N` days before expiry (0: min(7, a tenth of the lifetime))")
	f.StringSliceVar(&p.allow, "allow", nil, "drop the findings of `RULE`; repeatable")
	f.StringSliceVar(&p.severity, "severity", nil, "what a rule's findings count as, `RULE=error|warning|info`; repeatable")
	f.StringArrayVar(&p.roots, "roots", nil, "trust the roots in `FILE` (PEM) too, as public ones; repeatable")
	f.BoolVar(&p.onlyRoots, "only-roots", false, "trust the roots of --roots alone")
	f.StringVar(&p.failOn, "fail-on", "warning", "exit non-zero from `error|warning|never` up")
}

// policy turns the flags into a whole policy.
func (p *policyFlags) policy() (audit.Policy, error) {
	out, err := p.parse()
	if err != nil {
		return out, err
	}
	return out, consistent(out)
}

// consistent refuses a policy that contradicts itself.
func consistent(p audit.Policy) error {
	if p.WarnDays > 0 && p.ErrorDays > p.WarnDays {
		return hintf("an error comes after its warning, so --error-days is the smaller number",
			"--error-days %d is more than --warn-days %d", p.ErrorDays, p.WarnDays)
	}
	if p.OnlyRoots && len(p.Roots) == 0 {
		return hintf("name the roots with --roots FILE", "--only-roots without --roots: nothing would be trusted")
	}
	return nil
}

// parse checks each flag by itself: `report` lays them over another policy.
func (p *policyFlags) parse() (audit.Policy, error) {
	out := audit.Policy{Profile: p.profile, WarnDays: p.warnDays, ErrorDays: p.errorDays, OnlyRoots: p.onlyRoots}
	if err := oneOf("--fail-on", p.failOn, "error", "warning", "never"); err != nil {
		return out, err
	}
	if err := oneOf("--profile", p.profile, "", "federation", "renewal"); err != nil {
		return out, err
	}
	if p.warnDays < 0 || p.errorDays < 0 {
		return out, fmt.Errorf("--warn-days %d, --error-days %d: days count from 0", p.warnDays, p.errorDays)
	}
	var err error
	for _, text := range p.allow {
		r, err := ruleNamed("--allow", text)
		if err != nil {
			return out, err
		}
		out.Allow = append(out.Allow, r.ID)
	}
	if out.Severities, err = p.severities(out.Allow); err != nil {
		return out, err
	}
	out.Roots, err = readRoots(p.roots)
	return out, err
}

// severities reads --severity, which may not contradict itself or --allow.
func (p *policyFlags) severities(allowed []string) (map[string]audit.Severity, error) {
	out := map[string]audit.Severity{}
	for _, s := range p.severity {
		text, level, ok := strings.Cut(s, "=")
		if !ok {
			return nil, hintf("write it as --severity crl-missing=info", "--severity %q: no =", s)
		}
		r, err := ruleNamed("--severity", text)
		if err != nil {
			return nil, err
		}
		id, level := r.ID, strings.ToLower(strings.TrimSpace(level))
		if err := oneOf("--severity "+id, level, "error", "warning", "info"); err != nil {
			return nil, err
		}
		if slices.Contains(allowed, id) {
			return nil, hintf("leave one of them out", "--allow %s drops what --severity %s counts", id, s)
		}
		if old, twice := out[id]; twice && old != audit.Severity(level) {
			return nil, hintf("leave one of them out", "--severity %s: it is %s=%s already", s, id, old)
		}
		out[id] = audit.Severity(level)
	}
	return out, nil
}

// readRoots reads the certificates of every file.
func readRoots(files []string) ([]*edge.Certificate, error) {
	var roots []*edge.Certificate
	for _, name := range files {
		data, err := readAtMost(name, limits.CertificateFile)
		if err != nil {
			return nil, fmt.Errorf("reading the roots of --roots: %w", err)
		}
		f, err := certfile.Read(name, data, func() (string, error) {
			return "", hintf("export the roots without their keys, as PEM", "it is protected by a password")
		})
		if err != nil {
			return nil, fmt.Errorf("reading the roots of --roots: %w", err)
		}
		roots = append(roots, f.Certificates...)
	}
	return roots, nil
}

// ruleNamed is the rule that somebody named, in capitals or not; one that does
// not exist is refused with the nearest that does.
func ruleNamed(flag, id string) (audit.Rule, error) {
	if r, ok := audit.Find(strings.ToLower(strings.TrimSpace(id))); ok {
		return r, nil
	}
	hint := "edgecert rules lists them"
	if near := audit.Suggest(id); near != "" {
		hint = fmt.Sprintf("did you mean %s? %s", near, hint)
	}
	return audit.Rule{}, hintf(hint, "%s %q: no such rule", flag, id)
}

// oneOf refuses a value outside a closed set.
func oneOf(flag, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	shown := strings.TrimPrefix(strings.Join(allowed, ", "), ", ")
	return hintf("it takes one of: "+shown, "%s %q: no such value", flag, value)
}
