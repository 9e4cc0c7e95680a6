package scanner

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgecert/scanner/edge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A fleet is one TLS server on a few loopback addresses.
type fleet struct {
	listeners  []net.Listener // one an address, all on one port
	der        []byte
	busy, peak atomic.Int32 // connections now, and the most at a time
	accepted   atomic.Int32
	hold       time.Duration // before the handshake
	silent     bool
	ballast    int // bytes of a further certificate, another one for each connection
}

const fleetAddresses = 20

func newFleet(t testing.TB, f *fleet) *fleet {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sip.contoso.com"}}
	if f.der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key); err != nil {
		t.Fatal(err)
	}
	f.listen(t)
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{f.der}, PrivateKey: key}}, MinVersion: tls.VersionTLS10}
	if f.ballast > 0 {
		config.GetCertificate = f.heavy(t, key)
	}
	var done sync.WaitGroup
	for _, l := range f.listeners {
		done.Go(func() { f.serve(l, config) })
	}
	t.Cleanup(func() {
		for _, l := range f.listeners {
			l.Close()
		}
		done.Wait()
	})
	return f
}

// listen takes a port that is free on all addresses.
func (f *fleet) listen(t testing.TB) {
	t.Helper()
	for range 20 {
		port := 0
		for i := range fleetAddresses {
			l, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(netip.AddrPortFrom(fleetAddress(i), uint16(port))))
			if err != nil {
				break
			}
			f.listeners = append(f.listeners, l)
			port = l.Addr().(*net.TCPAddr).Port
		}
		if len(f.listeners) == fleetAddresses {
			return
		}
		for _, l := range f.listeners {
			l.Close()
		}
		f.listeners = nil
	}
	t.Fatal("no port is free on all addresses")
}

func fleetAddress(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 9, 0, byte(1 + i%fleetAddresses)})
}

func (f *fleet) serve(l net.Listener, config *tls.Config) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			f.accepted.Add(1)
			n := f.busy.Add(1)
			for p := f.peak.Load(); n > p && !f.peak.CompareAndSwap(p, n); p = f.peak.Load() {
			}
			time.Sleep(f.hold)
			f.busy.Add(-1)
			if !f.silent {
				_ = tls.Server(conn, config).Handshake()
			}
			_, _ = conn.Read(make([]byte, 1<<10)) // until the client leaves
			_, _ = conn.Read(make([]byte, 1<<10))
		}()
	}
}

// endpoints are n endpoints of the fleet, on one address or on all in turn.
func (f *fleet) endpoints(n int, oneAddress bool) []edge.Endpoint {
	list := make([]edge.Endpoint, n)
	port := f.listeners[0].Addr().(*net.TCPAddr).Port
	for i := range list {
		address := fleetAddress(i)
		if oneAddress {
			address = fleetAddress(0)
		}
		list[i] = edge.Endpoint{Pool: "loose", Role: edge.Other, FQDN: "sip.contoso.com", Address: address, Port: port}
	}
	return list
}

func scan(t *testing.T, ctx context.Context, endpoints []edge.Endpoint, o Options) []edge.Capture {
	t.Helper()
	captures, err := Scan(ctx, endpoints, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range captures {
		if c.Endpoint != endpoints[i] {
			t.Fatalf("capture %d is of %v, want %v", i, c.Endpoint, endpoints[i])
		}
	}
	return captures
}

func TestCapturesComeInTheOrderOfTheEndpoints(t *testing.T) {
	t.Parallel()
	f := newFleet(t, &fleet{})
	endpoints := f.endpoints(300, false)
	endpoints[7].Address = netip.Addr{}
	var last, calls int
	captures := scan(t, context.Background(), endpoints, Options{Quick: true, Progress: func(done, total int) {
		if done != last+1 || total != 300 {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last, calls = done, calls+1
	}})
	for i, c := range captures {
		want := edge.Captured
		if i == 7 {
			want = edge.Failed
		}
		if c.Outcome != want {
			t.Errorf("endpoint %d: %s (%v), want %s", i, c.Outcome, c.Fault, want)
		}
	}
	if captures[7].Stage != edge.StageDNS || captures[7].Fault.Class != edge.ClassDNS {
		t.Errorf("a name without an address: stage %s, %v", captures[7].Stage, captures[7].Fault)
	}
	if captures[0].Chain[0] != captures[1].Chain[0] {
		t.Error("one certificate was made twice")
	}
	if calls != 300 {
		t.Errorf("progress was told %d times", calls)
	}
}

func TestOneAddressIsNotCrowded(t *testing.T) {
	t.Parallel()
	f := newFleet(t, &fleet{hold: 5 * time.Millisecond})
	for _, c := range scan(t, context.Background(), f.endpoints(40, true), Options{PerAddress: 3}) {
		if c.Outcome != edge.Captured || len(c.Presentations) != 4 {
			t.Fatalf("%s: %v, %+v", c.Outcome, c.Fault, c.Presentations)
		}
	}
	if peak := f.peak.Load(); peak > 3 {
		t.Errorf("%d connections to one address at a time, want 3 at most", peak)
	}
	if n := f.accepted.Load(); n != 200 {
		t.Errorf("%d connections, want 5 for each of 40 endpoints", n)
	}
}

func TestConcurrencyBoundsAllConnections(t *testing.T) {
	t.Parallel()
	f := newFleet(t, &fleet{hold: 5 * time.Millisecond})
	scan(t, context.Background(), f.endpoints(60, false), Options{Concurrency: 5})
	if peak := f.peak.Load(); peak > 5 {
		t.Errorf("%d connections at a time, want 5 at most", peak)
	}
}

func TestTheEndOfTheScanEndsEverythingAndKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	good, tarpit := newFleet(t, &fleet{}), newFleet(t, &fleet{silent: true})
	// The silent ones fill the first address: nobody else is served there.
	endpoints := append(good.endpoints(20, false)[1:], tarpit.endpoints(20, false)...)
	endpoints = append(endpoints, tarpit.endpoints(20, true)...)
	ctx, cancel := context.WithCancel(context.Background())
	start := time.Now()
	captures := scan(t, ctx, endpoints, Options{Quick: true, Timeout: time.Minute, Progress: func(done, _ int) {
		if done == 19 {
			cancel()
		}
	}})
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the scan ended %v after its start, with a timeout of a minute", took)
	}
	for i, c := range captures {
		switch {
		case i < 19 && c.Outcome != edge.Captured:
			t.Errorf("good endpoint %d: %s, %v", i, c.Outcome, c.Fault)
		case i >= 19 && (c.Outcome != edge.Failed || c.Fault.Class != edge.ClassInterrupted):
			t.Errorf("silent endpoint %d: %s, %v", i, c.Outcome, c.Fault)
		}
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Concurrency: -1}, {PerAddress: -1}, {Rate: -1}, {Timeout: -1}, {Samples: -1}, {Proxy: "nonsense"}, {Proxy: "socks5://127.0.0.1:1080", UDP: true}} {
		if _, err := Scan(context.Background(), nil, o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}
