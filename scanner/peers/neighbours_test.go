//go:build linux

package peers_test

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgecert/scanner"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab/peer"
)

// coturn starts coturn: TURN over TLS on the address returned, TURN over TCP
// and UDP on port 3478 of it, where it takes TLS, too, unless told otherwise.
func coturn(t *testing.T, id identity, args ...string) netip.AddrPort {
	t.Helper()
	path := peer.Program(t, "turnserver", "coturn")
	addr := peer.Address(t)
	dir := t.TempDir()
	all := append([]string{"-n", "--no-cli", "--listening-ip", addr.Addr().String(), "--relay-ip", addr.Addr().String(),
		"--listening-port", "3478", "--tls-listening-port", port(addr), "--cert", id.cert, "--pkey", id.key,
		"--lt-cred-mech", "--user", "nobody:secret", "--realm", "contoso.com",
		"--log-file", "stdout", "--simple-log", "--pidfile", filepath.Join(dir, "pid"), "--userdb", filepath.Join(dir, "db")}, args...)
	peer.Start(t, path, all...).Serves(t, netip.AddrPortFrom(addr.Addr(), 3478))
	return addr
}

// TURN over real TLS on an A/V Edge's port is a proxy or a wrong address: its
// certificate is captured, to be judged as such.
func TestCoturnOnTheAVPort(t *testing.T) {
	t.Parallel()
	id := issue(t, nil)
	e := at(coturn(t, id))
	e.Role, e.ServicePort = edge.AV, 443
	got := scan(t, e, scanner.Options{UDP: true})
	expect(t, got, seen{edge.Captured, edge.StageDone, "", "TLS 1.2", edge.NotRequested}, id)
	if got.Turn != nil && got.Turn.PseudoTLS {
		t.Errorf("TURN over TCP: %+v, want no pseudo-TLS", got.Turn)
	}
	udp := got.UDP
	if udp == nil || !udp.Live || udp.Fault != nil {
		t.Fatalf("UDP: %+v, want an answer", udp)
	}
	if !strings.HasPrefix(udp.Software, "Coturn") {
		t.Errorf("UDP: software %q, want Coturn", udp.Software)
	}
}

// TURN without TLS, as other relays have it, is neither an A/V Edge nor TLS.
func TestCoturnWithoutTLS(t *testing.T) {
	t.Parallel()
	addr := netip.AddrPortFrom(coturn(t, issue(t, nil), "--no-tls", "--no-dtls").Addr(), 3478)
	for _, role := range []edge.Role{edge.AV, edge.Access} {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			e := at(addr)
			e.Role = role
			got := scan(t, e, scanner.Options{Timeout: time.Second, Retries: -1})
			// coturn waits for the message to be complete, or gives up at once.
			s := seenIn(got)
			if s.Outcome != edge.Failed || s.Stage != edge.StageHandshake || s.Class != edge.ClassTimeout && s.Class != edge.ClassReset {
				t.Errorf("%+v, %v: want a handshake that fails in silence or by a reset", s, got.Fault)
			}
		})
	}
}

// kamailio starts Kamailio with its TLS module, which wants a certificate of
// every client, as an Edge does on 5061.
func kamailio(t *testing.T, id identity, method, require string) netip.AddrPort {
	t.Helper()
	path := peer.Program(t, "kamailio", "kamailio")
	if modules, err := filepath.Glob("/usr/lib*/*/kamailio/modules/tls.so"); err != nil || len(modules) == 0 {
		peer.Absent(t, "Kamailio's module tls", "kamailio-tls-modules")
	}
	addr := peer.Address(t)
	dir := t.TempDir()
	tls := write(t, "tls.cfg", `
[server:default]
method = %s
verify_certificate = %s
require_certificate = %s
certificate = %s
private_key = %s
ca_list = %s
`, method, require, require, id.cert, id.key, id.ca)
	config := write(t, "kamailio.cfg", `#!KAMAILIO
debug=1
log_stderror=yes
children=1
tcp_children=2
enable_tls=yes
listen=tls:%s
loadmodule "tls.so"
modparam("tls", "config", "%s")
request_route { drop; }
`, addr, tls)
	peer.Start(t, path, "-DD", "-E", "-f", config, "-Y", dir, "-w", dir, "-P", filepath.Join(dir, "pid"), "-m", "64", "-M", "8").Serves(t, addr)
	return addr
}

