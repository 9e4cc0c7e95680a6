package targets

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets/dns"
	"edgecert/scanner/targets/dns/dnstest"

	"github.com/google/go-cmp/cmp"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	z := &dnstest.Zone{Records: []string{
		"sip.contoso.com. A 203.0.113.11", "sip.contoso.com. A 203.0.113.10", "SIP.contoso.com. AAAA 2001:db8::10",
		"webcon.contoso.com. CNAME Edge.contoso.net.", "edge.contoso.net. CNAME edge2.contoso.net.", "edge2.contoso.net. A 203.0.113.20",
		"_sipfederationtls._tcp.contoso.com. SRV 10 5 5061 Backup.contoso.com.",
		"_sipfederationtls._tcp.contoso.com. SRV 0 5 5061 light.contoso.com.",
		"_sipfederationtls._tcp.contoso.com. SRV 0 9 5061 SIP.Contoso.com.",
		"_sip._tls.contoso.com. SRV 0 0 0 .",
	}}
	r := resolver(t, z)
	f := mustParse(t, "pool a\nsip-domains contoso.com\naccess sip.contoso.com\nwebcon webcon.contoso.com\nav av.contoso.com\nxmpp contoso.com\n"+
		"pool b\naccess sip.contoso.com\nmember edge1 203.0.113.10\n192.0.2.1:443\nedge2.contoso.net:444\nedge2.contoso.net:443\n")
	pools := Resolve(t.Context(), f.Pools, r)
	sip := edge.NameAnswer{Name: "sip.contoso.com", Status: edge.Found, Addresses: []netip.Addr{ip("203.0.113.10"), ip("203.0.113.11"), ip("2001:db8::10")}}
	want := []*edge.DNS{
		{
			Resolver: r.Server,
			Names: []edge.NameAnswer{
				sip,
				{Name: "webcon.contoso.com", Status: edge.Found, CNAME: "edge2.contoso.net", Addresses: []netip.Addr{ip("203.0.113.20")}},
				{Name: "av.contoso.com", Status: edge.Absent},
			},
			SRV: []edge.SRVAnswer{
				{Kind: edge.SRVFederation, Domain: "contoso.com", Query: "_sipfederationtls._tcp.contoso.com", Status: edge.Found, Records: []edge.SRV{
					{Target: "sip.contoso.com", Port: 5061, Weight: 9},
					{Target: "light.contoso.com", Port: 5061, Weight: 5},
					{Target: "backup.contoso.com", Port: 5061, Priority: 10, Weight: 5},
				}},
				{Kind: edge.SRVClient, Domain: "contoso.com", Query: "_sip._tls.contoso.com", Status: edge.Absent},
				{Kind: edge.SRVXMPP, Domain: "contoso.com", Query: "_xmpp-server._tcp.contoso.com", Status: edge.Absent},
			},
		},
		{Resolver: r.Server, Names: []edge.NameAnswer{sip}},
		{Resolver: r.Server, Names: []edge.NameAnswer{{Name: "edge2.contoso.net", Status: edge.Found, Addresses: []netip.Addr{ip("203.0.113.20")}}}},
	}
	for i, p := range pools {
		if d := cmp.Diff(want[i], p.DNS, comparing()); d != "" {
			t.Errorf("pool %s: %s", p.Name, d)
		}
	}
	// Four names by two families, three SRV records; nothing twice.
	if got := z.Asked.Load(); got != 4*2+3 {
		t.Errorf("%d queries", got)
	}
	if f.Pools[0].DNS != nil {
		t.Error("the pools given were changed")
	}
}

func TestResolveTrouble(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("many.example. AAAA 2001:db8::%x", i+1))
	}
	z := &dnstest.Zone{
		Records: append(many, "half.example. A 192.0.2.1", "old.example. A 192.0.2.2", "forged.example. A 192.0.2.3", "loop.example. CNAME loop2.example.", "loop2.example. CNAME loop.example.",
			"dangling.example. CNAME gone.example.", "text.example. TXT here"),
		Trouble: map[string]string{"broken.example": "SERVFAIL", "secret.example": "REFUSED", "silent.example": "silent",
			"other.example": "refer", "half.example": "AAAA fails", "old.example": "no EDNS", "forged.example": "stranger", "cut.example": "cut short"},
	}
	r := resolver(t, z)
	r.Timeout, r.Patience = time.Second, 5*time.Second
	tests := []struct {
		name    string
		status  edge.LookupStatus
		err     string
		address string
	}{
		{"nothing.example", edge.Absent, "", ""}, // NXDOMAIN
		{"text.example", edge.Absent, "", ""},    // no record of that type
		{"dangling.example", edge.Absent, "", ""},
		{"broken.example", edge.Unknown, "SERVFAIL from " + r.Server, ""},
		{"secret.example", edge.Unknown, "REFUSED from " + r.Server, ""},
		{"silent.example", edge.Unknown, "no answer from " + r.Server + " within 5s", ""},
		{"other.example", edge.Unknown, r.Server + " refers to other servers: it does not look up names itself", ""},
		{"half.example", edge.Found, "AAAA: SERVFAIL from " + r.Server, "192.0.2.1"},
		{"old.example", edge.Found, "", "192.0.2.2"},
		{"forged.example", edge.Found, "", "192.0.2.3"},
		{"cut.example", edge.Unknown, "an answer cut short over TCP, too, from " + r.Server, ""},
		{"loop.example", edge.Unknown, "a chain of more than 16 aliases", ""},                            // broken, which is not "there is none"
		{"many.example", edge.Found, "AAAA: 200 addresses: only the first 128 are taken", "2001:db8::1"}, // by TCP
	}
	var text strings.Builder
	for _, tt := range tests {
		fmt.Fprintf(&text, "%s:443\n", tt.name)
	}
	pool := Resolve(t.Context(), mustParse(t, text.String()).Pools, r)[0]
	for i, tt := range tests {
		got := pool.DNS.Names[i]
		if got.Name != tt.name || got.Status != tt.status || got.Error != tt.err {
			t.Errorf("%s: got %v %q, want %v %q", tt.name, got.Status, got.Error, tt.status, tt.err)
		}
		if tt.address != "" && (len(got.Addresses) == 0 || got.Addresses[0] != ip(tt.address)) {
			t.Errorf("%s: got %v", tt.name, got.Addresses)
		}
	}
	want := []string{"DNS of half.example is known in part: AAAA: SERVFAIL from " + r.Server,
		"DNS of many.example is known in part: AAAA: 200 addresses: only the first 128 are taken"}
	if d := cmp.Diff(want, pool.Notes); d != "" {
		t.Error(d)
	}
}

