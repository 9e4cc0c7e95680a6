package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"edgecert/report"
	"edgecert/scanner"
	"edgecert/scanner/audit"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
	"edgecert/scanner/hosttrust"
	"edgecert/scanner/mistake"
	"edgecert/scanner/revocation"
	"edgecert/scanner/targets"
)

// capture dials what ev plans, asks DNS beside it what only the rules need, and
// judges what came. It does not fail once dialing has begun.
func (a *app) capture(ctx context.Context, ev edge.Evidence, s scanFlags, o scanner.Options, p audit.Policy) (report.Report, error) {
	endpoints := edge.Plan(ev.Pools)
	a.ui.debugf("pools: %d, endpoints: %d", len(ev.Pools), len(endpoints))
	step, finish := a.ui.progress(len(endpoints), a.opts)
	o.Progress = step
	err := a.gather(ctx, &ev, endpoints, s, o)
	finish()
	if err != nil {
		return report.Report{}, err
	}
	ev.Interrupted = ctx.Err() != nil
	return a.conclude(ctx, ev, s, p), nil
}

// gather dials endpoints, and asks DNS beside it.
func (a *app) gather(ctx context.Context, ev *edge.Evidence, endpoints []edge.Endpoint, s scanFlags, o scanner.Options) error {
	ev.Host, _ = os.Hostname()
	ev.Asked = edge.Asked{Quick: o.Quick, Samples: o.Samples, UDP: o.UDP, Resolver: s.dns.Name(), Part: s.part}
	both, besides := errgroup.WithContext(ctx)
	both.Go(func() error {
		defer mistake.Caught(ctx)
		ev.Pools = targets.Resolve(besides, ev.Pools, s.dns)
		return nil
	})
	both.Go(func() (err error) {
		defer mistake.Caught(ctx)
		plan := endpoints
		endpoints = nil // each capture holds its own: the list can go
		ev.Captures, err = scanner.Scan(besides, plan, o)
		return err
	})
	return both.Wait()
}

// conclude judges what was gathered.
func (a *app) conclude(ctx context.Context, ev edge.Evidence, s scanFlags, p audit.Policy) report.Report {
	a.doubt(ctx, s.dns, ev.Pools)
	ev.Pools = slices.Clone(ev.Pools)
	for i := range ev.Pools {
		ev.Pools[i].Loose = nil // the captures are the list now
	}
	thrifty(len(ev.Captures))
	a.askOthers(ctx, &ev, p, s)
	ev.Finished = time.Now().UTC()
	a.log(ev)
	return judge(ctx, ev, p, ev.Finished)
}

// largeScan is from where on memory counts: below, all is 40 MB with the program.
const largeScan = 5000

// thrifty keeps judging a large scan, and writing what came of it, within what
// the scan itself took and as much again as four fifths of what is kept. Of
// 50,000 endpoints 45 MB are kept and 75 judged; the collector alone would let
// these grow to 143 MB, while the scan's own peak was 80.
func thrifty(endpoints int) {
	if endpoints < largeScan {
		return
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	limit := int64(m.Sys - m.HeapReleased + m.HeapAlloc*4/5)
	debug.SetMemoryLimit(min(limit, debug.SetMemoryLimit(-1))) // GOMEMLIMIT and ulimit -v hold
}

// askOthers adds what is not on the wire: what this host's root store and,
// with --revocation, the CA's servers say of the certificates.
func (a *app) askOthers(ctx context.Context, ev *edge.Evidence, p audit.Policy, s scanFlags) {
	roots := trust.Options{Roots: p.Roots, OnlyRoots: p.OnlyRoots, Now: time.Now()}
	if !p.OnlyRoots {
		asking, err := ctx, error(nil)
		if ev.Interrupted { // what was captured before is judged all the same
			asking = insisted(ctx)
		}
		if ev.HostTrusted, err = hosttrust.Trusted(asking, append(slices.Clip(ev.Captures), meant(ev.Pools)...), roots); err != nil {
			a.ui.warnf("this host's root store was not asked: %v", err)
		}
		ev.HostRoots = err == nil
	}
	if s.revocation && !ev.Interrupted {
		ev.Revocation = revocation.Check(ctx, revocation.Subjects(ctx, ev.Captures, roots), revocation.Options{
			Now: roots.Now, Timeout: s.dial.Timeout, Targets: revocation.Dialed(ev.Captures)})
	}
}

// meant are the certificates that were meant as if they were presented.
func meant(pools []edge.Pool) []edge.Capture {
	var out []edge.Capture
	for _, p := range pools {
		for _, x := range p.Expect {
			if len(x.Chain) > 0 {
				out = append(out, edge.Capture{Outcome: edge.Captured, Chain: x.Chain})
			}
		}
	}
	return out
}

// judge turns evidence into the report. What a scan brought home before it was
// interrupted is judged; an interrupt that comes while it is judged, or a second
// one, ends that.
func judge(ctx context.Context, ev edge.Evidence, p audit.Policy, now time.Time) report.Report {
	if ev.Interrupted {
		ctx = insisted(ctx)
	}
	return report.Judge(ctx, ev, p, now, tool())
}

// log tells, with -v, what each endpoint said beyond the report.
func (a *app) log(ev edge.Evidence) {
	if !a.opts.verbose {
		return
	}
	for _, c := range ev.Captures {
		at := fmt.Sprintf("%s %s %s (%s)", c.Endpoint.Pool, c.Endpoint.Member, c.Endpoint.HostPort(), c.Endpoint.Role)
		a.ui.debugf("%s: %s at stage %s (attempts: %d), dial %s, handshake %s", at, c.Outcome, c.Stage, c.Attempts,
			c.Dial.Round(time.Millisecond), c.Handshake.Round(time.Millisecond))
		if c.Fault != nil {
			a.ui.debugf("%s: %s", at, c.Fault.Error())
		}
		if c.TLS == nil {
			continue
		}
		for _, name := range c.TLS.AcceptableCANames {
			a.ui.debugf("%s: accepts client certificates of %s", at, name)
		}
	}
}
