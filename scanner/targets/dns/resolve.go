// Package dns asks what pools need of DNS, and tells "there is none" from "could
// not find out":
//
//	[]edge.Pool ─ questions ─→ Session ─ Resolver ─→ edge.DNS
package dns

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"edgecert/scanner/edge"
)

// Resolve asks what the chosen pools need, each question once, and returns the
// pools with their DNS filled in. What could not be found out says so in its
// status; Resolve itself never fails. Notes say where DNS has more or fewer
// addresses than there are members.
func Resolve(ctx context.Context, pools []edge.Pool, r Resolver, chosen func(edge.Pool) bool) []edge.Pool {
	s := NewSession(r)
	var asked []int
	for i, p := range pools {
		if chosen(p) {
			asked = append(asked, i)
			s.Want(p)
		}
	}
	s.Run(ctx)
	out := slices.Clone(pools)
	for _, i := range asked {
		if names, queries := questions(out[i]); len(names)+len(queries) > 0 {
			out[i].DNS = s.answer(names, queries)
			out[i].Notes = slices.Concat(out[i].Notes, countNotes(out[i]), PartNotes(out[i].DNS))
		}
	}
	return out
}

// A Question asks for one SRV record of a SIP domain.
type Question struct {
	Kind   edge.SRVKind
	Domain string
}

// questions lists what a pool needs of DNS.
func questions(p edge.Pool) (names []string, queries []Question) {
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if p.Listed() {
		seen := map[string]bool{} // thousands of them
		for _, l := range p.Loose {
			if _, err := netip.ParseAddr(l.Host); err != nil && !seen[l.Host] {
				seen[l.Host] = true
				names = append(names, l.Host)
			}
		}
		return names, nil
	}
	for _, s := range p.Services {
		if s.Role != edge.XMPP {
			add(s.FQDN)
		}
	}
	for _, d := range p.SIPDomains {
		if p.Kind == edge.PartnerPool {
			queries = append(queries, Question{edge.SRVFederation, d})
			continue
		}
		if len(p.Services) > 0 { // else it is known that no record leads there
			add("sip." + d)
		}
		for _, kind := range []edge.SRVKind{edge.SRVFederation, edge.SRVClient, edge.SRVXMPP} {
			queries = append(queries, Question{kind, d})
		}
	}
	return names, queries
}

// Unanswered is why DNS could not be asked, where no question of any pool was
// answered; empty otherwise.
func Unanswered(pools []edge.Pool) string {
	why, answered := "", false
	note := func(status edge.LookupStatus, err string) {
		why, answered = cmp.Or(why, err), answered || status != edge.Unknown
	}
	for _, p := range pools {
		if p.DNS == nil {
			continue
		}
		for _, a := range p.DNS.Names {
			note(a.Status, a.Error)
		}
		for _, a := range p.DNS.SRV {
			note(a.Status, a.Error)
		}
	}
	if answered {
		return ""
	}
	return why
}
