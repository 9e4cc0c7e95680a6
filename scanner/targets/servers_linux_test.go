package targets

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/lab/peer"
	"edgecert/scanner/targets/dns"

	"github.com/google/go-cmp/cmp"
)

// startDNS runs a DNS server in the foreground until the test ends; once it
// answers for contoso.com, it is ready.
func startDNS(t *testing.T, server netip.AddrPort, path string, args ...string) {
	t.Helper()
	r := dns.Resolver{Server: server.String(), Timeout: 250 * time.Millisecond}
	peer.Start(t, path, args...).Until(t, "answered", func() bool {
		pool := Resolve(t.Context(), []edge.Pool{{Kind: edge.LoosePool, Loose: []edge.Loose{{Host: "sip.contoso.com", Port: 443}}}}, r)[0]
		return pool.DNS.Names[0].Status == edge.Found
	})
}

// freePort is an address of loopback that nobody listens on: one of sixteen
// million, since a port that was just given back may be taken again before the
// program has it.
func freePort() netip.AddrPort {
	r := rand.Uint32()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, byte(64 + r>>16%128), byte(r >> 8), byte(1 + r%254)}), 5353)
}

// zoneFile is what the outside knows of contoso.com.
const zoneFile = `$ORIGIN contoso.com.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
sip A 203.0.113.10
sip A 203.0.113.11
sip AAAA 2001:db8::10
webcon CNAME edge.contoso.com.
edge A 203.0.113.20
_sipfederationtls._tcp SRV 0 0 5061 sip
_sip._tls SRV 20 0 443 backup
_sip._tls SRV 10 5 443 SIP
`

// many makes an answer that does not fit into a UDP packet.
func many() string {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "many AAAA 2001:db8:1::%x\n", i+1)
	}
	return b.String()
}

// startNSD serves zoneFile with NSD, an authoritative server.
func startNSD(t *testing.T) netip.AddrPort {
	t.Helper()
	path, at, dir := peer.Program(t, "nsd", "nsd"), freePort(), t.TempDir()
	conf := fmt.Sprintf(`server:
  ip-address: %s@%d
  server-count: 1
  username: ""
  chroot: ""
  pidfile: ""
  zonesdir: %q
  zonelistfile: %q
  xfrdfile: ""
  database: ""
remote-control:
  control-enable: no
zone:
  name: contoso.com
  zonefile: contoso.zone
`, at.Addr(), at.Port(), dir, filepath.Join(dir, "zone.list"))
	for name, text := range map[string]string{"nsd.conf": conf, "contoso.zone": zoneFile + many()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	startDNS(t, at, path, "-d", "-c", filepath.Join(dir, "nsd.conf"))
	return at
}

// startUnbound runs Unbound, a recursive server, before NSD and nothing else.
func startUnbound(t *testing.T, nsd netip.AddrPort) netip.AddrPort {
	t.Helper()
	path, at, dir := peer.Program(t, "unbound", "unbound"), freePort(), t.TempDir()
	conf := fmt.Sprintf(`server:
  interface: %s@%d
  directory: %q
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  local-zone: "refused.example." refuse
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: %s@%d
`, at.Addr(), at.Port(), dir, nsd.Addr(), nsd.Port())
	file := filepath.Join(dir, "unbound.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	startDNS(t, at, path, "-d", "-c", file)
	return at
}

// Two packaged servers say the same of a pool, each in its own manner.
func TestPackagedDNSServers(t *testing.T) {
	t.Parallel()
	nsd := startNSD(t)
	unbound := startUnbound(t, nsd)
	for name, server := range map[string]netip.AddrPort{"nsd": nsd, "unbound": unbound} {
		f := mustParse(t, "pool p\nsip-domains contoso.com\naccess sip.contoso.com\nwebcon webcon.contoso.com\nav av.contoso.com\n"+
			"refused.example:443\nmany.contoso.com:443\n")
		pools := Resolve(t.Context(), f.Pools, dns.Resolver{Server: server.String()})
		want := &edge.DNS{
			Resolver: server.String(),
			Names: []edge.NameAnswer{
				{Name: "sip.contoso.com", Status: edge.Found, Addresses: []netip.Addr{ip("203.0.113.10"), ip("203.0.113.11"), ip("2001:db8::10")}},
				{Name: "webcon.contoso.com", Status: edge.Found, CNAME: "edge.contoso.com", Addresses: []netip.Addr{ip("203.0.113.20")}},
				{Name: "av.contoso.com", Status: edge.Absent},
			},
			SRV: []edge.SRVAnswer{
				{Kind: edge.SRVFederation, Domain: "contoso.com", Query: "_sipfederationtls._tcp.contoso.com", Status: edge.Found,
					Records: []edge.SRV{{Target: "sip.contoso.com", Port: 5061}}},
				{Kind: edge.SRVClient, Domain: "contoso.com", Query: "_sip._tls.contoso.com", Status: edge.Found,
					Records: []edge.SRV{{Target: "sip.contoso.com", Port: 443, Priority: 10, Weight: 5}, {Target: "backup.contoso.com", Port: 443, Priority: 20}}},
				{Kind: edge.SRVXMPP, Domain: "contoso.com", Query: "_xmpp-server._tcp.contoso.com", Status: edge.Absent},
			},
		}
		if d := cmp.Diff(want, pools[0].DNS, comparing()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		loose := pools[1].DNS.Names
		if loose[0].Status != edge.Unknown || !strings.Contains(loose[0].Error, "REFUSED") {
			t.Errorf("%s: a refused name: %+v", name, loose[0])
		}
		if len(loose[1].Addresses) != 100 {
			t.Errorf("%s: %d addresses of an answer that only TCP can carry", name, len(loose[1].Addresses))
		}
	}
}
