package revocation

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

func TestCheckOCSP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	responderKey := newKey(t)
	signing := func(u x509.ExtKeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.Subject.CommonName, c.ExtKeyUsage = "Responder", []x509.ExtKeyUsage{u} }
	}
	good, revoked, absent := w.leaf("/ocsp", ""), w.leaf("/ocsp", ""), w.leaf("/ocsp", "")
	w.openssl("/ocsp", indexLine(good, "")+indexLine(revoked, "261101000000Z,keyCompromise"), w.issuer, w.key)
	byDelegate, byStranger := w.leaf("/delegate", ""), w.leaf("/stranger", "")
	index := indexLine(byDelegate, "") + indexLine(byStranger, "")
	w.openssl("/delegate", index, w.issue(w.issuer, responderKey, signing(x509.ExtKeyUsageOCSPSigning)), responderKey)
	w.openssl("/stranger", index, w.issue(w.issuer, responderKey, signing(x509.ExtKeyUsageServerAuth)), responderKey)
	w.serve("/html", []byte("<html>404, but politely</html>"))
	w.serve("/endless", make([]byte, limits.OCSPAnswer+1))
	w.mux.Handle("/broken", http.NotFoundHandler())
	w.mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusTemporaryRedirect))
	w.mux.Handle("/away", http.RedirectHandler("ftp://example.invalid/", http.StatusTemporaryRedirect))
	w.mux.Handle("/moved", http.RedirectHandler("/ocsp", http.StatusTemporaryRedirect))
	w.crl("/crl", asIs)

	moved := w.issue(w.issuer, newKey(t), func(c *x509.Certificate) {
		c.SerialNumber = good.X509.SerialNumber // so that the index knows it
		c.OCSPServer = []string{w.server.URL + "/moved"}
	})
	tests := []struct {
		name   string
		leaf   *edge.Certificate
		status edge.RevocationStatus
		says   string // in source, reason and error together
	}{
		{"good", good, edge.Good, "OCSP " + w.server.URL + "/ocsp"},
		{"revoked", revoked, edge.Revoked, "key compromise"},
		{"not known to the responder", absent, edge.RevocationUnknown, "does not know the certificate"},
		{"signed by a delegate", byDelegate, edge.Good, ""},
		{"signed by a server of the same CA", byStranger, edge.RevocationUnknown, "may not sign OCSP responses"},
		{"moved", moved, edge.Good, ""},
		{"a page in place of an answer", w.leaf("/html", ""), edge.RevocationUnknown, "asn1"},
		{"an answer without end", w.leaf("/endless", ""), edge.RevocationUnknown, "larger than 64 KB"},
		{"not found", w.leaf("/broken", ""), edge.RevocationUnknown, "404 Not Found"},
		{"redirected for ever", w.leaf("/loop", ""), edge.RevocationUnknown, "more than 3 redirects"},
		{"redirected to ftp", w.leaf("/away", ""), edge.RevocationUnknown, "redirected to ftp"},
		{"not found, and a CRL beside", w.leaf("/broken", "/crl"), edge.Good, "CRL "},
		{"neither OCSP nor CRL", w.leaf("", ""), edge.RevocationUnknown, "names no OCSP responder and no CRL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := w.check(Options{}, w.subject(test.leaf))[test.leaf.Fingerprint]
			if r.Status != test.status || !strings.Contains(r.Source+" "+r.Reason+" "+r.Error, test.says) {
				t.Errorf("%+v, want %s with %q", r, test.status, test.says)
			}
			if (r.Status == edge.RevocationUnknown) != (r.Error != "") {
				t.Errorf("%+v: unknown, and unknown alone, has a reason", r)
			}
		})
	}
	if at := w.check(Options{}, w.subject(revoked))[revoked.Fingerprint].RevokedAt; !at.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("revoked at %v", at)
	}
}

