package targets

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// maxShards is more than anybody has machines: a slip of the finger above it.
const maxShards = 10_000

// ParseShard reads the I/N of --shard.
func ParseShard(s string) (edge.Shard, error) {
	var shard edge.Shard
	n, err := fmt.Sscanf(s, "%d/%d", &shard.Index, &shard.Of)
	if err != nil || n != 2 || fmt.Sprintf("%d/%d", shard.Index, shard.Of) != s {
		return edge.Shard{}, edge.Hintf("write it as --shard 2/5, the second of five", "--shard %q: no share", s)
	}
	if shard.Index < 1 || shard.Index > shard.Of || shard.Of > maxShards {
		return edge.Shard{}, edge.Hintf(fmt.Sprintf("shares run from 1/N to N/N, N up to %d", maxShards), "--shard %s: no such share", s)
	}
	return shard, nil
}

// Share is what one of several runs over the same targets takes, so that all of
// them take everything once: whole pools in turn, pools that were found from DNS
// by name, since two runs may find them in another order, and loose endpoints by
// host, whose connections are counted together.
func Share(pools []edge.Pool, s edge.Shard) []edge.Pool {
	var out []edge.Pool
	turn := 0
	for _, p := range pools {
		switch {
		case p.Kind == edge.LoosePool:
			p.Loose = slices.DeleteFunc(slices.Clone(p.Loose), func(l edge.Loose) bool { return !mine(l.Host, s) })
			if len(p.Loose) > 0 {
				out = append(out, p)
			}
			continue
		case strings.HasPrefix(p.Source, FoundSource):
			if mine(p.Name, s) {
				out = append(out, p)
			}
			continue
		case turn%s.Of == s.Index-1:
			out = append(out, p)
		}
		turn++
	}
	return out
}

// mine reports whether a host or name is of a share.
func mine(name string, s edge.Shard) bool {
	h := fnv.New32a()
	h.Write([]byte(name))
	return int(h.Sum32()%uint32(s.Of)) == s.Index-1
}

// Select is the pools of the given names, in their order; all without a name.
func Select(pools []edge.Pool, names []string) ([]edge.Pool, error) {
	if len(names) == 0 {
		return pools, nil
	}
	known := edge.Map(pools, func(p edge.Pool) string { return p.Name })
	for _, n := range names {
		if !slices.Contains(known, n) {
			hint := "the pools are " + strings.Join(known[:min(len(known), 20)], ", ")
			if near := edge.Nearest(n, known); near != "" {
				hint = "did you mean " + near + "?"
			}
			return nil, edge.Hintf(hint, "--pool %q: no such pool", n)
		}
	}
	return slices.DeleteFunc(slices.Clone(pools), func(p edge.Pool) bool { return !slices.Contains(names, p.Name) }), nil
}
