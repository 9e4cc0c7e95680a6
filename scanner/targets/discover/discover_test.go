package discover

import (
	"context"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets"
	"edgecert/scanner/targets/dns"
	"edgecert/scanner/targets/dns/dnstest"
	"edgecert/scanner/targets/syntax"

	"github.com/google/go-cmp/cmp"
)

// An outside is what answers where: "203.0.113.10:443" to the names of the
// certificate it presents, or to "pseudo-TLS".
type outside map[string]string

// capture plays the scanner.
func (o outside) capture(_ context.Context, endpoints []edge.Endpoint) []edge.Capture {
	out := make([]edge.Capture, len(endpoints))
	for i, e := range endpoints {
		out[i] = edge.Capture{Endpoint: e, Outcome: edge.Failed}
		switch names, up := o[e.HostPort()]; {
		case names == "pseudo-TLS":
			out[i].Outcome = edge.NoCertificate
		case up:
			leaf := &edge.Certificate{X509: &x509.Certificate{DNSNames: strings.Fields(names)}}
			copy(leaf.Fingerprint[:], names)
			out[i].Outcome, out[i].Chain = edge.Captured, []*edge.Certificate{leaf}
		}
	}
	return out
}

// told is a pool as a person reads it.
func told(p edge.Pool) string {
	var b strings.Builder
	b.WriteString(p.Name + " [" + strings.Join(p.SIPDomains, " ") + "] from " + p.Source + "\n")
	for _, s := range p.Services {
		b.WriteString("  " + string(s.Role) + " " + s.FQDN + " " + syntax.JoinPorts(s.Ports) + " (" + s.Source + ")\n")
	}
	for _, n := range p.Notes {
		b.WriteString("  note: " + n + "\n")
	}
	return b.String()
}

