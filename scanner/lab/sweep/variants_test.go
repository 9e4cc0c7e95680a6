package sweep

import (
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

// A batch is the changed cells of many mutations in one lab. Each stands on a
// member of its own, which is given back its true name after the scan.
type batch struct {
	spec  lab.Spec
	cells []variant
}

type variant struct {
	mutation mutation
	place    place
	cell     lab.Cell
}

func variants(healthy lab.Spec, slow bool) batch {
	b := batch{spec: healthy}
	b.spec.Cells, b.spec.Members = nil, nil
	for _, m := range mutations() {
		if m.slow != slow || m.change == nil {
			continue
		}
		for _, c := range healthy.Cells {
			if !m.applies(c) {
				continue
			}
			v := variant{mutation: m, place: placeOf(c), cell: c}
			m.change(&v.cell)
			v.cell.Member += " with " + m.name
			b.cells = append(b.cells, v)
			b.spec.Cells = append(b.spec.Cells, v.cell)
			b.spec.Members = append(b.spec.Members, lab.Member{Name: v.cell.Member})
		}
	}
	return b
}

// endpoints are the healthy pool's, moved to where the changed cells listen.
func (s *field) endpoints(healthy []edge.Endpoint, l *lab.Lab, b batch) []edge.Endpoint {
	var out []edge.Endpoint
	for _, v := range b.cells {
		for _, e := range healthy {
			if endpointPlace(e) == v.place {
				e.Port = int(l.Address(v.cell.Member, v.cell.Role, v.cell.Port).Port())
				e.Samples = v.mutation.samples
				out = append(out, e)
			}
		}
	}
	return out
}

func endpointPlace(e edge.Endpoint) place { return place{e.Member, e.Role, e.ServicePort} }
