package lab

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"edgecert/scanner/edge"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// keys are shared by all tests: making RSA keys is most of a lab's time.
var keys KeyRing

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is the healthy pool with one change, running.
func world(t *testing.T, change func(*Spec)) *Lab {
	t.Helper()
	spec := Healthy(now)
	spec.Keys = &keys
	if change != nil {
		change(&spec)
	}
	l, err := Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func dial(t *testing.T, l *Lab, member string, role edge.Role, port int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", l.Address(member, role, port).String())
	if err != nil {
		t.Fatalf("dialing %s %s %d: %v", member, role, port, err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	return conn
}

// shake is one handshake, and the chain that was sent, also where the
// handshake failed after it. TLS 1.3 refuses a client without a certificate
// only afterwards: the next Read says so.
func shake(t *testing.T, l *Lab, member string, role edge.Role, port int, cfg *tls.Config) (*tls.Conn, [][]byte, error) {
	t.Helper()
	var raw [][]byte
	cfg.InsecureSkipVerify = true
	cfg.Time = func() time.Time { return now }
	cfg.VerifyPeerCertificate = func(certs [][]byte, _ [][]*x509.Certificate) error {
		raw = certs
		return nil
	}
	conn := tls.Client(dial(t, l, member, role, port), cfg)
	err := conn.Handshake()
	return conn, raw, err
}

func sni(name string) *tls.Config { return &tls.Config{ServerName: name} }

func TestHealthyPoolPresentsOneTrustedCertificate(t *testing.T) {
	t.Parallel()
	l := world(t, nil)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(l.Roots()) {
		t.Fatal("no roots")
	}
	first := l.Leaf("edge1", edge.Access, 443)
	for _, member := range []string{"edge1", "edge2", "edge3"} {
		for _, at := range []struct {
			role edge.Role
			name string
		}{{edge.Access, "sip.contoso.com"}, {edge.WebConf, "webcon.contoso.com"}} {
			_, raw, err := shake(t, l, member, at.role, 443, sni(at.name))
			if err != nil {
				t.Fatal(err)
			}
			if len(raw) != 2 || !bytes.Equal(raw[0], first.DER) {
				t.Errorf("%s %s: %d certificates, want the leaf of edge1 and its intermediate", member, at.role, len(raw))
			}
			intermediates := x509.NewCertPool()
			for _, der := range raw[1:] {
				c, err := x509.ParseCertificate(der)
				if err != nil {
					t.Fatal(err)
				}
				intermediates.AddCert(c)
			}
			opts := x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: now, DNSName: at.name}
			if _, err := first.Cert.Verify(opts); err != nil {
				t.Errorf("%s %s: %v", member, at.role, err)
			}
		}
	}
}

func TestHealthyLeafIsTheSeedsCertificate(t *testing.T) {
	t.Parallel()
	c := world(t, nil).Leaf("edge2", edge.WebConf, 443).Cert
	if diff := cmp.Diff([]string{"sip.contoso.com", "webcon.contoso.com", "sip.fabrikam.com"}, c.DNSNames); diff != "" {
		t.Error(diff)
	}
	if c.SerialNumber.Sign() <= 0 || len(c.CRLDistributionPoints) != 1 {
		t.Errorf("serial %s, CRL %v", c.SerialNumber, c.CRLDistributionPoints)
	}
	if left := c.NotAfter.Sub(now); left < 31*24*time.Hour {
		t.Errorf("%s left, want more than the 30 days under which a warning comes", left)
	}
	if whole := c.NotAfter.Sub(c.NotBefore); whole > 47*24*time.Hour {
		t.Errorf("lifetime %s, want what is allowed from 2029 on", whole)
	}
}

func TestTargetsCarryThePorts(t *testing.T) {
	t.Parallel()
	l := world(t, func(s *Spec) {
		s.Lines = []string{"public-im aol"}
		s.Members[1].IP = s.Members[1].ip().Next()
	})
	text := l.Targets()
	for _, want := range []string{
		"pool edge-lab\n  sip-domains contoso.com fabrikam.com\n",
		"  access      sip.contoso.com 443 5061\n", "  public-im aol\n", "member edge2 access=127.0.0.2:",
		"access=" + l.Address("edge1", edge.Access, 443).String() + ",",
		"webcon=" + l.Address("edge3", edge.WebConf, 443).String() + " av=" + l.Address("edge3", edge.AV, 443).String() + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestTheLabEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	spec := Healthy(now)
	spec.Keys = &keys
	l, err := Start(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	conn := dial(t, l, "edge1", edge.Access, 443)
	cancel()
	l.Close() // waits, and has nothing left to end
	if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection stays open")
	}
	if again, err := net.Dial("tcp", conn.RemoteAddr().String()); err == nil {
		again.Close()
		t.Error("somebody still listens")
	}
}

func TestStartRefusesAWorldThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Spec){
		"a cell of no member":           func(s *Spec) { s.Cells[0].Member = "edge9" },
		"an authority that is not":      func(s *Spec) { s.Cells[0].Chain.Authority = "nobody" },
		"a part of no authority":        func(s *Spec) { s.Cells[0].Chain.Send = []Part{{Kind: RootPart, Authority: "nobody"}} },
		"a curve that is not":           func(s *Spec) { s.Cells[0].Chain.Leaf.Key = KeySpec{Type: ECDSA, Bits: 100} },
		"an address that is not ours":   func(s *Spec) { s.Members[0].IP = netip.MustParseAddr("192.0.2.1") },
		"a kind of key that nobody has": func(s *Spec) { s.Cells[0].Chain.Leaf.Key.Type = "DSA" },
	} {
		spec := Healthy(now)
		spec.Keys = &keys
		change(&spec)
		if l, err := Start(t.Context(), spec); err == nil {
			l.Close()
			t.Errorf("%s: started", name)
		}
	}
}
