package revocation

import (
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// FuzzCRL: of a list that the issuer did not sign nothing is believed.
func FuzzCRL(f *testing.F) {
	w := newWorld(f)
	leaf := w.leaf("", "/crl")
	revoked := x509.RevocationListEntry{SerialNumber: leaf.X509.SerialNumber, RevocationTime: w.now}
	for _, change := range []func(*x509.RevocationList){
		asIs,
		func(l *x509.RevocationList) { l.RevokedCertificateEntries = []x509.RevocationListEntry{revoked} },
		func(l *x509.RevocationList) { l.NextUpdate = w.now.Add(-time.Minute) }, // over
		func(l *x509.RevocationList) { l.Number = big.NewInt(0) },
	} {
		der := w.list(w.issuer, w.key, change)
		f.Add(der)
		f.Add(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
		f.Add(der[:len(der)/2])
	}
	f.Add([]byte("<html>404, but politely</html>"))
	s, url := w.subject(leaf), w.server.URL+"/crl"
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := readCRL(data)
		if err != nil {
			return
		}
		got := judgeCRL(list, s, url, w.now)
		if got.Status != edge.RevocationUnknown && list.CheckSignatureFrom(w.issuer.X509) != nil {
			t.Errorf("%s by a list that the issuer did not sign", got.Status)
		}
		if (got.Status == edge.RevocationUnknown) != (got.Error != "") {
			t.Errorf("%s with the reason %q", got.Status, got.Error)
		}
	})
}
