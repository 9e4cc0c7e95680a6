package diff

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"maps"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// A nightly is the scan of a healthy pool of three members, all on the
// certificate "old"; "new" is its renewal and stands ready.
type nightly struct {
	report.Report
	certs map[string]*edge.Certificate
}

func night(t testing.TB) *nightly {
	n := &nightly{Report: report.Report{Verdict: audit.VerdictOK}, certs: nightCertificates(t)}
	p := report.Pool{Plan: edge.Pool{Name: "edge-emea", Kind: edge.EdgePool},
		Judgement: audit.Judgement{Verdict: audit.VerdictOK, Rules: map[string]audit.Outcome{}}}
	for i := range 3 {
		for _, c := range []struct {
			role edge.Role
			port int
		}{{edge.Access, 443}, {edge.Access, 5061}, {edge.WebConf, 443}, {edge.AV, 443}} {
			e := edge.Capture{Endpoint: edge.Endpoint{Member: fmt.Sprintf("edge%d", i+1), Role: c.role, FQDN: string(c.role) + ".contoso.com",
				Address: netip.AddrFrom4([4]byte{192, 0, 2, byte(10*(i+1) + c.role.Order())}), Port: c.port, ServicePort: c.port}}
			n.show(&e, "old")
			if c.role == edge.AV {
				e.Outcome, e.Chain, e.TLS = edge.NoCertificate, nil, nil
			}
			p.Captures = append(p.Captures, e)
		}
	}
	n.Pools = []report.Pool{p}
	return n
}

func nightCertificates(t testing.TB) map[string]*edge.Certificate {
	day := func(month time.Month) time.Time { return time.Date(2027, month, 1, 0, 0, 0, 0, time.UTC) }
	base := func(serial int64, from, to time.Month) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.SerialNumber, c.Subject = big.NewInt(serial), pkix.Name{CommonName: "sip.contoso.com"}
			c.NotBefore, c.NotAfter, c.DNSNames = day(from), day(to), []string{"sip.contoso.com", "webcon.contoso.com"}
		}
	}
	renewed := base(2, 6, 12)
	return map[string]*edge.Certificate{
		"old": reporttest.Cert(t, "k1", base(1, 1, 7)),
		"new": reporttest.Cert(t, "k2", renewed),
		"foreign": reporttest.CertBy(t, "Inspection", "k3", renewed, func(c *x509.Certificate) {
			c.SerialNumber, c.Subject, c.DNSNames = big.NewInt(3), pkix.Name{CommonName: "proxy"}, []string{"proxy.example"}
		}),
		"samekey":  reporttest.Cert(t, "k1", renewed, func(c *x509.Certificate) { c.DNSNames[1] = "meet.contoso.com" }),
		"shouted":  reporttest.Cert(t, "k2", renewed, func(c *x509.Certificate) { c.DNSNames = []string{"WEBCON.contoso.com", "sip.contoso.com"} }),
		"ca":       reporttest.Cert(t, "ca", reporttest.AsCA),
		"unparsed": edge.NewCertificate([]byte("nothing that can be read")),
	}
}

func (n *nightly) show(e *edge.Capture, leaf string) {
	e.Outcome, e.Stage, e.Fault = edge.Captured, edge.StageDone, nil
	e.Chain, e.TLS = []*edge.Certificate{n.certs[leaf], n.certs["ca"]}, &edge.TLS{Version: "TLS 1.2"}
}

func failCell(e *edge.Capture, class edge.ErrorClass) {
	e.Outcome, e.Stage, e.Fault = edge.Failed, edge.StageDial, &edge.Fault{Class: class, Message: "dial tcp"}
	e.Chain, e.TLS = nil, nil
}

// eachCell applies change to the cells of the members named, all if none is; A/V
// cells, which show no certificate, are left alone.
func (n *nightly) eachCell(change func(*edge.Capture), members ...string) {
	for i := range n.Pools[0].Captures {
		e := &n.Pools[0].Captures[i]
		if e.Role != edge.AV && (len(members) == 0 || slices.Contains(members, e.Member)) {
			change(e)
		}
	}
}

func (n *nightly) shown(leaf string, members ...string) {
	n.eachCell(func(e *edge.Capture) { n.show(e, leaf) }, members...)
}

func (n *nightly) silenced(class edge.ErrorClass, members ...string) {
	n.eachCell(func(e *edge.Capture) { failCell(e, class) }, members...)
}

func (n *nightly) cell(i int) *edge.Capture { return &n.Pools[0].Captures[i] }

// add adds findings that blame cells.
func (n *nightly) add(f audit.Finding, cells ...int) {
	f.Cells = cells
	if len(cells) == 1 {
		e := n.cell(cells[0])
		f.Member, f.Role, f.Address, f.Port = e.Member, e.Role, e.Address.String(), e.Port
	}
	n.Pools[0].Findings = append(n.Pools[0].Findings, f)
}

// couldNotTell leaves a rule open for a cell.
func (n *nightly) couldNotTell(rule string, cell int) {
	p := &n.Pools[0]
	p.Rules[rule] = audit.CouldNotTell
	p.Untold = append(p.Untold, audit.Untold{Reason: "it was not seen", Rules: []string{rule}, Cells: []int{cell}})
}

// changeLines writes changes as "kind member/role/address:port before→after:
// message", with the names of the certificates in place of their numbers.
func (n *nightly) changeLines(changes []report.Change) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(n.certs)) { // of one key the first counts
		c := n.certs[name]
		names = append(names, c.Fingerprint.String(), name, strings.ToUpper(c.Thumbprint()), "#"+name, c.KeyID().String(), "key of "+name)
	}
	named := strings.NewReplacer(names...)
	var out []string
	for _, c := range changes {
		at := c.Address
		if c.Port != 0 && c.Address != "" {
			at = fmt.Sprintf("%s:%d", c.Address, c.Port)
		}
		role := string(c.Role)
		if at == "" {
			role = "" // an event of several cells: what else they share is not the case's matter
		}
		out = append(out, named.Replace(fmt.Sprintf("%s %s/%s/%s %s→%s: %s", c.Kind, c.Member, role, at, c.Before, c.After, c.Message)))
	}
	return out
}
