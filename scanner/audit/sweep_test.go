package audit

import (
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"edgecert/scanner/edge"
)

// A fact is one thing wrong with one cell.
type fact struct {
	name   string
	change func(*testWorld, *edge.Capture)
	want   []string // rules that must find it; others may not find anything
}

func facts() []fact {
	return []fact{
		{"another certificate", leafOf(func(c *leafTemplate) {
			c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(0xbad), date(2026, 4, 30), date(2026, 11, 10)
		}), []string{idMembers}},
		{"down", func(_ *testWorld, c *edge.Capture) { down(edge.ClassTimeout, c) }, []string{idUnreachable}},
		{"not TLS", func(_ *testWorld, c *edge.Capture) { down(edge.ClassNotTLS, c) }, []string{"tls-not-spoken"}},
		{"no intermediate", func(_ *testWorld, c *edge.Capture) { c.Chain = c.Chain[:1] }, []string{"chain-incomplete"}},
		{"a cross certificate more", func(_ *testWorld, c *edge.Capture) { c.Chain = append(c.Chain[:2:2], testPKI().cross) }, []string{"chain-differs-across-members"}},
		{"expired", leafOf(valid(date(2026, 1, 1), date(2026, 5, 30))), []string{idMembers, "expired"}},
		{"not yet valid", leafOf(valid(date(2026, 7, 1), date(2026, 12, 30))), []string{idMembers, "not-yet-valid"}},
		{"expires soon", leafOf(valid(date(2026, 1, 1), date(2026, 6, 20))), []string{idMembers, "expires-soon"}},
		{"issued for too long", leafOf(valid(date(2026, 4, 30), date(2027, 5, 1))), []string{idMembers, "lifetime-too-long"}},
		{"no server authentication", leafOf(usage(x509.ExtKeyUsageClientAuth)), []string{idMembers, "server-auth-missing"}},
		{"a CA's certificate", leafOf(func(c *leafTemplate) { c.IsCA = true }), []string{idMembers, "leaf-is-ca"}},
		{"no CRL distribution point", leafOf(func(c *leafTemplate) { c.CRLDistributionPoints = nil }), []string{idMembers, "crl-missing"}},
		{"an underscore", leafOf(func(c *leafTemplate) { c.DNSNames = append(c.DNSNames, "a_b.contoso.com") }), []string{idMembers, "name-not-dns-safe"}},
		{"cannot be decoded", func(_ *testWorld, c *edge.Capture) {
			present(edge.NewCertificate([]byte{0x30, 0x03, 0x02, 0x01, 0x01}), c)
		}, []string{idMembers, "certificate-undecodable"}},
		{"another without SNI", func(w *testWorld, c *edge.Capture) {
			again(c, edge.Presentation{Offer: edge.OfferWithoutSNI, Outcome: edge.Captured, Chain: []*edge.Certificate{sameKeyLeaf(w)}})
		}, []string{"depends-on-sni"}},
		{"TLS 1.0 on", func(_ *testWorld, c *edge.Capture) {
			again(c, edge.Presentation{Offer: edge.OfferTLS11, Outcome: edge.Captured, Version: "TLS 1.0", Chain: c.Chain})
		}, []string{"legacy-tls"}},
		{"two certificates", func(w *testWorld, c *edge.Capture) {
			other := sameKeyLeaf(w)
			sampled(c, other, c.Leaf(), other)
		}, []string{"changes-between-handshakes"}},
	}
}

// The sweep mutates one fact of one cell of the healthy pool and demands that
// every finding about it names exactly that cell.
func TestSweepNamesTheCell(t *testing.T) {
	t.Parallel()
	plan := healthy(t).ev.Captures
	for _, f := range facts() {
		for i, cell := range plan {
			if cell.Endpoint.Role == edge.AV {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s %s %d", f.name, cell.Endpoint.Member, cell.Endpoint.Role, cell.Endpoint.Port), func(t *testing.T) {
				t.Parallel()
				w := healthy(t)
				f.change(w, &w.ev.Captures[i])
				demand(t, w.judge(), cell.Endpoint, f.want)
			})
		}
	}
}

// Two things wrong at once are both told, each where it is: no fact hides
// behind another one.
func TestSweepNamesBothCells(t *testing.T) {
	t.Parallel()
	for _, one := range facts() {
		for _, other := range facts() {
			t.Run(one.name+" and "+other.name, func(t *testing.T) {
				t.Parallel()
				w := healthy(t)
				a, b := w.cell("edge1", edge.WebConf, 443), w.cell("edge2", edge.Access, 5061)
				one.change(w, a)
				other.change(w, b)
				j := w.judge()
				for _, f := range j.Findings {
					if f.Severity != Info && !slices.Contains(one.want, f.Rule) && !slices.Contains(other.want, f.Rule) {
						t.Errorf("also: %s at %q: %s", f.Rule, place(f), f.Message)
					}
				}
				tells(t, j, a.Endpoint, one.want)
				tells(t, j, b.Endpoint, other.want)
			})
		}
	}
}

// tells wants a finding of each of these rules that an endpoint is part of.
func tells(t *testing.T, j Judgement, e edge.Endpoint, want []string) {
	t.Helper()
	for _, rule := range want {
		if !slices.ContainsFunc(j.Findings, func(f Finding) bool {
			return f.Rule == rule && (f.Member == "" || f.Member == e.Member) && (f.Role == "" || f.Role == e.Role) && (f.Port == 0 || f.Port == e.Port)
		}) {
			t.Errorf("%s says nothing of %s %s", rule, e.Member, e.Role)
		}
	}
}

// leafOf makes a cell present the healthy leaf with one mutation.
func leafOf(change leafOption) func(*testWorld, *edge.Capture) {
	return func(w *testWorld, c *edge.Capture) { present(makeLeaf(w.t, change), c) }
}

// demand wants findings of these rules about that endpoint, and no other error
// or warning.
func demand(t *testing.T, j Judgement, e edge.Endpoint, want []string) {
	t.Helper()
	var got []string
	for _, f := range j.Findings {
		if f.Severity == Info {
			continue
		}
		got = append(got, f.Rule)
		if f.Member != e.Member || f.Role != e.Role || f.Port != e.Port || f.Address != e.Address.String() {
			t.Errorf("%s is at %q (%s): %s", f.Rule, place(f), f.Address, f.Message)
		}
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
