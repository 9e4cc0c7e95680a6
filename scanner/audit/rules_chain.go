package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

func chainDiffers() Rule {
	return Rule{
		ID: "chain-differs-across-members", Family: "consistency", Compares: true, Wire: true, Severity: Warning,
		Short: "sends other intermediates than the other members", Mend: remedy.ByIntermediate, Raised: []string{profileRenewal},
		Title: "the same certificate, other intermediates sent",
		Doc: `Members that hold the same certificate send different intermediates with it. Windows picks the chain from its own
stores, so the members' stores differ: another path may be built by each partner, one that trusts the one root may not
trust the other, and a cross certificate that ends breaks one member alone.

How to fix it: compare Cert:\LocalMachine\CA and Cert:\LocalMachine\Root on the members, make them alike, and restart the
Edge services. Where an intermediate is missing altogether, chain-incomplete says so instead.`,
		Source:  `RFC 5246 section 7.4.2: the sender chooses which certificates follow its own; a chain that differs on one member gives intermittent federation failures (field reports)`,
		Applies: func(w *world) bool { return w.pool.Kind != edge.LoosePool },
		Run:     runChainDiffers,
	}
}

func runChainDiffers(w *world, r *result) {
	for _, s := range w.services() {
		r.unseen(s.gone...)
	}
	for _, g := range w.normal(func(e edge.Endpoint) bool { return !e.VIP }) {
		g.at = r.whole(g.at)
		if len(w.names(g.at)) < 2 {
			continue
		}
		if len(edge.GroupBy(g.at, w.sent)) < 2 {
			r.pass()
			continue
		}
		at := slices.DeleteFunc(slices.Clone(g.at), w.chainTold)
		chains := edge.GroupBy(at, w.sent)
		if len(at) < len(g.at) {
			r.pass()
		}
		if len(chains) < 2 {
			continue
		}
		if odd := oddPart(w, chains); odd != nil {
			at = odd
		}
		r.find(w.chainFinding(g.cert, chains, at), at...)
	}
}

// whole are the captures of at whose chain was kept whole; of the others it
// could not be told.
func (r *result) whole(at []int) []int {
	short := func(i int) bool { return r.w.captures[i].Cut > 0 }
	if !slices.ContainsFunc(at, short) {
		return at
	}
	var kept, cut []int
	for _, i := range at {
		if short(i) {
			cut = append(cut, i)
		} else {
			kept = append(kept, i)
		}
	}
	r.couldNotTell(trust.NotWhole, cut...)
	return kept
}

// chainTold says whether a more specific rule has found what is the matter
// with a capture's chain.
func (w *world) chainTold(i int) bool {
	return w.incomplete(i) || w.result("intermediate-expired").about(i)
}

// sent names the intermediates that a capture sent, whatever their order. A
// root among them, or what has nothing to do with the leaf, changes no path
// (root-sent, chain-extra).
func (w *world) sent(i int) string {
	once := certs(w.captures[i].Chain...)
	layout := w.scan.forest.Layout(once)
	var out []string
	for _, c := range once[1:] {
		if !edge.Holds(layout.Roots, c) && !edge.Holds(layout.Extra, c) {
			out = append(out, c.Fingerprint.String())
		}
	}
	slices.Sort(out)
	return "sent " + strings.Join(out, " ")
}

// oddPart is the smaller of two parts where it is one member's, else nothing.
func oddPart(w *world, parts [][]int) []int {
	if len(parts) != 2 || len(parts[0]) == len(parts[1]) {
		return nil
	}
	least := parts[0]
	if len(parts[1]) < len(least) {
		least = parts[1]
	}
	if len(w.names(least)) > 1 {
		return nil
	}
	return least
}

func (w *world) chainFinding(leaf *edge.Certificate, chains [][]int, at []int) Finding {
	var parts []string
	for _, c := range chains {
		what := list(edge.Map(w.captures[c[0]].Chain[1:], nameOf))
		parts = append(parts, fmt.Sprintf("%s: %s", w.where(c), cmp.Or(what, "nothing")))
	}
	return Finding{
		Certificates: certs(leaf),
		Message:      ByLetter(w.letter(leaf)) + "comes with different intermediates: " + strings.Join(parts, "; "),
		Steps: []Step{
			{On: w.names(at), Text: "compare the store for intermediate CAs with the other members'", Commands: []string{`Get-ChildItem Cert:\LocalMachine\CA`}},
			{On: w.names(at), Text: "import or remove what differs, and restart", Restart: true},
		},
	}
}
