package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
	"edgecert/scanner/lab/peer"
	"edgecert/scanner/limits"
)

// tlsServer serves config with one certificate whose DER may be anything.
func tlsServer(t testing.TB, l leaf, config *tls.Config) edge.Endpoint {
	t.Helper()
	config.Certificates = []tls.Certificate{{Certificate: [][]byte{l.der}, PrivateKey: l.key}}
	return endpoint(serve(t, func(c net.Conn) {
		conn := tls.Server(c, config)
		if conn.Handshake() == nil {
			linger(conn)
		}
	}))
}

// latin1 is a leaf with a SAN that crypto/x509 refuses.
func latin1(t testing.TB) leaf {
	t.Helper()
	l := ecLeaf(t, func(c *x509.Certificate) { c.DNSNames = []string{serverName, "webcon.contoso.com"} })
	l.der = bytes.Replace(l.der, []byte("webcon"), []byte("webc\xf6n"), 1)
	return l
}

func TestCertificatesThatGoWillNotParse(t *testing.T) {
	t.Parallel()
	trailing := ecLeaf(t, nil)
	trailing.der = append(bytes.Clone(trailing.der), 0, 0)
	noise := ecLeaf(t, nil)
	noise.der = []byte("this is no certificate")
	for _, c := range []struct {
		name   string
		leaf   leaf
		config *tls.Config
		client edge.ClientCertificate
	}{
		{"bad SAN, TLS 1.3", latin1(t), &tls.Config{MinVersion: tls.VersionTLS13}, edge.NotRequested},
		{"bad SAN, TLS 1.3, P-384 by retry", latin1(t),
			&tls.Config{MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.CurveP384}}, edge.NotRequested},
		{"bad SAN, TLS 1.3, client certificate requested", latin1(t),
			&tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAnyClientCert}, edge.Requested},
		{"bad SAN, TLS 1.2", latin1(t), &tls.Config{MaxVersion: tls.VersionTLS12}, edge.NotRequested},
		{"bad SAN, TLS 1.2, client certificate requested", latin1(t),
			&tls.Config{MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert}, edge.Requested},
		{"bad SAN, TLS 1.0", latin1(t), &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, edge.NotRequested},
		{"trailing data, TLS 1.3", trailing, &tls.Config{}, edge.NotRequested},
		{"noise, TLS 1.2", noise, &tls.Config{MaxVersion: tls.VersionTLS12}, edge.NotRequested},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := quick(t, tlsServer(t, c.leaf, c.config))
			if got.Outcome != edge.Captured || got.Fault != nil || got.Attempts != 1 {
				t.Fatalf("%s after %d attempts: %v", got.Outcome, got.Attempts, got.Fault)
			}
			if l := got.Leaf(); !bytes.Equal(l.Raw, c.leaf.der) || l.ParseError == "" {
				t.Errorf("leaf %x (%q), want the server's %x", l.Raw, l.ParseError, c.leaf.der)
			}
			if got.Stage != edge.StageCertificate || got.TLS.ClientCertificate != c.client || got.TLS.Cipher == "" {
				t.Errorf("stage %s, %+v, want client certificate %q", got.Stage, got.TLS, c.client)
			}
		})
	}
}

func TestKeysThatGoHasNoUseFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, version string
		key, server   []string
	}{
		{"Ed448 key, TLS 1.2", "TLS 1.2", []string{"-newkey", "ed448"}, []string{"-tls1_2"}},
		{"Brainpool key", "TLS 1.2", []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"}, nil},
		{"PSS key, TLS 1.2", "TLS 1.2", []string{"-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"}, nil},
		{"PSS key, TLS 1.3 alone", "TLS 1.3", []string{"-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"},
			[]string{"-tls1_3", "-verify", "1"}},
		{"Ed448 key, TLS 1.3 alone", "TLS 1.3", []string{"-newkey", "ed448"},
			[]string{"-tls1_3", "-groups", "P-384", "-ciphersuites", "TLS_AES_256_GCM_SHA384"}},
		{"DSA key", "TLS 1.2", []string{"-newkey", "dsa:" + dsaParameters(t)}, []string{"-cipher", "ALL:@SECLEVEL=0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "server.pem")
			args := append([]string{"req", "-x509", "-nodes", "-subj", "/CN=" + serverName, "-keyout", file, "-out", file + ".crt"}, c.key...)
			if out, err := exec.Command(peer.OpenSSL(t), args...).CombinedOutput(); err != nil {
				t.Fatalf("openssl %v: %v\n%s", args, err, out)
			}
			got := quick(t, endpoint(openssl(t, "127.0.0.1", append(c.server, "-cert", file+".crt", "-key", file)...)))
			if got.Outcome != edge.Captured || got.Fault != nil {
				t.Fatalf("%s at %s: %v", got.Outcome, got.Stage, got.Fault)
			}
			if !strings.HasPrefix(got.Leaf().Subject(), "CN="+serverName) || got.TLS.Version != c.version {
				t.Errorf("subject %q, %s", got.Leaf().Subject(), got.TLS.Version)
			}
		})
	}
}

func dsaParameters(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dsa.pem")
	if out, err := exec.Command(peer.OpenSSL(t), "dsaparam", "-out", file, "1024").CombinedOutput(); err != nil {
		t.Fatalf("openssl dsaparam: %v\n%s", err, out)
	}
	return file
}

const late = 500 * time.Millisecond

