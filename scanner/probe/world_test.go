//go:debug tlssha1=1
//go:debug x509negativeserial=1
//go:debug rsa1024min=0
//go:debug tlsmaxrsasize=16384

package probe

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgecert/scanner/edge"
	"edgecert/scanner/lab/peer"
	"edgecert/scanner/traffic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const serverName = "sip.contoso.com"

// A leaf is a certificate with its key, self-signed: no test here asks who
// signed it.
type leaf struct {
	der []byte
	key crypto.Signer
}

func newLeaf(t testing.TB, key crypto.Signer, mutate func(*x509.Certificate)) leaf {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7),
		Subject:      pkix.Name{CommonName: serverName},
		DNSNames:     []string{serverName},
		NotBefore:    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC),
	}
	if mutate != nil {
		mutate(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return leaf{der, key}
}

func ecLeaf(t testing.TB, mutate func(*x509.Certificate)) leaf {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newLeaf(t, key, mutate)
}

// pem writes certificate and key into one file and returns its path.
func (l leaf) pem(t testing.TB) string {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(l.key)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, block := range []*pem.Block{{Type: "CERTIFICATE", Bytes: l.der}, {Type: "PRIVATE KEY", Bytes: key}} {
		if err := pem.Encode(&b, block); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "server.pem")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// openssl runs `openssl s_server` on host until the test ends and returns its
// address.
func openssl(t testing.TB, host string, args ...string) netip.AddrPort {
	t.Helper()
	server := peer.Start(t, peer.OpenSSL(t), append([]string{"s_server", "-accept", host + ":0"}, args...)...)
	return netip.MustParseAddrPort(server.Says(t, `ACCEPT (\S+)`))
}

// endpoint is an Access Edge at address.
func endpoint(address netip.AddrPort) edge.Endpoint {
	return edge.Endpoint{
		Pool: "edge-emea", Member: "edge1", Role: edge.Access, FQDN: serverName,
		Address: address.Addr(), Port: int(address.Port()), ServicePort: 5061,
	}
}

// A peer that is expected to stall is waited for briefly; one that is expected
// to answer, patiently: the machine may be busy.
const (
	brief   = time.Second
	patient = 15 * time.Second
)

// quick probes e with one handshake and no retry.
func quick(t testing.TB, e edge.Endpoint) edge.Capture {
	t.Helper()
	return prober(patient, true).Probe(context.Background(), e, nil)
}

func prober(timeout time.Duration, quick bool) *Prober {
	p := New(timeout)
	p.Quick = quick
	p.Traffic = traffic.New(traffic.Limits{Connections: 100, PerAddress: 100})
	return p
}
