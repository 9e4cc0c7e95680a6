//go:build linux

package peers_test

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"edgecert/scanner"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
	"edgecert/scanner/lab/peer"
)

// sServer starts OpenSSL's test server with an identity.
func sServer(t *testing.T, id identity, args ...string) netip.AddrPort {
	t.Helper()
	openssl := peer.OpenSSL(t)
	addr := netip.AddrPortFrom(peer.Address(t).Addr(), 0).String()
	all := append([]string{"s_server", "-accept", addr, "-www", "-cert", id.cert, "-key", id.key}, args...)
	if id.above != "" {
		all = append(all, "-cert_chain", id.above)
	}
	return netip.MustParseAddrPort(peer.Start(t, openssl, all...).Says(t, `ACCEPT (\S+)`))
}

// old lets OpenSSL do what Debian's settings forbid.
const old = "DEFAULT:@SECLEVEL=0"

func TestOpenSSL(t *testing.T) {
	t.Parallel()
	captured := func(version string, client edge.ClientCertificate) seen {
		return seen{edge.Captured, edge.StageDone, "", version, client}
	}
	rsa1024 := func(x *lab.Template) { x.Key.Bits = 1024 }
	tests := []struct {
		name string
		leaf func(*lab.Template)
		args []string
		want seen
	}{
		{"all defaults", nil, nil, captured("TLS 1.3", edge.NotRequested)},
		{"TLS 1.0 only", nil, []string{"-tls1", "-cipher", old}, captured("TLS 1.0", edge.NotRequested)},
		{"TLS 1.1 only", nil, []string{"-tls1_1", "-cipher", old}, captured("TLS 1.1", edge.NotRequested)},
		{"TLS 1.2 only", nil, []string{"-tls1_2"}, captured("TLS 1.2", edge.NotRequested)},
		{"TLS 1.3 only", nil, []string{"-tls1_3"}, captured("TLS 1.3", edge.NotRequested)},
		{"TLS 1.0 with RSA key exchange", nil, []string{"-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"}, captured("TLS 1.0", edge.NotRequested)},
		{"RSA key exchange only", nil, []string{"-tls1_2", "-cipher", "AES256-SHA"}, captured("TLS 1.2", edge.NotRequested)},
		{"a handshake signed with SHA-1", nil, []string{"-tls1_2", "-cipher", old, "-sigalgs", "RSA+SHA1"}, captured("TLS 1.2", edge.NotRequested)},
		{"TLS 1.2 with secp521r1 only", nil, []string{"-tls1_2", "-groups", "P-521"}, captured("TLS 1.2", edge.NotRequested)},
		{"TLS 1.3 with secp384r1 only: a second ClientHello", nil, []string{"-tls1_3", "-groups", "P-384"}, captured("TLS 1.3", edge.NotRequested)},
		{"ChaCha20 only", nil, []string{"-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"}, captured("TLS 1.2", edge.NotRequested)},
		{"RSA 1024", rsa1024, []string{"-cipher", old}, captured("TLS 1.3", edge.NotRequested)},
		{"P-521", func(x *lab.Template) { x.Key = lab.KeySpec{Type: lab.ECDSA, Bits: 521} }, nil, captured("TLS 1.3", edge.NotRequested)},
		{"P-521 at TLS 1.2", func(x *lab.Template) { x.Key = lab.KeySpec{Type: lab.ECDSA, Bits: 521} }, []string{"-tls1_2"}, captured("TLS 1.2", edge.NotRequested)},
		{"client certificate requested at TLS 1.2", nil, []string{"-tls1_2", "-verify", "2"}, captured("TLS 1.2", edge.Requested)},
		{"client certificate requested at TLS 1.3", nil, []string{"-tls1_3", "-verify", "2"}, captured("TLS 1.3", edge.Requested)},
		{"client certificate required at TLS 1.0", nil, []string{"-tls1", "-cipher", old, "-Verify", "2"},
			seen{edge.Captured, edge.StageCertificate, edge.ClassTLSAlert, "TLS 1.0", edge.Required}},
		{"client certificate required at TLS 1.2", nil, []string{"-tls1_2", "-Verify", "2"},
			seen{edge.Captured, edge.StageCertificate, edge.ClassTLSAlert, "TLS 1.2", edge.Required}},
		{"client certificate required at TLS 1.3", nil, []string{"-tls1_3", "-Verify", "2"},
			seen{edge.Captured, edge.StageCertificate, edge.ClassTLSAlert, "TLS 1.3", edge.Required}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id := issue(t, tt.leaf)
			expect(t, scan(t, at(sServer(t, id, tt.args...)), scanner.Options{}), tt.want, id)
		})
	}
}

