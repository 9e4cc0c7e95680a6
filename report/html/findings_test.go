package html

import (
	"strings"
	"testing"

	"edgecert/report/reporttest"
)

// TestHTMLTellsMalformedCertificates: what could be read of it is told, as in
// the terminal report.
func TestHTMLTellsMalformedCertificates(t *testing.T) {
	t.Parallel()
	certs := newHTMLPage(reporttest.Malformed(t).Report()).Pools[0].Certificates
	if len(certs) != 3 {
		t.Fatalf("%d certificates, want the good one, one of no form and one with a byte too many", len(certs))
	}
	if c := certs[2]; c.Malformed == "" || c.Subject != "sip.contoso.com" || c.Serial == "" || !strings.HasPrefix(c.Expiry, "Expires ") {
		t.Errorf("malformed %q, subject %q, serial %q, %q", c.Malformed, c.Subject, c.Serial, c.Expiry)
	}
}