func TestDiscover(t *testing.T) {
	t.Parallel()
	const cert = "sip.contoso.com webcon.contoso.com *.contoso.com bad..name meet.contoso.com www.evil.example sip.fabrikam.com"
	srv := []string{
		"_sipfederationtls._tcp.contoso.com. SRV 0 0 5061 sip.contoso.com.", "_sip._tls.contoso.com. SRV 0 0 443 sip.contoso.com.",
		"sip.contoso.com. A 203.0.113.10", "sip.contoso.com. A 203.0.113.11", "sip.contoso.com. AAAA 2001:db8::10",
	}
	tests := []struct {
		name    string
		domains string
		records []string
		outside outside
		want    string
	}{
		{
			"three addresses a member, two domains that share the Edge", "contoso.com fabrikam.com",
			append(srv, "_sip._tls.fabrikam.com. SRV 0 0 443 SIP.contoso.com.", "_xmpp-server._tcp.fabrikam.com. SRV 0 0 5269 sip.contoso.com.",
				"_xmpp-server._tcp.contoso.com. SRV 0 0 5269 jabber.contoso.com.", "jabber.contoso.com. A 203.0.113.99",
				"webcon.contoso.com. A 203.0.113.20", "conf.contoso.com. A 203.0.113.98", "meet.contoso.com. A 203.0.113.97", "www.evil.example. A 203.0.113.96",
				"av.contoso.com. A 203.0.113.96", "avedge.contoso.com. A 203.0.113.30"),
			outside{"203.0.113.10:443": cert, "203.0.113.20:443": "other", "203.0.113.98:443": "conf.contoso.com", "203.0.113.97:443": cert,
				"203.0.113.96:443": cert, "203.0.113.30:443": "pseudo-TLS"},
			`sip.contoso.com [contoso.com fabrikam.com] from DNS of contoso.com
  access sip.contoso.com 443 5061 (SRV _sipfederationtls._tcp.contoso.com, SRV _sip._tls.contoso.com, SRV _sip._tls.fabrikam.com)
  webcon webcon.contoso.com 443 (guessed: a name in the certificate of Access, answers as one)
  av avedge.contoso.com 443 (guessed: a conventional name, answers as one)
  xmpp fabrikam.com 5269 (SRV _xmpp-server._tcp.fabrikam.com)
  note: Web Conferencing Edge webcon.contoso.com, port 443, is guessed: a name in the certificate of Access, answers as one
  note: A/V Edge avedge.contoso.com, port 443, is guessed: a conventional name, answers as one
  note: XMPP of contoso.com is served by jabber.contoso.com, which is not this Edge: not scanned
`},
		{
			"one address a member, and a name in the certificate that nobody knows by convention", "contoso.com",
			[]string{"_sipfederationtls._tcp.contoso.com. SRV 0 0 5061 edge.contoso.com.", "edge.contoso.com. A 203.0.113.10",
				"gatherings.contoso.com. A 203.0.113.10", "shop.contoso.com. A 203.0.113.50"},
			outside{"203.0.113.10:5061": "edge.contoso.com gatherings.contoso.com shop.contoso.com", "203.0.113.10:444": "edge.contoso.com gatherings.contoso.com shop.contoso.com",
				"203.0.113.10:443": "pseudo-TLS", "203.0.113.50:443": "shop.contoso.com"},
			`edge.contoso.com [contoso.com] from DNS of contoso.com
  access edge.contoso.com 5061 (SRV _sipfederationtls._tcp.contoso.com)
  webcon gatherings.contoso.com 444 (guessed: a name in the certificate of Access, answers as one)
  av edge.contoso.com 443 (guessed: the name of Access, for an Edge with one address, answers as one)
  note: Web Conferencing Edge gatherings.contoso.com, port 444, is guessed: a name in the certificate of Access, answers as one
  note: A/V Edge edge.contoso.com, port 443, is guessed: the name of Access, for an Edge with one address, answers as one
`},
		{
			"a wildcard record, behind which a web server answers for every name", "contoso.com",
			append(srv, "webcon.contoso.com. A 203.0.113.99", "conf.contoso.com. A 203.0.113.99", "av.contoso.com. A 203.0.113.99", noSuchHost+"contoso.com. A 203.0.113.99"),
			outside{"203.0.113.10:443": cert, "203.0.113.99:443": "*.contoso.com"},
			`sip.contoso.com [contoso.com] from DNS of contoso.com
  access sip.contoso.com 443 5061 (SRV _sipfederationtls._tcp.contoso.com, SRV _sip._tls.contoso.com)
  note: no Web Conferencing Edge found: neither the certificate of Access nor conventional names lead to one
  note: no A/V Edge found: neither the certificate of Access nor conventional names lead to one
`},
		{
			"a wildcard record to a service whose addresses change", "contoso.com",
			append(srv, "webcon.contoso.com. CNAME cdn.example.", "cdn.example. A 203.0.113.99", noSuchHost+"contoso.com. CNAME CDN.example.", "cdn.example. AAAA 2001:db8::99",
				"conf.contoso.com. A 203.0.113.20"),
			outside{"203.0.113.10:443": cert, "203.0.113.99:443": "*.contoso.com", "203.0.113.20:443": "conf.contoso.com"},
			`sip.contoso.com [contoso.com] from DNS of contoso.com
  access sip.contoso.com 443 5061 (SRV _sipfederationtls._tcp.contoso.com, SRV _sip._tls.contoso.com)
  webcon conf.contoso.com 443 (guessed: a conventional name, answers as one)
  note: Web Conferencing Edge conf.contoso.com, port 443, is guessed: a conventional name, answers as one
  note: no A/V Edge found: neither the certificate of Access nor conventional names lead to one
`},
		{
			"an Edge's name in place of the SIP domain", "sip.contoso.com",
			srv,
			outside{},
			`sip.contoso.com [sip.contoso.com] from DNS of sip.contoso.com
  note: no Edge of sip.contoso.com found: no SRV record leads to one, and sip.sip.contoso.com has no address; is the SIP domain contoso.com?
`},
		{
			"clients and partners sent to different servers", "contoso.com",
			append(srv[:1:1], "_sip._tls.contoso.com. SRV 0 0 443 login.contoso.com.", "sip.contoso.com. A 203.0.113.10", "login.contoso.com. A 203.0.113.40"),
			outside{},
			`sip.contoso.com [contoso.com] from DNS of contoso.com
  access sip.contoso.com 5061 (SRV _sipfederationtls._tcp.contoso.com)
  note: no Web Conferencing Edge found: neither the certificate of Access nor conventional names lead to one
  note: no A/V Edge found: neither the certificate of Access nor conventional names lead to one
login.contoso.com [contoso.com] from DNS of contoso.com
  access login.contoso.com 443 (SRV _sip._tls.contoso.com)
  note: clients of contoso.com are sent to login.contoso.com, partners to sip.contoso.com: two pools
  note: no Web Conferencing Edge found: neither the certificate of Access nor conventional names lead to one
  note: no A/V Edge found: neither the certificate of Access nor conventional names lead to one
`},
		{
			"no SRV record, but the name that clients try last", "contoso.com tailspin.example",
			[]string{"sip.contoso.com. A 203.0.113.10", "sip.tailspin.example. A 203.0.113.60"},
			outside{"203.0.113.10:5061": "sip.contoso.com"},
			`contoso.com [contoso.com] from DNS of contoso.com
  access sip.contoso.com 5061 (guessed: a conventional name that answers)
  note: Access Edge sip.contoso.com is guessed: a conventional name that answers; no SRV record leads to an Edge
  note: no Web Conferencing Edge found: neither the certificate of Access nor conventional names lead to one
  note: no A/V Edge found: neither the certificate of Access nor conventional names lead to one
tailspin.example [tailspin.example] from DNS of tailspin.example
  note: no Edge of tailspin.example found: no SRV record leads to one, and sip.tailspin.example does not answer as one
`},
		{
			"no SRV record, and a wildcard record that leads to a web server", "contoso.com",
			[]string{"sip.contoso.com. A 203.0.113.10", noSuchHost + "contoso.com. A 203.0.113.10"},
			outside{"203.0.113.10:443": "*.contoso.com"},
			`contoso.com [contoso.com] from DNS of contoso.com
  note: no Edge of contoso.com found: no SRV record leads to one, and sip.contoso.com is there by a wildcard record alone
`},
		{
			"hostile records", "contoso.com",
			[]string{"_sipfederationtls._tcp.contoso.com. SRV 0 0 5061 a\\032b.contoso.com.", "_sip._tls.contoso.com. SRV 0 0 0 sip.contoso.com."},
			outside{},
			`contoso.com [contoso.com] from DNS of contoso.com
  note: no Edge of contoso.com found: no SRV record leads to one, and sip.contoso.com has no address
`},
		{
			"domains with a name of their own for one Edge, one of them without records", "tailspin.example contoso.com fabrikam.com",
			append(srv, "_sip._tls.fabrikam.com. SRV 0 0 443 sip.fabrikam.com.", "sip.fabrikam.com. CNAME sip.contoso.com.",
				"sip.tailspin.example. A 203.0.113.11", "sip.tailspin.example. A 203.0.113.10", "sip.tailspin.example. AAAA 2001:db8::10"),
			outside{"203.0.113.10:443": cert},
			`sip.contoso.com [contoso.com fabrikam.com tailspin.example] from DNS of contoso.com
  access sip.contoso.com 443 5061 (SRV _sipfederationtls._tcp.contoso.com, SRV _sip._tls.contoso.com, SRV _sip._tls.fabrikam.com)
  note: sip.fabrikam.com of fabrikam.com has the addresses of sip.contoso.com: one pool
  note: sip.tailspin.example of tailspin.example has the addresses of sip.contoso.com: one pool
  note: no Web Conferencing Edge found: neither the certificate of Access nor conventional names lead to one
  note: no A/V Edge found: neither the certificate of Access nor conventional names lead to one
`},
		{"a domain homed in Microsoft 365", "contoso.com", []string{
			"_sipfederationtls._tcp.contoso.com. SRV 0 0 5061 sipfed.online.lync.com.", "_sip._tls.contoso.com. SRV 0 0 443 sipdir.online.lync.com.",
			"sip.contoso.com. CNAME sipdir.online.lync.com.", "sipdir.online.lync.com. CNAME far.example.", "far.example. A 203.0.113.250", "sipfed.online.lync.com. A 203.0.113.251"},
			outside{"203.0.113.250:443": "sip.contoso.com", "203.0.113.250:5061": "sip.contoso.com", "203.0.113.251:5061": "sip.contoso.com"}, `contoso.com [contoso.com] from DNS of contoso.com
  note: contoso.com is homed in Microsoft 365: nothing is dialed
`},
		{"no SRV record, and the conventional name in Microsoft 365", "contoso.com", []string{
			"sip.contoso.com. CNAME sipdir.online.lync.com.", "sipdir.online.lync.com. CNAME far.example.", "far.example. A 203.0.113.250"},
			outside{"203.0.113.250:443": "sip.contoso.com"}, `contoso.com [contoso.com] from DNS of contoso.com
  note: no Edge of contoso.com found: no SRV record leads to one, and sip.contoso.com is an alias of Microsoft 365's
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var domains []targets.Domain
			for _, d := range strings.Fields(tt.domains) {
				domains = append(domains, targets.Domain{Name: d})
			}
			pools := Pools(t.Context(), domains, resolver(t, &dnstest.Zone{Records: tt.records}), tt.outside.capture)
			var got string
			for _, p := range pools {
				got += told(p)
				if p.DNS == nil || len(p.DNS.SRV) != 3*len(p.SIPDomains) {
					t.Errorf("pool %s: DNS %+v", p.Name, p.DNS)
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// Without dialing, as `edgecert targets DOMAIN` does it.
func TestDiscoverByDNSAlone(t *testing.T) {
	t.Parallel()
	r := resolver(t, &dnstest.Zone{Records: []string{"_sip._tls.contoso.com. SRV 0 0 443 sip.contoso.com.", "sip.contoso.com. A 203.0.113.10",
		"conf.contoso.com. A 203.0.113.20", "av.contoso.com. A 203.0.113.30", "sip.fabrikam.com. A 203.0.113.40", "sip.tailspin.example. A 203.0.113.40"}})
	pools := Pools(t.Context(), []targets.Domain{{Name: "contoso.com"}, {Name: "fabrikam.com"}, {Name: "tailspin.example"}}, r, nil)
	var got []string
	for _, e := range edge.Plan(pools) {
		got = append(got, e.Pool+" "+string(e.Role)+" "+e.FQDN+" "+e.HostPort())
	}
	want := []string{
		"sip.contoso.com access sip.contoso.com 203.0.113.10:443",
		"sip.contoso.com webcon conf.contoso.com 203.0.113.20:443",
		"sip.contoso.com av av.contoso.com 203.0.113.30:443",
		"fabrikam.com access sip.fabrikam.com 203.0.113.40:443",
		"fabrikam.com access sip.fabrikam.com 203.0.113.40:5061",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := pools[0].Services[1].Source; got != "guessed: a conventional name, not dialed" {
		t.Errorf("source %q", got)
	}
}

// resolver asks a DNS server of z on loopback.
func resolver(t *testing.T, z *dnstest.Zone) dns.Resolver {
	t.Helper()
	return dns.Resolver{Server: dnstest.Serve(t, z), Timeout: 5 * time.Second}
}
