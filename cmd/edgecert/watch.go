package main

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"edgecert/report"
	"edgecert/scanner"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
	"edgecert/scanner/targets"
)

// A watcher looks at pools again and again until what was meant has arrived:
//
//	everything ─→ what is missing, every interval ─→ nothing missing ─→ everything once more ─→ yes
//	                     └── the time is over ─→ everything once more ─→ no, and what is missing
//
// A member that restarts in the middle refuses, resets or is silent for a while:
// that is a part of a renewal, and asked again until the time is over.
type watcher struct {
	a        *app
	interval time.Duration
	limit    time.Duration
	failOn   string
	between  func() // what happens between two looks of a demo

	scan    scanFlags
	options scanner.Options
	policy  audit.Policy
	pools   []edge.Pool            // as far as dialing needs DNS
	ev      edge.Evidence          // as last seen
	known   map[place]edge.Capture // its captures
	missing map[place]bool
	board   *board
	arrived bool
}

// A place is an endpoint as it is known from one look to the next.
type place struct {
	pool, member string
	role         edge.Role
	fqdn         string
	address      netip.Addr
	port         int
}

func placeOf(e edge.Endpoint) place {
	return place{e.Pool, e.Member, e.Role, e.FQDN, e.Address, e.Port}
}

func (a *app) watchCommand() *cobra.Command {
	var s scanFlags
	var p policyFlags
	var o outputFlags
	w := &watcher{a: a}
	c := &cobra.Command{
		Use:   "watch [DOMAIN | HOST:PORT]... [-t FILE]... [--expect CERT]",
		Short: "Scan again and again until a renewal has arrived",
		Long: "After a renewal: scan until every endpoint presents the certificate of --expect or of the\n" +
			"lines expect; without them, until every pool is ok. Only what is not there yet is dialed again, and\n" +
			"everything once more before the answer is yes. A terminal shows the pool as it turns, everything else\n" +
			"gets a line for each change; the last report goes to stdout. Exit status: 0 arrived, 2 not in time.",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 && len(s.targets) == 0 {
				return hintf("edgecert watch -t targets.txt --expect new.pfx", "nothing to watch")
			}
			return a.watch(c, args, w, s, p, o)
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&s.targets, "targets", "t", nil, "targets `FILE`, or a topology; - is stdin; repeatable")
	f.DurationVar(&w.interval, "interval", 30*time.Second, "look again after `D`")
	f.DurationVar(&w.limit, "for", 2*time.Hour, "give up after `D`")
	s.bind(f)
	p.bind(f)
	o.bind(f)
	return c
}

// watch is a scan whose captures are taken by a watcher.
func (a *app) watch(c *cobra.Command, args []string, w *watcher, s scanFlags, p policyFlags, o outputFlags) error {
	if p.failOn == "never" && s.expect == "" {
		return hintf("say what to wait for with --expect, or leave --fail-on away", "watch --fail-on never: everything would be well at once")
	}
	if w.interval <= 0 || w.limit <= 0 {
		return hintf("write it as --interval 30s --for 2h", "--interval %s, --for %s: both need time", inWhole(w.interval), inWhole(w.limit))
	}
	w.failOn = p.failOn
	err := a.take(c, args, s, p, o, w.watch)
	if err == nil && a.status != exitInterrupted {
		a.status = exitError
		if w.arrived {
			a.status = exitOK
		}
	}
	return err
}

// watch looks until what was meant has arrived, the time is over or ctx ends. It
// fails only where the first look could not be taken at all.
func (w *watcher) watch(ctx context.Context, ev edge.Evidence, s scanFlags, o scanner.Options, p audit.Policy) (report.Report, error) {
	w.scan, w.options, w.policy = s, o, p
	w.pools, w.ev, w.known, w.missing = slices.Clone(ev.Pools), ev, map[place]edge.Capture{}, map[place]bool{}
	end := time.Now().Add(w.limit)
	w.board = newBoard(w.a.ui, w.a.opts, ev.Pools, end)
	defer w.board.close()
	everything, last, first := true, false, true
	for {
		if err := w.look(ctx, everything); err != nil {
			if len(w.known) == 0 {
				return report.Report{}, err
			}
			w.a.ui.warnf("%v", err) // ours, and maybe a passing trouble
		}
		w.arrived = len(w.missing) == 0 && everything && ctx.Err() == nil
		w.board.show(w.ev, w.missing)
		if first {
			w.forewarn(ctx)
			first = false
		}
		switch {
		case w.arrived || last && everything || ctx.Err() != nil:
			return w.conclude(ctx), nil
		case len(w.missing) == 0: // all once more before the answer is yes
			everything = true
			continue
		}
		if w.between != nil {
			w.between()
		}
		wait := min(w.interval, max(time.Until(end), 0))
		last = wait < w.interval
		select {
		case <-time.After(wait):
			everything = last
		case <-ctx.Done():
			return w.conclude(ctx), nil
		}
	}
}