// What DNS says of a name is not always the address of a host, and may be said
// twice.
func TestAddressesOfNoHost(t *testing.T) {
	t.Parallel()
	r := resolver(t, &dnstest.Zone{Records: []string{"blocked.example. A 0.0.0.0", "blocked.example. AAAA ::", "near.example. AAAA fe80::1", "near.example. A 169.254.1.1",
		"mapped.example. A 192.0.2.1", "mapped.example. AAAA ::ffff:192.0.2.1"}})
	f := mustParse(t, "blocked.example:443\nnear.example:443\nmapped.example:443\npool p\naccess blocked.example 443\n")
	var got []string
	for _, e := range edge.Plan(Resolve(t.Context(), f.Pools, r)) {
		line := e.HostPort()
		if e.Fault != nil {
			line = e.Fault.Error()
		}
		got = append(got, line)
	}
	blocked := []string{"dns: A of blocked.example is 0.0.0.0, which is no address of a host", "dns: AAAA of blocked.example is ::, which is no address of a host"}
	want := append(append(blocked[:2:2], blocked...), "169.254.1.1:443", "dns: AAAA of near.example is fe80::1, which is no address of a host", "192.0.2.1:443")
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// An authoritative server does not follow an alias out of its zone by itself.
func TestResolveWithoutRecursion(t *testing.T) {
	t.Parallel()
	z := &dnstest.Zone{Lame: true, Records: []string{"a.example. CNAME b.example.", "b.example. A 192.0.2.1", "c.example. CNAME c.example."}}
	pool := Resolve(t.Context(), mustParse(t, "a.example:443\nc.example:443").Pools, resolver(t, z))[0]
	want := []edge.NameAnswer{
		{Name: "a.example", Status: edge.Found, CNAME: "b.example", Addresses: []netip.Addr{ip("192.0.2.1")}},
		{Name: "c.example", Status: edge.Unknown, Error: "a chain of more than 16 aliases"},
	}
	got := pool.DNS.Names
	if d := cmp.Diff(want, got, comparing()); d != "" {
		t.Error(d)
	}
}

func TestResolveCountsMembers(t *testing.T) {
	t.Parallel()
	r := resolver(t, &dnstest.Zone{Records: []string{"av.example. A 192.0.2.1", "av.example. A 192.0.2.2", "av.example. AAAA 2001:db8::1", "web.example. A 192.0.2.9"}})
	f := mustParse(t, "pool p\naccess sip.example\nwebcon web.example\nav av.example\nmember e1 access=192.0.2.3 webcon=dns av=dns\nmember e2 access=192.0.2.4 webcon=dns av=dns\n")
	want := []string{"DNS has 1 address for web.example, and the pool 2 members", "DNS has 1 address for av.example, and the pool 2 members"}
	pools := Resolve(t.Context(), f.Pools, r)
	if d := cmp.Diff(want, pools[0].Notes); d != "" {
		t.Error(d)
	}
	for _, e := range edge.Plan(pools) {
		if lone := e.FQDN == "web.example"; lone != (e.Samples == 6) {
			t.Errorf("%d samples of %s", e.Samples, shown(e))
		}
	}
}

// A port that nobody listens on, and an answer that is no DNS.
func TestResolverThatIsNone(t *testing.T) {
	t.Parallel()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	packets.Close()
	server := packets.LocalAddr().String()
	pool := Resolve(t.Context(), mustParse(t, "a.example:443").Pools, dns.Resolver{Server: server})[0]
	want := []string{"connection refused from " + server}
	if runtime.GOOS == "windows" { // where Go has that not told of UDP; Wine tells it to the second query
		want = append(want, "no answer from "+server+" within 10s")
	}
	if got := pool.DNS.Names[0].Error; !slices.Contains(want, got) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Locate asks for the pools alone whose dialing needs it; Resolve then asks for
// the others, and for nothing twice.
func TestLocate(t *testing.T) {
	t.Parallel()
	z := &dnstest.Zone{Records: []string{"sip.contoso.com. A 203.0.113.10", "av.contoso.com. A 203.0.113.30"}}
	r := resolver(t, z)
	for _, tt := range []struct {
		name, text string
		needs      bool
	}{
		{"members by address", "pool p\nsip-domains contoso.com\naccess sip.contoso.com\nxmpp contoso.com\nmember edge1 203.0.113.10\n", false},
		{"members by DNS", "pool p\naccess sip.contoso.com\n", true},
		{"one service by DNS", "pool p\naccess sip.contoso.com\nav av.contoso.com\nmember edge1 access=203.0.113.10 av=dns\n", true},
		{"a load balancer alone", "pool p\naccess sip.contoso.com\nvip 203.0.113.10\n", true},
		{"loose names", "sip.contoso.com:443\n", true},
		{"a tunnel", "pool p\naccess sip.contoso.com\nmember edge1 access=127.0.0.1:10443\n", false},
	} {
		pools := Locate(t.Context(), mustParse(t, tt.text).Pools, r)
		if asked := pools[0].DNS != nil; asked != tt.needs {
			t.Errorf("%s: asked %v", tt.name, asked)
		}
		before := z.Asked.Load()
		all := Resolve(t.Context(), pools, r)
		if again := z.Asked.Load() > before; again == tt.needs || all[0].DNS == nil {
			t.Errorf("%s: then asked %v", tt.name, again)
		}
	}
}

// An SRV record leads to sip.<domain> of its own domain, which is asked for too.
func TestResolveNamesOfDomains(t *testing.T) {
	t.Parallel()
	r := resolver(t, &dnstest.Zone{Records: []string{"sip.contoso.com. A 192.0.2.1", "sip.fabrikam.com. A 192.0.2.2"}})
	f := mustParse(t, "pool p\nsip-domains contoso.com fabrikam.com\naccess sip.contoso.com\nmember edge1 192.0.2.1\n")
	pool := Resolve(t.Context(), f.Pools, r)[0]
	want := []edge.NameAnswer{
		{Name: "sip.contoso.com", Status: edge.Found, Addresses: []netip.Addr{ip("192.0.2.1")}},
		{Name: "sip.fabrikam.com", Status: edge.Found, Addresses: []netip.Addr{ip("192.0.2.2")}},
	}
	if d := cmp.Diff(want, pool.DNS.Names, comparing()); d != "" {
		t.Error(d)
	}
}

// resolver asks a DNS server of z on loopback.
func resolver(t *testing.T, z *dnstest.Zone) dns.Resolver {
	t.Helper()
	return dns.Resolver{Server: dnstest.Serve(t, z), Timeout: 5 * time.Second}
}

// Ten thousand names before a resolver that is dead must not take hours.
func TestResolverThatIsDead(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var text strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&text, "h%d.example:443\n", i)
	}
	pools := mustParse(t, text.String()).Pools
	out := Resolve(t.Context(), pools, dns.Resolver{Server: conn.LocalAddr().String(), Timeout: 50 * time.Millisecond})
	given := 0
	for _, n := range out[0].DNS.Names {
		if n.Status != edge.Unknown {
			t.Fatalf("got %+v", n)
		}
		if strings.Contains(n.Error, "not asked: the ") {
			given++
		}
	}
	if given < 1500 {
		t.Errorf("%d of 2000 names were given up on", given)
	}
}

