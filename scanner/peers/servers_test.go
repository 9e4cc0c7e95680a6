//go:build linux

package peers_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
	"edgecert/scanner/lab/peer"
)

// gnutls starts GnuTLS's test server. It knows no address to listen on but
// all of them, and no port 0, so that somebody may have taken the port.
func gnutls(t *testing.T, id identity, args ...string) netip.AddrPort {
	t.Helper()
	path := peer.Program(t, "gnutls-serv", "gnutls-bin")
	for range 5 {
		addr := peer.FreePort(t, netip.IPv4Unspecified())
		all := append([]string{"--port", port(addr), "--http", "--x509certfile", id.cert, "--x509keyfile", id.key}, args...)
		if peer.Start(t, path, all...).Says(t, `IPv4 0\.0\.0\.0 port \d+\.\.\.(done|bind)`) == "done" {
			return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), addr.Port())
		}
	}
	t.Fatal("gnutls-serv found its port taken five times")
	return netip.AddrPort{}
}

func TestGnuTLS(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		leaf func(*lab.Template)
		args []string
		want seen
	}{
		{"all defaults: a client certificate is asked for", nil, nil,
			seen{edge.Captured, edge.StageDone, "", "TLS 1.3", edge.Requested}},
		{"an Edge of 2010: TLS 1.0, RSA key exchange, 3DES", nil,
			[]string{"--disable-client-cert", "--priority", "NONE:+VERS-TLS1.0:+RSA:+3DES-CBC:+SHA1:+COMP-NULL:+SIGN-ALL:+CTYPE-X509"},
			seen{edge.Captured, edge.StageDone, "", "TLS 1.0", edge.NotRequested}},
		{"RC4", nil,
			[]string{"--disable-client-cert", "--priority", "NONE:+VERS-TLS1.0:+RSA:+ARCFOUR-128:+SHA1:+COMP-NULL:+SIGN-ALL:+CTYPE-X509"},
			seen{edge.Captured, edge.StageDone, "", "TLS 1.0", edge.NotRequested}},
		{"client certificate required at TLS 1.2", nil, []string{"--require-client-cert", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2"},
			seen{edge.Captured, edge.StageCertificate, edge.ClassTLSAlert, "TLS 1.2", edge.Required}},
		{"client certificate required at TLS 1.3", nil, []string{"--require-client-cert"},
			seen{edge.Captured, edge.StageCertificate, edge.ClassTLSAlert, "TLS 1.3", edge.Required}},
		{"TLS 1.3 with a finite field group only", nil, []string{"--disable-client-cert", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE3072"},
			seen{edge.Captured, edge.StageCertificate, "", "TLS 1.3", edge.NotRequested}},
		{"P-384", func(x *lab.Template) { x.Key = lab.KeySpec{Type: lab.ECDSA, Bits: 384} }, []string{"--disable-client-cert"},
			seen{edge.Captured, edge.StageDone, "", "TLS 1.3", edge.NotRequested}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id := issue(t, tt.leaf)
			expect(t, scan(t, at(gnutls(t, id, tt.args...)), scanner.Options{}), tt.want, id)
		})
	}
}

// nginx starts nginx with server blocks for addr, which each have a listen
// line already, as their text goes on.
func nginx(t *testing.T, addr netip.AddrPort, servers string, args ...any) {
	t.Helper()
	path := peer.Program(t, "nginx", "nginx")
	config := write(t, "nginx.conf", `
daemon off; master_process off; pid nginx.pid; error_log stderr notice;
events {}
http {
  access_log off; ssl_protocols TLSv1.2 TLSv1.3;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
`+servers+`
}
`, args...)
	peer.Start(t, path, "-p", t.TempDir(), "-c", config).Serves(t, addr)
}

func TestNginxWantsAClientCertificate(t *testing.T) {
	t.Parallel()
	id := issue(t, nil)
	for version, protocol := range map[string]string{"TLS 1.2": "TLSv1.2", "TLS 1.3": "TLSv1.3"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			addr := peer.Address(t)
			nginx(t, addr, `server { listen %s ssl; ssl_protocols %s; ssl_certificate %s; ssl_certificate_key %s;
				ssl_client_certificate %s; ssl_verify_client on; }`, addr, protocol, id.cert, id.key, id.ca)
			got := scan(t, at(addr), scanner.Options{})
			// nginx finishes the handshake and refuses in HTTP, with a 400.
			expect(t, got, seen{edge.Captured, edge.StageDone, "", version, edge.Requested}, id)
			if got.TLS != nil && got.TLS.AcceptableCAs != 1 {
				t.Errorf("%d acceptable CAs, want 1", got.TLS.AcceptableCAs)
			}
		})
	}
}

