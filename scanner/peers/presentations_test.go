//go:build linux

package peers_test

import (
	"crypto/x509"
	"net/netip"
	"os/exec"
	"path/filepath"
	"testing"

	"edgecert/scanner"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
	"edgecert/scanner/lab/peer"
)

// Servers with an RSA and an EC certificate show both, and prove both keys.
func TestTwoKeyTypes(t *testing.T) {
	t.Parallel()
	rsa := issue(t, nil)
	ec := issue(t, func(x *lab.Template) {
		x.Key, x.Usage = lab.KeySpec{Label: "beside", Type: lab.ECDSA}, x509.KeyUsageDigitalSignature
	})
	for name, start := range map[string]func(*testing.T) netip.AddrPort{
		"OpenSSL": func(t *testing.T) netip.AddrPort { return sServer(t, rsa, "-dcert", ec.cert, "-dkey", ec.key) },
		"OpenSSL, TLS 1.2": func(t *testing.T) netip.AddrPort {
			return sServer(t, rsa, "-dcert", ec.cert, "-dkey", ec.key, "-tls1_2")
		},
		"GnuTLS": func(t *testing.T) netip.AddrPort {
			return gnutls(t, rsa, "--x509certfile="+ec.cert, "--x509keyfile="+ec.key)
		},
		"nginx": func(t *testing.T) netip.AddrPort {
			addr := peer.Address(t)
			nginx(t, addr, `server { listen %s ssl; ssl_certificate %s; ssl_certificate_key %s; ssl_certificate %s; ssl_certificate_key %s; }`,
				addr, rsa.cert, rsa.key, ec.cert, ec.key)
			return addr
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := scan(t, at(start(t)), scanner.Options{})
			proved := map[edge.Fingerprint]bool{}
			if got.Proof.State == edge.Proved {
				proved[got.Leaf().Fingerprint] = true
			}
			for _, p := range got.Presentations {
				if p.State == edge.Proved {
					proved[p.Leaf().Fingerprint] = true
				}
			}
			for what, id := range map[string]identity{"RSA": rsa, "EC": ec} {
				if !proved[id.sends[0]] {
					t.Errorf("the %s certificate was not shown with its key: %+v", what, got.Presentations)
				}
			}
			if got.StoppedAnswering() {
				t.Error("said to have stopped answering")
			}
		})
	}
}

// A key that crypto/rsa refuses to use proves nothing, and disproves nothing.
func TestRSAExponentBeyondGo(t *testing.T) {
	t.Parallel()
	openssl := peer.OpenSSL(t)
	folder := t.TempDir()
	key, cert := filepath.Join(folder, "key.pem"), filepath.Join(folder, "cert.pem")
	for _, args := range [][]string{
		{"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_pubexp:4294967297", "-out", key},
		{"req", "-x509", "-new", "-key", key, "-out", cert, "-days", "30", "-subj", "/CN=sip.contoso.com"},
	} {
		if out, err := exec.CommandContext(t.Context(), openssl, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		got := scan(t, at(sServer(t, identity{cert: cert, key: key}, version)), scanner.Options{Quick: true})
		if got.Outcome != edge.Captured || got.Proof.State != edge.NotSeen || got.Proof.Reason == "" {
			t.Errorf("%s: %s, %v, %+v", version, got.Outcome, got.Fault, got.Proof)
		}
	}
}