func TestResolveInterrupted(t *testing.T) {
	t.Parallel()
	z := &dnstest.Zone{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	pool := Resolve(ctx, mustParse(t, "a.example:443").Pools, resolver(t, z))[0]
	if got := pool.DNS.Names[0]; got.Status != edge.Unknown || z.Asked.Load() != 0 {
		t.Errorf("got %+v after %d queries", got, z.Asked.Load())
	}
}

// A box before the resolver drops what has EDNS, or fails for it; a far resolver takes
// longer than the first try waits, and its answer counts all the same: it would
// come to no later try within the patience.
func TestResolversThatNeedASecondTry(t *testing.T) {
	t.Parallel()
	for trouble, first := range map[string]time.Duration{"drops EDNS": 200 * time.Millisecond, "fails for EDNS": time.Minute, "slow": 1, "answers EDNS alone, late": 1} {
		z := &dnstest.Zone{Records: []string{"a.example. A 192.0.2.1"}, Trouble: map[string]string{"a.example": trouble}}
		r := resolver(t, z)
		r.Timeout, r.Patience = first, time.Minute
		pool := Resolve(t.Context(), mustParse(t, "a.example:443").Pools, r)[0]
		if got := pool.DNS.Names[0]; got.Status != edge.Found || got.Error != "" || got.Addresses[0] != ip("192.0.2.1") {
			t.Errorf("%s: %+v", trouble, got)
		}
	}
}
