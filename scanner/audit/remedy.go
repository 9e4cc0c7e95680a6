package audit

import (
	"slices"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

// What the second pass (room remedy) needs of the first. The rules that compare
// endpoints ask for the right certificate, so it is chosen as soon as the rules
// about the leaves have looked.

// choice is the certificate that the services sharing one with a role should
// present.
func (w *world) choice(r edge.Role) remedy.Choice {
	if c, known := w.choices[r]; known {
		return c
	}
	var c remedy.Choice
	for _, group := range w.remedies().Groups() {
		if slices.Contains(group, r) {
			c = w.remedies().Choose(group)
		}
	}
	w.choices[r] = c
	return c
}

// right is the certificate of choice, nil where it was neither seen nor given.
// Loose endpoints have none: each is judged for itself.
func (w *world) right(r edge.Role) *edge.Certificate {
	if w.pool.Kind == edge.LoosePool {
		return nil
	}
	return w.choice(r).Certificate
}

func (w *world) remedies() *remedy.Case {
	if w.cases == nil {
		w.cases = &remedy.Case{Pool: w.pool, Captures: w.captures, Now: w.scan.now, Names: w.names, Against: w.against, Doubted: w.doubted,
			Rule: func(id string) remedy.Rule {
				r := w.scan.byID[id]
				return remedy.Rule{Short: r.Short, Mend: r.Mend, Weight: r.Weight, Later: r.Later, Lacks: r.Lacks, Ends: r.ID == idInventoryExpired, Early: r.ID == idNotYetValid}
			}}
	}
	return w.cases
}

// leafIn is a leaf as the services of a role present it.
type leafIn struct {
	leaf edge.Fingerprint
	role edge.Role
}

// against sums up what the rules find wrong with a leaf, as errors, in the
// services of a group.
func (w *world) against(leaf *edge.Certificate, group []edge.Role) int {
	w.weighAll()
	most := w.foretold(leaf, group)
	for _, r := range group {
		most = max(most, w.faults[leafIn{leaf.Fingerprint, r}])
	}
	return most
}

// doubted says whether a rule whose warnings weigh has one against a leaf.
func (w *world) doubted(leaf *edge.Certificate) bool {
	w.weighAll()
	return w.doubts[leaf.Fingerprint]
}

func (w *world) weighAll() {
	if w.faults != nil {
		return
	}
	w.faults, w.doubts = map[leafIn]int{}, map[edge.Fingerprint]bool{}
	for _, rule := range w.scan.rules {
		if rule.Weight > 0 && !w.allowed(rule.ID) {
			w.weigh(rule)
		}
	}
}

// weigh adds a rule's errors to the leaves of the captures that they blame.
func (w *world) weigh(rule Rule) {
	told := map[leafIn]bool{}
	for _, f := range w.result(rule.ID).found {
		severity := w.severity(rule, f.Severity)
		if rule.Doubts && severity != Info {
			for _, leaf := range f.Certificates {
				w.doubts[leaf.Fingerprint] = true
			}
		}
		if severity != Error {
			continue
		}
		for _, i := range f.Cells {
			for _, leaf := range w.captures[i].Leaves() {
				in := leafIn{leaf.Fingerprint, w.captures[i].Endpoint.Role}
				if !told[in] && (edge.Holds(f.Certificates, leaf) || !w.aboutLeaf(f)) {
					told[in] = true
					w.faults[in] += rule.Weight
				}
			}
		}
	}
}

// aboutLeaf says whether one of a finding's certificates is a leaf that its
// captures present; else it is about what stands above.
func (w *world) aboutLeaf(f Finding) bool {
	return slices.ContainsFunc(f.Cells, func(i int) bool {
		return slices.ContainsFunc(w.captures[i].Leaves(), func(c *edge.Certificate) bool { return edge.Holds(f.Certificates, c) })
	})
}