// What crypto/tls shares nothing with is seen by a ClientHello of our own,
// which goes no further than the server's first flight.
func TestOpenSSLBeyondGo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		args   []string
		client edge.ClientCertificate
	}{
		{"DHE only", []string{"-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384"}, edge.NotRequested},
		{"DHE only at TLS 1.0", []string{"-tls1", "-cipher", "DHE-RSA-AES128-SHA:@SECLEVEL=0"}, edge.NotRequested},
		{"AES256-SHA256 with RSA key exchange", []string{"-tls1_2", "-cipher", "AES256-SHA256"}, edge.NotRequested},
		{"CCM only", []string{"-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256:DHE-RSA-AES128-CCM"}, edge.NotRequested},
		{"X448 only", []string{"-tls1_2", "-groups", "X448", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"}, edge.NotRequested},
		{"DHE with Camellia only", []string{"-tls1_2", "-cipher", "DHE-RSA-CAMELLIA128-SHA256"}, edge.NotRequested},
		{"no encryption at all", []string{"-tls1_2", "-cipher", "ECDHE-RSA-NULL-SHA:@SECLEVEL=0"}, edge.NotRequested},
		{"TLS 1.3 with X448 only", []string{"-tls1_3", "-groups", "X448"}, edge.NotRequested},
		{"TLS 1.3 with ffdhe2048 only", []string{"-tls1_3", "-groups", "ffdhe2048", "-Verify", "2"}, edge.Requested},
		{"TLS 1.3 with ffdhe3072 only", []string{"-tls1_3", "-groups", "ffdhe3072"}, edge.NotRequested},
		{"TLS 1.3 with ffdhe4096 only", []string{"-tls1_3", "-groups", "ffdhe4096"}, edge.NotRequested},
		{"TLS 1.3 with ffdhe6144 only", []string{"-tls1_3", "-groups", "ffdhe6144"}, edge.NotRequested},
		{"TLS 1.3 with ffdhe8192 only", []string{"-tls1_3", "-groups", "ffdhe8192"}, edge.NotRequested},
		{"TLS 1.3 with CCM only", []string{"-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"}, edge.NotRequested},
		{"TLS 1.3 with CCM_8 only", []string{"-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256", "-groups", "ffdhe2048:P-384"}, edge.NotRequested},
		{"DHE only, client certificate wanted", []string{"-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384", "-Verify", "2"}, edge.Requested},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id := issue(t, nil)
			got := scan(t, at(sServer(t, id, tt.args...)), scanner.Options{})
			if got.Outcome != edge.Captured || got.TLS == nil || got.TLS.ClientCertificate != tt.client {
				t.Errorf("%+v, %v: want captured, client certificate %s", seenIn(got), got.Fault, tt.client)
			}
			expect(t, got, seenIn(got), id)
		})
	}
}

func TestOpenSSLWithARSAKeyOf8192Bits(t *testing.T) {
	t.Parallel()
	id := fromFile(t, filepath.Join("testdata", "rsa8192.pem"))
	got := scan(t, at(sServer(t, id)), scanner.Options{Quick: true})
	expect(t, got, seen{edge.Captured, edge.StageDone, "", "TLS 1.3", edge.NotRequested}, id)
}

func TestOpenSSLWithAPSSKey(t *testing.T) {
	t.Parallel()
	openssl := peer.OpenSSL(t)
	dir := t.TempDir()
	cert, key, both := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "both.pem")
	out, err := exec.CommandContext(t.Context(), openssl, "req", "-x509", "-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048",
		"-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=sip.contoso.com").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var all []byte
	for _, f := range []string{cert, key} {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	if err := os.WriteFile(both, all, 0o600); err != nil {
		t.Fatal(err)
	}
	id := fromFile(t, both)
	got := scan(t, at(sServer(t, id)), scanner.Options{})
	if got.Outcome != edge.Captured {
		t.Errorf("%+v, %v: want captured", seenIn(got), got.Fault)
	}
	expect(t, got, seenIn(got), id)

	// Without TLS 1.2 the certificate never crosses the wire in the clear.
	got = scan(t, at(sServer(t, id, "-tls1_3")), scanner.Options{})
	expect(t, got, seen{edge.Captured, edge.StageCertificate, "", "TLS 1.3", edge.NotRequested}, id)
}

