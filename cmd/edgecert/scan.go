package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"edgecert/report"
	"edgecert/scanner"
	"edgecert/scanner/audit"
	"edgecert/scanner/certfile"
	"edgecert/scanner/certstore"
	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/mistake"
	"edgecert/scanner/probe/proxy"
	"edgecert/scanner/targets"
	"edgecert/scanner/targets/dns"
)

// scanFlags are the flags of scan that say how to dial.
type scanFlags struct {
	targets               []string
	dial                  scanner.Options // as far as flags are its fields
	rate                  string
	resolver              string
	proxyPassword         string       // the file it stands in
	dns                   dns.Resolver // what resolver says
	revocation            bool
	clientCert, clientKey string
	pools                 []string
	part                  bool // pools leaves some of the targets out
	expect                string
	password              passwordFlags
	shard                 string
	share                 *edge.Shard // what shard says; nil: everything
	federation            bool        // --profile federation: a domain may be a partner's
}

func (s *scanFlags) bind(f *pflag.FlagSet) {
	f.IntVar(&s.dial.Concurrency, "concurrency", 0, "connections under way at a time, `N` (default: 4096, less where descriptors are few)")
	f.IntVar(&s.dial.PerAddress, "per-address", 4, "connections to one address at a time, `N`")
	f.StringVar(&s.rate, "rate", "0", "new connections a second, `N/s`; 0 is no limit")
	f.DurationVar(&s.dial.Timeout, "timeout", 10*time.Second, "for one handshake, dialing included, `D`")
	f.IntVar(&s.dial.Retries, "retries", 1, "further tries after a timeout or reset before the certificate, `N`")
	f.IntVar(&s.dial.Samples, "samples", 0, "handshakes per address, `N` (default: 1; 6 for a vip and a lone DNS address)")
	f.BoolVar(&s.dial.Quick, "quick", false, "one handshake per endpoint, nothing extra")
	f.BoolVar(&s.dial.UDP, "udp", false, "ask UDP 3478 of the A/V edges too")
	f.StringVar(&s.resolver, "resolver", "", "ask this DNS server, `HOST[:PORT]`")
	f.StringVar(&s.dial.Proxy, "proxy", "", "dial through `URL`: socks5://HOST:PORT or http://HOST:PORT")
	f.StringVar(&s.proxyPassword, "proxy-password-file", "", "read the password of --proxy, whose URL names USER@, from the first line of `FILE`")
	f.BoolVar(&s.revocation, "revocation", false, "fetch OCSP and CRL too (contacts the CA's servers)")
	f.StringVar(&s.clientCert, "client-cert", "", "present the certificate in `PEM` when one is asked for (Windows: cert:\\CurrentUser\\My\\THUMBPRINT)")
	f.StringArrayVar(&s.pools, "pool", nil, "of the targets, the pool of this `NAME` only; repeatable")
	f.StringVar(&s.shard, "shard", "", "take this share of the targets, `I/N`, from 1/N to N/N")
	bindExpect(f, &s.expect)
	s.password.bind(f)
	f.StringVar(&s.clientKey, "client-key", "", "its private key, `PEM` (default: the file of --client-cert)")
}

// options checks the flags and turns them into the scanner's.
func (s *scanFlags) options(f *pflag.FlagSet) (scanner.Options, error) {
	o := s.dial
	if s.dial.Retries == 0 {
		o.Retries = -1 // the zero value is the default of one
	}
	for _, n := range []struct {
		flag     string
		value    int
		smallest int
	}{{"concurrency", s.dial.Concurrency, 1}, {"per-address", s.dial.PerAddress, 1}, {"retries", s.dial.Retries, 0}, {"samples", s.dial.Samples, 1}} {
		if f.Changed(n.flag) && n.value < n.smallest {
			return o, fmt.Errorf("--%s %d: the smallest is %d", n.flag, n.value, n.smallest)
		}
	}
	if s.dial.Timeout <= 0 {
		return o, hintf("write it as --timeout 10s", "--timeout %s: a handshake needs time", s.dial.Timeout)
	}
	if s.dial.Quick && f.Changed("samples") && s.dial.Samples > 1 {
		return o, hintf("leave one of them out", "--quick is one handshake per endpoint, --samples %d is more", s.dial.Samples)
	}
	if s.dial.UDP && s.dial.Proxy != "" {
		return o, hintf("leave one of them out", "--udp cannot go through --proxy: it would go around it")
	}
	var err error
	if o.Proxy, err = s.throughProxy(); err != nil {
		return o, err
	}
	if s.dns, err = dns.ParseResolver(s.resolver); err != nil {
		return o, err
	}
	s.dns.Patience = s.dial.Timeout
	if s.shard != "" {
		share, err := targets.ParseShard(s.shard)
		if err != nil {
			return o, err
		}
		s.share = &share
	}
	if o.Rate, err = parseRate(s.rate); err != nil {
		return o, err
	}
	o.ClientCert, err = s.clientPair()
	return o, err
}

