package targets

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"edgecert/scanner/edge"

	"github.com/google/go-cmp/cmp"
)

// dnsOf is what a resolver would have said: "sip.contoso.us 203.0.113.1 2001:db8::1".
func dnsOf(lines ...string) *edge.DNS {
	d := &edge.DNS{Resolver: "test"}
	for _, line := range lines {
		f := strings.Fields(line)
		a := edge.NameAnswer{Name: f[0], Status: edge.Absent}
		for _, text := range f[1:] {
			addr, err := netip.ParseAddr(text)
			if err != nil {
				a.Status, a.Error = edge.Unknown, text
				continue
			}
			a.Status, a.Addresses = edge.Found, append(a.Addresses, addr)
		}
		d.Names = append(d.Names, a)
	}
	return d
}

// shown is an endpoint in one line.
func shown(e edge.Endpoint) string {
	s := fmt.Sprintf("%s/%s %s %s %s", e.Pool, e.Member, e.Role, e.FQDN, e.HostPort())
	if e.ServicePort != e.Port {
		s += fmt.Sprintf(" for %d", e.ServicePort)
	}
	if e.Samples > 0 {
		s += fmt.Sprintf(" x%d", e.Samples)
	}
	if e.VIP {
		s += " vip"
	}
	if e.Fault != nil {
		s += " " + e.Fault.Error()
	}
	return s + " (" + e.Source + ")"
}

