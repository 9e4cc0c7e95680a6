package audit

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"edgecert/scanner/audit/finding"
	"edgecert/scanner/edge"
)

// A certificate that was meant, and that services do not present yet, is held
// against the rules as `check` holds a file: before it is assigned is the time to
// hear that it lacks a name.

// A rehearsal is a world in which services present what was meant for them.
type rehearsal struct {
	*world
	stands [][]int // by capture of the rehearsal: the real ones that it stands for
}

// whoGetsIt is the one member of a rehearsal, as messages call it.
const whoGetsIt = "whoever gets it"

// rehearse makes a rehearsal of each expectation that some service does not
// meet. What a service presents on one member is judged there.
func (w *world) rehearse() []rehearsal {
	if w.ahead != nil {
		return w.ahead
	}
	w.ahead = []rehearsal{}
	for _, x := range w.pool.Expect {
		if x.Certificate == nil || w.pool.File != nil {
			continue
		}
		if r := w.rehearsal(x); len(r.captures) > 0 {
			w.ahead = append(w.ahead, r)
		}
	}
	return w.ahead
}

func (w *world) rehearsal(x edge.Expectation) rehearsal {
	type place struct {
		role edge.Role
		name string
		port int
	}
	places := edge.Places[place]{}
	met := map[place]bool{}
	var captures []edge.Capture
	var stands [][]int
	for i, c := range w.captures {
		if own := Expects(w.pool, c); own == nil || own.Thumbprint != x.Thumbprint {
			continue
		}
		at := place{c.Endpoint.Role, c.Endpoint.FQDN, c.Endpoint.PortOfService()}
		if edge.Holds(c.Leaves(), x.Certificate) {
			met[at] = true
		}
		n, first := places.Of(at)
		if first {
			captures = append(captures, edge.Capture{Endpoint: edge.Endpoint{Pool: w.pool.Name, Member: whoGetsIt, Role: at.role, FQDN: at.name, Port: at.port, ServicePort: at.port},
				Outcome: edge.Captured, Stage: edge.StageCertificate, Chain: w.meantChain(x)})
			stands = append(stands, nil)
		}
		stands[n] = append(stands[n], i)
	}
	var r rehearsal
	var open []edge.Capture
	for n, c := range captures {
		if !met[place{c.Endpoint.Role, c.Endpoint.FQDN, c.Endpoint.Port}] {
			open, r.stands = append(open, c), append(r.stands, stands[n])
		}
	}
	pool := w.pool
	pool.Expect, pool.VIPs, pool.Inventory, pool.Stores = nil, nil, nil, nil
	pool.Members = []edge.Member{{Name: whoGetsIt}}
	pool.File = x.File
	if pool.File == nil {
		pool.File = &edge.CheckedFile{Name: meantBy(x)}
	}
	r.world = newWorld(w.scan, pool, open)
	r.meant = true
	if letter, ok := w.labels[x.Certificate.Fingerprint]; ok {
		r.labels[x.Certificate.Fingerprint] = letter
	} else {
		r.labels[x.Certificate.Fingerprint] = meantBy(x)
	}
	return r
}

// meantChain is what the file holds. A certificate that is known from elsewhere in
// the scan is judged with the chain that it came with.
func (w *world) meantChain(x edge.Expectation) []*edge.Certificate {
	if len(x.Chain) > 0 {
		return x.Chain
	}
	for i := range w.scan.ev.Captures {
		for _, chain := range w.scan.ev.Captures[i].Chains() {
			if chain[0].Fingerprint == x.Certificate.Fingerprint {
				return chain
			}
		}
	}
	return []*edge.Certificate{x.Certificate}
}

// meantBy is what the certificate that was meant is called where it has no
// letter: its file's name, or the beginning of its thumbprint.
func meantBy(x edge.Expectation) string {
	if _, isPrint := edge.ParseThumbprint(x.Text); isPrint {
		return strings.ToUpper(x.Thumbprint)[:8]
	}
	return path.Base(strings.ReplaceAll(x.Text, `\`, "/"))
}

// seenMeant completes expectations of which the thumbprint alone is known with
// the certificate, where anybody in the scan presents it.
func (s *scan) seenMeant(expect []edge.Expectation) []edge.Expectation {
	out := slices.Clone(expect)
	for n := range out {
		for i := 0; out[n].Certificate == nil && i < len(s.ev.Captures); i++ {
			for _, leaf := range s.ev.Captures[i].Leaves() {
				if out[n].Matches(leaf) {
					out[n].Certificate = leaf
					break
				}
			}
		}
	}
	return out
}

// foretell are the findings of the rehearsals, as what they are in this world, and
// what the rules say in it.
func (w *world) foretell(rules map[string]Outcome) []Finding {
	var out []Finding
	for _, r := range w.rehearse() {
		for _, rule := range w.scan.rules {
			if !rehearsed(rule) || w.allowed(rule.ID) {
				continue
			}
			result := r.result(rule.ID)
			for _, f := range result.found {
				f.Rule, f.Severity, f.Problem, f.Ahead = rule.ID, w.severity(rule, f.Severity), -1, true
				if f.Severity == Info {
					continue
				}
				r.translate(w, &f)
				out = append(out, f)
				rules[rule.ID] = Found
			}
			if len(result.unsure) > 0 && rules[rule.ID] == Pass {
				rules[rule.ID] = CouldNotTell
			}
		}
	}
	return out
}

// rehearsed says whether a rule is about the certificate or its file, rather than
// about how servers present it.
func rehearsed(r Rule) bool {
	return r.Family != "revocation" && (r.Weight > 0 || r.Family == "file" || r.ID == "intermediate-expired")
}

// translate puts real endpoints where the rehearsal's stand.
func (r rehearsal) translate(w *world, f *finding.Finding) {
	f.Cells = r.real(f.Cells)
	f.Also = slices.DeleteFunc(slices.Clone(f.Also), w.allowed)
	f.Message = "not presented yet: " + f.Message
	f.Member, f.Role, f.FQDN, f.Address, f.Port = "", "", "", "", 0
	w.place(f)
	steps := slices.Clone(f.Steps)
	for i := range steps {
		if len(steps[i].On) > 0 {
			steps[i].On = w.names(f.Cells)
		}
	}
	f.Steps = steps
}

// real are the captures that those of the rehearsal stand for.
func (r rehearsal) real(at []int) []int {
	return slices.Sorted(slices.Values(slices.Concat(edge.Map(at, func(n int) []int { return r.stands[n] })...)))
}

// foretold is how much stands against a leaf that is meant, in the services of a
// group that do not present it yet.
func (w *world) foretold(leaf *edge.Certificate, group []edge.Role) int {
	most := 0
	for _, r := range w.rehearse() {
		most = max(most, r.against(leaf, group))
	}
	return most
}

// meantText names the certificate that was meant.
func meantText(x edge.Expectation) string {
	if _, isPrint := edge.ParseThumbprint(x.Text); !isPrint && x.Certificate != nil {
		return fmt.Sprintf("the certificate of %s (thumbprint %s)", meantBy(x), thumbprint(x.Certificate))
	}
	return "the certificate with thumbprint " + strings.ToUpper(x.Thumbprint)
}
