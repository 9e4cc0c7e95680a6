package hosttrust

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

// chain is a root, an intermediate and a leaf of three months.
func chain(t *testing.T, from time.Time) (root, inter, leaf *edge.Certificate) {
	t.Helper()
	var certs []*edge.Certificate
	var parent *x509.Certificate
	var parentKey *ecdsa.PrivateKey
	for i, name := range []string{"Root", "Intermediate", "leaf"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name},
			NotBefore: from.AddDate(-1, 0, 0), NotAfter: from.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true}
		if name == "leaf" {
			template.NotBefore, template.NotAfter, template.IsCA = from, from.AddDate(0, 3, 0), false
		}
		by, byKey := parent, parentKey
		if by == nil {
			by, byKey = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, by, key.Public(), byKey)
		if err != nil {
			t.Fatal(err)
		}
		c := edge.NewCertificate(der)
		certs, parent, parentKey = append(certs, c), c.X509, key
	}
	return certs[0], certs[1], certs[2]
}

func TestTrustedBy(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	root, inter, leaf := chain(t, now.AddDate(0, -1, 0))
	expiredRoot, expiredInter, expired := chain(t, now.AddDate(0, -6, 0))
	_, _, stranger := chain(t, now)
	pool := x509.NewCertPool()
	pool.AddCert(root.X509)
	pool.AddCert(expiredRoot.X509)
	captures := []edge.Capture{
		{Chain: []*edge.Certificate{leaf}}, // its intermediate comes from another endpoint, below
		{Chain: []*edge.Certificate{expired, expiredInter}},
		{Chain: []*edge.Certificate{stranger, inter}},
		{Chain: []*edge.Certificate{edge.NewCertificate([]byte("no DER"))}},
		{Outcome: edge.Failed},
	}
	sent, leaves := gather(captures, trust.New(t.Context(), captures, trust.Options{Now: now}))
	got, err := trustedBy(t.Context(), pool, sent, leaves, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		cert *edge.Certificate
		want bool
	}{
		{"leaf of a root in the store", leaf, true},
		{"expired leaf of a root in the store", expired, true},
		{"leaf of a root elsewhere", stranger, false},
	} {
		if got[test.cert.Fingerprint] != test.want {
			t.Errorf("%s: %v, want %v", test.name, !test.want, test.want)
		}
	}
	if len(got) != 2 {
		t.Errorf("%d leaves trusted, want 2", len(got))
	}
}

// This host has a store, or says so; a leaf nobody knows is in none.
func TestTrustedOnThisHost(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	_, inter, leaf := chain(t, now)
	got, err := Trusted(t.Context(), []edge.Capture{{Chain: []*edge.Certificate{leaf, inter}}}, trust.Options{Now: now})
	if err == nil && len(got) != 0 {
		t.Errorf("this host trusts a certificate made a moment ago: %v", got)
	}
}

// A root given to the audit answers already, unless one server sends less.
func TestNobodyIsAskedAboutAKnownRoot(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	root, inter, leaf := chain(t, now)
	_, otherInter, other := chain(t, now)
	captures := []edge.Capture{{Chain: []*edge.Certificate{leaf, inter}}, {Chain: []*edge.Certificate{other, otherInter}}}
	_, leaves := gather(captures, trust.New(t.Context(), captures, trust.Options{Roots: []*edge.Certificate{root}, Now: now}))
	if len(leaves) != 1 || leaves[0] != other {
		t.Errorf("%d leaves are asked about, want the one without a root", len(leaves))
	}
}

// What was not asked about is not "not trusted".
func TestTrustedByEndsWithItsContext(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	root, _, leaf := chain(t, now)
	pool := x509.NewCertPool()
	pool.AddCert(root.X509)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := trustedBy(ctx, pool, x509.NewCertPool(), []*edge.Certificate{leaf}, now); err == nil || len(got) > 0 {
		t.Errorf("%v, %v", got, err)
	}
}
