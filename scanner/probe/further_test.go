package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/traffic"
)

// byName serves one certificate with the right SNI and another without, TLS
// 1.0 to 1.3 as config says.
func byName(t *testing.T, named, bare leaf, config *tls.Config) edge.Endpoint {
	t.Helper()
	config.GetCertificate = func(i *tls.ClientHelloInfo) (*tls.Certificate, error) {
		l := bare
		if i.ServerName == serverName {
			l = named
		}
		return &tls.Certificate{Certificate: [][]byte{l.der}, PrivateKey: l.key}, nil
	}
	return endpoint(serve(t, func(c net.Conn) {
		conn := tls.Server(c, config)
		if conn.Handshake() == nil {
			linger(c)
		}
	}))
}

func TestExtraHandshakes(t *testing.T) {
	t.Parallel()
	named, bare := ecLeaf(t, nil), ecLeaf(t, nil)
	for _, c := range []struct {
		name          string
		min, max      uint16
		legacy, tls12 string // the version, "refused", or empty: not asked
	}{
		{"TLS 1.0 to 1.3", tls.VersionTLS10, tls.VersionTLS13, "TLS 1.1", "TLS 1.2"},
		{"TLS 1.2 and 1.3", tls.VersionTLS12, tls.VersionTLS13, "refused", "TLS 1.2"},
		{"TLS 1.3 only", tls.VersionTLS13, tls.VersionTLS13, "refused", "refused"},
		{"TLS 1.2 only", tls.VersionTLS12, tls.VersionTLS12, "refused", ""},
		{"TLS 1.0 only", tls.VersionTLS10, tls.VersionTLS10, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := byName(t, named, bare, &tls.Config{MinVersion: c.min, MaxVersion: c.max})
			got := prober(patient, false).Probe(context.Background(), e, nil)
			if got.Outcome != edge.Captured || got.Attempts != 1 {
				t.Fatalf("%s after %d attempts: %v", got.Outcome, got.Attempts, got.Fault)
			}
			for name, x := range map[string]struct {
				got  []edge.Presentation
				want string
			}{"TLS 1.1": {got.Offered(edge.OfferTLS11), c.legacy}, "TLS 1.2": {got.Offered(edge.OfferTLS12), c.tls12}} {
				said := ""
				switch {
				case len(x.got) == 0:
				case x.got[0].Outcome == edge.Captured:
					said = x.got[0].Version
				case x.got[0].Fault.Class == edge.ClassTLSAlert:
					said = "refused"
				}
				if said != x.want {
					t.Errorf("%s at most: %q (%+v), want %q", name, said, x.got, x.want)
				}
			}
			if p := got.Offered(edge.OfferWithoutSNI); len(p) == 0 || p[0].Leaf() == nil || string(p[0].Leaf().Raw) != string(bare.der) {
				t.Errorf("without SNI: %+v", p)
			}
			if samples := got.Offered(edge.OfferSample); samples != nil {
				t.Errorf("samples: %+v", samples)
			}
		})
	}
}

func TestNoSNIForAnAddress(t *testing.T) {
	t.Parallel()
	bare := ecLeaf(t, nil)
	e := byName(t, ecLeaf(t, nil), bare, &tls.Config{})
	e.FQDN = "127.0.0.1"
	got := prober(patient, false).Probe(context.Background(), e, nil)
	if d := got.Dial | got.Handshake; d == 0 || got.Dial%time.Microsecond != 0 || got.Handshake%time.Microsecond != 0 {
		t.Errorf("dial %d ns, handshake %d ns: a saved scan keeps microseconds", got.Dial, got.Handshake)
	}
	if got.Outcome != edge.Captured || string(got.Leaf().Raw) != string(bare.der) || got.Offered(edge.OfferWithoutSNI) != nil {
		t.Errorf("%s: %v, without SNI %+v", got.Outcome, got.Fault, got.Offered(edge.OfferWithoutSNI))
	}
}

func TestSamplesCountTheCertificatesBehindOneAddress(t *testing.T) {
	t.Parallel()
	members := []leaf{ecLeaf(t, nil), ecLeaf(t, nil), ecLeaf(t, nil)}
	var turn atomic.Int32
	e := endpoint(serve(t, func(c net.Conn) {
		_ = tls.Server(c, &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if !slices.Contains(hello.CipherSuites, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA) {
				return nil, errors.New("no RSA key") // not a sample, and it comes anywhere among them
			}
			n := int(turn.Add(1))
			if n == 5 {
				c.Close()
				return nil, errors.New("one member is down")
			}
			l := members[n%2]
			return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{l.der}, PrivateKey: l.key}},
				MaxVersion: tls.VersionTLS10, MinVersion: tls.VersionTLS10}, nil
		}}).Handshake()
	}))
	e.FQDN, e.Samples = "", 6
	p := prober(patient, false)
	p.Traffic = traffic.New(traffic.Limits{Connections: 1, PerAddress: 1}) // in turn
	got := p.Probe(context.Background(), e, nil)
	failed, seen := 0, map[string]int{string(got.Leaf().Raw): 1}
	for _, p := range got.Offered(edge.OfferSample) {
		if p.Leaf() == nil {
			failed++
			continue
		}
		seen[string(p.Leaf().Raw)]++
	}
	one, two := seen[string(members[0].der)], seen[string(members[1].der)]
	if failed != 1 || one+two != 5 || one == 0 || two == 0 {
		t.Errorf("%d failed, %d of one, %d of the other", failed, one, two)
	}
}

