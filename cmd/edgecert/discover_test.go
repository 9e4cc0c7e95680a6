package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

// An outside is what partners see of a lab: public addresses and the ports of
// the roles, behind an HTTP proxy that knows where in the lab each one is. So
// discovery, which trusts what DNS says and knows 443, 444 and 5061, is tested
// whole without a low port.
type outside struct {
	*lab.Lab
	proxy, roots string
}

// goOutside raises a lab whose members have the public addresses
// 203.0.113.11 … for Access, .21 … for Web Conferencing and .31 … for A/V.
func goOutside(t *testing.T, change func(*lab.Spec)) outside {
	t.Helper()
	spec := lab.Healthy(time.Now())
	public := func(s edge.Service, member int) netip.Addr {
		return netip.AddrFrom4([4]byte{203, 0, 113, byte(10*(s.Role.Order()+1) + member + 1)})
	}
	for _, s := range spec.Services {
		spec.DNS.Addresses[s.FQDN] = nil
		for i := range spec.Members {
			spec.DNS.Addresses[s.FQDN] = append(spec.DNS.Addresses[s.FQDN], public(s, i))
		}
	}
	spec.DNS.Addresses["sip.fabrikam.com"] = spec.DNS.Addresses["sip.contoso.com"]
	change(&spec)
	l, err := lab.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	routes := map[string]string{}
	for _, s := range spec.Services {
		for i, m := range spec.Members {
			for _, port := range s.Ports {
				from := netip.AddrPortFrom(public(s, i), uint16(port))
				routes[from.String()] = l.Address(m.Name, s.Role, port).String()
			}
		}
	}
	proxy := httptest.NewServer(tunnel(routes))
	t.Cleanup(proxy.Close)
	_, roots, err := writeLab(l, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return outside{l, proxy.URL, roots}
}

// tunnel answers CONNECT for the addresses that lead somewhere.
func tunnel(routes map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		far, err := net.Dial("tcp", routes[r.Host])
		if err != nil {
			http.Error(w, "nobody there", http.StatusBadGateway)
			return
		}
		defer far.Close()
		w.WriteHeader(http.StatusOK)
		near, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer near.Close()
		go func() {
			_, _ = io.Copy(far, buffered)
			far.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(near, far)
	}
}

// scan runs the command and reads its JSON.
func (o outside) scan(t *testing.T, args ...string) (int, report.Report) {
	t.Helper()
	var out, errOut bytes.Buffer
	args = append([]string{"scan", "--resolver", o.Resolver(), "--proxy", o.proxy, "--roots", o.roots, "--format", "json"}, args...)
	status := run(t.Context(), args, strings.NewReader(""), &out, &errOut)
	rep, err := report.Load(t.Context(), &out)
	if err != nil {
		t.Fatalf("status %d, %v; stderr: %s", status, err, errOut.String())
	}
	return status, rep
}

// cells are the endpoints of a pool as one line each.
func cells(p report.Pool) []string {
	var out []string
	for _, e := range p.Captures {
		out = append(out, fmt.Sprintf("%s %s %s:%d %s", e.Member, e.Role, e.FQDN, e.Port, e.Outcome))
	}
	return out
}

// TestDiscover scans from nothing but SIP domains, which share one Edge.
func TestDiscover(t *testing.T) {
	t.Parallel()
	o := goOutside(t, func(s *lab.Spec) { s.Cell("edge3", edge.WebConf, 443).Chain.Leaf.Issue = 2 })
	status, rep := o.scan(t, "contoso.com", "Fabrikam.com.")
	if status != exitError || len(rep.Pools) != 1 {
		t.Fatalf("status %d, %d pools", status, len(rep.Pools))
	}
	p := rep.Pools[0]
	var want []string
	for _, row := range []struct {
		service string
		last    int
		outcome edge.Outcome
	}{{"access sip.contoso.com", 11, edge.Captured}, {"webcon webcon.contoso.com", 21, edge.Captured}, {"av av.contoso.com", 31, edge.NoCertificate}} {
		for i := range 3 {
			ports := []int{443}
			if row.last == 11 {
				ports = append(ports, 5061)
			}
			for _, port := range ports {
				want = append(want, fmt.Sprintf("203.0.113.%d %s:%d %s", row.last+i, row.service, port, row.outcome))
			}
		}
	}
	if d := cmp.Diff(want, cells(p)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"contoso.com", "fabrikam.com"}, p.Plan.SIPDomains); d != "" {
		t.Error(d)
	}
	wantNotes := []string{
		"sip.fabrikam.com of fabrikam.com has the addresses of sip.contoso.com: one pool",
		"Web Conferencing Edge webcon.contoso.com, port 443, is guessed: a name in the certificate of Access, answers as one",
		"A/V Edge av.contoso.com, port 443, is guessed: a conventional name, answers as one",
	}
	if d := cmp.Diff(wantNotes, p.Plan.Notes); d != "" {
		t.Error(d)
	}
	for rule, want := range map[string]string{"differs-across-members": "finding", "federation-srv-missing": "pass", "client-srv-missing": "pass",
		"srv-wrong-domain": "pass", "srv-unexpected": "pass", "dns-no-address": "pass"} {
		if got := p.Rules[rule]; string(got) != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

// A domain that leads nowhere is status 2 and says why: the records are not
// there, or nobody answered. A targets file may name it as well.
func TestDiscoverNothing(t *testing.T) {
	t.Parallel()
	o := goOutside(t, func(s *lab.Spec) {
		s.DNS.Trouble = map[string]lab.Trouble{}
		for _, name := range []string{"sip.refused.example", "_sip._tls.refused.example", "_sipfederationtls._tcp.refused.example"} {
			s.DNS.Trouble[name] = lab.Refused
		}
	})
	targets := filepath.Join(t.TempDir(), "targets.txt")
	if err := os.WriteFile(targets, []byte("domain Tailspin.example.\ndomain refused.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, rep := o.scan(t, "-t", targets, "tailspin.example")
	if status != exitError || len(rep.Pools) != 2 {
		t.Fatalf("status %d, %d pools", status, len(rep.Pools))
	}
	for i, want := range []map[string]audit.Outcome{
		{"dns-no-address": audit.Found, "federation-srv-missing": audit.Found},
		{"endpoint-unreachable": audit.Found, "federation-srv-missing": audit.CouldNotTell, "client-srv-missing": audit.CouldNotTell},
	} {
		for rule, outcome := range want {
			if got := rep.Pools[i].Rules[rule]; got != outcome {
				t.Errorf("%s: %s is %s, want %s", rep.Pools[i].Plan.Name, rule, got, outcome)
			}
		}
	}
}

// A domain homed in Microsoft 365 is said to be, and all is well; nobody is
// dialed, which the proxy would refuse.
func TestDiscoverCloud(t *testing.T) {
	t.Parallel()
	o := goOutside(t, func(s *lab.Spec) {
		s.DNS.SRV["_sipfederationtls._tcp.cloud.example"] = []edge.SRV{{Target: "sipfed.online.lync.com", Port: 5061}}
		s.DNS.SRV["_sip._tls.cloud.example"] = []edge.SRV{{Target: "sipdir.online.lync.com", Port: 443}}
		s.DNS.CNAME = map[string]string{"sip.cloud.example": "sipdir.online.lync.com"}
		for _, name := range []string{"sipfed.online.lync.com", "sipdir.online.lync.com"} {
			s.DNS.Addresses[name] = []netip.Addr{netip.MustParseAddr("203.0.113.250")}
		}
	})
	status, rep := o.scan(t, "cloud.example")
	if status != exitOK || len(rep.Pools) != 1 || len(rep.Pools[0].Captures) != 0 {
		t.Fatalf("status %d, %d pools, verdict %s", status, len(rep.Pools), rep.Verdict)
	}
	for rule, want := range map[string]audit.Outcome{"domain-in-cloud": audit.Found, "dns-no-address": audit.Pass, "federation-srv-missing": audit.Pass,
		"srv-wrong-domain": audit.Pass, "srv-unexpected": audit.Pass} {
		if got := rep.Pools[0].Rules[rule]; got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

// What only an Edge has is not asked of a partner's host that shows no mark of one.
func TestDiscoverPartner(t *testing.T) {
	t.Parallel()
	o := goOutside(t, func(s *lab.Spec) {
		s.DNS.SRV["_sipfederationtls._tcp.partner.example"] = []edge.SRV{{Target: "exp.partner.example", Port: 5061}}
		s.DNS.Addresses["exp.partner.example"] = s.DNS.Addresses["sip.contoso.com"][:1]
	})
	for profile, want := range map[string]edge.PoolKind{"federation": edge.PartnerPool, "renewal": edge.EdgePool} {
		_, rep := o.scan(t, "partner.example", "--profile", profile)
		if got := rep.Pools[0].Plan.Kind; got != want {
			t.Errorf("--profile %s: kind %s, want %s", profile, got, want)
		}
		if got := rep.Pools[0].Rules["client-srv-missing"]; (got == audit.NotApplicable) != (want == edge.PartnerPool) {
			t.Errorf("--profile %s: client-srv-missing is %s", profile, got)
		}
	}
}
