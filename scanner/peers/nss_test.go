//go:build linux

package peers_test

import (
	"net/netip"
	"os/exec"
	"path/filepath"
	"testing"

	"edgecert/scanner"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab/peer"
)

// nss starts the test server of NSS, which keeps its key in a database. It
// listens on all addresses.
func nss(t *testing.T, id identity, args ...string) netip.AddrPort {
	t.Helper()
	selfserv := peer.Program(t, "selfserv", "libnss3-tools")
	database := "sql:" + t.TempDir()
	bundle := filepath.Join(t.TempDir(), "server.p12")
	for _, command := range [][]string{
		{peer.Program(t, "openssl", "openssl"), "pkcs12", "-export", "-in", id.both, "-name", "server", "-passout", "pass:", "-out", bundle},
		{peer.Program(t, "certutil", "libnss3-tools"), "-N", "-d", database, "--empty-password"},
		{peer.Program(t, "pk12util", "libnss3-tools"), "-i", bundle, "-d", database, "-W", ""},
	} {
		if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", command, err, out)
		}
	}
	addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), peer.FreePort(t, netip.IPv4Unspecified()).Port())
	all := append([]string{"-d", database, "-n", "server", "-p", port(addr)}, args...)
	peer.Start(t, selfserv, all...).Serves(t, addr)
	return addr
}

// NSS is the last library that still speaks SSL 3.0.
func TestNSS(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		want seen
	}{
		{"SSL 3.0 only", []string{"-V", "ssl3:ssl3"},
			seen{edge.Captured, edge.StageCertificate, "", "SSL 3.0", edge.NotRequested}},
		{"SSL 3.0 only, client certificate required", []string{"-V", "ssl3:ssl3", "-r", "-r"},
			seen{edge.Captured, edge.StageCertificate, "", "SSL 3.0", edge.Requested}},
		{"RC4 with MD5 only", []string{"-V", "tls1.2:tls1.2", "-c", ":0004"},
			seen{edge.Captured, edge.StageCertificate, "", "TLS 1.2", edge.NotRequested}},
		{"client certificate required at TLS 1.2", []string{"-V", "tls1.2:tls1.2", "-r", "-r"},
			seen{edge.Captured, edge.StageCertificate, edge.ClassTLSAlert, "TLS 1.2", edge.Required}},
		{"client certificate required at TLS 1.3", []string{"-V", "tls1.3:tls1.3", "-r", "-r"},
			seen{edge.Captured, edge.StageCertificate, edge.ClassTLSAlert, "TLS 1.3", edge.Required}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id := issue(t, nil)
			expect(t, scan(t, at(nss(t, id, tt.args...)), scanner.Options{}), tt.want, id)
		})
	}
}
