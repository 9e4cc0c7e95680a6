package targets

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"edgecert/scanner/edge"
)

// Resolve asks DNS for everything the pools need, each question once, and
// returns the pools with their DNS filled in: addresses of every service name
// (XMPP aside, which is reached where Access is) and of sip.<domain>, and the SRV
// records, of every SIP domain, also where members are named; of loose endpoints the hostnames
// alone. A pool that has its DNS already keeps it. What could not be found out
// says so in its status; Resolve itself never fails. Notes say where DNS has
// more or fewer addresses than there are members.
func Resolve(ctx context.Context, pools []edge.Pool, r Resolver) []edge.Pool {
	return resolve(ctx, pools, r, func(p edge.Pool) bool { return p.DNS == nil })
}

// Locate is Resolve for the pools alone that cannot be dialed without DNS.
// Where every address is written down DNS is for the rules, which have time
// until the scan is done: a resolver that is dead must not hold up the dialing.
func Locate(ctx context.Context, pools []edge.Pool, r Resolver) []edge.Pool {
	return resolve(ctx, pools, r, func(p edge.Pool) bool {
		return p.DNS == nil && slices.ContainsFunc(Plan([]edge.Pool{p}), func(e edge.Endpoint) bool { return e.Fault != nil })
	})
}

// resolve asks what the chosen pools need.
func resolve(ctx context.Context, pools []edge.Pool, r Resolver, chosen func(edge.Pool) bool) []edge.Pool {
	s := newSession(r)
	var asked []int
	for i, p := range pools {
		if chosen(p) {
			asked = append(asked, i)
			s.want(p)
		}
	}
	s.run(ctx)
	out := slices.Clone(pools)
	for _, i := range asked {
		if names, queries := questions(out[i]); len(names)+len(queries) > 0 {
			out[i].DNS = s.answer(names, queries)
			out[i].Notes = slices.Concat(out[i].Notes, countNotes(out[i]), partNotes(out[i].DNS))
		}
	}
	return out
}

// An srvQuestion asks for one SRV record of a SIP domain.
type srvQuestion struct {
	kind   edge.SRVKind
	domain string
}

func (q srvQuestion) name() string {
	switch q.kind {
	case edge.SRVFederation:
		return "_sipfederationtls._tcp." + q.domain
	case edge.SRVClient:
		return "_sip._tls." + q.domain
	default:
		return "_xmpp-server._tcp." + q.domain
	}
}

// questions lists what a pool needs of DNS.
func questions(p edge.Pool) (names []string, queries []srvQuestion) {
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if !p.IsEdge() {
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
		if len(p.Services) > 0 { // else it is known that no record leads there
			add("sip." + d)
		}
		for _, kind := range []edge.SRVKind{edge.SRVFederation, edge.SRVClient, edge.SRVXMPP} {
			queries = append(queries, srvQuestion{kind, d})
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
