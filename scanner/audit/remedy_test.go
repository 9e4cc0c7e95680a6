package audit

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"strings"
	"testing"

	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

// ownSigned is the healthy leaf with one mutation, signed by its own key.
func ownSigned(t testing.TB, change leafOption) *edge.Certificate {
	t.Helper()
	c, key := *makeLeaf(t, change).X509, testPKI().leafKeys[0]
	c.SignatureAlgorithm = x509.SHA256WithRSA
	return edge.NewCertificate(must(x509.CreateCertificate(rand.Reader, &c, &c, key.Public(), key)))
}

// Whatever is wrong with one member's certificate, the fix is to give it the
// one that the others have: never a third one, and never its own to the others.
func TestEveryFixLeadsToTheRightCertificate(t *testing.T) {
	t.Parallel()
	newest := func(c *leafTemplate) { c.SerialNumber, c.NotBefore = big.NewInt(0xbad), date(2026, 5, 20) }
	of := func(o leafOption) func(*testWorld) *edge.Certificate {
		return func(w *testWorld) *edge.Certificate {
			return makeLeaf(t, func(c *leafTemplate) { newest(c); o(c) })
		}
	}
	for name, bad := range map[string]func(*testWorld) *edge.Certificate{
		"the old one":                oldLeaf,
		"a newer one without a name": of(lacking("sip.fabrikam.com")),
		"a newer one for clients":    of(func(c *leafTemplate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
		"a newer self-signed one":    func(w *testWorld) *edge.Certificate { return ownSigned(w.t, newest) },
		"a newer one of a CA that nobody knows": func(w *testWorld) *edge.Certificate {
			c, key := *makeLeaf(t, newest).X509, testPKI().leafKeys[0]
			c.SignatureAlgorithm, c.AuthorityKeyId = x509.SHA256WithRSA, nil
			ca := &x509.Certificate{Subject: pkix.Name{CommonName: "Nobody's CA"}}
			return edge.NewCertificate(must(x509.CreateCertificate(rand.Reader, &c, ca, key.Public(), key)))
		},
		"one valid from next week": of(func(c *leafTemplate) { c.NotBefore = date(2026, 6, 8) }),
		"another of the same validity": func(w *testWorld) *edge.Certificate {
			return makeLeaf(t, func(c *leafTemplate) { c.SerialNumber = big.NewInt(0xbad) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			w.pool().Inventory = nil
			right := w.cell("edge2", edge.Access, 443).Leaf()
			leaf := bad(w)
			present(leaf, w.member("edge1")[:3]...) // the first, so that neither order nor letter helps
			for _, f := range w.judge().Findings {
				if f.Severity == Info {
					continue
				}
				if strings.Contains(f.Fix, thumbprint(leaf)) || !strings.Contains(f.Fix, "on edge1: ") || !strings.Contains(f.Fix, thumbprint(right)) {
					t.Errorf("%s: %s\nfix: %s", f.Rule, f.Message, f.Fix)
				}
			}
		})
	}
}

// Where each service has its own, the right certificate is another member's of
// the same service.
func TestSwappedCertificatesAreSwappedBack(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.perService()
	w.pool().Inventory = nil
	access := makeLeaf(t, lacking("webcon.contoso.com"))
	webcon := makeLeaf(t, func(c *leafTemplate) {
		c.SerialNumber, c.Subject.CommonName, c.DNSNames = big.NewInt(0xc0), "webcon.contoso.com", []string{"webcon.contoso.com"}
	})
	present(access, w.cells(edge.Access)...)
	present(webcon, w.cells(edge.WebConf)...)
	present(webcon, w.cell("edge2", edge.Access, 443), w.cell("edge2", edge.Access, 5061))
	present(access, w.cell("edge2", edge.WebConf, 443))
	found := 0
	for _, f := range w.judge().Findings {
		if f.Severity != Error {
			continue
		}
		found++
		want := remedy.Assign([]string{edge.TypeAccess}, thumbprint(access))
		if f.Role == edge.WebConf {
			want = remedy.Assign([]string{edge.TypeWebConf}, thumbprint(webcon))
		}
		if !strings.Contains(f.Fix, "on edge2: ") || !strings.Contains(f.Fix, want) || strings.Contains(f.Fix, "Request-") {
			t.Errorf("%s at %s %s: fix %q, want %q", f.Rule, f.Member, f.Role, f.Fix, want)
		}
	}
	if found == 0 {
		t.Error("nothing found")
	}
}

// A pool whose only certificate is wrong needs another one.
func TestAPoolWithoutTheRightCertificateRequestsOne(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.everywhere(makeLeaf(t, lacking("sip.fabrikam.com")))
	present(makeLeaf(t, func(c *leafTemplate) { lacking("sip.fabrikam.com")(c); c.SerialNumber = big.NewInt(0xbad) }), w.member("edge1")[:3]...)
	for _, f := range w.judge().Findings {
		if f.Rule == "sip-domain-name-missing" && !strings.Contains(f.Fix, "Request-CsCertificate") {
			t.Errorf("fix %q", f.Fix)
		}
	}
}

// What a load balancer alone presents is no member's to assign.
func TestALoadBalancersCertificateIsMendedThere(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	present(oldLeaf(w), withVIP(w))
	found := 0
	for _, f := range w.judge().Findings {
		if f.Severity != Info {
			found++
			if f.Member != edge.VIPMember || f.Fix != fixBalancer {
				t.Errorf("%s at %s: fix %q", f.Rule, f.Member, f.Fix)
			}
		}
	}
	if found != 2 { // vip-differs-from-members, expires-soon
		t.Errorf("%d findings", found)
	}
}

// Where each certificate has something against it, the least of the evils is
// carried, and no fix leads back from it.
func TestNoFixLeadsToTheWorseCertificate(t *testing.T) {
	t.Parallel()
	ended := valid(date(2026, 1, 1), date(2026, 5, 30))
	newest := func(o leafOption) leafOption {
		return func(c *leafTemplate) { c.SerialNumber, c.NotBefore = big.NewInt(0xbad), date(2026, 5, 20); o(c) }
	}
	inInventory := func(w *testWorld, leaf *edge.Certificate, members ...string) {
		for _, m := range members {
			for _, use := range []string{edge.TypeAccess, edge.TypeWebConf, edge.TypeAV} {
				inventoried(m, use, func(r *edge.InventoryRecord) {
					r.Thumbprint, r.NotBefore, r.NotAfter = leaf.Thumbprint(), leaf.NotBefore(), leaf.NotAfter()
				})(w)
			}
		}
	}
	for name, world := range map[string]func(*testWorld) (right, wrong *edge.Certificate){
		"a new one without two names, the old one expired": func(w *testWorld) (right, wrong *edge.Certificate) {
			wrong, right = makeLeaf(t, ended), makeLeaf(t, newest(func(c *leafTemplate) { c.DNSNames = []string{"sip.contoso.com"} }))
			w.everywhere(wrong)
			present(right, w.member("edge1")...)
			return right, wrong
		},
		"a self-signed one with all names, the others' without one": func(w *testWorld) (right, wrong *edge.Certificate) {
			wrong, right = ownSigned(t, newest(func(*leafTemplate) {})), makeLeaf(t, lacking("sip.fabrikam.com"))
			w.everywhere(right)
			present(wrong, w.member("edge1")...)
			return right, wrong
		},
		"a new one with a warning": func(w *testWorld) (right, wrong *edge.Certificate) {
			wrong, right = w.cell("edge1", edge.Access, 443).Leaf(), makeLeaf(t, newest(func(c *leafTemplate) { c.CRLDistributionPoints = nil }))
			present(right, w.member("edge1")...)
			return right, wrong
		},
		"the inventory of the first member that is renewed": func(w *testWorld) (right, wrong *edge.Certificate) {
			wrong, right = w.cell("edge1", edge.Access, 443).Leaf(), makeLeaf(t, newest(func(*leafTemplate) {}))
			present(right, w.member("edge1")...)
			inInventory(w, right, "edge1")
			return right, wrong
		},
		"the inventory of two members with one each": func(w *testWorld) (right, wrong *edge.Certificate) {
			first(2, w)
			wrong, right = oldLeaf(w), w.cell("edge1", edge.Access, 443).Leaf()
			present(wrong, w.member("edge1")...)
			inInventory(w, wrong, "edge1")
			return right, wrong
		},
		"an inventory that is ahead of most members": func(w *testWorld) (right, wrong *edge.Certificate) {
			wrong, right = w.cell("edge1", edge.Access, 443).Leaf(), makeLeaf(t, newest(func(*leafTemplate) {}))
			present(right, w.member("edge1")...)
			inInventory(w, right, "edge1", "edge2", "edge3")
			return right, wrong
		},
		"several behind one address": func(w *testWorld) (right, wrong *edge.Certificate) {
			wrong, right = makeLeaf(t, ended), makeLeaf(t, lacking("sip.fabrikam.com"))
			w.everywhere(right)
			sampled(w.cell("edge1", edge.Access, 443), wrong, right, wrong)
			return right, wrong
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			right, wrong := world(w)
			carried := false
			for _, f := range w.judge().Findings {
				carried = carried || f.Severity == Error && (strings.Contains(f.Fix, "-Thumbprint "+thumbprint(right)) || strings.Contains(f.Fix, "only the restart is missing") || strings.Contains(f.Fix, "Request-CsCertificate"))
				if strings.Contains(f.Fix, thumbprint(wrong)) {
					t.Errorf("%s: %s\nfix: %s", f.Rule, f.Message, f.Fix)
				}
			}
			if !carried {
				t.Error("no fix carries the right one, or a new one")
			}
		})
	}
}

// Of certificates that are all over none is worth carrying.
func TestWhereAllHaveExpiredOneIsRequested(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.pool().Inventory = nil
	w.everywhere(makeLeaf(t, valid(date(2026, 1, 1), date(2026, 5, 30))))
	present(makeLeaf(t, valid(date(2025, 12, 1), date(2026, 5, 20))), w.member("edge1")...)
	for _, f := range w.judge().Findings {
		if f.Severity == Error && !strings.Contains(f.Fix, "Request-CsCertificate") {
			t.Errorf("%s: fix %q", f.Rule, f.Fix)
		}
	}
}

// What is assigned already needs a restart: neither the one before it back,
// nor a third one.
func TestACertificateThatIsAssignedNeedsARestart(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	old := oldLeaf(w)
	for i := range w.ev.Captures {
		if w.ev.Captures[i].Leaf() != nil {
			present(old, &w.ev.Captures[i])
		}
	}
	var rules []string
	for _, f := range w.judge().Findings {
		if f.Severity == Info {
			continue
		}
		rules = append(rules, f.Rule)
		if !strings.HasPrefix(f.Fix, "on edge1, edge2 and edge3: the certificate is assigned already") || strings.Contains(f.Fix, "Set-") {
			t.Errorf("%s: fix %q", f.Rule, f.Fix)
		}
	}
	if want := []string{"expires-soon", "assigned-not-presented"}; !slices.Equal(rules, want) {
		t.Errorf("found %q, want %q", rules, want)
	}
}
