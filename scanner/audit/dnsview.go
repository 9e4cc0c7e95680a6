package audit

import (
	"slices"

	"edgecert/scanner/edge"
)

// inView is the pool with its DNS as far as it may be judged.
//
// Many jump hosts ask a resolver that does not show the public zone: split DNS,
// or no way out at all. Where the system's resolver knows not one of the names
// of a pool whose members are written down, it says nothing about the public
// zone, and "there is none" is "could not tell". A resolver that the user named
// is taken at its word, and so is any before federation goes live, when records
// that nobody has made yet are just what is looked for.
func (s *scan) inView(p edge.Pool) edge.Pool {
	if p.DNS == nil || p.DNS.Resolver != edge.SystemResolver || len(p.Members)+len(p.VIPs) == 0 || s.policy.Profile == profileFederation {
		return p
	}
	known := slices.ContainsFunc(p.DNS.Names, func(a edge.NameAnswer) bool { return a.Status == edge.Found }) ||
		slices.ContainsFunc(p.DNS.SRV, func(a edge.SRVAnswer) bool { return a.Status == edge.Found })
	if known {
		return p
	}
	blind := *p.DNS
	blind.Names, blind.SRV = slices.Clone(blind.Names), slices.Clone(blind.SRV)
	for i := range blind.Names {
		blind.Names[i].Status = edge.Unknown
	}
	for i := range blind.SRV {
		blind.SRV[i].Status = edge.Unknown
	}
	p.DNS = &blind
	return p
}
