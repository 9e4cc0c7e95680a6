package audit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
)

// What the plan does with XMPP that nobody declared, and with certificates of
// several groups: exactly the types that are wrong, each group's own
// certificate, one restart a member.
func TestPlanOfGroups(t *testing.T) {
	t.Parallel()
	const apart = ` | if the XMPP proxy is meant to have a certificate of its own, write "certificates access+webcon+av xmpp" into the pool's description`
	const toXMPP = `assign the certificate # and restart, one member after the other | Set-CsCertificate(XmppServer) Stop-CsWindowsService Start-CsWindowsService`
	leaf := func(w *testWorld, serial int64) *edge.Certificate {
		return makeLeaf(w.t, func(c *leafTemplate) { c.SerialNumber = big.NewInt(serial) })
	}
	only := func(w *testWorld) {
		w.pool().Members, w.pool().DNS, w.pool().Inventory = w.pool().Members[:1], nil, nil
		w.ev.Captures = w.ev.Captures[:5]
	}
	old := func(cells func(*testWorld) []*edge.Capture) func(*testWorld) {
		return func(w *testWorld) {
			w.pool().Inventory = nil
			present(oldLeaf(w), cells(w)...)
		}
	}
	xmpp := func(w *testWorld) []*edge.Capture { return w.cells(edge.XMPP) }
	mute := func(w *testWorld) { // offers no STARTTLS
		c := w.cell("edge3", edge.XMPP, 5269)
		*c = edge.Capture{Endpoint: c.Endpoint, Outcome: edge.NoCertificate, Stage: edge.StageDone, Attempts: 1, XMPP: &edge.XMPPStream{}}
	}
	own := func(w *testWorld) { // a certificate for each service, the old one on Access and Web Conferencing of edge2
		w.perService()
		w.pool().Inventory = nil
		present(leaf(w, 101), w.cells(edge.Access)...)
		present(leaf(w, 102), w.cells(edge.WebConf)...)
		present(oldLeaf(w), w.cell("edge2", edge.Access, 443), w.cell("edge2", edge.Access, 5061), w.cell("edge2", edge.WebConf, 443), w.cell("edge3", edge.WebConf, 443))
	}
	for _, c := range []struct {
		name   string
		change func(*testWorld)
		want   string
	}{
		{"an old certificate on XMPP of every member", old(xmpp), `
every member presents # on xmpp:5269, which no other service does: it ends in 5 days
` + apart + `, and scan again for how to renew it |
edge1 edge2 edge3 | if not, ` + toXMPP},
		{"an old certificate on XMPP of the only member", func(w *testWorld) { only(w); old(xmpp)(w) }, `
edge1 presents # on xmpp:5269, which no other service does: it ends in 5 days
` + apart + `, and scan again for how to renew it |
edge1 | if not, assign the certificate # and restart | Set-CsCertificate(XmppServer) Stop-CsWindowsService Start-CsWindowsService`},
		{"XMPP's own certificate lacks its domain", func(w *testWorld) {
			w.pool().Inventory = nil
			present(makeLeaf(w.t, lacking("contoso.com")), w.cells(edge.XMPP)...)
		}, `
every member presents # on xmpp:5269, which no other service does: it lacks contoso.com
` + apart + `, and scan again for how to renew it |
edge1 edge2 edge3 | if not, ` + toXMPP},
		{"XMPP offers no TLS on one member, and has its own on the others", func(w *testWorld) {
			w.pool().Inventory = nil
			present(leaf(w, 101), w.cells(edge.XMPP)...)
			mute(w)
		}, `
edge1 and edge2 present # on xmpp:5269, which no other service does
` + apart + ` |
edge1 edge2 | if not, ` + toXMPP},
		{"XMPP refuses on one member, and has its own on the others", func(w *testWorld) {
			w.pool().Inventory = nil
			present(leaf(w, 101), w.cells(edge.XMPP)...)
			down(edge.ClassRefused, w.cell("edge3", edge.XMPP, 5269))
		}, `
edge3 xmpp:5269 refuses connections
edge1 and edge2 present # on xmpp:5269, which no other service does
edge3 | start the service if it is stopped, then see whether the port is right (Get-CsWindowsService) |
` + apart + ` |
edge1 edge2 | if not, ` + toXMPP},
		{"XMPP of every member lacks a restart", func(w *testWorld) {
			records(w, leaf(w, 0x5eed), "edge1", "edge2", "edge3")
			present(oldLeaf(w), w.cells(edge.XMPP)...)
		}, `
every member lacks a restart, and still presents # on xmpp:5269, which ends in 5 days
edge1 edge2 edge3 | the certificate is assigned already, only the restart is missing, one member after the other | Stop-CsWindowsService Start-CsWindowsService`},
		{"XMPP of two members lacks a restart, of one more", func(w *testWorld) {
			records(w, w.cell("edge1", edge.Access, 443).Leaf(), "edge1", "edge2")
			records(w, oldLeaf(w), "edge3")
			present(oldLeaf(w), w.cells(edge.XMPP)...)
		}, `
every member presents # on xmpp:5269, which no other service does: it ends in 5 days
edge1 and edge2 lack a restart, and still present # on xmpp:5269, which ends in 5 days
edge3 | assign the certificate # and restart | Set-CsCertificate(XmppServer) Stop-CsWindowsService Start-CsWindowsService
edge1 edge2 | the certificate is assigned already, only the restart is missing, one member after the other | Stop-CsWindowsService Start-CsWindowsService`},
		{"another certificate for XMPP by the inventory of edge1", func(w *testWorld) { records(w, leaf(w, 101), "edge1") }, `
edge1 does not present what is assigned to it
edge1 | assign the certificate # and restart | Set-CsCertificate(XmppServer) Stop-CsWindowsService Start-CsWindowsService`},
		{"another certificate for XMPP by the inventory of edge1, and nobody scans it", func(w *testWorld) {
			records(w, leaf(w, 101), "edge1")
			records(w, w.cell("edge1", edge.Access, 443).Leaf(), "edge2", "edge3")
			withoutXMPP(w)
		}, `
edge1 has another certificate by its inventory, for a service that shows none
edge1 | assign the certificate # and restart | Set-CsCertificate(XmppServer) Stop-CsWindowsService Start-CsWindowsService`},
		{"the pool ends, and XMPP's own before it", func(w *testWorld) {
			w.pool().Inventory = nil
			w.everywhere(makeLeaf(w.t, valid(date(2026, 2, 1), date(2026, 6, 25))))
			present(makeLeaf(w.t, valid(date(2026, 1, 1), date(2026, 6, 20))), w.cells(edge.XMPP)...)
		}, `
the certificate # of every member ends in 23 days
every member presents # on xmpp:5269, which no other service does: it ends in 18 days
edge1 | request a new certificate with all names that are due | Request-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer)
 | have a public CA sign C:\sip.contoso.com-edge.req, and save the answer as C:\sip.contoso.com-edge.cer on edge1 |
edge1 | import it, and export it with its private key | Import-CsCertificate Export-PfxCertificate
edge2 edge3 | copy that file there and import it | Import-CsCertificate
edge1 edge2 edge3 | assign it | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication)
` + apart + `, and scan again for how to renew it |
edge1 edge2 edge3 | if not, assign the new certificate for XMPP too | Set-CsCertificate(XmppServer)
edge1 edge2 edge3 | restart, one member after the other | Stop-CsWindowsService Start-CsWindowsService`},
		{"edge2 was forgotten in two groups, edge3 in one", own, `
edge2 still presents the old certificate # on access:443 and access:5061, which ends in 5 days
edge2 and edge3 still present the old certificate # on webcon:443, which ends in 5 days
edge1 | export the certificate with its private key | Export-PfxCertificate(edge-access)
edge2 | copy that file there and import it | Import-CsCertificate(edge-access)
edge2 | assign it | Set-CsCertificate(AccessEdgeExternal)
edge1 | export the certificate with its private key | Export-PfxCertificate(edge-webcon)
edge2 edge3 | copy that file there and import it | Import-CsCertificate(edge-webcon)
edge2 edge3 | assign it | Set-CsCertificate(DataEdgeExternal)
edge2 edge3 | restart, one member after the other | Stop-CsWindowsService Start-CsWindowsService`},
		{"two groups lack a restart on one member", func(w *testWorld) {
			own(w)
			for _, m := range w.pool().Members {
				for use, leaf := range map[string]*edge.Certificate{edge.TypeAccess: w.cell("edge1", edge.Access, 443).Leaf(), edge.TypeWebConf: w.cell("edge1", edge.WebConf, 443).Leaf()} {
					w.pool().Inventory = append(w.pool().Inventory, edge.InventoryRecord{Member: m.Name, Use: use, Thumbprint: leaf.Thumbprint(), NotBefore: leaf.NotBefore(), NotAfter: leaf.NotAfter()})
				}
			}
			present(w.cell("edge1", edge.WebConf, 443).Leaf(), w.cell("edge3", edge.WebConf, 443))
		}, `
edge2 lacks a restart, and still presents # on access:443, access:5061 and webcon:443, which ends in 5 days
edge2 | the certificate is assigned already, only the restart is missing | Stop-CsWindowsService Start-CsWindowsService`},
		{"two groups have one certificate, which ends", func(w *testWorld) {
			w.pool().Inventory, w.pool().XMPPDeclared = nil, true
			w.pool().Groups = [][]edge.Role{{edge.Access, edge.WebConf, edge.AV}, {edge.XMPP}}
			w.everywhere(oldLeaf(w))
		}, `
the certificate # of every member ends in 5 days
edge1 | request a new certificate with all names that are due | Request-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication)
 | have a public CA sign C:\sip.contoso.com-access-webcon-av.req, and save the answer as C:\sip.contoso.com-access-webcon-av.cer on edge1 |
edge1 | import it, and export it with its private key | Import-CsCertificate Export-PfxCertificate
edge2 edge3 | copy that file there and import it | Import-CsCertificate
edge1 edge2 edge3 | assign it | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication)
edge1 | request a new certificate with all names that are due | Request-CsCertificate(XmppServer)
 | have a public CA sign C:\contoso.com-xmpp.req, and save the answer as C:\contoso.com-xmpp.cer on edge1 |
edge1 | import it, and export it with its private key | Import-CsCertificate Export-PfxCertificate
edge2 edge3 | copy that file there and import it | Import-CsCertificate
edge1 edge2 edge3 | assign it | Set-CsCertificate(XmppServer)
edge1 edge2 edge3 | restart, one member after the other | Stop-CsWindowsService Start-CsWindowsService`},
		{"an EC key on one member, newer than the others' certificate", func(w *testWorld) {
			w.pool().Inventory = nil
			present(makeLeaf(w.t, func(c *leafTemplate) {
				c.NotBefore, c.PublicKey = c.NotBefore.AddDate(0, 0, 5), must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).Public()
			}), w.member("edge2")...)
		}, `
edge2 presents # on every service instead of #
edge1 | export the certificate with its private key | Export-PfxCertificate
edge2 | copy that file there and import it | Import-CsCertificate
edge2 | assign it and restart | Set-CsCertificate(AccessEdgeExternal,DataEdgeExternal,XmppServer) Stop-CsWindowsService Start-CsWindowsService`},
		{"the services lack a restart, and XMPP was forgotten", func(w *testWorld) {
			present(oldLeaf(w), w.member("edge2")...)
		}, `
edge2 lacks a restart, and still presents # on every service, which ends in 5 days
edge2 still presents the old certificate # on xmpp:5269, which ends in 5 days
edge2 | assign the certificate # | Set-CsCertificate(XmppServer)
edge2 | restart | Stop-CsWindowsService Start-CsWindowsService`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			c.change(w)
			j := w.judge()
			if d := cmp.Diff(strings.TrimSpace(c.want), planOf(j)); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			for _, f := range j.Findings {
				if parts := strings.Split(f.Fix, "; on "); len(parts) > 1 && parts[0] == "on "+parts[1] {
					t.Errorf("%s: a fix that says everything twice: %s", f.Rule, f.Fix)
				}
			}
		})
	}
}