func TestKamailioRequiresAClientCertificate(t *testing.T) {
	t.Parallel()
	id := issue(t, nil)
	tests := []struct {
		name, method, version string
		stage                 edge.Stage
	}{
		{"TLS 1.2", "TLSv1.2", "TLS 1.2", edge.StageCertificate},
		{"the newest there is", "TLSv1.2+", "TLS 1.3", edge.StageCertificate},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := scan(t, at(kamailio(t, id, tt.method, "yes")), scanner.Options{})
			expect(t, got, seen{edge.Captured, tt.stage, edge.ClassTLSAlert, tt.version, edge.Required}, id)
			if got.TLS != nil && got.TLS.AcceptableCAs != 1 {
				t.Errorf("%d acceptable CAs, want 1", got.TLS.AcceptableCAs)
			}
		})
	}
}

func TestKamailioWithoutMutualTLS(t *testing.T) {
	t.Parallel()
	id := issue(t, nil)
	got := scan(t, at(kamailio(t, id, "TLSv1.2+", "no")), scanner.Options{})
	expect(t, got, seen{edge.Captured, edge.StageDone, "", "TLS 1.3", edge.NotRequested}, id)
}

// prosody starts Prosody, which serves contoso.com to other servers.
func prosody(t *testing.T, modules, settings string) netip.AddrPort {
	t.Helper()
	path := peer.Program(t, "prosody", "prosody")
	addr := peer.Address(t)
	dir := t.TempDir()
	config := write(t, "prosody.cfg.lua", `
run_as_root = true
pidfile = "%[1]s/prosody.pid"
data_path = "%[1]s"
interfaces = { "%[2]s" }
s2s_ports = { %[3]s }
c2s_ports = { }
http_ports = { }
https_ports = { }
modules_enabled = { %[4]s }
modules_disabled = { "http", "admin_shell" }
log = { info = "*console" }
VirtualHost "contoso.com"
%[5]s
`, dir, addr.Addr(), port(addr), modules, settings)
	peer.Start(t, path, "--config", config, "-F").Serves(t, addr)
	return addr
}

func TestProsodyStartTLS(t *testing.T) {
	t.Parallel()
	id := issue(t, nil)
	for want, encryption := range map[string]string{"required": "true", "offered": "false"} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			e := at(prosody(t, `"tls", "dialback"`, `s2s_require_encryption = `+encryption+`
				ssl = { certificate = "`+id.cert+`"; key = "`+id.key+`" }`))
			e.Role, e.FQDN, e.ServicePort = edge.XMPP, "contoso.com", 5269
			got := scan(t, e, scanner.Options{})
			// Prosody asks every other server for its certificate.
			expect(t, got, seen{edge.Captured, edge.StageDone, "", "TLS 1.3", edge.Requested}, id)
			x := got.XMPP
			if x == nil || x.StartTLS != want || x.DirectTLS || x.From != "contoso.com" {
				t.Errorf("stream %+v, want STARTTLS %s of contoso.com", x, want)
			}
		})
	}
}

// A ClientHello of our own goes behind STARTTLS, too.
func TestProsodyBeyondGo(t *testing.T) {
	t.Parallel()
	id := issue(t, nil)
	e := at(prosody(t, `"tls", "dialback"`, `s2s_require_encryption = true
		ssl = { certificate = "`+id.cert+`"; key = "`+id.key+`"; protocol = "tlsv1_2"; ciphers = "AES256-SHA256" }`))
	e.Role, e.FQDN, e.ServicePort = edge.XMPP, "contoso.com", 5269
	got := scan(t, e, scanner.Options{})
	expect(t, got, seen{edge.Captured, edge.StageCertificate, "", "TLS 1.2", edge.Requested}, id)
	if x := got.XMPP; x == nil || x.StartTLS != "required" {
		t.Errorf("stream %+v, want STARTTLS required", x)
	}
}

func TestProsodyWithoutTLS(t *testing.T) {
	t.Parallel()
	e := at(prosody(t, `"dialback"`, `s2s_require_encryption = false`))
	e.Role, e.FQDN, e.ServicePort = edge.XMPP, "contoso.com", 5269
	got := scan(t, e, scanner.Options{})
	if got.Outcome != edge.NoCertificate || got.Fault != nil || len(got.Chain) != 0 {
		t.Errorf("%+v, %v: want no certificate, which is no fault", seenIn(got), got.Fault)
	}
	if x := got.XMPP; x == nil || x.StartTLS != "not-offered" {
		t.Errorf("stream %+v, want no STARTTLS", x)
	}
}

func TestProsodyDoesNotServeTheDomain(t *testing.T) {
	t.Parallel()
	e := at(prosody(t, `"tls", "dialback"`, ""))
	e.Role, e.FQDN, e.ServicePort = edge.XMPP, "fabrikam.com", 5269
	got := scan(t, e, scanner.Options{})
	if s := seenIn(got); s.Outcome != edge.Failed || s.Class != edge.ClassProtocol {
		t.Errorf("%+v, %v: want a failure, class protocol", s, got.Fault)
	}
}
