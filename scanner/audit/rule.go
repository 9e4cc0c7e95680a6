package audit

import (
	"slices"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

// A Rule is one thing that can be wrong with an Edge pool, as a value: what it
// is, why it matters, who says so, and the function that looks for it.
type Rule struct {
	ID       string        // as people script against it: lower-case words joined by hyphens
	Family   string        // the group it stands in: coverage, consistency, names, usage, trust, validity, tls, av, dns
	Severity Severity      // of its findings, unless the finding says otherwise
	Question edge.Question // what it needs to be readable of a certificate; empty: that it is one
	For      scope         // the kinds of pool that it is for
	Compares bool          // it holds cells against others: what is not seen of some leaves it open for all
	Wire     bool          // it is about how endpoints behave: nothing to look at in a file
	Raised   []string      // the profiles that make its findings errors
	Varies   string        // when it says otherwise; empty: never
	Title    string        // "finding when", one line
	Doc      string        // what is wrong, what it breaks, and, as the last paragraph, how to fix it
	Source   string        // who says so, quoted where it can be
	Short    string        // the end of a headline: "has no CRL distribution point"; %s: the names among its subjects, %d: when the certificate ends
	Mend     remedy.Mend
	Weight   int  // against a leaf, when the right one is chosen; 0: the rule is not about the leaf itself
	Doubts   bool // its warnings weigh then, too, after all errors: an Edge may refuse the leaf
	Coverage bool // its error is about what was not seen, and makes a pool incomplete, no worse
	Silence  bool // it tells of an endpoint without a certificate what the endpoint's own event tells, too
	Private  bool // the leaf that it blames is not of a public CA
	Drawn    bool // the matrix shows it, so that its finding is no note beside it
	Later    bool // it breaks nothing today
	Lacks    bool // its subjects are names that a certificate lacks
	Applies  func(*world) bool
	Run      func(*world, *result)
}

// What stands against a leaf when the right one is chosen: what is wrong for
// everybody is worse than all the names that only some ask for.
const (
	weightName = 1
	weightAll  = 100
)

// A scope is the kinds of pool that a rule is for: what only an Edge has to be is
// asked of no other server.
type scope int

const (
	everyKind       scope = iota
	edgeAlone             // Edge pools
	edgeAndInternal       // what runs the product
	edgeAndPartner        // whom SRV records lead to
	nameDialed            // what is known by the name that it is dialed by
)

func (s scope) covers(p edge.Pool) bool {
	switch s {
	case edgeAlone:
		return p.IsEdge()
	case edgeAndInternal:
		return p.IsEdge() || p.Kind == edge.InternalPool
	case edgeAndPartner:
		return p.IsEdge() || p.Kind == edge.PartnerPool
	case nameDialed:
		return !p.IsEdge() && p.Kind != edge.PartnerPool
	default:
		return true
	}
}

// A result gathers what a rule saw of one pool. The rule reports every single
// thing it looked at, so that a pass needs something positively seen: a rule
// that never looked is not applicable, one that could not look everywhere has
// not passed.
type result struct {
	w        *world
	question edge.Question // see Rule.Question
	found    []Finding
	passed   int
	unsure   []doubt
	compared []int // captures of which some differ from others
	hidden   []int // captures whose fact another rule tells, and may name this one for
}

// A doubt is one thing that a rule could not look at.
type doubt struct {
	reason string // empty: the captures were not seen
	at     []int
}

// pass says: looked at one thing, nothing wrong with it. So it is where a more
// specific rule tells what is wrong; where its finding names this rule (Also),
// that outweighs the pass.
func (r *result) pass() { r.passed++ }

// unseen says: what these captures should have shown was not seen.
func (r *result) unseen(at ...int) {
	if len(at) > 0 {
		r.unsure = append(r.unsure, doubt{"", at})
	}
}

// couldNotTell says: one thing could not be looked at, and why.
func (r *result) couldNotTell(reason string, at ...int) {
	r.unsure = append(r.unsure, doubt{reason, at})
}

// find adds a finding that blames the captures with these indexes. None: the
// finding is about the pool.
func (r *result) find(f Finding, at ...int) {
	f.Cells = slices.Compact(slices.Sorted(slices.Values(at)))
	slices.Sort(f.Subjects)
	f.Subjects = slices.Compact(f.Subjects)
	r.w.place(&f)
	r.found = append(r.found, f)
}

// about says whether the rule found something that blames this capture.
func (r *result) about(i int) bool {
	return slices.ContainsFunc(r.found, func(f Finding) bool { return slices.Contains(f.Cells, i) })
}

// outcome is what the rule says of the pool as a whole.
func (r *result) outcome() Outcome {
	switch {
	case len(r.found) > 0:
		return Found
	case len(r.unsure) > 0:
		return CouldNotTell
	case r.passed > 0:
		return Pass
	default:
		return NotApplicable
	}
}

// certs are the certificates that a finding is about, each once.
func certs(of ...*edge.Certificate) []*edge.Certificate {
	return edge.Distinct(of)
}

// place fills in where a finding is: what its cells agree in. An address says
// nothing of several members that share it, as behind a tunnel or a NAT.
func (w *world) place(f *Finding) {
	if len(f.Cells) == 0 {
		return
	}
	first := w.captures[f.Cells[0]].Endpoint
	f.FQDN = first.FQDN
	f.Member, f.Role, f.Address, f.Port = first.Member, first.Role, address(first), first.Port
	for _, i := range f.Cells[1:] {
		e := w.captures[i].Endpoint
		if e.Member != first.Member {
			f.Member = ""
		}
		if e.Role != first.Role {
			f.Role = ""
		}
		if address(e) != address(first) || e.Member != first.Member {
			f.Address = ""
		}
		if e.FQDN != first.FQDN {
			f.FQDN = ""
		}
		if e.Port != first.Port {
			f.Port = 0
		}
	}
}

// firstCell is a finding's place in the endpoint order; what is about the pool
// comes last.
func (w *world) firstCell(f Finding) int {
	if len(f.Cells) == 0 {
		return len(w.captures)
	}
	return f.Cells[0]
}

// address is the endpoint's address as text, empty where it has none.
func address(e edge.Endpoint) string {
	if !e.Address.IsValid() {
		return ""
	}
	return e.Address.String()
}

// Why a rule could not tell, where it is not that something was not seen.
const (
	undecodable = "a certificate cannot be decoded"
	unverified  = "a signature could not be verified"
	noPath      = "there is no path to a root"
	dnsSilent   = "DNS did not answer"
	noRequest   = "whether a client certificate is asked for was not seen"
)

// also names a rule whose fact a finding tells, where it does.
func also(rule string, does bool) []string {
	if does {
		return []string{rule}
	}
	return nil
}

// all are all captures of the pool.
func (w *world) all() []int { return w.those(func(edge.Capture) bool { return true }) }
