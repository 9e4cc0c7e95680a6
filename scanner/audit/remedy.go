package audit

import (
	"cmp"
	"slices"

	"edgecert/scanner/edge"
)

// What is wrong with a certificate is mended by another one, and where a
// renewal stopped half-way the pool has that one already. Every fix asks right
// which it is, so that all carry the same one to where it is missing, in the
// same words, and none asks for a third.

// right is the certificate that all services that share one with this role
// should have: the best that their members present, nil where none is seen.
func (w *world) right(r edge.Role) *edge.Certificate {
	r = w.bearer(r)
	if c, known := w.rights[r]; known {
		return c
	}
	w.rights[r] = w.best(w.group(w.sharing(r)), r)
	return w.rights[r]
}

// bearer is the service whose certificate a service has: XMPP is served with
// the Access Edge's, unless its proxy presents another one everywhere.
func (w *world) bearer(r edge.Role) edge.Role {
	if r != edge.XMPP {
		return r
	}
	access := w.group(roles(edge.Access))
	for _, x := range w.group(roles(edge.XMPP)) {
		if slices.ContainsFunc(access, func(a group) bool { return a.cert.Fingerprint == x.cert.Fingerprint }) {
			return edge.Access
		}
	}
	return r
}

// sharing picks the endpoints that should present one certificate with those
// of a role. What a load balancer presents counts where nothing else was asked;
// what comes from an A/V address never does, for it is not the Edge's.
func (w *world) sharing(r edge.Role) filter {
	asked := w.membersAsked()
	return func(e edge.Endpoint) bool {
		switch {
		case e.VIP && asked:
			return false
		case w.pool.PerService || r == edge.XMPP:
			return e.Role == r
		default:
			return e.Role == edge.Access || e.Role == edge.WebConf || e.Role == edge.Other
		}
	}
}

// best is the certificate that is valid now and has the least against it, then
// the newest, then the one most often presented.
func (w *world) best(of []group, r edge.Role) *edge.Certificate {
	if len(of) == 0 {
		return nil
	}
	return slices.MaxFunc(of, func(a, b group) int {
		return cmp.Or(slices.Compare(w.merit(a.cert, r), w.merit(b.cert, r)), newer(a.cert, b.cert), cmp.Compare(len(a.at), len(b.at)))
	}).cert
}

func (w *world) merit(c *edge.Certificate, r edge.Role) []int {
	valid, against := 0, 0
	if w.valid(c) {
		valid = 1
	}
	for _, weight := range w.told(c, r) {
		against += weight
	}
	return []int{valid, -against}
}

// valid says whether now lies in a certificate's time.
func (w *world) valid(c *edge.Certificate) bool {
	return !w.scan.now.Before(c.NotBefore()) && !w.scan.now.After(c.NotAfter())
}

// A use is a certificate in a service, or in all of them where they share one.
type use struct {
	leaf edge.Fingerprint
	role edge.Role
}

func (w *world) use(c *edge.Certificate, r edge.Role) use {
	if !w.pool.PerService {
		return use{leaf: c.Fingerprint}
	}
	return use{c.Fingerprint, w.bearer(r)}
}

// told are the rules that find something which another certificate would mend
// in this one, with the weight of that: nothing for what is no error; and what
// is wrong for everybody is worse than all the names that only some ask for.
func (w *world) told(c *edge.Certificate, r edge.Role) map[string]int {
	if w.byUse != nil {
		return w.byUse[w.use(c, r)]
	}
	w.byUse = map[use]map[string]int{}
	for _, rule := range w.scan.rules {
		if !aboutLeaf(rule) || w.allowed(rule.ID) {
			continue
		}
		for _, f := range w.result(rule.ID).found {
			weight := 0
			if w.severity(rule, f.Severity) == Error {
				weight = 100
				if rule.Family == "names" {
					weight = 1
				}
			}
			for _, i := range f.Cells {
				u := w.use(w.captures[i].Leaf(), w.captures[i].Endpoint.Role)
				if w.byUse[u] == nil {
					w.byUse[u] = map[string]int{}
				}
				w.byUse[u][rule.ID] = max(w.byUse[u][rule.ID], weight)
			}
		}
	}
	return w.byUse[w.use(c, r)]
}

// aboutLeaf says whether another certificate would mend what a rule finds.
func aboutLeaf(rule Rule) bool {
	switch rule.Family {
	case "names", "usage", "validity", "revocation":
		return true
	default:
		return rule.ID == "untrusted-issuer" || rule.ID == "not-public-ca"
	}
}

// remedy is the fix of a finding that a certificate mends which the pool has
// already; empty where it has none.
func (w *world) remedy(rule Rule, f Finding) string {
	if !aboutLeaf(rule) || cmp.Or(f.Severity, rule.Severity) == Info || !w.pool.IsEdge() {
		return ""
	}
	if c := f.Certificate(); c != nil && w.labels[c.Fingerprint] == "" {
		return "" // it is about an intermediate
	}
	if rule.Family == "validity" && w.replaced(f.Cells) {
		return on(w.names(f.Cells)) + ": " + restartFirst
	}
	role := w.roleOf(f.Cells)
	right := w.right(role)
	if right == nil || !w.valid(right) || len(w.withLeaf(f.Cells, right)) > 0 {
		return ""
	}
	if _, too := w.told(right, role)[rule.ID]; too {
		return ""
	}
	return w.carry(right, f.Cells)
}

// fixDiffering gives the right certificate to those of these captures that
// present another one, or a new one to all where each is out of its time.
func (w *world) fixDiffering(at []int) string {
	role := w.roleOf(at)
	if right := w.right(role); right != nil && w.valid(right) {
		return w.carry(right, at)
	}
	return w.fixRequest(role)
}

// fixSampled is fixDiffering for members that stand behind one address.
func (w *world) fixSampled(certs []*edge.Certificate, r edge.Role) string {
	var of []group
	for _, c := range certs {
		of = append(of, group{cert: c})
	}
	if right := w.best(of, r); w.valid(right) {
		return w.fixAssign(nil, r, right)
	}
	return w.fixRequest(r)
}

// carry brings a certificate to where these captures present another one.
func (w *world) carry(c *edge.Certificate, at []int) string {
	lacking := slices.DeleteFunc(slices.Clone(at), func(i int) bool { return w.leaf(i) == c.Fingerprint })
	members := slices.DeleteFunc(w.names(lacking), func(m string) bool { return m == edge.VIPMember })
	if len(members) == 0 && w.membersAsked() {
		return fixBalancer
	}
	return w.fixAssign(members, w.roleOf(at), c)
}
