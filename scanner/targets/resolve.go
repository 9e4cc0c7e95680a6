package targets

import (
	"context"
	"slices"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets/dns"
)

// Resolve asks DNS for everything the pools need: addresses of every service
// name (XMPP aside, which is reached where Access is) and of sip.<domain>, and
// the SRV records, of every SIP domain, also where members are named; of listed
// endpoints the hostnames alone. A pool that has its DNS already keeps it.
func Resolve(ctx context.Context, pools []edge.Pool, r dns.Resolver) []edge.Pool {
	return dns.Resolve(ctx, pools, r, func(p edge.Pool) bool { return p.DNS == nil })
}

// Locate is Resolve for the pools alone that cannot be dialed without DNS.
// Where every address is written down DNS is for the rules, which have time
// until the scan is done: a resolver that is dead must not hold up the dialing.
func Locate(ctx context.Context, pools []edge.Pool, r dns.Resolver) []edge.Pool {
	return dns.Resolve(ctx, pools, r, func(p edge.Pool) bool {
		return p.DNS == nil && slices.ContainsFunc(edge.Plan([]edge.Pool{p}), func(e edge.Endpoint) bool { return e.Fault != nil })
	})
}
