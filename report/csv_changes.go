package report

import (
	"slices"
	"strings"
)

// changeIndex finds the changes that concern an endpoint: by its pool and
// member, or by the certificate that came to it.
type changeIndex struct {
	compared bool
	by       map[[2]string][]Change
}

func newChangeIndex(changes []Change) changeIndex {
	x := changeIndex{changes != nil, map[[2]string][]Change{}}
	for _, c := range changes {
		key := [2]string{c.Pool, c.Member}
		if c.Member == "" {
			key[1] = c.After
		}
		x.by[key] = append(x.by[key], c)
	}
	return x
}

// at lists the kinds of the changes that concern e, "unchanged" where there are
// none, and nothing where there was no earlier scan.
func (x changeIndex) at(p Pool, e Endpoint) string {
	if !x.compared {
		return ""
	}
	candidates := x.by[[2]string{p.Name, e.Member}]
	if e.Certificate != nil {
		candidates = slices.Concat(candidates, x.by[[2]string{p.Name, *e.Certificate}])
	}
	var kinds []string
	for _, c := range candidates {
		if c.concerns(e) && !slices.Contains(kinds, c.Kind) {
			kinds = append(kinds, c.Kind)
		}
	}
	if len(kinds) == 0 {
		return "unchanged"
	}
	return strings.Join(kinds, " ")
}

// concerns says whether everything of a place that a change names is the
// endpoint's.
func (c Change) concerns(e Endpoint) bool {
	return (c.Member == "" || c.Member == e.Member) &&
		(c.Role == "" || c.Role == e.Role) &&
		(c.Address == "" || c.Address == e.Address) &&
		(c.Port == 0 || c.Port == e.Port)
}
