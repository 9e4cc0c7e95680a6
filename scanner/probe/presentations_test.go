package probe

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"edgecert/scanner/edge"
)

func rsaLeaf(t testing.TB, mutate func(*x509.Certificate)) leaf {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return newLeaf(t, key, mutate)
}

func (l leaf) pair() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{l.der}, PrivateKey: l.key}
}

// handshakes serves TLS with a configuration for each connection, counted from 1;
// nil resets it.
func handshakes(t testing.TB, config func(n int32) *tls.Config) (edge.Endpoint, *atomic.Int32) {
	t.Helper()
	var n atomic.Int32
	return endpoint(serve(t, func(c net.Conn) {
		config := config(n.Add(1))
		if config == nil {
			hear(c)
			reset(c)
			return
		}
		if conn := tls.Server(c, config); conn.Handshake() == nil {
			linger(c)
		}
	})), &n
}

// shown are the presentations as text: offer, version, the leaf's name here, and
// proof; equal ones in a row once, with their number.
func shown(c edge.Capture, names map[string]leaf) []string {
	name := func(x *edge.Certificate) string {
		for n, l := range names {
			if x != nil && string(l.der) == string(x.Raw) {
				return n
			}
		}
		return "-"
	}
	out := []string{fmt.Sprintf("first %s %s", name(c.Leaf()), c.Proof.State)}
	for _, p := range c.Presentations {
		line := fmt.Sprintf("%s %s %s %s", p.Offer, strings.TrimPrefix(p.Version, "TLS "), name(p.Leaf()), p.Proof.State)
		if p.Fault != nil {
			line = fmt.Sprintf("%s %s", p.Offer, p.Fault.Class)
		}
		out = append(out, line)
	}
	return out
}

func TestPresentations(t *testing.T) {
	t.Parallel()
	e, r, old := ecLeaf(t, nil), rsaLeaf(t, nil), ecLeaf(t, nil)
	names := map[string]leaf{"EC": e, "RSA": r, "old": old}
	serving := func(min, max uint16, pairs ...tls.Certificate) func(int32) *tls.Config {
		return func(int32) *tls.Config { return &tls.Config{Certificates: pairs, MinVersion: min, MaxVersion: max} }
	}
	for _, c := range []struct {
		name   string
		config func(int32) *tls.Config
		want   []string
	}{
		{"one certificate", serving(tls.VersionTLS12, tls.VersionTLS13, e.pair()), []string{
			"first EC proved", "without-sni 1.3 EC not-seen", "tls12 1.2 EC not-seen", "tls11 tls-alert", "rsa tls-alert"}},
		{"one RSA certificate, old versions", serving(tls.VersionTLS10, tls.VersionTLS12, r.pair()), []string{
			"first RSA proved", "without-sni 1.2 RSA not-seen", "tls11 1.1 RSA not-seen", "ecdsa tls-alert"}},
		{"both key types", serving(tls.VersionTLS12, tls.VersionTLS13, e.pair(), r.pair()), append(append([]string{
			"first EC proved", "without-sni 1.3 EC not-seen", "tls12 1.2 EC not-seen", "tls11 tls-alert", "rsa 1.3 RSA not-seen"},
			slices.Repeat([]string{"normal 1.3 EC proved"}, repeats)...), append([]string{"rsa 1.2 RSA proved"}, slices.Repeat([]string{"rsa 1.3 RSA not-seen"}, repeats)...)...)},
		{"another with TLS 1.2", func(int32) *tls.Config {
			return &tls.Config{GetConfigForClient: func(i *tls.ClientHelloInfo) (*tls.Config, error) {
				if i.SupportedVersions[0] < tls.VersionTLS13 {
					return &tls.Config{Certificates: []tls.Certificate{old.pair()}}, nil
				}
				return &tls.Config{Certificates: []tls.Certificate{e.pair()}}, nil
			}}
		}, append(append([]string{
			"first EC proved", "without-sni 1.3 EC not-seen", "tls12 1.2 old not-seen", "tls11 tls-alert", "rsa tls-alert"},
			slices.Repeat([]string{"normal 1.3 EC proved"}, repeats)...), append([]string{"tls12 1.2 old proved"}, slices.Repeat([]string{"tls12 1.2 old not-seen"}, repeats)...)...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, _ := handshakes(t, c.config)
			got := shown(prober(patient, false).Probe(context.Background(), address, nil), names)
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(c.want, "\n\t"))
			}
		})
	}
}