// The server of no name has a certificate of its own, as behind a reverse
// proxy.
func TestNginxChoosesByServerName(t *testing.T) {
	t.Parallel()
	ours, other := issue(t, nil), issue(t, func(x *lab.Template) { x.Names = []string{"www.contoso.com"} })
	addr := peer.Address(t)
	nginx(t, addr, `server { listen %[1]s ssl default_server; ssl_certificate %[2]s; ssl_certificate_key %[3]s; }
		server { listen %[1]s ssl; server_name sip.contoso.com; ssl_certificate %[4]s; ssl_certificate_key %[5]s; }`,
		addr, other.cert, other.key, ours.cert, ours.key)
	got := scan(t, at(addr), scanner.Options{})
	expect(t, got, seen{edge.Captured, edge.StageDone, "", "TLS 1.3", edge.NotRequested}, ours)
	bare := got.Offered(edge.OfferWithoutSNI)
	if len(bare) == 0 {
		t.Fatal("no handshake without a server name")
	}
	if d := cmp.Diff(other.sends, sent(bare[0].Chain)); d != "" {
		t.Error("chain without a server name differs (-want +got):\n" + d)
	}
}

func TestNginxNeedsAServerName(t *testing.T) {
	t.Parallel()
	id := issue(t, nil)
	addr := peer.Address(t)
	nginx(t, addr, `server { listen %[1]s ssl default_server; ssl_reject_handshake on; }
		server { listen %[1]s ssl; server_name sip.contoso.com; ssl_certificate %[2]s; ssl_certificate_key %[3]s; }`,
		addr, id.cert, id.key)
	got := scan(t, at(addr), scanner.Options{})
	expect(t, got, seen{edge.Captured, edge.StageDone, "", "TLS 1.3", edge.NotRequested}, id)
	if h := got.Offered(edge.OfferWithoutSNI); len(h) != 1 || h[0].Fault == nil || h[0].Fault.Class != edge.ClassTLSAlert {
		t.Errorf("without a server name: %+v, want an alert", h)
	}

	e := at(addr)
	e.FQDN = ""
	if s := seenIn(scan(t, e, scanner.Options{})); s.Outcome != edge.Failed || s.Class != edge.ClassTLSAlert {
		t.Errorf("%+v, want a failure of an endpoint without a name", s)
	}
}

func TestNginxPlainHTTP(t *testing.T) {
	t.Parallel()
	addr := peer.Address(t)
	nginx(t, addr, `server { listen %s; }`, addr)
	for _, role := range []edge.Role{edge.Access, edge.AV, edge.XMPP} {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			e := at(addr)
			e.Role = role
			got := scan(t, e, scanner.Options{})
			if s := seenIn(got); s.Outcome != edge.Failed || s.Stage != edge.StageHandshake || s.Class != edge.ClassNotTLS {
				t.Errorf("%+v, %v: want a failed handshake, not TLS", s, got.Fault)
			}
		})
	}
}

// Two members hidden behind a balancer that works on connections: whatever
// the first handshake brings, the samples find both.
func TestHAProxyHidesTwoMembers(t *testing.T) {
	t.Parallel()
	path := peer.Program(t, "haproxy", "haproxy")
	one, two := issue(t, nil), issue(t, func(x *lab.Template) { x.Issue = 2 })
	first, second, front := peer.Address(t), peer.Address(t), peer.Address(t)
	nginx(t, second, `server { listen %s ssl; ssl_certificate %s; ssl_certificate_key %s; }
		server { listen %s ssl; ssl_certificate %s; ssl_certificate_key %s; }`,
		first, one.cert, one.key, second, two.cert, two.key)
	config := write(t, "haproxy.cfg", `
defaults
  mode tcp
  timeout connect 10s
  timeout client 30s
  timeout server 30s
frontend edge
  bind %s
  default_backend members
backend members
  balance roundrobin
  server edge1 %s
  server edge2 %s
`, front, first, second)
	peer.Start(t, path, "-db", "-f", config).Serves(t, front)

	e := at(front)
	e.Member, e.VIP, e.Samples = edge.VIPMember, true, 6
	got := scan(t, e, scanner.Options{})
	if got.Outcome != edge.Captured {
		t.Fatalf("%+v, %v: want captured", seenIn(got), got.Fault)
	}
	counts := map[edge.Fingerprint]int{got.Leaf().Fingerprint: 1}
	total := 1
	for _, s := range got.Offered(edge.OfferSample) {
		if s.Leaf() != nil {
			counts[s.Leaf().Fingerprint]++
			total++
		}
	}
	if total != 6 || counts[one.sends[0]] == 0 || counts[two.sends[0]] == 0 || len(counts) != 2 {
		t.Errorf("samples %+v: want 6 handshakes and both certificates", counts)
	}
}

// HAProxy ends TLS itself, and refuses who brings no certificate.
func TestHAProxyRequiresAClientCertificate(t *testing.T) {
	t.Parallel()
	path := peer.Program(t, "haproxy", "haproxy")
	id := issue(t, nil)
	for version, option := range map[string]string{"TLS 1.2": "force-tlsv12", "TLS 1.3": "force-tlsv13"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			addr := peer.Address(t)
			config := write(t, "haproxy.cfg", `
defaults
  mode tcp
  timeout connect 10s
  timeout client 30s
  timeout server 30s
frontend edge
  bind %s ssl crt %s %s verify required ca-file %s
`, addr, id.both, option, id.ca)
			peer.Start(t, path, "-db", "-f", config).Serves(t, addr)
			got := scan(t, at(addr), scanner.Options{})
			expect(t, got, seen{edge.Captured, edge.StageCertificate, edge.ClassTLSAlert, version, edge.Required}, id)
		})
	}
}
