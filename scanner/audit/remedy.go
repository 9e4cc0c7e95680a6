package audit

import (
	"cmp"
	"slices"

	"edgecert/scanner/edge"
)

// What is wrong with a certificate is mended by another one, and where a
// renewal stopped half-way the pool has that one already. Then every fix
// carries it to where it is missing, in the same words, and none asks for a third.

// aboutLeaf says whether another certificate would mend what a rule finds.
func aboutLeaf(rule Rule) bool {
	switch rule.Family {
	case "names", "usage", "validity", "revocation":
		return true
	default:
		return rule.ID == "untrusted-issuer" || rule.ID == "not-public-ca"
	}
}

// faults are the rules that have an error to tell of what these captures
// present.
func (w *world) faults(at []int) []string {
	var out []string
	for _, rule := range w.scan.rules {
		if aboutLeaf(rule) && !w.allowed(rule.ID) && slices.ContainsFunc(w.result(rule.ID).found, func(p placed) bool {
			return w.severity(rule, p.Severity) == Error && meet(p.at, at)
		}) {
			out = append(out, rule.ID)
		}
	}
	return out
}

func meet(a, b []int) bool {
	return slices.ContainsFunc(a, func(i int) bool { return slices.Contains(b, i) })
}

// right is which of some certificates all should have, by what is told of them
// where these captures present them: the one with the fewest errors, then the
// newest, then the one most often presented.
func (w *world) right(certs []*edge.Certificate, at []int) *edge.Certificate {
	return slices.MaxFunc(certs, func(a, b *edge.Certificate) int {
		onA, onB := w.withLeaf(at, a), w.withLeaf(at, b)
		return cmp.Or(cmp.Compare(len(w.faults(onB)), len(w.faults(onA))), newer(a, b), cmp.Compare(len(onA), len(onB)))
	})
}

// remedy is the fix of a finding that a certificate mends which the pool has
// already and which has no other fault; empty where it has none.
func (w *world) remedy(rule Rule, f placed) string {
	if !aboutLeaf(rule) || cmp.Or(f.Severity, rule.Severity) == Info || w.pool.Kind != edge.EdgePool {
		return ""
	}
	if f.Certificate != nil && w.labels[f.Certificate.Fingerprint] == "" {
		return "" // it is about an intermediate
	}
	members := slices.DeleteFunc(w.names(f.at), func(m string) bool { return m == edge.VIPMember })
	known, fellows := w.faults(f.at), w.fellows(f.at)
	better := slices.DeleteFunc(slices.Clone(fellows), func(i int) bool {
		on := w.withLeaf(fellows, w.captures[i].Leaf())
		return slices.ContainsFunc(on, w.result(rule.ID).about) ||
			slices.ContainsFunc(w.faults(on), func(id string) bool { return !slices.Contains(known, id) })
	})
	switch {
	case len(better) == 0:
		return ""
	case len(members) == 0:
		return fixBalancer
	}
	return w.fixAssign(members, w.roleOf(f.at), w.right(w.distinct(better), better))
}

// fellows are the members' captures with which these should share a
// certificate, and which present another one.
func (w *world) fellows(at []int) []int {
	role := w.roleOf(at)
	shared := []edge.Role{edge.Access, edge.WebConf}
	switch {
	case role == edge.AV, role == "" && w.pool.PerService:
		return nil
	case role == edge.XMPP, w.pool.PerService:
		shared = []edge.Role{role}
	}
	var out []int
	for i, c := range w.captures {
		if c.Leaf() == nil || c.Endpoint.VIP || !slices.Contains(shared, c.Endpoint.Role) || len(w.withLeaf(at, c.Leaf())) > 0 {
			continue
		}
		out = append(out, i)
	}
	return out
}