// Two servers behind one address take turns: the normal offer is seen to change by
// itself, whatever it is that they differ in, in every run.
func TestTurnsAreSeenAndNotBlamedOnAnOffer(t *testing.T) {
	t.Parallel()
	one, two := ecLeaf(t, nil), ecLeaf(t, nil)
	longer := one.pair()
	longer.Certificate = append(longer.Certificate, two.der)
	for _, c := range []struct {
		name   string
		period int32
		other  tls.Certificate
		max    uint16
		bare   bool // dialed by its address alone
	}{
		{"every 2nd", 2, two.pair(), 0, false},
		{"every 3rd", 3, two.pair(), 0, false},
		{"every 2nd, no SNI to leave out", 2, two.pair(), 0, true},
		{"every 2nd, TLS 1.2", 2, two.pair(), tls.VersionTLS12, false},
		{"every 2nd, TLS 1.2 and no SNI to leave out", 2, two.pair(), tls.VersionTLS12, true},
		{"another chain every 2nd", 2, longer, 0, false},
		{"another chain every 3rd", 3, longer, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, _ := handshakes(t, func(n int32) *tls.Config {
				pair := one.pair()
				if n%c.period == 0 {
					pair = c.other
				}
				return &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: c.max}
			})
			if c.bare {
				address.FQDN = ""
			}
			got := prober(patient, false).Probe(context.Background(), address, nil)
			seen := map[string]bool{edge.ChainText(got.Chain): true}
			for _, p := range got.Offered(edge.OfferNormal) {
				seen[edge.ChainText(p.Chain)] = true
			}
			if len(seen) < 2 {
				t.Errorf("the normal offer was not seen to change:\n%s", strings.Join(shown(got, map[string]leaf{"one": one, "two": two}), "\n"))
			}
		})
	}
}

// Who answers once and then resets everything has stopped answering; who resets
// one offer refuses it.
func TestBlockedIsNotRefused(t *testing.T) {
	t.Parallel()
	l := ecLeaf(t, nil)
	good := &tls.Config{Certificates: []tls.Certificate{l.pair()}}
	blocked, asked := handshakes(t, func(n int32) *tls.Config {
		if n > 1 {
			return nil
		}
		return good
	})
	p := prober(patient, false)
	p.Retries = 1
	got := p.Probe(context.Background(), blocked, nil)
	if got.Outcome != edge.Captured || !got.StoppedAnswering() {
		t.Errorf("blocked: %s", strings.Join(shown(got, nil), "\n"))
	}
	if n := asked.Load(); n > 7 {
		t.Errorf("%d connections to who has stopped answering", n)
	}
	var mu sync.Mutex
	resets := 0
	refusing := endpoint(serve(t, func(c net.Conn) {
		config := &tls.Config{GetConfigForClient: func(i *tls.ClientHelloInfo) (*tls.Config, error) {
			if i.SupportedVersions[0] >= tls.VersionTLS12 {
				return good, nil
			}
			mu.Lock()
			defer mu.Unlock()
			resets++
			reset(c)
			c.Close()
			return nil, errors.New("old")
		}}
		if conn := tls.Server(c, config); conn.Handshake() == nil {
			linger(c)
		}
	}))
	got = p.Probe(context.Background(), refusing, nil)
	if old := got.Offered(edge.OfferTLS11); got.StoppedAnswering() || len(old) != 2 || old[1].Fault == nil || old[1].Fault.Class != edge.ClassReset {
		t.Errorf("refusing: %s", strings.Join(shown(got, nil), "\n"))
	}
	mu.Lock()
	defer mu.Unlock()
	if resets != 2 {
		t.Errorf("%d resets", resets)
	}
}

