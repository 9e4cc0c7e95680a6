package revocation

import (
	"context"
	"crypto/x509"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

func TestCheckAsksNobodyItShouldNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crl("/crl", asIs)
	leaf := w.leaf("", "/crl")
	for _, test := range []struct {
		name    string
		subject Subject
		says    string
	}{
		{"no root vouches for it", Subject{Certificate: leaf, Issuer: w.issuer}, "not contacted"},
		{"a public root, and a loopback address", Subject{Certificate: leaf, Issuer: w.issuer, Trusted: true}, "127.0.0.1 is a private address"},
		{"the issuer was not found", Subject{Certificate: leaf, Trusted: true, Given: true}, "issuer was not found"},
		{"unreadable", Subject{Certificate: edge.NewCertificate([]byte("x")), Issuer: w.issuer, Trusted: true}, "cannot be read"},
	} {
		r := w.check(Options{}, test.subject)[test.subject.Certificate.Fingerprint]
		if r.Status != edge.RevocationUnknown || !strings.Contains(r.Error, test.says) {
			t.Errorf("%s: %+v, want unknown with %q", test.name, r, test.says)
		}
	}
	if n := w.asked.Load(); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		addresses, target string
		given             bool
		says              string // empty: asked
	}{
		{addresses: "127.0.0.1:80 127.9.9.9:80 [::1]:80 [::ffff:127.0.0.1]:80", target: "192.0.2.1", given: true, says: "is a loopback address"},
		{addresses: "127.0.0.1:80 [::1]:80", target: "127.0.0.2", given: true},
		{addresses: "127.0.0.1:80 [::1]:80", target: "127.0.0.1", says: "is a private address"},
		{addresses: "169.254.169.254:80 [fe80::1%eth0]:80 [::ffff:169.254.169.254]:80", target: "169.254.1.1", given: true, says: "is a link-local address"},
		{addresses: "[fe80::1%eth0]:80", target: "fe80::1%eth1", given: true},
		{addresses: "0.0.0.0:80 [::]:80 224.0.0.1:80 255.255.255.255:80", target: "127.0.0.1", given: true, says: "no address of a server"},
		{addresses: "10.1.2.3:80 192.168.0.1:80 [fd00::1]:80 100.64.0.1:80 [::ffff:10.0.0.1]:80", target: "10.1.2.3", says: "is a private address"},
		{addresses: "10.1.2.3:80 192.168.0.1:80 [fd00::1]:80 100.64.0.1:80 [::ffff:10.0.0.1]:80", target: "192.0.2.1", given: true},
		{addresses: "192.0.2.1:80 [2001:db8::1]:80", target: "127.0.0.1"},
		{addresses: "nonsense", given: true, says: "not an ip:port"},
	} {
		var targets []netip.Addr
		if test.target != "" {
			targets = Dialed([]edge.Capture{{Endpoint: edge.Endpoint{Address: netip.MustParseAddr(test.target)}}})
		}
		for _, address := range strings.Fields(test.addresses) {
			err := refuse(address, test.given, targets)
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s beside the target %s, given %v: %v, want %q", address, test.target, test.given, err, test.says)
			}
		}
	}
}

// A scan of others asks nobody at this host: neither by address, nor by name,
// nor sent here from elsewhere.
func TestCheckAsksNobodyHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crl("/crl", asIs)
	byName := w.issue(w.issuer, newKey(t), func(c *x509.Certificate) {
		c.CRLDistributionPoints = []string{strings.Replace(w.server.URL, "127.0.0.1", "localhost", 1) + "/crl"}
	})
	for _, leaf := range []*edge.Certificate{w.leaf("/ocsp", "/crl"), byName} {
		s := w.subject(leaf)
		r := Check(t.Context(), []Subject{s}, Options{Now: w.now, Targets: []netip.Addr{netip.MustParseAddr("192.0.2.1")}})[leaf.Fingerprint]
		if r.Status != edge.RevocationUnknown || !strings.Contains(r.Error, "is a loopback address, and no target of the scan is one") {
			t.Errorf("%+v", r)
		}
	}
	if n := w.asked.Load(); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestCheckFetchesACRLOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crl("/crl", asIs)
	var subjects []Subject
	for range 20 {
		subjects = append(subjects, w.subject(w.leaf("", "/crl")))
	}
	for print, r := range w.check(Options{}, subjects...) {
		if r.Status != edge.Good {
			t.Errorf("%s: %+v", print, r)
		}
	}
	if n := w.asked.Load(); n != 1 {
		t.Errorf("%d requests for one list", n)
	}
}

func TestCheckEndsInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then the server sees the client go
		<-r.Context().Done()
	})
	leaf := w.leaf("/silent", "")
	r := w.check(Options{Timeout: 50 * time.Millisecond}, w.subject(leaf))[leaf.Fingerprint]
	if r.Status != edge.RevocationUnknown || r.Error != "no answer in time" {
		t.Errorf("%+v", r)
	}
	closed := newWorld(t)
	closed.server.Close()
	leaf = closed.leaf("/ocsp", "/crl")
	r = closed.check(Options{}, closed.subject(leaf))[leaf.Fingerprint]
	if url := closed.server.URL; r.Source != "OCSP "+url+"/ocsp and CRL "+url+"/crl" || strings.Contains(r.Error, url[len("http://"):]) {
		t.Errorf("nobody listens: %+v says an address twice", r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	leaf = w.leaf("/silent", "")
	r = Check(ctx, []Subject{w.subject(leaf)}, Options{Now: w.now})[leaf.Fingerprint]
	if r.Status != edge.RevocationUnknown || !strings.Contains(r.Error, "canceled") {
		t.Errorf("interrupted: %+v", r)
	}
}
