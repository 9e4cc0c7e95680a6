package probe

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"net/netip"
	"testing"

	"edgecert/scanner/edge"
)

func TestServersOfOpenSSL(t *testing.T) {
	t.Parallel()
	ec := ecLeaf(t, nil)
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsa1024, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	big, small := newLeaf(t, rsa2048, nil), newLeaf(t, rsa1024, nil)
	old := []string{"-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"}
	for _, c := range []struct {
		name    string
		leaf    leaf
		args    []string
		version string
		cipher  string // empty: any
		client  edge.ClientCertificate
		stage   edge.Stage
		refused edge.ErrorClass // after its certificate; empty: not
	}{
		{"healthy", ec, nil, "TLS 1.3", "", edge.NotRequested, edge.StageDone, ""},
		{"TLS 1.3 only", ec, []string{"-tls1_3"}, "TLS 1.3", "", edge.NotRequested, edge.StageDone, ""},
		{"TLS 1.2 only", ec, []string{"-tls1_2"}, "TLS 1.2", "", edge.NotRequested, edge.StageDone, ""},
		{"TLS 1.1 only", big, append(old, "-tls1_1"), "TLS 1.1", "", edge.NotRequested, edge.StageDone, ""},
		{"TLS 1.0 only", big, append(old, "-tls1"), "TLS 1.0", "", edge.NotRequested, edge.StageDone, ""},
		{"TLS 1.0 with RSA key exchange only", big, []string{"-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"},
			"TLS 1.0", "TLS_RSA_WITH_AES_128_CBC_SHA", edge.NotRequested, edge.StageDone, ""},
		{"RSA key exchange only", big, []string{"-tls1_2", "-cipher", "AES128-GCM-SHA256"},
			"TLS 1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256", edge.NotRequested, edge.StageDone, ""},
		{"SHA-1 signed handshake", big, []string{"-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"},
			"TLS 1.2", "", edge.NotRequested, edge.StageDone, ""},
		{"RSA 1024", small, old, "TLS 1.3", "", edge.NotRequested, edge.StageDone, ""},
		{"RSA 1024 with TLS 1.2", small, append(old, "-tls1_2"), "TLS 1.2", "", edge.NotRequested, edge.StageDone, ""},
		{"P-521", newLeaf(t, p521, nil), []string{"-tls1_3"}, "TLS 1.3", "", edge.NotRequested, edge.StageDone, ""},
		{"group P-384 only", ec, []string{"-groups", "P-384"}, "TLS 1.3", "", edge.NotRequested, edge.StageDone, ""},
		{"client certificate requested, TLS 1.2", ec, []string{"-tls1_2", "-verify", "1"}, "TLS 1.2", "", edge.Requested, edge.StageDone, ""},
		{"client certificate requested, TLS 1.3", ec, []string{"-verify", "1"}, "TLS 1.3", "", edge.Requested, edge.StageDone, ""},
		{"client certificate requested, TLS 1.3 without tickets", ec, []string{"-verify", "1", "-num_tickets", "0"},
			"TLS 1.3", "", edge.Requested, edge.StageDone, ""},
		{"client certificate required, TLS 1.0", big, append(old, "-tls1", "-Verify", "1"),
			"TLS 1.0", "", edge.Required, edge.StageCertificate, edge.ClassTLSAlert},
		{"client certificate required, TLS 1.2", ec, []string{"-tls1_2", "-Verify", "1"},
			"TLS 1.2", "", edge.Required, edge.StageCertificate, edge.ClassTLSAlert},
		{"client certificate required, TLS 1.3", ec, []string{"-Verify", "1"},
			"TLS 1.3", "", edge.Required, edge.StageCertificate, edge.ClassTLSAlert},
		{"DHE only", big, []string{"-tls1_2", "-cipher", "DHE-RSA-AES128-SHA"},
			"TLS 1.2", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", edge.NotRequested, edge.StageCertificate, ""},
		{"DHE only, client certificate required", big, []string{"-tls1_2", "-cipher", "DHE-RSA-AES128-SHA", "-Verify", "1"},
			"TLS 1.2", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", edge.Requested, edge.StageCertificate, ""},
		{"AES256-SHA256 with RSA key exchange only", big, []string{"-tls1_2", "-cipher", "AES256-SHA256"},
			"TLS 1.2", "TLS_RSA_WITH_AES_256_CBC_SHA256", edge.NotRequested, edge.StageCertificate, ""},
		{"Camellia only", big, []string{"-tls1_2", "-cipher", "CAMELLIA128-SHA"},
			"TLS 1.2", "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", edge.NotRequested, edge.StageCertificate, ""},
		{"group X448 only, TLS 1.2", ec, []string{"-tls1_2", "-groups", "X448"},
			"TLS 1.2", "", edge.NotRequested, edge.StageCertificate, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := quick(t, endpoint(openssl(t, "127.0.0.1", append(c.args, "-cert", c.leaf.pem(t))...)))
			if got.Outcome != edge.Captured {
				t.Fatalf("outcome %s at %s: %v", got.Outcome, got.Stage, got.Fault)
			}
			if !bytes.Equal(got.Leaf().Raw, c.leaf.der) || len(got.Chain) != 1 {
				t.Errorf("chain of %d with leaf %x, want the server's %x", len(got.Chain), got.Leaf().Raw, c.leaf.der)
			}
			if got.TLS.Version != c.version || got.TLS.ClientCertificate != c.client {
				t.Errorf("%s, client certificate %q, want %s, %q", got.TLS.Version, got.TLS.ClientCertificate, c.version, c.client)
			}
			if c.cipher != "" && got.TLS.Cipher != c.cipher {
				t.Errorf("suite %s, want %s", got.TLS.Cipher, c.cipher)
			}
			var class edge.ErrorClass
			if got.Fault != nil {
				class = got.Fault.Class
			}
			if got.Stage != c.stage || class != c.refused {
				t.Errorf("stage %s, fault %v, want %s, %q", got.Stage, got.Fault, c.stage, c.refused)
			}
		})
	}
}

// The key is kept in testdata: one of 9216 bits takes a minute to make. Go's
// own bound is 8192 (tlsmaxrsasize).
func TestAnRSAKeyBeyond8192Bits(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		got := quick(t, endpoint(openssl(t, "127.0.0.1", version, "-cert", "testdata/rsa9216.pem")))
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
