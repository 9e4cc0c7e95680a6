// Package oracle holds our verdicts against those of OpenSSL and GnuTLS, on thousands of
// certificates that no person chose: it has tests alone.
package oracle

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/netip"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// now is the time at which both sides judge.
func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// name is the one that both sides ask for.
const name = "sip.contoso.com"

// keys are shared by all worlds: making them is what costs.
type keys struct{ root, inter, leaf, other *ecdsa.PrivateKey }

func newKeys(t *testing.T) keys {
	t.Helper()
	var made [4]*ecdsa.PrivateKey
	for i := range made {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		made[i] = key
	}
	return keys{made[0], made[1], made[2], made[3]}
}

// A world is one server's chain and the root it should lead to, as templates
// until it is made. Its names are its own, so that worlds do not mix.
type world struct {
	root, upper, lower, leaf *x509.Certificate // upper is nil in the healthy world

	lowerSigner, leafSigner string // "other": not the right key signs
	selfSigned              bool
	tampered                bool // a bit of the leaf's signature is turned
	unsent                  bool // nobody sends the intermediates
	untrusted               bool // the root is in no store
	shuffled                bool // the root is sent before the intermediate
	mutations               []string

	chain []*edge.Certificate // as sent
	trust *edge.Certificate   // nil where untrusted
	sent  []*edge.Certificate // what OpenSSL gets beside the leaf
}

// healthy is a world in which nothing is wrong.
func healthy(n int) *world {
	ca := func(what string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: fmt.Sprintf("%s %d", what, n)},
			NotBefore: now().AddDate(-2, 0, 0), NotAfter: now().AddDate(8, 0, 0), MaxPathLen: -1,
			BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	}
	leaf := &x509.Certificate{Subject: pkix.Name{CommonName: name, Organization: []string{fmt.Sprint("World ", n)}},
		NotBefore: now().AddDate(0, -1, 0), NotAfter: now().AddDate(0, 2, 0),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, DNSNames: []string{name, "webcon.contoso.com"},
		CRLDistributionPoints: []string{"http://crl.example/ca.crl"}}
	return &world{root: ca("Root"), lower: ca("Issuing"), leaf: leaf}
}

// make signs the world's certificates.
func (w *world) make(t *testing.T, k keys, n int) {
	t.Helper()
	serial := int64(n) * 10
	sign := func(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *edge.Certificate {
		serial++
		template.SerialNumber = big.NewInt(serial)
		if !template.IsCA { // two mutations may have met here
			template.MaxPathLen, template.MaxPathLenZero = 0, false
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
		if err != nil {
			t.Fatalf("world %d %q: %v", n, w.mutations, err)
		}
		return edge.NewCertificate(der)
	}
	pick := func(which string, standard *ecdsa.PrivateKey) *ecdsa.PrivateKey {
		if which == "other" {
			return k.other
		}
		return standard
	}
	root := sign(w.root, w.root, k.root, k.root)
	above, aboveKey := w.root, k.root
	if w.upper != nil {
		w.sent = append(w.sent, sign(w.upper, above, k.other, aboveKey))
		above, aboveKey = w.upper, k.other
	}
	w.sent = append([]*edge.Certificate{sign(w.lower, above, k.inter, pick(w.lowerSigner, aboveKey))}, w.sent...)
	by, byKey := w.lower, pick(w.leafSigner, k.inter)
	if w.selfSigned {
		by, byKey = w.leaf, k.leaf
	}
	leaf := sign(w.leaf, by, k.leaf, byKey)
	if w.tampered {
		der := append([]byte(nil), leaf.Raw...)
		der[len(der)-1] ^= 1
		leaf = edge.NewCertificate(der)
	}
	if w.unsent {
		w.sent = nil
	}
	w.chain = append([]*edge.Certificate{leaf}, w.sent...)
	if w.shuffled {
		w.chain = append([]*edge.Certificate{leaf, root}, w.sent...)
	}
	if !w.untrusted {
		w.trust = root
	}
}

func (w *world) pool(n int) edge.Pool {
	return edge.Pool{Name: fmt.Sprint("world-", n), Kind: edge.EdgePool, Services: []edge.Service{{Role: edge.Access, FQDN: name, Ports: []int{443}}},
		Members: []edge.Member{{Name: "edge1"}}}
}

func (w *world) capture(n int) edge.Capture {
	return edge.Capture{
		Endpoint: edge.Endpoint{Pool: fmt.Sprint("world-", n), Member: "edge1", Role: edge.Access, FQDN: name, Port: 443, ServicePort: 443,
			Address: netip.AddrFrom4([4]byte{192, 0, 2, 1})},
		Outcome: edge.Captured, Stage: edge.StageDone, Chain: w.chain, Attempts: 1,
	}
}
