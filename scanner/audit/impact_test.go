package audit

import (
	"math/big"
	"strings"
	"testing"

	"edgecert/scanner/edge"
)

// The sentence for a manager names what stops, for whom and when, and no more.
func TestImpactOfTheWorstProblem(t *testing.T) {
	t.Parallel()
	everything := []string{"sip.contoso.com", "webcon.contoso.com", "sip.fabrikam.com", "meet.contoso.com"}
	for _, c := range []struct {
		name, want string
		change     func(*testWorld)
	}{
		{"a further domain's name", "Sign-in and federation can fail now for users of fabrikam.com", with(lacking("sip.fabrikam.com"))},
		{"the Access name", "Sign-in and federation can fail now for everybody outside", with(lacking("sip.contoso.com"))},
		{"both domains' names", "Sign-in and federation can fail now for everybody outside", with(lacking("sip.contoso.com", "sip.fabrikam.com"))},
		{"the Web Conferencing name", "Meeting content can fail now for everybody outside", with(lacking("webcon.contoso.com"))},
		{"expired everywhere", "Sign-in, federation, meeting content and chat with XMPP partners can fail now for everybody outside", func(w *testWorld) {
			w.now = w.now.AddDate(5, 0, 0)
		}},
		{"one member was forgotten", "Sign-in, federation and meeting content will fail on edge2 from 2026-06-06", func(w *testWorld) {
			present(oldLeaf(w), w.member("edge2")[:3]...)
		}},
		{"two members were forgotten, one longer ago", "Sign-in, federation and meeting content can fail now on edge3, and from 2026-06-06 on edge2", func(w *testWorld) {
			present(oldLeaf(w), w.member("edge2")[:3]...)
			present(makeLeaf(w.t, func(c *leafTemplate) { c.SerialNumber, c.NotAfter = big.NewInt(3), date(2026, 5, 20) }), w.member("edge3")[:3]...)
		}},
		{"issued again for another key", "Nothing stops working for this before 2026-11-16", func(w *testWorld) {
			present(makeLeaf(w.t, func(c *leafTemplate) { c.SerialNumber, c.PublicKey = big.NewInt(3), testPKI().leafKeys[1].Public() }), w.member("edge2")[:3]...)
		}},
		{"another certificate lacks the domain on one member", "Sign-in and federation can fail now for users of fabrikam.com who reach edge2", func(w *testWorld) {
			present(makeLeaf(w.t, sans(everything[0], everything[1], everything[3])), w.member("edge2")[:3]...)
		}},
		{"Web Conferencing presents a certificate of its own, which has the name", "", func(w *testWorld) {
			own := makeLeaf(w.t, sans("webcon.contoso.com"))
			for _, m := range w.pool().Members {
				present(makeLeaf(w.t, lacking("webcon.contoso.com")), w.member(m.Name)...)
				present(own, w.cell(m.Name, edge.WebConf, 443))
			}
		}},
		{"nothing answers, maybe for want of a way out", "", func(w *testWorld) {
			refuse(w, func(*edge.Capture) bool { return true })
		}},
		{"one member answers nothing", "Sign-in, federation, meeting content, calls and chat with XMPP partners can fail now on edge2", func(w *testWorld) {
			refuse(w, func(c *edge.Capture) bool { return c.Endpoint.Member == "edge2" })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			w.pool().Inventory = nil
			c.change(w)
			j := w.judge()
			if len(j.Problems) == 0 || j.Problems[0].Impact != c.want {
				t.Errorf("%+v\nwant %s", j.Problems, c.want)
			}
			for _, p := range j.Problems {
				if strings.Contains(p.Impact, string(edge.XMPP)) {
					t.Errorf("a role's name in %q", p.Impact)
				}
			}
		})
	}
}

// refuse makes endpoints refuse connections.
func refuse(w *testWorld, which func(*edge.Capture) bool) {
	for i := range w.ev.Captures {
		if c := &w.ev.Captures[i]; which(c) {
			down(edge.ClassRefused, c)
		}
	}
}

// A relay that is alive is not down with the services beside it.
func TestHeadlineOfAMemberThatIsDown(t *testing.T) {
	t.Parallel()
	for want, which := range map[string]func(*edge.Capture) bool{
		"edge2 refuses connections on every service": func(c *edge.Capture) bool { return c.Endpoint.Member == "edge2" },
		"edge2 refuses connections on access:443, access:5061, webcon:443 and 1 more": func(c *edge.Capture) bool {
			return c.Endpoint.Member == "edge2" && c.Endpoint.Role != edge.AV
		},
	} {
		w := healthy(t)
		refuse(w, which)
		if j := w.judge(); len(j.Problems) == 0 || j.Problems[0].Headline != want {
			t.Errorf("%+v\nwant %s", j.Problems, want)
		}
	}
}

// However long names are, and however many, a headline says what is wrong.
func TestHeadlineOfManyNames(t *testing.T) {
	t.Parallel()
	hosts := []string{"192.0.2.1:18444", "192.0.2.2:18444", "192.0.2.3:18444", "192.0.2.4:18444", "192.0.2.5:18444", "192.0.2.6:18444"}
	w := healthy(t)
	listed(edge.LoosePool, hosts...)(w)
	ends := makeLeaf(t, func(c *leafTemplate) { c.NotAfter = today().AddDate(0, 0, 2) })
	for i := range w.ev.Captures[:5] {
		w.ev.Captures[i].Endpoint.FQDN = "sip." + strings.Repeat("a-long-name.", 6) + "contoso.com"
		present(ends, &w.ev.Captures[i])
	}
	if got, want := w.judge().Problems[0].Headline, "the certificate "+strings.ToUpper(ends.Thumbprint()[:8])+" of 5 endpoints lacks a name"; got != want {
		t.Errorf("headline %q, want %q", got, want)
	}
	for i := range w.ev.Captures[:5] {
		w.ev.Captures[i].Endpoint.FQDN = "sip.contoso.com"
	}
	if got := w.judge().Problems[0].Headline; !strings.HasSuffix(got, " of sip.contoso.com:18444 at 192.0.2.1 and 4 more ends in 2 days") {
		t.Errorf("headline %q", got)
	}
}