func TestAServerThatRefusesItsOwnName(t *testing.T) {
	t.Parallel()
	l := ecLeaf(t, nil)
	e := endpoint(serve(t, func(c net.Conn) {
		conn := tls.Server(c, &tls.Config{
			Certificates: []tls.Certificate{{Certificate: [][]byte{l.der}, PrivateKey: l.key}},
			GetConfigForClient: func(i *tls.ClientHelloInfo) (*tls.Config, error) {
				if i.ServerName == "" {
					return nil, nil
				}
				_, _ = c.Write(record(21, 2, alertUnrecognizedName))
				_ = c.(*net.TCPConn).CloseWrite()
				return nil, errors.New("no such name")
			},
		})
		_ = conn.Handshake()
		linger(c)
	}))
	got := quick(t, e)
	if got.Outcome != edge.Captured || got.Stage != edge.StageDone || got.Attempts != 2 {
		t.Errorf("%s at %s after %d attempts: %v", got.Outcome, got.Stage, got.Attempts, got.Fault)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	l := ecLeaf(t, nil)
	for _, c := range []struct {
		name     string
		retries  int
		failures int32
		fail     func(net.Conn)
		out      edge.Outcome
		attempts int
	}{
		{"a reset, then the certificate", 1, 1, reset, edge.Captured, 2},
		{"silence, then the certificate", 1, 1, linger, edge.Captured, 2},
		{"silence without a retry", 0, 1, linger, edge.Failed, 1},
		{"plain HTTP is not tried again", 3, 9, func(c net.Conn) { hear(c); _, _ = c.Write([]byte("HTTP/1.0 400\r\n\r\n")) }, edge.Failed, 1},
		{"an alert gets the second ways, not a retry", 3, 9, func(c net.Conn) { hear(c); _, _ = c.Write(record(21, 2, 40)); linger(c) }, edge.Failed, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int32
			e := endpoint(serve(t, func(conn net.Conn) {
				if n.Add(1) <= c.failures {
					c.fail(conn)
					return
				}
				_ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{l.der}, PrivateKey: l.key}}}).Handshake()
			}))
			p := prober(2*brief, true)
			p.Retries = c.retries
			got := p.Probe(context.Background(), e, nil)
			if got.Outcome != c.out || got.Attempts != c.attempts {
				t.Errorf("%s after %d attempts: %v, want %s after %d", got.Outcome, got.Attempts, got.Fault, c.out, c.attempts)
			}
		})
	}
}

func TestAShortageOfOursIsWaitedOut(t *testing.T) {
	t.Parallel()
	short := func(times int) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			if times--; times >= 0 {
				return nil, &net.OpError{Op: "dial", Err: syscall.EMFILE}
			}
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}
	}
	for _, c := range []struct {
		name  string
		times int
		class edge.ErrorClass
	}{
		{"a while", 50, edge.ClassRefused},
		{"for good", 1 << 30, edge.ClassLocal},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := New(time.Second)
			p.Dial = short(c.times)
			start := time.Now()
			got := p.Probe(t.Context(), endpoint(netip.MustParseAddrPort("127.0.0.1:5061")), nil)
			if got.Outcome != edge.Failed || got.Stage != edge.StageDial || got.Fault.Class != c.class {
				t.Errorf("%s: %s at %s: %v", c.name, got.Outcome, got.Stage, got.Fault)
			}
			if took := time.Since(start); took > 2*shortagePatience {
				t.Errorf("%s: %v", c.name, took)
			}
		})
	}
}

func TestDialFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		err  error
		want edge.ErrorClass
	}{
		{"refused", syscall.ECONNREFUSED, edge.ClassRefused},
		{"no route", syscall.EHOSTUNREACH, edge.ClassUnreachable},
		{"no network", syscall.ENETUNREACH, edge.ClassUnreachable},
		{"the system's own timeout", syscall.ETIMEDOUT, edge.ClassTimeout},
		{"our timeout", context.DeadlineExceeded, edge.ClassTimeout},
		{"an error nobody thought of", syscall.EINVAL, edge.ClassUnreachable},
	} {
		p := New(time.Second)
		p.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: c.err}
		}
		got := p.Probe(context.Background(), endpoint(netip.MustParseAddrPort("127.0.0.1:5061")), nil)
		if got.Stage != edge.StageDial || got.Fault == nil || got.Fault.Class != c.want {
			t.Errorf("%s: %s, %v, want %s", c.name, got.Stage, got.Fault, c.want)
		}
	}
}
