package audit

import (
	"math/big"
	"strings"
	"testing"

	"edgecert/scanner/edge"
)

// A headline says what is wrong today before what ends one day, and where, and
// of which names.
func TestHeadlineSaysWhatBreaksToday(t *testing.T) {
	t.Parallel()
	old := func(w *testWorld, without ...string) *edge.Certificate {
		return makeLeaf(w.t, func(c *leafTemplate) {
			if len(without) > 0 {
				lacking(without...)(c)
			}
			c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(7), date(2025, 6, 1), date(2026, 6, 30)
		})
	}
	withoutSNI := func(w *testWorld, cells ...*edge.Capture) {
		for _, c := range cells {
			chain := []*edge.Certificate{makeLeaf(w.t, func(c *leafTemplate) { c.SerialNumber = big.NewInt(9) })}
			again(c, edge.Presentation{Offer: edge.OfferWithoutSNI, Outcome: edge.Captured, Version: "TLS 1.2", Chain: chain})
		}
	}
	for _, c := range []struct {
		name, want string
		change     func(*testWorld)
	}{
		{"the old one lacks a name", "edge2 still presents the old certificate # on every service: it lacks sip.fabrikam.com", func(w *testWorld) {
			present(old(w, "sip.fabrikam.com"), w.member("edge2")...)
		}},
		{"the old one lacks three names of several kinds", "edge2 still presents the old certificate #: it lacks webcon.contoso.com, sip.fabrikam.com and contoso.com", func(w *testWorld) {
			present(old(w, "sip.fabrikam.com", "webcon.contoso.com", "contoso.com"), w.member("edge2")...)
		}},
		{"the old one has nothing but an end", "edge2 still presents the old certificate # on every service, which ends in 28 days", func(w *testWorld) {
			present(old(w), w.member("edge2")...)
		}},
		{"all lack names of several kinds", "the certificate # of every member lacks webcon.contoso.com, sip.fabrikam.com and contoso.com", func(w *testWorld) {
			with(lacking("sip.fabrikam.com", "webcon.contoso.com", "contoso.com"))(w)
		}},
		{"no key on one service", "edge2 presents its certificate without its key on webcon:443", func(w *testWorld) {
			w.cell("edge2", edge.WebConf, 443).Proof = edge.Proof{State: edge.Disproved, Reason: "signed by another key"}
		}},
		{"another without SNI on one service", "edge2 presents another certificate without SNI on webcon:443", func(w *testWorld) {
			withoutSNI(w, w.cell("edge2", edge.WebConf, 443))
		}},
		{"the load balancer has one of its own", "the load balancer presents #, which no member does", func(w *testWorld) {
			present(old(w), withVIP(w))
		}},
		{"the load balancer has another without SNI", "the load balancer presents another certificate without SNI", func(w *testWorld) {
			withoutSNI(w, withVIP(w))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			w.pool().Inventory = nil
			c.change(w)
			if got, _, _ := strings.Cut(planOf(w.judge()), "\n"); got != c.want {
				t.Errorf("headline %q\nwant     %q", got, c.want)
			}
		})
	}
}
