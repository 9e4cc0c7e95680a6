package audit

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"testing"

	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

// manyMembers is the healthy pool with n members, the last of which was
// forgotten at the last renewal.
func manyMembers(t testing.TB, n int) *testWorld {
	w := healthy(t)
	pool, three := w.pool(), w.ev.Captures[:len(w.ev.Captures)/3]
	leaf, old := three[0].Leaf(), makeLeaf(t, nil)
	pool.Members, w.ev.Captures, pool.DNS, pool.Inventory = nil, nil, nil, nil
	for i := range n {
		name := fmt.Sprintf("edge%d", i+1)
		ip := netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)})
		pool.Members = append(pool.Members, edge.Member{Name: name, Addresses: []edge.Address{{IP: ip}}})
		for _, c := range three {
			c.Endpoint.Member, c.Endpoint.Address = name, ip
			if c.Leaf() != nil && i == n-1 {
				present(old, &c)
			} else if c.Leaf() != nil {
				present(leaf, &c)
			}
			w.ev.Captures = append(w.ev.Captures, c)
		}
	}
	return w
}

// manyHosts is a list of n hosts, one in twenty of which is down. Four share a
// certificate, with three things wrong with it, and the other half one more.
func manyHosts(t testing.TB, n int, kind edge.PoolKind) *testWorld {
	w := healthy(t)
	var hosts []string
	for i := range n {
		hosts = append(hosts, fmt.Sprintf("10.%d.%d.%d:443", i>>16, i>>8&255, i&255))
	}
	listed(kind, hosts...)(w)
	var leaf *edge.Certificate
	for i := range w.ev.Captures {
		if i%4 == 0 && i < n/2 { // the other half shares one
			leaf = makeLeaf(t, func(l *leafTemplate) {
				l.CRLDistributionPoints = nil
				l.NotAfter = l.NotBefore.AddDate(5, 0, 0)
				l.KeyUsage = x509.KeyUsageCRLSign
			})
		}
		present(leaf, &w.ev.Captures[i])
		if i%20 == 0 {
			down(edge.ClassTimeout, &w.ev.Captures[i])
		}
	}
	return w
}

func BenchmarkJudge(b *testing.B) {
	for _, c := range []struct {
		name  string
		world *testWorld
	}{
		{"12 members", manyMembers(b, 12)},
		{"200 members", manyMembers(b, 200)},
		{"1000 members", manyMembers(b, 1000)},
		{"command line of 2500", manyHosts(b, 2500, edge.CommandLinePool)},
		{"command line of 20000", manyHosts(b, 20_000, edge.CommandLinePool)},
		{"20000 loose", manyHosts(b, 20_000, edge.LoosePool)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Judge(context.Background(), c.world.ev, c.world.policy, c.world.now)
			}
		})
	}
}

// BenchmarkCertificate is what one certificate costs: to read it, to find its
// path to a root, and to look that up again, as for each further endpoint.
func BenchmarkCertificate(b *testing.B) {
	w := healthy(b)
	chain := w.ev.Captures[0].Chain
	forest := func() *trust.Forest {
		return trust.New(b.Context(), w.ev.Captures, trust.Options{Roots: w.policy.Roots, OnlyRoots: w.policy.OnlyRoots, Now: w.now})
	}
	known := forest()
	for _, c := range []struct {
		name string
		work func() bool
	}{
		{"parse", func() bool { return edge.NewCertificate(chain[0].Raw).X509 != nil }},
		{"verify", func() bool { return forest().Judge(chain).Standing == trust.Trusted }},
		{"verify again", func() bool { return known.Judge(chain).Standing == trust.Trusted }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !c.work() {
					b.Fatal("the healthy chain does not hold")
				}
			}
		})
	}
}
