package probe

import (
	"bytes"
	"crypto/x509"
	"slices"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// Room is how many bytes a scan may keep of certificates and what comes with
// them, at their price. Beyond All, of a chain its path alone is kept; beyond
// Paths, nothing.
type Room struct{ All, Paths, taken int64 }

// RoomFor is the room of a scan of so many endpoints. A leaf of its own for
// each of a fleet costs 5 kB; 500 endpoints with 250 kB each of certificates
// that nobody else has took 2.6 GB before there was a bound, and 0.4 GB since.
func RoomFor(endpoints int) Room {
	fleet := limits.RoomEndpoint * int64(endpoints)
	return Room{All: limits.RoomAll + fleet, Paths: limits.RoomPaths + fleet}
}

func (r *Room) take(n, limit int64) bool {
	if r.taken+n > limit {
		return false
	}
	r.taken += n
	return true
}

// price is what keeping so many bytes costs: them, and what is read from them.
func price(size int) int64 { return 2<<10 + 2*int64(size) }

// path is of a chain the leaf and who may have issued it, by name and, where
// both say one, by key identifier.
func path(chain []*edge.Certificate) []*edge.Certificate {
	named := map[string][]*edge.Certificate{}
	for _, c := range chain {
		if c.X509 != nil {
			key := edge.NameKey(c.X509.RawSubject)
			named[key] = append(named[key], c)
		}
	}
	out := slices.Clone(chain[:1]) // of its own: what is cut must go
	for next := 0; next < len(out) && len(out) < limits.PathLength; next++ {
		child := out[next].X509
		if child == nil {
			continue
		}
		for _, c := range named[edge.NameKey(child.RawIssuer)] {
			if len(out) < limits.PathLength && mayHaveSigned(c.X509, child) && !slices.ContainsFunc(out, func(o *edge.Certificate) bool { return o.Fingerprint == c.Fingerprint }) {
				out = append(out, c)
			}
		}
	}
	return out
}

func mayHaveSigned(issuer, child *x509.Certificate) bool {
	return len(child.AuthorityKeyId) == 0 || len(issuer.SubjectKeyId) == 0 || bytes.Equal(child.AuthorityKeyId, issuer.SubjectKeyId)
}
