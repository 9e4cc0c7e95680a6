// Package reporttest makes reports for tests: worlds from one healthy
// description, each with its mutation.
package reporttest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"testing"
	"time"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// Started and Finished are the fixed clock of every test.
func Started() time.Time { return time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC) }

// Finished is when every scan ended.
func Finished() time.Time { return Started().Add(1840 * time.Millisecond) }

// Tool is the program that made the reports.
func Tool() report.Tool {
	return report.Tool{Name: "edgecert", Version: "1.2.3", PublicRoots: "2026-10-30"}
}

// Cert makes a certificate that is the same on every machine and day: Ed25519
// keys from a seed, and signatures without randomness.
func Cert(t testing.TB, seed string, mutate ...func(*x509.Certificate)) *edge.Certificate {
	return CertBy(t, "Example Public CA 3", seed, mutate...)
}

// CertBy is Cert by another issuer.
func CertBy(t testing.TB, by, seed string, mutate ...func(*x509.Certificate)) *edge.Certificate {
	t.Helper()
	sum := sha256.Sum256([]byte(seed))
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(append([]byte{0x0a}, sum[:15]...)),
		Subject:      pkix.Name{CommonName: "sip.contoso.com", Organization: []string{"Contoso"}},
		NotBefore:    Started().AddDate(0, 0, -100),
		NotAfter:     Started().AddDate(0, 0, 98).Add(time.Hour),
		DNSNames:     []string{"sip.contoso.com", "webcon.contoso.com", "sip.fabrikam.com"},
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, m := range mutate {
		m(template)
	}
	issuer := &x509.Certificate{Subject: pkix.Name{CommonName: by, Organization: []string{"Example Trust"}, Country: []string{"US"}}}
	root := sha256.Sum256([]byte("issuer"))
	der, err := x509.CreateCertificate(nil, template, issuer,
		ed25519.NewKeyFromSeed(sum[:]).Public(), ed25519.NewKeyFromSeed(root[:]))
	if err != nil {
		t.Fatal(err)
	}
	return edge.NewCertificate(der)
}

// AsCA makes the issuer of the others.
func AsCA(c *x509.Certificate) {
	c.Subject = pkix.Name{CommonName: "Example Public CA 3", Organization: []string{"Example Trust"}, Country: []string{"US"}}
	c.IsCA, c.BasicConstraintsValid, c.DNSNames, c.ExtKeyUsage = true, true, nil, nil
	c.NotAfter = Started().AddDate(6, 0, 0)
}

// A World is evidence and its judgement, made from one healthy description.
type World struct {
	t            testing.TB
	Evidence     edge.Evidence
	Judgements   []audit.Judgement
	Leaf, CA     *edge.Certificate
	PreviousLeaf *edge.Certificate
}

// A Cell is one service and port of the healthy pool.
type Cell struct {
	Role edge.Role
	Port int
}

// HealthyCells are those of a member.
func HealthyCells() []Cell {
	return []Cell{{edge.Access, 443}, {edge.Access, 5061}, {edge.WebConf, 443}, {edge.AV, 443}}
}

// New is one healthy pool of the given number of members.
func New(t testing.TB, members int) *World {
	w := &World{
		t: t, Leaf: Cert(t, "leaf"), CA: Cert(t, "ca", AsCA),
		PreviousLeaf: Cert(t, "previous", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = Started().AddDate(-1, 0, 5), Started().AddDate(0, 0, 5).Add(time.Hour)
		}),
		Evidence: edge.Evidence{Started: Started(), Finished: Finished(), Host: "jump1"},
	}
	w.Pool("edge-emea", members, HealthyCells())
	return w
}

