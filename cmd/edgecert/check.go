package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"edgecert/report"
	"edgecert/scanner/certfile"
	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/targets"
)

// checkFlags are the flags of check alone.
type checkFlags struct {
	targets  []string
	pool     string
	password passwordFlags
	services []string
	at       string
	state    string
}

// roles are the services that the certificate is meant for; none: all.
func (k *checkFlags) roles() []edge.Role {
	return edge.Map(k.services, func(s string) edge.Role { return edge.Role(s) })
}

// servedBy refuses a service that the pool does not have: nothing would be judged.
func (k *checkFlags) servedBy(pool edge.Pool) error {
	for _, r := range k.roles() {
		if _, ok := pool.Service(r); !ok {
			return hintf("name a service of the pool, or leave --service out", "--service %s: pool %s has no such service", r, pool.Name)
		}
	}
	return nil
}

func (k *checkFlags) bind(f *pflag.FlagSet) {
	f.StringArrayVarP(&k.targets, "targets", "t", nil, "targets `FILE` with the pool; - is stdin; repeatable")
	f.StringVar(&k.pool, "pool", "", "the pool's `NAME`, where the file has several")
	f.StringSliceVar(&k.services, "service", nil, "judge it for `access|webcon|xmpp` alone, where each has its own; repeatable")
	f.StringVar(&k.state, "state", "", "tell what the certificate lacks that those presented in the last scan of `DIR` have")
	k.password.bind(f)
	bindMoment(f, &k.at)
}

func (a *app) checkCommand() *cobra.Command {
	var k checkFlags
	var p policyFlags
	var o outputFlags
	c := &cobra.Command{
		Use:   "check CERT.{pem,pfx,cer,p7b} -t FILE [--pool NAME]",
		Short: "Judge a certificate file before it is assigned, without network",
		Long: "Judge a PEM, DER, PKCS#7 or PFX file against a pool of the targets file by the rules of a scan:\n" +
			"names, EKU, chain in the file, key present and matching, lifetime. Nothing is dialed. The password\n" +
			"of a PFX is asked for, or comes from --password-env or --password-file. CERT may be - for stdin.\n" +
			"With --previous or --state it is compared with what the pool presented in that scan.",
		Args: takes("one certificate file", 1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.check(c, args[0], k, p, o)
		},
	}
	k.bind(c.Flags())
	p.bind(c.Flags())
	o.bind(c.Flags())
	return c
}

func (a *app) check(c *cobra.Command, name string, k checkFlags, p policyFlags, o outputFlags) error {
	policy, err := p.policy()
	if err != nil {
		return err
	}
	for _, s := range k.services {
		if err := oneOf("--service", s, string(edge.Access), string(edge.WebConf), string(edge.XMPP)); err != nil {
			return err
		}
	}
	sinks, err := o.open(c.Context(), a)
	if err != nil {
		return err
	}
	defer sinks.close()
	if name == stdinName && slices.Contains(k.targets, stdinName) {
		return hintf("give one of them as a file", "the certificate and the targets cannot both be stdin")
	}
	pool, err := a.checkedPool(k)
	if err != nil {
		return err
	}
	if err := a.presented(c.Context(), k.state, pool.Name, sinks); err != nil {
		return err
	}
	name, data, err := a.certificate(c.Context(), name)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	file, err := certfile.Read(name, data, func() (string, error) { return a.password(c.Context(), name, k.password) })
	if err != nil {
		return err
	}
	now, err := parseMoment(k.at)
	if err != nil {
		return err
	}
	if now.IsZero() {
		now = time.Now().UTC()
	}
	ev := certfile.AsEvidence(file, pool, k.roles(), now)
	ev.Host, _ = os.Hostname()
	for _, note := range file.Notes {
		a.ui.infof("%s: %s", name, note)
	}
	return a.deliver(c.Context(), judge(c.Context(), ev, policy, now), sinks, p.failOn)
}

// presented has the certificate compared with those that the pool presented in the
// last scan of --state, which stays as it is, or in that of --previous.
func (a *app) presented(ctx context.Context, state, pool string, s *sinks) error {
	name := cmp.Or(s.flags.previous, state)
	switch {
	case name == "":
		return nil
	case s.previous != nil && state != "":
		return hintf("leave one of them out", "--previous and --state both say what to compare with")
	case state != "":
		var err error
		if s.previous, err = a.loadReport(ctx, filepath.Join(state, lastScan)); err != nil {
			return err
		}
	}
	s.checks = true
	if !slices.ContainsFunc(s.previous.Pools, func(p report.Pool) bool { return p.Plan.Name == pool }) {
		return hintf("give a scan of that pool", "%s: no scan of pool %s", name, pool)
	}
	return nil
}

// checkedPool is the pool that the certificate is meant for.
func (a *app) checkedPool(k checkFlags) (edge.Pool, error) {
	if len(k.targets) == 0 {
		return edge.Pool{}, hintf("name the targets file with -t FILE", "check needs the pool that the certificate is for")
	}
	file, err := targets.Load(k.targets, a.in, ruleIDs())
	if err != nil {
		return edge.Pool{}, err
	}
	pools := slices.DeleteFunc(file.Pools, edge.Pool.Listed)
	var names []string
	for _, p := range pools {
		names = append(names, p.Name)
		if p.Name == k.pool || k.pool == "" && len(pools) == 1 {
			return p, k.servedBy(p)
		}
	}
	switch {
	case len(pools) == 0:
		return edge.Pool{}, hintf("check judges against a pool that is written down: see targets.example.txt",
			"%s describes no pool", called(k.targets...))
	case k.pool == "":
		return edge.Pool{}, hintf("choose one with --pool: "+strings.Join(names, ", "), "%s describes %d pools", called(k.targets...), len(pools))
	}
	return edge.Pool{}, hintf("the pools are "+strings.Join(names, ", "), "--pool %q: no such pool", k.pool)
}

// certificate reads the file to be checked, and returns what to call it. A pipe
// is waited for until Ctrl-C.
func (a *app) certificate(ctx context.Context, name string) (string, []byte, error) {
	if name == stdinName {
		data, err := io.ReadAll(io.LimitReader(a.in, limits.CertificateFile+1))
		return called(name), data, err
	}
	data, err := await(ctx, func() ([]byte, error) { return readAtMost(name, limits.CertificateFile) })
	return name, data, err
}

// readAtMost reads a file, and no more than a byte beyond limit, by which the
// file's reader sees that it is too large: the name may be a disk image's.
func readAtMost(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// prompt asks on the terminal without echo, which comes back on Ctrl-C too.
func (a *app) prompt(ctx context.Context, question string) (string, error) {
	f, ok := a.tty.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", hintf("give it with --password-env NAME or --password-file FILE", "a password is needed, and there is no terminal to ask on")
	}
	before, err := term.GetState(int(f.Fd()))
	if err != nil {
		return "", fmt.Errorf("asking for the password: %w", err)
	}
	a.ui.ask(question)
	text, err := await(ctx, func() ([]byte, error) { return term.ReadPassword(int(f.Fd())) })
	_ = term.Restore(int(f.Fd()), before) // ReadPassword has, unless it was left behind
	a.ui.ask("\n")
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return string(text), nil
}
