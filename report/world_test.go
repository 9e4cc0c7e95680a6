package report

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/netip"
	"testing"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// The fixed clock of every test here.
var (
	started  = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	finished = started.Add(1840 * time.Millisecond)
	tool     = Tool{Name: "edgecert", Version: "1.2.3", PublicRoots: "2026-10-30"}
)

// cert makes a certificate that is the same on every machine and day: Ed25519
// keys from a seed, and signatures without randomness.
func cert(t testing.TB, seed string, mutate ...func(*x509.Certificate)) *edge.Certificate {
	t.Helper()
	sum := sha256.Sum256([]byte(seed))
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(append([]byte{0x0a}, sum[:15]...)),
		Subject:      pkix.Name{CommonName: "sip.contoso.com", Organization: []string{"Contoso"}},
		NotBefore:    started.AddDate(0, 0, -100),
		NotAfter:     started.AddDate(0, 0, 98).Add(time.Hour),
		DNSNames:     []string{"sip.contoso.com", "webcon.contoso.com", "sip.fabrikam.com"},
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, m := range mutate {
		m(template)
	}
	issuer := &x509.Certificate{Subject: pkix.Name{CommonName: "Example Public CA 3", Organization: []string{"Example Trust"}, Country: []string{"US"}}}
	root := sha256.Sum256([]byte("issuer"))
	der, err := x509.CreateCertificate(nil, template, issuer,
		ed25519.NewKeyFromSeed(sum[:]).Public(), ed25519.NewKeyFromSeed(root[:]))
	if err != nil {
		t.Fatal(err)
	}
	return edge.NewCertificate(der)
}

func asCA(c *x509.Certificate) {
	c.Subject = pkix.Name{CommonName: "Example Public CA 3", Organization: []string{"Example Trust"}, Country: []string{"US"}}
	c.IsCA, c.BasicConstraintsValid, c.DNSNames, c.ExtKeyUsage = true, true, nil, nil
	c.NotAfter = started.AddDate(6, 0, 0)
}

// A world is evidence and its judgement, made from one healthy description.
type world struct {
	t            testing.TB
	ev           edge.Evidence
	js           []audit.Judgement
	leaf, ca     *edge.Certificate
	previousLeaf *edge.Certificate
}

// cell is one service and port of the healthy pool.
type cell struct {
	role edge.Role
	port int
}

var healthyCells = []cell{{edge.Access, 443}, {edge.Access, 5061}, {edge.WebConf, 443}, {edge.AV, 443}}

// newWorld is one healthy pool of the given number of members.
func newWorld(t testing.TB, members int) *world {
	w := &world{
		t: t, leaf: cert(t, "leaf"), ca: cert(t, "ca", asCA),
		previousLeaf: cert(t, "previous", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = started.AddDate(-1, 0, 5), started.AddDate(0, 0, 5).Add(time.Hour)
		}),
		ev: edge.Evidence{Started: started, Finished: finished, Host: "jump1"},
	}
	w.pool("edge-emea", members, healthyCells)
	return w
}

// pool adds a healthy pool to the world.
func (w *world) pool(name string, members int, cells []cell) {
	p := edge.Pool{
		Name: name, Kind: edge.EdgePool, Source: "targets.txt:1", SIPDomains: []string{"contoso.com", "fabrikam.com"},
		Services: []edge.Service{
			{Role: edge.Access, FQDN: "sip.contoso.com", Ports: []int{443, 5061}},
			{Role: edge.WebConf, FQDN: "webcon.contoso.com", Ports: []int{443}},
			{Role: edge.AV, FQDN: "av.contoso.com", Ports: []int{443}},
		},
	}
	for m := range members {
		member := fmt.Sprintf("edge%d", m+1)
		p.Members = append(p.Members, edge.Member{Name: member})
		for i, c := range cells {
			w.ev.Captures = append(w.ev.Captures, w.capture(edge.Endpoint{
				Pool: name, Member: member, Role: c.role, FQDN: p.FQDN(c.role), Port: c.port, ServicePort: c.port,
				Address: netip.AddrFrom4([4]byte{203, 0, 113, byte(10*(i+1) + m)}), Source: "targets.txt:7",
			}))
		}
	}
	w.ev.Pools = append(w.ev.Pools, p)
	w.js = append(w.js, audit.Judgement{
		Pool: name, Verdict: audit.VerdictOK,
		Rules: map[string]audit.Outcome{
			"endpoint-unreachable": audit.Pass, "differs-across-members": audit.Pass, "expires-soon": audit.Pass,
			"av-not-observable": audit.Found, "federation-srv-missing": audit.CouldNotTell, "xmpp-name-missing": audit.NotApplicable,
		},
		Findings: []audit.Finding{{
			Rule: "av-not-observable", Severity: audit.Info, Role: edge.AV, Port: 443,
			Message: "the A/V edges answer MS-TURN pseudo-TLS: alive, and their certificate is not on the wire by design",
			Fix:     "compare it with inventory: Get-CsCertificate of each member",
		}},
	})
}

