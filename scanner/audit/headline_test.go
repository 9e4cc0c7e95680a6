package audit

import (
	"math/big"
	"strings"
	"testing"
	"time"

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

// What ends first is told with its own services and members, and what follows is
// not dropped.
func TestImpactOfWhatEndsFirst(t *testing.T) {
	t.Parallel()
	ending := func(w *testWorld, serial int64, end time.Time, change leafOption) *edge.Certificate {
		return makeLeaf(w.t, func(c *leafTemplate) {
			change(c)
			c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(serial), date(2025, 6, 1), end
		})
	}
	for _, c := range []struct {
		name, headline, impact string
		change                 func(*testWorld)
	}{
		{"an expected one that nobody presents, and one service that ends",
			"every member presents other certificates than the expected # on every service: # of edge2 ends in 4 days",
			"Meeting content will fail on edge2 from 2026-06-06",
			func(w *testWorld) {
				expects(w, "", makeLeaf(w.t, func(c *leafTemplate) { c.SerialNumber = big.NewInt(0xbeef) }), "new.pfx")
				w.pool().Inventory = nil
				present(ending(w, 7, date(2026, 6, 6), lacking()), w.cell("edge2", edge.WebConf, 443))
			}},
		{"another A/V certificate beside the old one on the others",
			"",
			"Calls can fail now on edge3, and from 2026-06-20 sign-in, federation and meeting content on edge3",
			func(w *testWorld) {
				old := ending(w, 7, date(2026, 6, 20), lacking())
				present(old, w.member("edge3")[:3]...)
				for _, use := range []string{edge.TypeAccess, edge.TypeWebConf, edge.TypeAV} {
					inventoried("edge3", use, func(r *edge.InventoryRecord) {
						r.Thumbprint, r.NotBefore, r.NotAfter = old.Thumbprint(), old.NotBefore(), old.NotAfter()
					})(w)
				}
			}},
		{"users of one domain now, others on two days", "",
			"Sign-in and federation can fail now for users of fabrikam.com who reach edge3, and from 2026-06-06 meeting content on edge2, and from 2026-06-20 sign-in, federation and meeting content on edge3",
			func(w *testWorld) {
				w.pool().Inventory = nil
				present(ending(w, 7, date(2026, 6, 20), lacking("sip.fabrikam.com")), w.member("edge3")[:3]...)
				present(ending(w, 8, date(2026, 6, 6), lacking()), w.cell("edge2", edge.WebConf, 443))
			}},
		{"users of one domain now, all others later",
			"edge2 still presents the old certificate # on access:443, access:5061 and webcon:443: it lacks sip.fabrikam.com",
			"Sign-in and federation can fail now for users of fabrikam.com who reach edge2, and from 2026-06-20 sign-in, federation and meeting content on edge2",
			func(w *testWorld) {
				w.pool().Inventory = nil
				present(ending(w, 7, date(2026, 6, 20), lacking("sip.fabrikam.com")), w.member("edge2")[:3]...)
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			c.change(w)
			j := w.judge()
			if got, _, _ := strings.Cut(planOf(j), "\n"); c.headline != "" && got != c.headline {
				t.Errorf("headline %q\nwant     %q", got, c.headline)
			}
			if got := j.Problems[0].Impact; got != c.impact {
				t.Errorf("impact %q\nwant   %q", got, c.impact)
			}
		})
	}
}

// A certificate whose time has not come needs no other one, but time; one that is
// wrong in another way, too, does.
func TestWaitForACertificateThatBeginsLater(t *testing.T) {
	t.Parallel()
	checked := func(w *testWorld, change leafOption) {
		w.everywhere(makeLeaf(w.t, func(c *leafTemplate) { change(c); valid(date(2026, 6, 4), date(2026, 12, 1))(c) }))
		checks("PFX", edge.KeyMatches)(w)
		w.pool().Inventory = nil
	}
	for name, c := range map[string]struct {
		change         func(*testWorld)
		headline, step string
	}{
		"a file": {func(w *testWorld) { checked(w, lacking()) },
			"the certificate is not valid before 2026-06-04", "wait until 2026-06-04 before it is assigned"},
		"a file that lacks a name, too": {func(w *testWorld) { checked(w, lacking("sip.fabrikam.com")) },
			"the certificate is not valid before 2026-06-04", "on one member request a new certificate with all names that are due"},
		"an expected one": {func(w *testWorld) {
			expects(w, "", makeLeaf(w.t, func(c *leafTemplate) {
				valid(date(2026, 6, 4), date(2026, 12, 1))(c)
				c.SerialNumber = big.NewInt(0xbeef)
			}), "new.pfx")
		}, "the expected certificate # is not valid before 2026-06-04", "wait until 2026-06-04 before it is assigned"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			c.change(w)
			j := w.judge()
			if got, _, _ := strings.Cut(planOf(j), "\n"); got != c.headline || len(j.Steps) == 0 || j.Steps[0].Text != c.step {
				t.Errorf("headline %q, steps %+v\nwant %q, %q", got, j.Steps, c.headline, c.step)
			}
		})
	}
}