// A server's ways to turn away a client without a certificate.
func refusals() map[string]func(c net.Conn) error {
	return map[string]func(c net.Conn) error{
		"alert":  func(net.Conn) error { return errors.New("no certificate") },
		"reset":  func(c net.Conn) error { reset(c); return c.Close() },
		"close":  func(c net.Conn) error { return c.Close() },
		"silent": func(c net.Conn) error { _, err := io.Copy(io.Discard, c); return err },
		// Slower than the few round trips in which a refusal should have come.
		"late alert": func(net.Conn) error { time.Sleep(late); return errors.New("no certificate") },
		"late reset": func(c net.Conn) error { time.Sleep(late); reset(c); return c.Close() },
	}
}

func TestRefusalsAfterTheCertificate(t *testing.T) {
	t.Parallel()
	l := ecLeaf(t, nil)
	for name, refuse := range refusals() {
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(name+" with "+tls.VersionName(version), func(t *testing.T) {
				t.Parallel()
				e := endpoint(serve(t, func(c net.Conn) {
					conn := tls.Server(c, &tls.Config{
						Certificates:     []tls.Certificate{{Certificate: [][]byte{l.der}, PrivateKey: l.key}},
						ClientAuth:       tls.RequestClientCert,
						MinVersion:       version,
						MaxVersion:       version,
						VerifyConnection: func(tls.ConnectionState) error { return refuse(c) },
					})
					_ = conn.Handshake()
				}))
				got := prober(4*late, true).Probe(context.Background(), e, nil)
				if got.Outcome != edge.Captured || !bytes.Equal(got.Leaf().Raw, l.der) {
					t.Fatalf("%s at %s: %v", got.Outcome, got.Stage, got.Fault)
				}
				want := map[string]struct {
					class  edge.ErrorClass
					client edge.ClientCertificate
				}{
					"alert":  {edge.ClassTLSAlert, edge.Required},
					"reset":  {edge.ClassReset, edge.Required},
					"close":  {edge.ClassReset, edge.Required},
					"silent": {edge.ClassTimeout, ""},

					"late alert": {edge.ClassTLSAlert, edge.Required},
					"late reset": {edge.ClassReset, edge.Required},
				}[name]
				if name == "silent" && version == tls.VersionTLS13 {
					want.class, want.client = "", edge.Requested // its handshake is complete
				}
				var class edge.ErrorClass
				if got.Fault != nil {
					class = got.Fault.Class
				}
				if class != want.class || got.TLS.ClientCertificate != want.client {
					t.Errorf("%v, client certificate %q, want %q, %q", got.Fault, got.TLS.ClientCertificate, want.class, want.client)
				}
			})
		}
	}
}

func TestAClientCertificateIsPresented(t *testing.T) {
	t.Parallel()
	ours := ecLeaf(t, nil)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		got := make(chan []byte, 1)
		e := tlsServer(t, ecLeaf(t, nil), &tls.Config{
			ClientAuth: tls.RequireAnyClientCert, MinVersion: version, MaxVersion: version,
			VerifyConnection: func(s tls.ConnectionState) error { got <- s.PeerCertificates[0].Raw; return nil },
		})
		p := prober(patient, true)
		p.ClientCert = &tls.Certificate{Certificate: [][]byte{ours.der}, PrivateKey: ours.key}
		c := p.Probe(context.Background(), e, nil)
		if c.Outcome != edge.Captured || c.Fault != nil || c.TLS.ClientCertificate != edge.Requested {
			t.Fatalf("%s: %s, %v", tls.VersionName(version), c.Outcome, c.Fault)
		}
		if diff := cmp.Diff(ours.der, <-got); diff != "" {
			t.Errorf("%s: the server got another certificate", tls.VersionName(version))
		}
	}
}

func TestAcceptableCAsAreCountedAndNamed(t *testing.T) {
	t.Parallel()
	pool := x509.NewCertPool()
	var names []string
	for _, name := range []string{"Contoso Root", "Fabrikam Root"} {
		l := ecLeaf(t, func(c *x509.Certificate) { c.Subject.CommonName = name })
		cert, err := x509.ParseCertificate(l.der)
		if err != nil {
			t.Fatal(err)
		}
		pool.AddCert(cert)
		names = append(names, "CN="+name)
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		e := tlsServer(t, ecLeaf(t, nil), &tls.Config{
			ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool, MinVersion: version, MaxVersion: version,
		})
		got := quick(t, e).TLS
		if diff := cmp.Diff(names, got.AcceptableCANames); diff != "" || got.AcceptableCAs != 2 || got.RequestCut {
			t.Errorf("%s: %+v\n%s", tls.VersionName(version), got, diff)
		}
	}
}

func TestAFullListOfAcceptableCAsIsCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		names int
		cut   bool
	}{{"a short list", 100, false}, {"a list that fills 16 kB", 163, true}, {"a list beyond 16 kB", 200, false}} {
		r := &clientRequest{asked: true, authorities: repeat(make([]byte, 98), c.names)}
		var got edge.TLS
		s := newStore()
		r.describe(&got, &s)
		if got.RequestCut != c.cut || got.AcceptableCAs != c.names || len(got.AcceptableCANames) != min(c.names, limits.AcceptableCAs) {
			t.Errorf("%s: cut %v, %d of %d names", c.name, got.RequestCut, len(got.AcceptableCANames), got.AcceptableCAs)
		}
	}
}