// throughProxy is the proxy's URL, with the password where that has a file.
func (s *scanFlags) throughProxy() (string, error) {
	if s.proxyPassword == "" {
		return s.dial.Proxy, nil
	}
	if s.dial.Proxy == "" {
		return "", hintf("add --proxy socks5://USER@HOST:PORT or http://USER@HOST:PORT", "--proxy-password-file without --proxy")
	}
	password, err := secretIn(s.proxyPassword, "the proxy's password")
	if err != nil {
		return "", err
	}
	return proxy.WithPassword(s.dial.Proxy, password)
}

// maxRate is far more than any network takes: a slip of the finger above it.
const maxRate = 1e6

// parseRate reads "50/s" or "50".
func parseRate(text string) (float64, error) {
	rate, err := strconv.ParseFloat(strings.TrimSuffix(text, "/s"), 64)
	if err != nil || !(rate >= 0 && rate <= maxRate) {
		return 0, hintf("write it as --rate 50/s", "--rate %q: no number of connections a second", text)
	}
	return rate, nil
}

func (s *scanFlags) clientPair() (*tls.Certificate, error) {
	if s.clientCert == "" {
		if s.clientKey != "" {
			return nil, hintf("name its certificate with --client-cert", "--client-key without --client-cert")
		}
		return nil, nil
	}
	if certstore.Is(s.clientCert) {
		if s.clientKey != "" {
			return nil, hintf("leave --client-key away", "--client-cert %s is in Windows' store, where its key is too", s.clientCert)
		}
		pair, err := certstore.Load(s.clientCert)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate: %w", err)
		}
		return pair, nil
	}
	key := s.clientKey
	if key == "" {
		key = s.clientCert
	}
	var files [2][]byte
	for i, name := range []string{s.clientCert, key} {
		var err error
		if files[i], err = readAtMost(name, limits.CertificateFile); err != nil {
			return nil, fmt.Errorf("reading the client certificate: %w", err)
		}
		if len(files[i]) > limits.CertificateFile {
			return nil, fmt.Errorf("reading the client certificate: %s: %w", name, certfile.ErrTooLarge)
		}
	}
	pair, err := tls.X509KeyPair(files[0], files[1])
	if err != nil {
		if s.clientKey == "" && !bytes.Contains(files[0], []byte("PRIVATE KEY-----")) {
			return nil, hintf("name its key with --client-key FILE, both as PEM", "--client-cert %s: no private key is in it", s.clientCert)
		}
		return nil, hintf("--client-cert and --client-key take PEM files that belong together",
			"client certificate %s with key %s: %s", s.clientCert, key, strings.TrimPrefix(err.Error(), "tls: "))
	}
	return &pair, nil
}

func (a *app) scanCommand() *cobra.Command {
	var s scanFlags
	var p policyFlags
	var o outputFlags
	c := &cobra.Command{
		Use:   "scan [DOMAIN | HOST:PORT]... [-t FILE]...",
		Short: "Scan Edge pools and report",
		Long: "Dial every external service of every member, judge the certificates and report.\n" +
			"A DOMAIN is a SIP domain, whose pool is found by DNS; hosts with ports form one pool,\n" +
			"in which all must present one certificate.",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 && len(s.targets) == 0 {
				return hintf("edgecert scan -t targets.txt, edgecert scan contoso.com, or edgecert demo to see one",
					"nothing to scan")
			}
			return a.scan(c, args, s, p, o)
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&s.targets, "targets", "t", nil, "targets `FILE`, or a topology; - is stdin; repeatable")
	s.bind(f)
	p.bind(f)
	o.bind(f)
	o.bindNightly(f)
	return c
}

// scan is the whole line from targets to report.
func (a *app) scan(c *cobra.Command, args []string, s scanFlags, p policyFlags, o outputFlags) error {
	return a.take(c, args, s, p, o, a.capture)
}

// take checks everything that can be wrong before anything is dialed, has capture
// look at the pools, and delivers its report.
func (a *app) take(c *cobra.Command, args []string, s scanFlags, p policyFlags, o outputFlags,
	capture func(context.Context, edge.Evidence, scanFlags, scanner.Options, audit.Policy) (report.Report, error)) error {
	ctx := c.Context()
	if err := wholeThumbprint(s.expect, args); err != nil {
		return err
	}
	if s.expect == stdinName && slices.Contains(s.targets, stdinName) {
		return hintf("give one of them as a file", "the targets and the expected certificate cannot both be stdin")
	}
	if err := o.spare(s.targets); err != nil {
		return err
	}
	policy, err := p.policy()
	if err != nil {
		return err
	}
	options, err := s.options(c.Flags())
	if err != nil {
		return err
	}
	sinks, err := o.open(ctx, a)
	if err != nil {
		return err
	}
	defer sinks.close()
	s.federation = policy.Profile == "federation"
	ev := edge.Evidence{Started: time.Now().UTC(), Shard: s.share} // asking DNS is part of the scan
	if ev.Pools, err = a.pools(ctx, args, &s, options); err != nil {
		return err
	}
	if err := sinks.recall(ctx, ev.Pools); err != nil {
		return err
	}
	rep, err := capture(ctx, ev, s, options, policy)
	if err != nil {
		return err
	}
	if err := mistake.Of(ctx); err != nil { // what it left out is nobody's fault
		return err
	}
	err = a.deliver(insisted(ctx), rep, sinks, p.failOn)
	if rep.Evidence.Interrupted {
		a.status = exitInterrupted
	}
	return err
}