// Go refuses to parse a serial number below zero; the certificate is captured
// all the same.
func TestOpenSSLWithANegativeSerial(t *testing.T) {
	t.Parallel()
	id := issue(t, func(x *lab.Template) { x.Serial = []byte{0x80, 1, 2, 3} })
	expect(t, scan(t, at(sServer(t, id)), scanner.Options{}), seen{edge.Captured, edge.StageDone, "", "TLS 1.3", edge.NotRequested}, id)
}

func TestOpenSSLRefusesOurServerName(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"and shares suites with Go": nil,
		"and shares none with Go":   {"-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := issue(t, nil)
			args := append([]string{"-servername", "other.contoso.com", "-servername_fatal", "-cert2", id.cert, "-key2", id.key}, args...)
			got := scan(t, at(sServer(t, id, args...)), scanner.Options{})
			if got.Outcome != edge.Captured {
				t.Errorf("%+v, %v: want captured without a server name", seenIn(got), got.Fault)
			}
			expect(t, got, seenIn(got), id)
		})
	}
}

func TestOpenSSLListsItsCAs(t *testing.T) {
	t.Parallel()
	id := issue(t, nil)
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			got := scan(t, at(sServer(t, id, version, "-Verify", "2", "-CAfile", id.ca)), scanner.Options{})
			if got.TLS == nil || got.TLS.AcceptableCAs != 1 || len(got.TLS.AcceptableCANames) != 1 {
				t.Errorf("TLS %+v, want one acceptable CA", got.TLS)
			}
		})
	}
}

func TestOpenSSLTakesOurCertificate(t *testing.T) {
	t.Parallel()
	id := issue(t, nil)
	stranger := filepath.Join("testdata", "rsa8192.pem") // did not issue it
	for version, want := range map[string]string{"-tls1_2": "TLS 1.2", "-tls1_3": "TLS 1.3"} {
		for name, ca := range map[string]string{"takes": id.ca, "refuses": stranger} {
			t.Run(name+" "+version, func(t *testing.T) {
				t.Parallel()
				ca, err := filepath.Abs(ca)
				if err != nil {
					t.Fatal(err)
				}
				addr := sServer(t, id, version, "-Verify", "2", "-CAfile", ca, "-verify_return_error")
				got := scan(t, at(addr), scanner.Options{ClientCert: &id.pair, Quick: true})
				end := seen{edge.Captured, edge.StageDone, "", want, edge.Requested}
				if name == "refuses" {
					end.Stage, end.Class = edge.StageCertificate, edge.ClassTLSAlert
				}
				expect(t, got, end, id)
			})
		}
	}
}

// The extra handshakes tell what else the server speaks.
func TestOpenSSLVersionsOnOffer(t *testing.T) {
	t.Parallel()
	id := issue(t, nil)
	tests := []struct {
		name          string
		args          []string
		legacy, tls12 edge.Outcome
	}{
		{"TLS 1.0 to 1.3", []string{"-cipher", old}, edge.Captured, edge.Captured},
		{"TLS 1.2 and 1.3", []string{"-no_tls1", "-no_tls1_1"}, edge.Failed, edge.Captured},
		{"TLS 1.3 only", []string{"-tls1_3"}, edge.Failed, edge.Failed},
		{"TLS 1.0 with suites that Go lacks", []string{"-cipher", "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-SHA:@SECLEVEL=0"}, edge.Captured, edge.Captured},
		{"TLS 1.2 with suites that Go lacks", []string{"-no_tls1", "-no_tls1_1", "-cipher", "DHE-RSA-AES256-GCM-SHA384"}, edge.Failed, edge.Captured},
		{"TLS 1.0 only: the first handshake tells both", []string{"-tls1", "-cipher", old}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := scan(t, at(sServer(t, id, tt.args...)), scanner.Options{})
			if got := outcome(got.Offered(edge.OfferTLS11)); got != tt.legacy {
				t.Errorf("TLS 1.1 at most: %q, want %q", got, tt.legacy)
			}
			if got := outcome(got.Offered(edge.OfferTLS12)); got != tt.tls12 {
				t.Errorf("TLS 1.2 at most: %q, want %q", got, tt.tls12)
			}
		})
	}
}

// outcome is that of an extra handshake, empty where it was not tried.
func outcome(asked []edge.Presentation) edge.Outcome {
	if len(asked) == 0 {
		return ""
	}
	return asked[0].Outcome
}