// capture is what a healthy endpoint shows.
func (w *world) capture(e edge.Endpoint) edge.Capture {
	c := edge.Capture{Endpoint: e, Attempts: 1, Dial: 12345 * time.Microsecond, Handshake: 40 * time.Millisecond}
	if e.Role == edge.AV {
		c.Outcome, c.Stage = edge.NoCertificate, edge.StageHandshake
		c.Turn = &edge.Turn{PseudoTLS: true, Live: true, ErrorCode: 401, Realm: "rtcmedia", Version: "6"}
		return c
	}
	c.Outcome, c.Stage, c.Chain = edge.Captured, edge.StageDone, []*edge.Certificate{w.leaf, w.ca}
	c.TLS = &edge.TLS{Version: "TLS 1.2", Cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", ClientCertificate: edge.NotRequested}
	if e.ServicePort == 5061 {
		c.TLS.ClientCertificate, c.TLS.AcceptableCAs = edge.Requested, 42
	}
	c.Presentations = []edge.Presentation{{Offer: edge.OfferWithoutSNI, Outcome: edge.Captured, Version: "TLS 1.2", Chain: c.Chain}}
	return c
}

// at is the capture of one cell of the first pool.
func (w *world) at(member string, role edge.Role, port int) *edge.Capture {
	w.t.Helper()
	for i := range w.ev.Captures {
		e := w.ev.Captures[i].Endpoint
		if e.Pool == w.ev.Pools[0].Name && e.Member == member && e.Role == role && e.ServicePort == port {
			return &w.ev.Captures[i]
		}
	}
	w.t.Fatalf("no cell %s %s:%d", member, role, port)
	return nil
}

// present changes the certificate of one cell.
func (w *world) present(member string, role edge.Role, port int, leaf *edge.Certificate) {
	w.at(member, role, port).Chain = []*edge.Certificate{leaf, w.ca}
}

// fail takes one cell down.
func (w *world) fail(member string, role edge.Role, port int, class edge.ErrorClass, message string) {
	c := w.at(member, role, port)
	c.Outcome, c.Stage, c.Chain, c.TLS, c.Presentations = edge.Failed, edge.StageDial, nil, nil, nil
	c.Fault = &edge.Fault{Class: class, Message: message}
}

// find puts findings, worst first, in front of those of the first pool.
func (w *world) find(v audit.Verdict, fs ...audit.Finding) {
	j := &w.js[0]
	j.Verdict = v
	j.Findings = append(fs, j.Findings...)
	for _, f := range fs {
		j.Rules[f.Rule] = audit.Found
	}
}

func (w *world) report() Report {
	return New(w.ev, w.js, audit.Policy{}, tool)
}

// faulty is the pool as people meet it: one service on the old certificate,
// one service down, one name missing.
func faulty(t testing.TB) *world {
	w := newWorld(t, 3)
	w.present("edge2", edge.WebConf, 443, w.previousLeaf)
	w.fail("edge3", edge.Access, 5061, edge.ClassRefused, "dial tcp 203.0.113.22:5061: connect: connection refused")
	thumb := w.leaf.Thumbprint()
	w.find(audit.VerdictError,
		audit.Finding{
			Rule: "differs-across-members", Severity: audit.Error, Member: "edge2", Role: edge.WebConf, Address: "203.0.113.31", Port: 443,
			Certificates: []*edge.Certificate{w.previousLeaf},
			Message: "edge2 presents another certificate on webcon:443 than edge1 and edge3: an older one (thumbprint " +
				w.previousLeaf.Thumbprint() + "), which expires in 5 days; 1 of 3 members still presents it",
			Fix: "on edge2: Set-CsCertificate -Type AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication -Thumbprint " + thumb,
		},
		audit.Finding{
			Rule: "endpoint-unreachable", Severity: audit.Error, Member: "edge3", Role: edge.Access, Address: "203.0.113.22", Port: 5061,
			Message: "203.0.113.22:5061 refused the connection (stage dial, 2 attempts)",
			Fix:     "on edge3: Get-CsWindowsService RTCSRV; Start-CsWindowsService RTCSRV",
		},
		audit.Finding{
			Rule: "expires-soon", Severity: audit.Warning, Certificates: []*edge.Certificate{w.previousLeaf},
			Message: "the certificate expires on 2026-11-27, in 5 days", Fix: "renew it",
		})
	return w
}