// pool adds a healthy pool to the world.
func (w *World) Pool(name string, members int, cells []Cell) {
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
		var addresses []edge.Address
		for i, c := range cells {
			ip := netip.AddrFrom4([4]byte{203, 0, 113, byte(10*(i+1) + m)})
			addresses = append(addresses, only(p, c, ip))
			w.Evidence.Captures = append(w.Evidence.Captures, w.Capture(edge.Endpoint{
				Pool: name, Member: member, Role: c.Role, FQDN: p.FQDN(c.Role), Port: c.Port, ServicePort: c.Port,
				Address: ip, Source: "targets.txt:7",
			}))
		}
		p.Members = append(p.Members, edge.Member{Name: member, Addresses: addresses})
	}
	w.Evidence.Pools = append(w.Evidence.Pools, p)
	w.Judgements = append(w.Judgements, audit.Judgement{
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

// only is the address of one cell: its service's other ports are not dialed there.
func only(p edge.Pool, c Cell, ip netip.Addr) edge.Address {
	a := edge.Address{Role: c.Role, IP: ip, Source: "targets.txt:7"}
	if s, ok := p.Service(c.Role); ok && len(s.Ports) > 1 {
		a.Ports = edge.Map(s.Ports, func(port int) int {
			if port == c.Port {
				return port
			}
			return 0
		})
	}
	return a
}

// capture is what a healthy endpoint shows.
func (w *World) Capture(e edge.Endpoint) edge.Capture {
	c := edge.Capture{Endpoint: e, Attempts: 1, Dial: 12345 * time.Microsecond, Handshake: 40 * time.Millisecond}
	if e.Role == edge.AV {
		c.Outcome, c.Stage = edge.NoCertificate, edge.StageHandshake
		c.Turn = &edge.Turn{PseudoTLS: true, Live: true, ErrorCode: 401, Realm: "rtcmedia", Version: "6"}
		return c
	}
	c.Outcome, c.Stage, c.Chain = edge.Captured, edge.StageDone, []*edge.Certificate{w.Leaf, w.CA}
	c.TLS = &edge.TLS{Version: "TLS 1.2", Cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", ClientCertificate: edge.NotRequested}
	if e.ServicePort == 5061 {
		c.TLS.ClientCertificate, c.TLS.AcceptableCAs = edge.Requested, 42
	}
	c.Presentations = []edge.Presentation{{Offer: edge.OfferWithoutSNI, Outcome: edge.Captured, Version: "TLS 1.2", Chain: c.Chain}}
	return c
}

// at is the capture of one cell of the first pool.
func (w *World) At(member string, role edge.Role, port int) *edge.Capture {
	w.t.Helper()
	for i := range w.Evidence.Captures {
		e := w.Evidence.Captures[i].Endpoint
		if e.Pool == w.Evidence.Pools[0].Name && e.Member == member && e.Role == role && e.ServicePort == port {
			return &w.Evidence.Captures[i]
		}
	}
	w.t.Fatalf("no cell %s %s:%d", member, role, port)
	return nil
}

// present changes the certificate of one cell.
func (w *World) Present(member string, role edge.Role, port int, leaf *edge.Certificate) {
	w.At(member, role, port).Chain = []*edge.Certificate{leaf, w.CA}
}

// fail takes one cell down.
func (w *World) Fail(member string, role edge.Role, port int, class edge.ErrorClass, message string) {
	c := w.At(member, role, port)
	c.Outcome, c.Stage, c.Chain, c.TLS, c.Presentations = edge.Failed, edge.StageDial, nil, nil, nil
	c.Fault = &edge.Fault{Class: class, Message: message}
}

// Find puts findings, worst first, in front of those of the first pool. They
// blame the cells whose member, role, address, port and name are theirs, where
// they name one.
func (w *World) Find(v audit.Verdict, fs ...audit.Finding) {
	j := &w.Judgements[0]
	j.Verdict = v
	j.Findings = append(fs, j.Findings...)
	for _, f := range fs {
		j.Rules[f.Rule] = audit.Found
	}
}

// Report is the world's report, with what a judgement would have worked out.
func (w *World) Report() report.Report {
	captures := w.Evidence.ByPool()
	for i := range w.Judgements {
		j := &w.Judgements[i]
		cells := captures[j.Pool]
		j.Letters, j.Right = map[edge.Fingerprint]string{}, map[edge.Role]*edge.Certificate{}
		for _, c := range cells {
			for _, leaf := range c.Leaves() {
				if j.Letters[leaf.Fingerprint] == "" {
					j.Letters[leaf.Fingerprint] = audit.Letter(len(j.Letters))
				}
			}
			j.Right[c.Role] = w.Leaf
		}
		for n := range j.Findings {
			f := &j.Findings[n]
			f.Problem = -1
			f.Certificates = slices.DeleteFunc(f.Certificates, func(c *edge.Certificate) bool { return c == nil })
			if f.Cells == nil {
				f.Cells = blamed(*f, cells)
			}
		}
		problems(j)
	}
	return report.New(w.Evidence, w.Judgements, audit.Policy{}, Tool())
}

// problems makes every error and warning a problem of its own, which its fix
// settles.
func problems(j *audit.Judgement) {
	if j.Problems != nil {
		return
	}
	for n := range j.Findings {
		f := &j.Findings[n]
		if f.Severity == audit.Info {
			continue
		}
		f.Problem = len(j.Problems)
		p := audit.Problem{Severity: f.Severity, Headline: "something is told by " + f.Rule, Members: []string{}, Findings: []int{n}}
		if f.Member != "" {
			p.Members = []string{f.Member}
		}
		j.Problems = append(j.Problems, p)
		j.Steps = append(j.Steps, audit.Step{On: p.Members, Text: f.Fix, Commands: []string{}, Problems: []int{f.Problem}})
	}
}

func blamed(f audit.Finding, cells []edge.Capture) []int {
	var out []int
	for i, e := range cells {
		if (f.Member == "" || f.Member == e.Member) && (f.Role == "" || f.Role == e.Role) && (f.FQDN == "" || f.FQDN == e.FQDN) &&
			(f.Address == "" || f.Address == e.Address.String()) && (f.Port == 0 || f.Port == e.Port) &&
			(f.Certificate() == nil || slices.Contains(e.Leaves(), f.Certificate())) {
			out = append(out, i)
		}
	}
	return out
}

// Faulty is the pool as people meet it: one service on the old certificate,
// one service down, one name missing.
func Faulty(t testing.TB) *World {
	w := New(t, 3)
	w.Present("edge2", edge.WebConf, 443, w.PreviousLeaf)
	w.Fail("edge3", edge.Access, 5061, edge.ClassRefused, "dial tcp 203.0.113.22:5061: connect: connection refused")
	thumb := w.Leaf.Thumbprint()
	w.Find(audit.VerdictError,
		audit.Finding{
			Rule: "differs-across-members", Severity: audit.Error, Member: "edge2", Role: edge.WebConf, Address: "203.0.113.31", Port: 443,
			Certificates: []*edge.Certificate{w.PreviousLeaf},
			Message: "edge2 presents another certificate on webcon:443 than edge1 and edge3: an older one (thumbprint " +
				w.PreviousLeaf.Thumbprint() + "), which expires in 5 days; 1 of 3 members still presents it",
			Fix: "on edge2: Set-CsCertificate -Type AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication -Thumbprint " + thumb,
		},
		audit.Finding{
			Rule: "endpoint-unreachable", Severity: audit.Error, Member: "edge3", Role: edge.Access, Address: "203.0.113.22", Port: 5061,
			Message: "203.0.113.22:5061 refused the connection (stage dial, 2 attempts)",
			Fix:     "on edge3: Get-CsWindowsService RTCSRV; Start-CsWindowsService RTCSRV",
		},
		audit.Finding{
			Rule: "expires-soon", Severity: audit.Warning, Certificates: []*edge.Certificate{w.PreviousLeaf},
			Message: "the certificate expires on 2026-11-27, in 5 days", Fix: "renew it",
		})
	return w
}
