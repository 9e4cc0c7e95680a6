package report

import (
	"net/netip"

	"edgecert/scanner/edge"
)

// complete holds the endpoints of a document against its own plan: one that was
// planned and is not there was not seen. So nobody makes a scan better by
// leaving out what failed.
func complete(ev *edge.Evidence) {
	type key struct {
		member, fqdn string
		role         edge.Role
		address      netip.Addr
		port         int
	}
	keyOf := func(e edge.Endpoint) key { return key{e.Member, e.FQDN, e.Role, e.Address, e.Port} }
	seen := ev.ByPool()
	var all []edge.Capture // nil: as they are
	for i, p := range ev.Pools {
		have, planned := seen[p.Name], plannedFor(p)
		at := 0 // endpoints come in the order of the plan
		for at < len(have) && at < len(planned) && keyOf(have[at].Endpoint) == keyOf(planned[at]) {
			at++
		}
		if at < len(planned) && all == nil {
			for _, before := range ev.Pools[:i] {
				all = append(all, seen[before.Name]...)
			}
		}
		left := map[key]int{}
		for _, c := range have[at:] {
			left[keyOf(c.Endpoint)]++
		}
		if all != nil || at < len(planned) {
			all = append(all, have...)
		}
		for _, e := range planned[at:] {
			if left[keyOf(e)]--; left[keyOf(e)] < 0 {
				all = append(all, edge.Capture{Endpoint: e, Outcome: edge.Failed, Stage: edge.StageDial,
					Fault: &edge.Fault{Class: edge.ClassInterrupted, Message: "it was planned, and is not in the saved scan"}})
			}
		}
	}
	if all != nil {
		ev.Captures = all
	}
}

// plannedFor is what a scan of p has to bring: nothing where a file was judged.
func plannedFor(p edge.Pool) []edge.Endpoint {
	if p.File != nil {
		return nil
	}
	return edge.Plan([]edge.Pool{p})
}