func TestProofOfKey(t *testing.T) {
	t.Parallel()
	rs, otherRSA := rsaLeaf(t, nil), rsaLeaf(t, nil)
	ec, otherEC := ecLeaf(t, nil), ecLeaf(t, nil)
	mixed := func(l, key leaf) tls.Certificate {
		return tls.Certificate{Certificate: [][]byte{l.der}, PrivateKey: key.key}
	}
	rsaExchange := []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
	smaller, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		config *tls.Config
		want   edge.ProofState
	}{
		{"TLS 1.3", &tls.Config{Certificates: []tls.Certificate{ec.pair()}}, edge.Proved},
		{"TLS 1.3, another EC key", &tls.Config{Certificates: []tls.Certificate{mixed(ec, otherEC)}}, edge.Disproved},
		{"TLS 1.3, another RSA key", &tls.Config{Certificates: []tls.Certificate{mixed(rs, otherRSA)}}, edge.Disproved},
		{"TLS 1.2, another EC key", &tls.Config{MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{mixed(ec, otherEC)}}, edge.Disproved},
		{"TLS 1.2, another RSA key", &tls.Config{MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{mixed(rs, otherRSA)}}, edge.Disproved},
		{"TLS 1.0, another RSA key", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, Certificates: []tls.Certificate{mixed(rs, otherRSA)}}, edge.Disproved},
		{"RSA key exchange", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: rsaExchange, Certificates: []tls.Certificate{rs.pair()}}, edge.Proved},
		{"RSA key exchange, another key", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: rsaExchange, Certificates: []tls.Certificate{mixed(rs, otherRSA)}}, edge.Disproved},
		{"RSA key exchange, a smaller key", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: rsaExchange, Certificates: []tls.Certificate{mixed(rs, leaf{key: smaller})}}, edge.Disproved},
		{"TLS 1.2, client certificate required", &tls.Config{MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert, Certificates: []tls.Certificate{rs.pair()}}, edge.Proved},
		{"TLS 1.3, client certificate required", &tls.Config{ClientAuth: tls.RequireAnyClientCert, Certificates: []tls.Certificate{rs.pair()}}, edge.Proved},
		{"RSA key exchange, client certificate required", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: rsaExchange, ClientAuth: tls.RequireAnyClientCert, Certificates: []tls.Certificate{rs.pair()}}, edge.NotSeen},
		{"TLS 1.3, client certificate required, another key", &tls.Config{ClientAuth: tls.RequireAnyClientCert, Certificates: []tls.Certificate{mixed(rs, otherRSA)}}, edge.Disproved},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, _ := handshakes(t, func(int32) *tls.Config { return c.config.Clone() })
			got := quick(t, address)
			if got.Outcome != edge.Captured || got.Proof.State != c.want || (got.Proof.Reason == "") != (c.want == edge.Proved) {
				t.Errorf("%s, %+v, %v: want %s", got.Outcome, got.Proof, got.Fault, c.want)
			}
		})
	}
}

// A certificate that was read by hand proves nothing of its key.
func TestProofOfWhatIsReadByHand(t *testing.T) {
	t.Parallel()
	flight := append(append(serverHello(0x0033), certificates(ecLeaf(t, nil).der)...), message(14)...)
	got := quick(t, endpoint(serve(t, func(c net.Conn) {
		hear(c)
		_, _ = c.Write(records(flight))
		linger(c)
	})))
	if got.Outcome != edge.Captured || got.Proof != (edge.Proof{State: edge.NotSeen}) {
		t.Errorf("%s %+v", got.Outcome, got.Proof)
	}
}