// records add the members' inventory of XMPP.
func records(w *testWorld, leaf *edge.Certificate, members ...string) {
	for _, m := range members {
		w.pool().Inventory = append(w.pool().Inventory, edge.InventoryRecord{Member: m, Use: edge.TypeXMPP, Thumbprint: leaf.Thumbprint(),
			NotBefore: leaf.NotBefore(), NotAfter: leaf.NotAfter(), Source: "certs-" + m + ".json:9"})
	}
}

// Whatever members present, in groups or not: no member is restarted twice
// before the plan waits for a CA, and each restart comes after the assignments.
func TestOneRestartAMember(t *testing.T) {
	t.Parallel()
	for _, declared := range []bool{false, true} {
		for n := range 64 {
			w := healthy(t)
			w.pool().Inventory = nil
			if declared {
				w.pool().XMPPDeclared, w.pool().Groups = true, [][]edge.Role{{edge.Access, edge.AV}, {edge.WebConf}, {edge.XMPP}}
				present(makeLeaf(t, func(c *leafTemplate) { c.SerialNumber = big.NewInt(102) }), w.cells(edge.WebConf)...)
				present(makeLeaf(t, func(c *leafTemplate) { c.SerialNumber = big.NewInt(103) }), w.cells(edge.XMPP)...)
			}
			for bit, role := range []edge.Role{edge.Access, edge.WebConf, edge.XMPP} {
				for m, name := range []string{"edge2", "edge3"} {
					if n>>(bit+3*m)&1 == 1 {
						for _, c := range w.cells(role) {
							if c.Endpoint.Member == name {
								present(oldLeaf(w), c)
							}
						}
					}
				}
			}
			restarts, restarted, assigned := map[string]int{}, map[string]int{}, map[string]int{}
			for i, s := range w.judge().Steps {
				for _, m := range s.On {
					for _, command := range s.Commands {
						if strings.HasPrefix(command, "Set-Cs") {
							assigned[m] = i
						}
						if strings.HasPrefix(command, "Start-Cs") {
							restarts[m]++
							restarted[m] = i
						}
					}
				}
			}
			for m, times := range restarts {
				if last, ok := assigned[m]; times != 1 || !ok || last > restarted[m] {
					t.Errorf("declared %v, %06b: %s is restarted %d times, in step %d after an assignment in %d", declared, n, m, times, restarted[m], last)
				}
			}
			if n > 0 && !declared && len(restarts) == 0 {
				t.Errorf("%06b: nothing is restarted", n)
			}
		}
	}
}
