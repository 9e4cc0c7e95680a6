//go:build linux

package peers_test

import (
	"strings"
	"testing"

	"edgecert/scanner"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab/peer"
)

// microsocks starts a SOCKS5 proxy that wants a login.
func microsocks(t *testing.T) string {
	t.Helper()
	path := peer.Program(t, "microsocks", "microsocks")
	addr := peer.Address(t)
	peer.Start(t, path, "-i", addr.Addr().String(), "-p", port(addr), "-u", "jump", "-P", "secret").Serves(t, addr)
	return addr.String()
}

// tinyproxy starts an HTTP proxy that wants a login.
func tinyproxy(t *testing.T) string {
	t.Helper()
	path := peer.Program(t, "tinyproxy", "tinyproxy-bin")
	addr := peer.Address(t)
	config := write(t, "tinyproxy.conf", `
Listen %s
Port %s
Timeout 60
LogLevel Info
BasicAuth jump secret
`, addr.Addr(), port(addr))
	peer.Start(t, path, "-d", "-c", config).Serves(t, addr)
	return addr.String()
}

func TestThroughAProxy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, scheme string
		start        func(*testing.T) string
		refused      edge.ErrorClass // of a closed port behind the proxy
	}{
		{"microsocks", "socks5://", microsocks, edge.ClassRefused},
		// Tinyproxy answers 500, which says no more than: no connection.
		{"tinyproxy", "http://", tinyproxy, edge.ClassUnreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := tt.start(t)
			id := issue(t, nil)
			login := tt.scheme + "jump:secret@" + addr
			server := sServer(t, id, "-tls1_3", "-Verify", "2")

			got := scan(t, at(server), scanner.Options{Proxy: login})
			expect(t, got, seen{edge.Captured, edge.StageCertificate, edge.ClassTLSAlert, "TLS 1.3", edge.Required}, id)

			closed := seenIn(scan(t, at(peer.Address(t)), scanner.Options{Proxy: login}))
			if want := (seen{Outcome: edge.Failed, Stage: edge.StageDial, Class: tt.refused}); closed != want {
				t.Errorf("a closed port: %+v, want %+v", closed, want)
			}
			for what, proxy := range map[string]string{
				"a wrong password": tt.scheme + "jump:wrong@" + addr,
				"no login":         tt.scheme + addr,
			} {
				got, err := scanner.Scan(t.Context(), []edge.Endpoint{at(server)}, scanner.Options{Proxy: proxy})
				if err == nil || !strings.Contains(err.Error(), "nothing could be dialed") {
					t.Errorf("%s: %d captures, error %v", what, len(got), err)
				}
			}
			dead := scanner.Options{Proxy: tt.scheme + peer.Address(t).String()}
			if got, err := scanner.Scan(t.Context(), []edge.Endpoint{at(server)}, dead); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
				t.Errorf("a proxy that died: %d captures, error %v", len(got), err)
			}
		})
	}
}
