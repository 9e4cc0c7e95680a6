package diff

import (
	"fmt"
	"slices"

	"edgecert/report"
	"edgecert/scanner/edge"
)

// File tells what a certificate file that was judged for a pool (certfile.AsEvidence)
// would change there: one replacement for each other certificate that the same
// services presented in the previous scan, with what the file's lacks. The result is
// never nil; it is empty where they present the file's own, and where previous has
// no such pool.
func File(previous, checked report.Report) []report.Change {
	changes := []report.Change{}
	for _, is := range checked.Pools {
		for _, was := range previous.Pools {
			if was.Plan.Name == is.Plan.Name && len(is.Leaves()) > 0 {
				changes = append(changes, replacements(was, is)...)
			}
		}
	}
	return changes
}

// replacements are the changes in one pool.
func replacements(was, is report.Pool) []report.Change {
	b := is.Leaves()[0]
	d := &poolDiff{was: was, is: is, bearing: map[string]int{}, certs: map[string]*edge.Certificate{b.Fingerprint.String(): b}}
	var g cellGroups
	for i := range was.Captures {
		e := &was.Captures[i]
		if !slices.ContainsFunc(is.Captures, func(c edge.Capture) bool { return c.Role == e.Role }) {
			continue
		}
		d.bearing[e.Member]++
		for _, c := range e.Leaves() {
			d.certs[c.Fingerprint.String()] = c
			if c.Fingerprint != b.Fingerprint {
				g.add(e, "", c.Fingerprint.String(), b.Fingerprint.String())
			}
		}
	}
	for _, x := range g.list {
		a := d.certs[x.before]
		verb := "replace"
		kind, how := succession(a, b)
		if kind == report.CertificateRenewed {
			verb = "renew"
		}
		d.replacement(x, kind, fmt.Sprintf("%s would %s the certificate on %s%s; %s", is.Captures[0].Member, verb, d.who(x.cells, d.bearing), how, describeNew(a, b)))
	}
	slices.SortStableFunc(d.changes, func(a, b report.Change) int { return kindOrder(a.Kind) - kindOrder(b.Kind) })
	return d.changes
}
