package lab

import (
	"crypto/tls"
	"net"
	"testing"

	"edgecert/scanner/edge"
)

// TestRenewal turns one member: it presents the old certificate, resets
// connections while it restarts, and comes back with the new one; the others
// stay as they are.
func TestRenewal(t *testing.T) {
	t.Parallel()
	spec := Renewal(now)
	spec.Keys = &keys
	l, err := Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	presents := func(member string) string {
		_, raw, err := shake(t, l, member, edge.WebConf, 443, sni("webcon.contoso.com"))
		if err != nil {
			return err.Error()
		}
		return string(raw[0])
	}
	old := string(l.Leaf("edge1", edge.WebConf, 443).DER)
	renewed := string(l.Renewed("edge1", edge.WebConf, 443).DER)
	if old == renewed || presents("edge1") != old {
		t.Error("edge1 does not begin with the old certificate")
	}
	l.Restart("edge1")
	// The reset may come before the connection counts as one.
	if conn, err := net.Dial("tcp", l.Address("edge1", edge.WebConf, 443).String()); err == nil {
		client := tls.Client(conn, &tls.Config{ServerName: "webcon.contoso.com", InsecureSkipVerify: true})
		if client.Handshake() == nil {
			t.Error("edge1 presents a certificate while it restarts")
		}
		client.Close()
	}
	l.Renew("edge1")
	if presents("edge1") != renewed {
		t.Error("edge1 does not come back with the new certificate")
	}
	if presents("edge2") != old {
		t.Error("edge2 was renewed with edge1")
	}
}
