package probe

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"net/netip"
	"path/filepath"
	"testing"

	"edgecert/scanner/edge"
)

// Package peers has the whole round of s_server; here is what needs a server
// of its own making.
func TestServersOfOpenSSL(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	l := newLeaf(t, key, nil)
	for _, c := range []struct {
		name            string
		args            []string
		version, cipher string
		client          edge.ClientCertificate
		stage           edge.Stage
	}{
		{"client certificate requested, TLS 1.3 without a ticket", []string{"-verify", "1", "-num_tickets", "0"},
			"TLS 1.3", "", edge.Requested, edge.StageDone},
		{"client certificate requested, TLS 1.3 with tickets", []string{"-verify", "1", "-num_tickets", "5"},
			"TLS 1.3", "", edge.Requested, edge.StageDone},
		{"Camellia only", []string{"-tls1_2", "-cipher", "CAMELLIA128-SHA"},
			"TLS 1.2", "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", edge.NotRequested, edge.StageCertificate},
		{"ARIA only, client certificate required", []string{"-tls1_2", "-cipher", "ECDHE-ARIA256-GCM-SHA384", "-Verify", "1"},
			"TLS 1.2", "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384", edge.Requested, edge.StageCertificate},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := quick(t, endpoint(openssl(t, "127.0.0.1", append(c.args, "-cert", l.pem(t))...)))
			if got.Outcome != edge.Captured || got.Fault != nil || !bytes.Equal(got.Leaf().Raw, l.der) {
				t.Fatalf("%s at %s: %v", got.Outcome, got.Stage, got.Fault)
			}
			if got.TLS.Version != c.version || got.TLS.ClientCertificate != c.client || got.Stage != c.stage ||
				c.cipher != "" && got.TLS.Cipher != c.cipher {
				t.Errorf("%+v at %s, want %+v", got.TLS, got.Stage, c)
			}
		})
	}
}

// The key is kept in testdata: one of 9216 bits takes a minute to make. Go's
// own bound is 8192 (tlsmaxrsasize).
func TestAnRSAKeyBeyond8192Bits(t *testing.T) {
	t.Parallel()
	file, err := filepath.Abs("testdata/rsa9216.pem") // a peer runs in a folder of its own
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		got := quick(t, endpoint(openssl(t, "127.0.0.1", version, "-cert", file)))
		if got.Outcome != edge.Captured || got.Fault != nil || got.Stage != edge.StageDone {
			t.Errorf("%s: %s at %s: %v", version, got.Outcome, got.Stage, got.Fault)
		}
	}
}

func TestOpenSSLOnIPv6(t *testing.T) {
	t.Parallel()
	l := ecLeaf(t, func(c *x509.Certificate) { c.DNSNames = nil })
	e := endpoint(openssl(t, "[::1]", "-cert", l.pem(t)))
	e.FQDN = "::1"
	if got := quick(t, e); got.Outcome != edge.Captured || e.Address != netip.IPv6Loopback() {
		t.Errorf("outcome %s of %s: %v", got.Outcome, e.HostPort(), got.Fault)
	}
}