// forewarn tells what is wrong with the certificate that is waited for: it would
// arrive all the same.
func (w *watcher) forewarn(ctx context.Context) {
	if !expecting(w.ev.Pools) || ctx.Err() != nil {
		return
	}
	ev, s := w.ev, w.scan
	s.revocation = false
	w.a.askOthers(ctx, &ev, w.policy, s)
	for n, j := range audit.Judge(ctx, ev, w.policy, time.Now()) {
		for _, p := range j.Problems {
			if slices.ContainsFunc(p.Findings, func(i int) bool { return againstMeant(ev.Pools[n], j.Findings[i]) }) {
				w.a.ui.warnf("%s: %s", j.Pool, p.Headline)
			}
		}
	}
}

// againstMeant says whether a finding is an error in a certificate that was meant.
func againstMeant(p edge.Pool, f audit.Finding) bool {
	rule, _ := audit.Find(f.Rule)
	return f.Severity == audit.Error && rule.Weight > 0 && slices.ContainsFunc(f.Certificates, func(c *edge.Certificate) bool {
		return slices.ContainsFunc(p.Expect, func(x edge.Expectation) bool { return x.Matches(c) })
	})
}

// conclude says how it ended and makes the last report.
func (w *watcher) conclude(ctx context.Context) report.Report {
	w.ev.Interrupted = ctx.Err() != nil
	w.board.end(w.arrived, w.ev.Interrupted)
	return w.a.conclude(ctx, w.ev, w.scan, w.policy)
}

// look dials what is not there yet, or everything.
func (w *watcher) look(ctx context.Context, everything bool) error {
	ev := w.ev
	ev.Pools = w.locate(ctx)
	all := edge.Plan(ev.Pools)
	var asked []edge.Endpoint
	for _, e := range all {
		if _, seen := w.known[placeOf(e)]; everything || !seen || w.missing[placeOf(e)] {
			asked = append(asked, e)
		}
	}
	if err := w.a.gather(ctx, &ev, asked, w.scan, w.options); err != nil {
		return err
	}
	for _, c := range ev.Captures {
		at := placeOf(c.Endpoint)
		if _, seen := w.known[at]; !seen || c.Fault == nil || c.Fault.Class != edge.ClassInterrupted {
			w.known[at] = c
		}
	}
	ev.Captures = make([]edge.Capture, len(all))
	for i, e := range all {
		ev.Captures[i] = w.known[placeOf(e)]
	}
	w.ev = ev
	w.miss(ctx, everything)
	return nil
}

// miss finds what is not there yet.
func (w *watcher) miss(ctx context.Context, everything bool) {
	w.missing = map[place]bool{}
	captures := w.ev.ByPool()
	if expecting(w.ev.Pools) {
		for _, p := range w.ev.Pools {
			for _, c := range captures[p.Name] {
				if x := audit.Expects(p, c); c.Outcome == edge.Failed || x != nil && !audit.PresentsOnly(c, *x) {
					w.missing[placeOf(c.Endpoint)] = true
				}
			}
		}
		return
	}
	ev, s := w.ev, w.scan
	s.revocation = s.revocation && everything
	w.a.askOthers(ctx, &ev, w.policy, s)
	for _, j := range audit.Judge(ctx, ev, w.policy, time.Now()) {
		for _, i := range w.blamed(j, captures[j.Pool]) {
			w.missing[placeOf(captures[j.Pool][i].Endpoint)] = true
		}
	}
}

// blamed are the endpoints for which a pool is not well yet: those that a
// finding blames, or all.
func (w *watcher) blamed(j audit.Judgement, captures []edge.Capture) []int {
	if j.Verdict == audit.VerdictOK || j.Verdict == audit.VerdictWarning && w.failOn != "warning" {
		return nil
	}
	var out []int
	for _, f := range j.Findings {
		if f.Severity == audit.Error || f.Severity == audit.Warning && w.failOn == "warning" {
			out = append(out, f.Cells...)
		}
	}
	for i := range captures {
		if len(out) == 0 || captures[i].Outcome == edge.Failed {
			out = append(out, i)
		}
	}
	return out
}

// expecting says whether somebody said which certificate is meant.
func expecting(pools []edge.Pool) bool {
	return slices.ContainsFunc(pools, func(p edge.Pool) bool { return len(p.Expect) > 0 })
}

// locate is the pools, DNS asked again of those of which a name had no address.
// What the rules alone need of DNS is asked anew with every look.
func (w *watcher) locate(ctx context.Context) []edge.Pool {
	for i, p := range w.pools {
		if len(w.known) > 0 && slices.ContainsFunc(edge.Plan([]edge.Pool{p}), func(e edge.Endpoint) bool { return e.Fault != nil }) {
			p.DNS = nil
			p = targets.Locate(ctx, []edge.Pool{p}, w.scan.dns)[0]
			p.Notes = slices.Compact(slices.Sorted(slices.Values(p.Notes)))
			w.pools[i] = p
		}
	}
	return slices.Clone(w.pools)
}