func TestCheckCRL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	strangerKey := newKey(t)
	stranger := w.issue(nil, w.key, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCRLSign
		c.SubjectKeyId = []byte{1}
		c.Subject.CommonName = "Example CA"
	})
	leaf := w.leaf("", "/crl")
	revoke := func(l *x509.RevocationList) {
		l.RevokedCertificateEntries = []x509.RevocationListEntry{
			{SerialNumber: big.NewInt(1), RevocationTime: w.now},
			{SerialNumber: leaf.X509.SerialNumber, RevocationTime: w.now, ReasonCode: 4},
		}
	}
	url := w.server.URL + "/crl"
	tests := []struct {
		name   string
		list   []byte
		status edge.RevocationStatus
		says   string
	}{
		{"not on it", w.list(w.issuer, w.key, asIs), edge.Good, ""},
		{"on it", w.list(w.issuer, w.key, revoke), edge.Revoked, "superseded"},
		{"in PEM", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: w.list(w.issuer, w.key, revoke)}), edge.Revoked, ""},
		{"ended", w.list(w.issuer, w.key, func(l *x509.RevocationList) {
			l.ThisUpdate, l.NextUpdate = w.now.Add(-2*time.Hour), w.now.Add(-time.Hour)
		}), edge.RevocationUnknown, "the CRL ended on"},
		{"of tomorrow", w.list(w.issuer, w.key, func(l *x509.RevocationList) {
			l.ThisUpdate, l.NextUpdate = w.now.Add(24*time.Hour), w.now.Add(48*time.Hour)
		}), edge.RevocationUnknown, "valid only from"},
		{"signed by another key", w.list(restated(stranger), strangerKey, asIs), edge.RevocationUnknown, "not signed by the certificate's issuer"},
		{"this part of the list", w.list(w.issuer, w.key, part(url, nil)), edge.Good, ""},
		{"another part of the list", w.list(w.issuer, w.key, part(url+"2", nil)), edge.RevocationUnknown, "another part"},
		{"for CA certificates alone", w.list(w.issuer, w.key, part(url, []byte{0x82, 1, 0xff})), edge.RevocationUnknown, "another kind of certificate"},
		{"for users alone", w.list(w.issuer, w.key, part(url, []byte{0x81, 1, 0xff})), edge.Good, ""},
		{"indirect", w.list(w.issuer, w.key, part(url, []byte{0x84, 1, 0xff})), edge.RevocationUnknown, "indirect"},
		{"a delta", w.list(w.issuer, w.key, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}}
		}), edge.RevocationUnknown, "critical extension"},
		{"nonsense", []byte("nonsense"), edge.RevocationUnknown, "reading the CRL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			own := newWorld(t)
			own.serve("/crl", test.list)
			// The certificate names the address that the list names.
			r := checkAt(t, own, w, leaf, url)
			if r.Status != test.status || !strings.Contains(r.Reason+" "+r.Error, test.says) {
				t.Errorf("%+v, want %s with %q", r, test.status, test.says)
			}
		})
	}
}

// checkAt fetches the list from own's server and judges it as that of url.
func checkAt(t *testing.T, own, w *world, leaf *edge.Certificate, url string) edge.Revocation {
	t.Helper()
	c := &checker{o: Options{Now: w.now, Timeout: time.Minute, Targets: loopback()}, crls: map[crlKey]*crlOnce{}}
	s := w.subject(leaf)
	list, err := c.fetchCRL(t.Context(), s, own.server.URL+"/crl")
	entry := &crlOnce{list: list, err: err}
	entry.once.Do(func() {})
	c.crls[crlKey{url, true}] = entry
	return c.check(t.Context(), s)
}

// restated is a certificate of the issuer's name over another key's template:
// CreateRevocationList wants issuer and key to belong together.
func restated(like *edge.Certificate) *edge.Certificate {
	c := *like.X509
	c.PublicKey = nil
	return &edge.Certificate{X509: &c}
}

// part is a CRL limited to one address, and further fields of the extension.
func part(url string, more []byte) func(*x509.RevocationList) {
	return func(l *x509.RevocationList) {
		name := tlv(0x86, []byte(url))
		value := tlv(0x30, append(tlv(0xa0, tlv(0xa0, name)), more...))
		l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: value}}
	}
}

func tlv(tag byte, value []byte) []byte { return append([]byte{tag, byte(len(value))}, value...) }

func TestSubjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf, other := w.leaf("", ""), w.leaf("", "")
	captures := []edge.Capture{captured(leaf, w.issuer), captured(leaf, w.issuer), captured(other), {Outcome: edge.Failed}}
	given := Subjects(t.Context(), captures, w.roots(true))
	if len(given) != 2 || given[0].Issuer == nil || !given[0].Trusted || !given[0].Given {
		t.Errorf("with the root given: %+v", given)
	}
	for _, s := range Subjects(t.Context(), captures, w.roots(false)) {
		if s.Trusted || s.Given {
			t.Errorf("without the root: %+v", s)
		}
	}
}
