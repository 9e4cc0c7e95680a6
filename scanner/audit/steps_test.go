package audit

import (
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
)

// The plan of a few worlds, from the headline to the last step: who does what,
// with which cmdlets, for which types of certificate.
func TestPlanStepByStep(t *testing.T) {
	t.Parallel()
	without := func(serial int64) leafOption {
		return func(c *leafTemplate) { lacking("webcon.contoso.com")(c); c.SerialNumber = big.NewInt(serial) }
	}
	lack := func(w *testWorld) {
		for _, m := range w.pool().Members {
			present(makeLeaf(w.t, without(77)), w.member(m.Name)...)
		}
	}
	alone := func(w *testWorld) {
		lack(w)
		w.pool().Members, w.pool().DNS, w.pool().Inventory = w.pool().Members[:1], nil, nil
		w.ev.Captures = w.ev.Captures[:5]
	}
	avApart := func(w *testWorld) { // by the inventory, on every member
		for _, m := range w.pool().Members {
			inventoried(m.Name, edge.TypeAV, func(r *edge.InventoryRecord) { r.Thumbprint = strings.Repeat("7", 40) })(w)
		}
	}
	av := func(end time.Time) func(*testWorld) { // another A/V certificate by the inventory, which ends then
		return func(w *testWorld) {
			lack(w)
			for i := range w.pool().Inventory {
				if r := &w.pool().Inventory[i]; r.Use == edge.TypeAV {
					r.Thumbprint, r.NotAfter = strings.Repeat("7", 40), end
				}
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*testWorld)
		want   string
	}{
		{"all lack a name", func(w *testWorld) { lack(w); w.pool().Inventory = nil }, `
the certificate # of every member lacks webcon.contoso.com
edge1 | request a new certificate with all names that are due | Request-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer)
 | have a public CA sign C:\sip.contoso.com-edge.req, and save the answer as C:\sip.contoso.com-edge.cer on edge1 |
edge1 | import it, and export it with its private key | Import-CsCertificate Export-PfxCertificate
edge2 edge3 | copy that file there and import it | Import-CsCertificate
edge1 edge2 edge3 | assign it and restart, one member after the other | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer) Stop-CsWindowsService Start-CsWindowsService`},
		{"another A/V certificate", av(date(2026, 12, 1)), `
the certificate # of every member lacks webcon.contoso.com
every member has another A/V certificate by its inventory
edge1 | request a new certificate with all names that are due | Request-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer)
 | have a public CA sign C:\sip.contoso.com-edge.req, and save the answer as C:\sip.contoso.com-edge.cer on edge1 |
edge1 | import it, and export it with its private key | Import-CsCertificate Export-PfxCertificate
edge2 edge3 | copy that file there and import it | Import-CsCertificate
edge1 edge2 edge3 | assign it and restart, one member after the other | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal,XmppServer) Stop-CsWindowsService Start-CsWindowsService
 | if the A/V Edge is meant to have a certificate of its own, write "certificates access+webcon+xmpp av" into the pool's description |`},
		{"another A/V certificate that has expired", av(date(2026, 5, 1)), `
the certificate # of every member lacks webcon.contoso.com
edge1 | request a new certificate with all names that are due | Request-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer)
 | have a public CA sign C:\sip.contoso.com-edge.req, and save the answer as C:\sip.contoso.com-edge.cer on edge1 |
edge1 | import it, and export it with its private key | Import-CsCertificate Export-PfxCertificate
edge2 edge3 | copy that file there and import it | Import-CsCertificate
edge1 edge2 edge3 | assign it and restart, one member after the other | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer) Stop-CsWindowsService Start-CsWindowsService`},
		{"the only member lacks a name", alone, `
the certificate # of edge1 lacks webcon.contoso.com
edge1 | request a new certificate with all names that are due | Request-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer)
 | have a public CA sign C:\sip.contoso.com-edge.req, and save the answer as C:\sip.contoso.com-edge.cer on edge1 |
edge1 | import it | Import-CsCertificate
edge1 | assign it and restart | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer) Stop-CsWindowsService Start-CsWindowsService`},
		{"a file lacks a name", func(w *testWorld) { alone(w); w.pool().File = &edge.CheckedFile{Name: "new.pfx"} }, `
the certificate lacks webcon.contoso.com
 | on one member request a new certificate with all names that are due | Request-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer)
 | have a public CA sign C:\sip.contoso.com-edge.req, and save the answer as C:\sip.contoso.com-edge.cer on one member |
 | on one member import it, and export it with its private key | Import-CsCertificate Export-PfxCertificate
 | on the others copy that file there and import it | Import-CsCertificate
 | on every member assign it and restart, one member after the other | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer) Stop-CsWindowsService Start-CsWindowsService`},
		{"a service that refuses everywhere", func(w *testWorld) { down(edge.ClassRefused, w.cells(edge.WebConf)...) }, `
webcon:443 answers on no member: each refuses connections
edge1 edge2 edge3 | start the service if it is stopped, then see whether the port is right (Get-CsWindowsService) |`},
		{"the only member's service refuses", func(w *testWorld) {
			alone(w)
			down(edge.ClassRefused, w.cells(edge.WebConf)...)
		}, `
the certificate # of edge1 lacks webcon.contoso.com
edge1 webcon:443 refuses connections
edge1 | request a new certificate with all names that are due | Request-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer)
 | have a public CA sign C:\sip.contoso.com-edge.req, and save the answer as C:\sip.contoso.com-edge.cer on edge1 |
edge1 | import it | Import-CsCertificate
edge1 | assign it and restart | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer) Stop-CsWindowsService Start-CsWindowsService
edge1 | start the service if it is stopped, then see whether the port is right (Get-CsWindowsService) |`},
		{"edge2 has the A/V certificate before, apart and not declared", func(w *testWorld) {
			avApart(w)
			inventoried("edge2", edge.TypeAV, func(r *edge.InventoryRecord) {
				r.Thumbprint, r.NotBefore, r.NotAfter = strings.Repeat("8", 40), date(2026, 1, 1), date(2026, 6, 3)
			})(w)
		}, `
edge2 has another A/V certificate by its inventory
every member has another A/V certificate by its inventory
edge1 | export the certificate with its private key | Export-PfxCertificate
edge2 | copy that file there and import it | Import-CsCertificate
edge2 | assign it and restart | Set-CsCertificate(AudioVideoAuthentication) Stop-CsWindowsService Start-CsWindowsService
 | if the A/V Edge is meant to have a certificate of its own, write "certificates access+webcon+xmpp av" into the pool's description |
edge1 edge2 edge3 | if not, assign the pool's certificate and restart, one member after the other | Set-CsCertificate(AudioVideoAuthentication) Stop-CsWindowsService Start-CsWindowsService`},
		{"an A/V certificate of its own, not declared, ends on all members", func(w *testWorld) {
			avApart(w)
			for _, m := range w.pool().Members {
				inventoried(m.Name, edge.TypeAV, func(r *edge.InventoryRecord) { r.NotAfter = date(2026, 6, 3) })(w)
			}
		}, `
the A/V certificate # of every member ends in 1 day
every member has another A/V certificate by its inventory
 | if the A/V Edge is meant to have a certificate of its own, write "certificates access+webcon+xmpp av" into the pool's description |
edge1 edge2 edge3 | if not, assign the pool's certificate and restart, one member after the other | Set-CsCertificate(AudioVideoAuthentication) Stop-CsWindowsService Start-CsWindowsService`},
		{"an A/V certificate of its own, declared, ends on all members", func(w *testWorld) {
			avApart(w)
			w.pool().Groups = [][]edge.Role{{edge.Access, edge.WebConf, edge.XMPP}, {edge.AV}}
			for _, m := range w.pool().Members {
				inventoried(m.Name, edge.TypeAV, func(r *edge.InventoryRecord) { r.NotAfter = date(2026, 6, 3) })(w)
			}
		}, `
the A/V certificate # of every member ends in 1 day
edge1 | request a new certificate with all names that are due | Request-CsCertificate(AudioVideoAuthentication)
 | have a public CA sign C:\av.contoso.com-av.req, and save the answer as C:\av.contoso.com-av.cer on edge1 |
edge1 | import it, and export it with its private key | Import-CsCertificate Export-PfxCertificate
edge2 edge3 | copy that file there and import it | Import-CsCertificate
edge1 edge2 edge3 | assign it and restart, one member after the other | Set-CsCertificate(AudioVideoAuthentication) Stop-CsWindowsService Start-CsWindowsService`},
		{"one service of edge2 lacks the intermediate", func(w *testWorld) {
			c := w.cell("edge2", edge.WebConf, 443)
			c.Chain = c.Chain[:1]
		}, `
edge2 on webcon:443 does not send an intermediate that others send
edge2 | the intermediate is there already, other services send it: restart | Stop-CsWindowsService Start-CsWindowsService`},
		{"one service of edge2 and all of edge3 lack the intermediate", func(w *testWorld) {
			for _, c := range append(w.member("edge3"), w.cell("edge2", edge.WebConf, 443)) {
				c.Chain = c.Chain[:min(1, len(c.Chain))]
			}
		}, `
edge2 and edge3 on webcon:443, access:443, access:5061 and 1 more do not send an intermediate that others send
edge2 | the intermediate is there already, other services send it: restart | Stop-CsWindowsService Start-CsWindowsService
edge1 | export the intermediate | Export-Certificate
edge3 | copy that file there, import it and restart | Import-Certificate Stop-CsWindowsService Start-CsWindowsService`},
		{"DNS knows one more", func(w *testWorld) {
			w.pool().Members = w.pool().Members[:2]
			w.ev.Captures = w.ev.Captures[:10]
		}, `
DNS gives sip.contoso.com, webcon.contoso.com and av.contoso.com an address that no member has
 | add the member with 203.0.113.12, 203.0.113.22 and 203.0.113.32 to the targets file, or remove from DNS what is no member's |`},
		{"DNS leads one name astray", func(w *testWorld) {
			n := &w.pool().DNS.Names[1]
			n.Addresses = append(n.Addresses, netip.MustParseAddr("203.0.113.99"))
		}, `
DNS gives webcon.contoso.com 203.0.113.99, which no member has
 | add the member with 203.0.113.99 to the targets file, or remove from DNS what is no member's |`},
		{"an SRV record leads out of its domain", func(w *testWorld) {
			for i := range w.pool().DNS.SRV {
				if a := &w.pool().DNS.SRV[i]; a.Kind == edge.SRVFederation && a.Domain == "fabrikam.com" {
					a.Records = []edge.SRV{{Target: "sip.contoso.com", Port: 5061}}
				}
			}
		}, `
_sipfederationtls._tcp.fabrikam.com points to sip.contoso.com, out of its SIP domain
 | point _sipfederationtls._tcp.fabrikam.com to sip.fabrikam.com, and have that name in DNS and in the certificate |`},
		{"each member has another certificate", func(w *testWorld) {
			w.pool().Inventory = nil
			present(oldLeaf(w), w.member("edge2")[:3]...)
			present(makeLeaf(w.t, func(c *leafTemplate) {
				c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(3), date(2025, 1, 1), date(2026, 5, 20)
			}), w.member("edge3")[:3]...)
		}, `
# of edge3 expired on 2026-05-20: edge2 and edge3 present other certificates than #
edge2 edge3 | assign the certificate # and restart, one member after the other | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal) Stop-CsWindowsService Start-CsWindowsService`},
		{"issued again for another key", func(w *testWorld) {
			w.pool().Inventory = nil
			present(makeLeaf(w.t, func(c *leafTemplate) {
				c.SerialNumber, c.PublicKey = big.NewInt(3), testPKI().leafKeys[1].Public()
			}), w.member("edge2")[:3]...)
		}, `
edge2 presents # on access:443, access:5061 and webcon:443 instead of #: another key, same dates
edge2 | assign the certificate # and restart | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal) Stop-CsWindowsService Start-CsWindowsService`},
		{"an issuer that nobody knows", func(w *testWorld) {
			w.pool().Inventory, w.policy.Roots = nil, nil
		}, `
the certificate # of every member is not trusted outside
 | if the CA is public, fetch its intermediate as C:\intermediate.cer, and on every member import it and restart | Import-Certificate Stop-CsWindowsService Start-CsWindowsService
 | if the CA is private, have a public one issue the certificate, or, where a private one is meant, give its root with --roots |`},
		{"the certificate without its key on one member, by its inventory assigned", func(w *testWorld) {
			for _, c := range w.member("edge2")[:3] {
				c.Proof = edge.Proof{State: edge.Disproved, Reason: "signed by another key"}
			}
			present(oldLeaf(w), w.cell("edge3", edge.WebConf, 443))
			w.pool().Inventory = slices.DeleteFunc(w.pool().Inventory, func(r edge.InventoryRecord) bool { return r.Member == "edge3" })
		}, `
edge2 presents its certificate without its key on access:443, access:5061 and webcon:443
edge3 still presents the old certificate # on webcon:443, which ends in 5 days
edge1 | export the certificate with its private key | Export-PfxCertificate
edge2 | copy that file there and import it | Import-CsCertificate
edge2 | assign it and restart | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal) Stop-CsWindowsService Start-CsWindowsService
edge3 | assign the certificate # and restart | Set-CsCertificate(DataEdgeExternal) Stop-CsWindowsService Start-CsWindowsService`},
		{"the certificate without its key everywhere", func(w *testWorld) {
			for i := range w.ev.Captures {
				w.ev.Captures[i].Proof = edge.Proof{State: edge.Disproved, Reason: "signed by another key"}
			}
			w.pool().Inventory = nil
		}, `
every member presents its certificate without its key
 | find the PFX that holds the certificate with its private key, thumbprint #, as C:\edge.pfx; where there is none, request a new one |
edge1 edge2 edge3 | copy that file there and import it | Import-CsCertificate
edge1 edge2 edge3 | assign it and restart, one member after the other | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal,XmppServer) Stop-CsWindowsService Start-CsWindowsService`},
		{"another certificate by TLS on an A/V address, and no inventory", func(w *testWorld) {
			w.pool().Inventory = nil
			present(oldLeaf(w), w.cell("edge2", edge.AV, 443))
		}, `
edge2 still presents the old certificate # on av:443, which ends in 5 days
edge2 presents a TLS certificate on the A/V address
edge2 | see whether the A/V Edge has the certificate with thumbprint #: what answers on its address need not be the Edge itself | Get-CsCertificate(AudioVideoAuthentication)
edge2 | compare address and port with MediaRelayExternalTurnTcpPort of Get-CsService -EdgeServer, and take TLS inspection off this address |`},
		{"each lacks a name in a certificate of its own", func(w *testWorld) {
			for n, m := range w.pool().Members {
				present(makeLeaf(w.t, without(int64(80+n))), w.member(m.Name)...)
			}
			w.pool().Inventory = nil
		}, `
all certificates of every member lack webcon.contoso.com
edge1 | request a new certificate with all names that are due | Request-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer)
 | have a public CA sign C:\sip.contoso.com-edge.req, and save the answer as C:\sip.contoso.com-edge.cer on edge1 |
edge1 | import it, and export it with its private key | Import-CsCertificate Export-PfxCertificate
edge2 edge3 | copy that file there and import it | Import-CsCertificate
edge1 edge2 edge3 | assign it and restart, one member after the other | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer) Stop-CsWindowsService Start-CsWindowsService`},
		{"TLS 1.0 on one member", func(w *testWorld) {
			for _, c := range w.member("edge2")[:3] {
				again(c, edge.Presentation{Offer: edge.OfferTLS11, Outcome: edge.Captured, Version: "TLS 1.0", Chain: c.Chain})
			}
		}, `
edge2 still accepts TLS 1.1 or older
edge2 | after seeing who still uses it: switch both off for Schannel (edgecert explain legacy-tls prints the commands) and reboot |`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			c.change(w)
			if d := cmp.Diff(strings.TrimSpace(c.want), planOf(w.judge())); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

// planOf is a plan in short: headlines, and steps with their cmdlets and types.
func planOf(j Judgement) string {
	var b strings.Builder
	for _, p := range j.Problems {
		fmt.Fprintln(&b, p.Headline)
	}
	for _, s := range j.Steps {
		fmt.Fprintf(&b, "%s | %s |", strings.Join(s.On, " "), s.Text)
		for _, c := range s.Commands {
			cmdlet, rest, _ := strings.Cut(c, " ")
			b.WriteString(" " + cmdlet)
			if m := regexp.MustCompile(`-Type (\S+)`).FindStringSubmatch(rest); m != nil {
				b.WriteString("(" + m[1] + ")")
			}
			if m := regexp.MustCompile(`C:.(edge-[a-z]+).pfx`).FindStringSubmatch(rest); m != nil {
				b.WriteString("(" + m[1] + ")")
			}
		}
		b.WriteByte('\n')
	}
	return strings.TrimSpace(regexp.MustCompile(`\b[0-9A-F]{8}([0-9A-F]{32})?\b`).ReplaceAllString(b.String(), "#"))
}

// What was meant and is itself wrong is told first, before what breaks more.
func TestTheExpectedCertificateThatIsWrongComesFirst(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	meant := makeLeaf(t, func(c *leafTemplate) { lacking("meet.contoso.com")(c); c.SerialNumber = big.NewInt(90) })
	present(meant, w.member("edge3")...)
	w.pool().Inventory = nil
	w.pool().Expect = []edge.Expectation{{Thumbprint: meant.Thumbprint()}}
	down(edge.ClassRefused, append(w.member("edge1"), w.member("edge2")...)...)
	j := w.judge()
	if len(j.Problems) < 2 || !strings.HasPrefix(j.Problems[0].Headline, "the expected certificate ") {
		t.Errorf("%+v", j.Problems)
	}
}
