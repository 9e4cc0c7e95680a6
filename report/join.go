package report

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// Join makes one report of the parts of a scan that several machines shared
// (scan --shard), judged as a whole by the first one's policy. Parts that are
// missing make it incomplete.
func Join(ctx context.Context, parts []Report) (Report, error) {
	parts = slices.Clone(parts)
	if slices.ContainsFunc(parts, func(r Report) bool { return r.Evidence.Shard == nil }) {
		return Report{}, edge.Hintf("give either the parts of one scan, or whole scans of several vantage points",
			"some of these are parts of a scan (--shard), and some are whole")
	}
	slices.SortStableFunc(parts, func(a, b Report) int { return cmp.Compare(a.Evidence.Shard.Index, b.Evidence.Shard.Index) })
	ev := parts[0].Evidence
	of, have := ev.Shard.Of, map[int]bool{}
	ev.Shard, ev.Pools, ev.Captures, ev.HostTrusted, ev.Revocation = nil, nil, nil, map[edge.Fingerprint]bool{}, nil
	var hosts []string
	for _, r := range parts {
		p := r.Evidence
		if p.Shard.Of != of || have[p.Shard.Index] {
			return Report{}, fmt.Errorf("part %d of %d is no part of a scan of %d, or stands twice", p.Shard.Index, p.Shard.Of, of)
		}
		have[p.Shard.Index] = true
		if !slices.Contains(hosts, p.Host) {
			hosts = append(hosts, p.Host)
		}
		if err := addPart(&ev, p); err != nil {
			return Report{}, err
		}
	}
	for i := range of {
		if !have[i+1] {
			ev.Missing = append(ev.Missing, i+1)
		}
	}
	ev.Host = strings.Join(hosts, ", ")
	ev.Captures = inPoolOrder(ev)
	return Judge(ctx, ev, parts[0].Policy, ev.Finished, parts[0].Tool), nil
}

// addPart adds what one part saw. Pools are in one part as a whole; lists of
// hosts are shared by address.
func addPart(ev *edge.Evidence, p edge.Evidence) error {
	for _, pool := range p.Pools {
		at := slices.IndexFunc(ev.Pools, func(o edge.Pool) bool { return o.Name == pool.Name })
		switch {
		case at < 0:
			ev.Pools = append(ev.Pools, pool)
		case pool.Kind != edge.LoosePool && pool.Kind != edge.CommandLinePool:
			return fmt.Errorf("pool %s stands in two parts", Clean(pool.Name))
		default:
			ev.Pools[at].Loose = slices.Concat(ev.Pools[at].Loose, pool.Loose)
		}
	}
	ev.Captures = append(ev.Captures, p.Captures...)
	if p.Started.Before(ev.Started) {
		ev.Started = p.Started
	}
	if p.Finished.After(ev.Finished) {
		ev.Finished = p.Finished
	}
	ev.Interrupted = ev.Interrupted || p.Interrupted
	ev.HostRoots = ev.HostRoots || p.HostRoots
	maps.Copy(ev.HostTrusted, p.HostTrusted)
	if p.Revocation != nil && ev.Revocation == nil {
		ev.Revocation = map[edge.Fingerprint]edge.Revocation{}
	}
	maps.Copy(ev.Revocation, p.Revocation)
	return nil
}

// inPoolOrder puts the captures of each pool together.
func inPoolOrder(ev edge.Evidence) []edge.Capture {
	order := make(map[string]int, len(ev.Pools))
	for i, p := range ev.Pools {
		order[p.Name] = i
	}
	slices.SortStableFunc(ev.Captures, func(a, b edge.Capture) int { return cmp.Compare(order[a.Endpoint.Pool], order[b.Endpoint.Pool]) })
	return ev.Captures
}