func TestPlan(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		text string
		dns  *edge.DNS
		want string
	}{
		{
			"members by address, ports through a tunnel",
			"pool p\nav av.contoso.com\naccess sip.contoso.com 5061 443\n" +
				"member edge2 access=127.0.0.1:20061,20443 av=192.0.2.2\nmember edge1 access=[2001:db8::7]:5061 av=192.0.2.1",
			nil, `
p/edge2 access sip.contoso.com 127.0.0.1:20443 for 443 (t:4)
p/edge2 access sip.contoso.com 127.0.0.1:20061 for 5061 (t:4)
p/edge2 av av.contoso.com 192.0.2.2:443 (t:4)
p/edge1 access sip.contoso.com [2001:db8::7]:5061 (t:5)
p/edge1 av av.contoso.com 192.0.2.1:443 (t:5)
`},
		{
			"members by DNS, one service without an address, one with a single one, a load balancer",
			"pool p\nvip access=192.0.2.1\naccess sip.contoso.us\nwebcon web.contoso.us\nav av.contoso.us\nxmpp contoso.us",
			dnsOf("sip.contoso.us 203.0.113.9 203.0.113.10 192.0.2.1 2001:db8::1", "web.contoso.us", "av.contoso.us 203.0.113.9"), `
p/203.0.113.9 access sip.contoso.us 203.0.113.9:443 (A of sip.contoso.us)
p/203.0.113.9 access sip.contoso.us 203.0.113.9:5061 (A of sip.contoso.us)
p/203.0.113.9 av av.contoso.us 203.0.113.9:443 x6 (A of av.contoso.us)
p/203.0.113.9 xmpp contoso.us 203.0.113.9:5269 (A of sip.contoso.us)
p/203.0.113.10 access sip.contoso.us 203.0.113.10:443 (A of sip.contoso.us)
p/203.0.113.10 access sip.contoso.us 203.0.113.10:5061 (A of sip.contoso.us)
p/203.0.113.10 xmpp contoso.us 203.0.113.10:5269 (A of sip.contoso.us)
p/2001:db8::1 access sip.contoso.us [2001:db8::1]:443 (AAAA of sip.contoso.us)
p/2001:db8::1 access sip.contoso.us [2001:db8::1]:5061 (AAAA of sip.contoso.us)
p/2001:db8::1 xmpp contoso.us [2001:db8::1]:5269 (AAAA of sip.contoso.us)
p/ webcon web.contoso.us web.contoso.us:443 dns: web.contoso.us has no address in DNS (DNS of web.contoso.us)
p/vip access sip.contoso.us 192.0.2.1:443 x6 vip (t:2)
p/vip access sip.contoso.us 192.0.2.1:5061 x6 vip (t:2)
p/vip xmpp contoso.us 192.0.2.1:5269 x6 vip (t:2)
`},
		{
			"a load balancer whose name DNS does not have, and one whose name cannot be looked up",
			"pool p\nvip access=192.0.2.1 webcon=192.0.2.2\naccess sip.contoso.us 5061\nwebcon web.contoso.us",
			dnsOf("sip.contoso.us", "web.contoso.us SERVFAIL"), `
p/ webcon web.contoso.us web.contoso.us:443 dns: looking up web.contoso.us: SERVFAIL (DNS of web.contoso.us)
p/vip access sip.contoso.us 192.0.2.1:5061 x6 vip (t:2)
p/vip webcon web.contoso.us 192.0.2.2:443 x6 vip (t:2)
`},
		{
			"members whose A/V addresses are known to nobody, and a resolver that fails",
			"pool p\naccess sip.contoso.us 5061\nav av.contoso.us\nwebcon web.contoso.us\n" +
				"member edge1 access=192.0.2.1 webcon=dns av=dns\nmember edge2 access=192.0.2.2 webcon=dns av=dns",
			dnsOf("av.contoso.us 203.0.113.9 203.0.113.8", "web.contoso.us SERVFAIL"), `
p/edge1 access sip.contoso.us 192.0.2.1:5061 (t:5)
p/edge2 access sip.contoso.us 192.0.2.2:5061 (t:6)
p/203.0.113.8 av av.contoso.us 203.0.113.8:443 (A of av.contoso.us)
p/203.0.113.9 av av.contoso.us 203.0.113.9:443 (A of av.contoso.us)
p/ webcon web.contoso.us web.contoso.us:443 dns: looking up web.contoso.us: SERVFAIL (DNS of web.contoso.us)
`},
		{
			"the only member behind NAT",
			"pool p\naccess sip.contoso.us 5061\nmember edge1 access=dns",
			dnsOf("sip.contoso.us 203.0.113.9"), `
p/edge1 access sip.contoso.us 203.0.113.9:5061 (A of sip.contoso.us)
`},
		{
			"loose endpoints in their order",
			"b.example:444\n192.0.2.1:443 sni=a.example\n192.0.2.9:442\nb.example:443 sni=c.example\nd.example:443",
			dnsOf("b.example 192.0.2.2 2001:db8::2", "d.example"), `
loose/192.0.2.2 other b.example 192.0.2.2:444 (t:1, A of b.example)
loose/2001:db8::2 other b.example [2001:db8::2]:444 (t:1, AAAA of b.example)
loose/192.0.2.1 other a.example 192.0.2.1:443 (t:2)
loose/192.0.2.9 other  192.0.2.9:442 (t:3)
loose/192.0.2.2 other c.example 192.0.2.2:443 (t:4, A of b.example)
loose/2001:db8::2 other c.example [2001:db8::2]:443 (t:4, AAAA of b.example)
loose/ other d.example d.example:443 dns: d.example has no address in DNS (t:5)
`},
		{
			"names that were never looked up",
			"pool p\naccess sip.contoso.us 5061", nil, `
p/ access sip.contoso.us sip.contoso.us:5061 dns: sip.contoso.us was not looked up (DNS of sip.contoso.us)
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, err := parse("t", []byte(tt.text), nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range f.Pools {
				f.Pools[i].DNS = tt.dns
			}
			got := "\n"
			for _, e := range edge.Plan(f.Pools) {
				got += shown(e) + "\n"
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPlanCommandLine(t *testing.T) {
	t.Parallel()
	f, err := CommandLine([]string{"sip.contoso.com:5061", "192.0.2.9:443", "sip.contoso.com:443", "[2001:db8::1]:443"})
	if err != nil {
		t.Fatal(err)
	}
	f.Pools[0].DNS = dnsOf("sip.contoso.com 192.0.2.1 192.0.2.9")
	var got []string
	for _, e := range edge.Plan(f.Pools) {
		got = append(got, e.Member+" "+e.HostPort()+" "+e.FQDN)
	}
	want := []string{
		"192.0.2.1 192.0.2.1:443 sip.contoso.com", "192.0.2.1 192.0.2.1:5061 sip.contoso.com",
		"192.0.2.9 192.0.2.9:443 ", "192.0.2.9 192.0.2.9:443 sip.contoso.com", "192.0.2.9 192.0.2.9:5061 sip.contoso.com",
		"2001:db8::1 [2001:db8::1]:443 ",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
