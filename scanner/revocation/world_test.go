package revocation

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab/peer"
)

// A world is a CA with a loopback server that stands at every address in its
// certificates, and counts who asks.
type world struct {
	t       testing.TB
	now     time.Time // the clock's: openssl ocsp signs with that
	key     *ecdsa.PrivateKey
	issuer  *edge.Certificate
	server  *httptest.Server
	mux     *http.ServeMux
	asked   atomic.Int64
	serials int64
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Now(), key: newKey(t), mux: http.NewServeMux()}
	w.issuer = w.issue(nil, w.key, func(c *x509.Certificate) {
		c.Subject.CommonName, c.IsCA, c.BasicConstraintsValid = "Example CA", true, true
		c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	})
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.asked.Add(1)
		w.mux.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.server.Close)
	return w
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a leaf, signed by parent, or by itself without one.
func (w *world) issue(parent *edge.Certificate, key *ecdsa.PrivateKey, change func(*x509.Certificate)) *edge.Certificate {
	w.t.Helper()
	w.serials++
	template := &x509.Certificate{SerialNumber: big.NewInt(0x1000 + w.serials), Subject: pkix.Name{CommonName: "sip.contoso.com"},
		NotBefore: w.now.Add(-time.Hour), NotAfter: w.now.Add(24 * time.Hour)}
	change(template)
	by := template
	if parent != nil {
		by = parent.X509
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, key.Public(), w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	return edge.NewCertificate(der)
}

// leaf names these paths of the server as OCSP responder and as CRL.
func (w *world) leaf(ocsp, crl string) *edge.Certificate {
	w.t.Helper()
	return w.issue(w.issuer, newKey(w.t), func(c *x509.Certificate) {
		if ocsp != "" {
			c.OCSPServer = []string{w.server.URL + ocsp}
		}
		if crl != "" {
			c.CRLDistributionPoints = []string{w.server.URL + crl}
		}
	})
}

func (w *world) subject(c *edge.Certificate) Subject {
	return Subject{Certificate: c, Issuer: w.issuer, Trusted: true, Given: true}
}

func (w *world) check(o Options, s ...Subject) map[edge.Fingerprint]edge.Revocation {
	o.Now, o.Targets = w.now, loopback()
	return Check(w.t.Context(), s, o)
}

// loopback is a scan's target there, as the server is.
func loopback() []netip.Addr { return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 2})} }

// openssl answers at path with the responder of the OpenSSL command line, which
// signs with signer's certificate and key and knows the certificates of index.
func (w *world) openssl(path, index string, signer *edge.Certificate, key *ecdsa.PrivateKey) {
	w.t.Helper()
	program, dir := peer.OpenSSL(w.t), w.t.TempDir()
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		w.t.Fatal(err)
	}
	w.file(dir, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.issuer.Raw}))
	w.file(dir, "signer.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signer.Raw}))
	w.file(dir, "signer.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	w.file(dir, "index.txt", []byte(index))
	// A process a request, as a CGI program: `openssl ocsp -port` would listen
	// on every interface of the machine.
	w.mux.HandleFunc(path, func(rw http.ResponseWriter, r *http.Request) {
		work, err := os.MkdirTemp(dir, "request")
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		request, answer := filepath.Join(work, "request"), filepath.Join(work, "answer")
		body, _ := io.ReadAll(r.Body)
		if err := os.WriteFile(request, body, 0o600); err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		cmd := exec.CommandContext(r.Context(), program, "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "signer.pem", "-rkey", "signer.key",
			"-reqin", request, "-respout", answer, "-ndays", "1")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			w.t.Errorf("openssl ocsp: %v: %s", err, out)
			http.Error(rw, "openssl failed", http.StatusInternalServerError)
			return
		}
		http.ServeFile(rw, r, answer)
	})
}

func (w *world) file(dir, name string, data []byte) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// indexLine is how `openssl ca` keeps a certificate: V valid, R revoked.
func indexLine(c *edge.Certificate, revoked string) string {
	state := "V"
	if revoked != "" {
		state = "R"
	}
	return fmt.Sprintf("%s\t991231235959Z\t%s\t%X\tunknown\t/CN=%[3]X\n", state, revoked, c.X509.SerialNumber)
}

// crl serves a list of the CA's with one mutation.
func (w *world) crl(path string, change func(*x509.RevocationList)) {
	w.t.Helper()
	w.serve(path, w.list(w.issuer, w.key, change))
}

func (w *world) list(by *edge.Certificate, key *ecdsa.PrivateKey, change func(*x509.RevocationList)) []byte {
	w.t.Helper()
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: w.now.Add(-time.Hour), NextUpdate: w.now.Add(time.Hour)}
	change(template)
	der, err := x509.CreateRevocationList(rand.Reader, template, by.X509, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return der
}

func (w *world) serve(path string, data []byte) {
	w.mux.HandleFunc(path, func(rw http.ResponseWriter, r *http.Request) {
		http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(data))
	})
}

func asIs(*x509.RevocationList) {}

// captured is a capture that presents these.
func captured(chain ...*edge.Certificate) edge.Capture {
	return edge.Capture{Outcome: edge.Captured, Chain: chain}
}

func (w *world) roots(given bool) trust.Options {
	o := trust.Options{Now: w.now}
	if given {
		o.Roots = []*edge.Certificate{w.issuer}
	}
	return o
}
