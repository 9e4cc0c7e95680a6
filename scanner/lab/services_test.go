package lab

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ocsp"

	"edgecert/scanner/edge"
)

// pseudoHello is the fixed ClientHello of [MS-TURN] 2.1.1.
func pseudoHello() []byte {
	b := []byte{0x16, 3, 1, 0, 0x2d, 1, 0, 0, 0x29, 3, 1}
	b = append(b, bytes.Repeat([]byte{7}, 32)...)
	return append(b, 0, 0, 2, 0, 0x18, 1, 0)
}

func TestAVAnswersPseudoTLSAndAllocate(t *testing.T) {
	t.Parallel()
	conn := dial(t, world(t, nil), "edge1", edge.AV, 443)
	conn.Write(pseudoHello())
	hello := make([]byte, 83)
	if _, err := io.ReadFull(conn, hello); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(hello, []byte{0x16, 3, 1, 0, 0x4e, 2, 0, 0, 0x46, 3, 1}) || hello[43] != 32 ||
		!bytes.HasSuffix(hello, []byte{0, 0x18, 0, 0x0e, 0, 0, 0}) {
		t.Fatalf("server hello % x", hello)
	}
	id := bytes.Repeat([]byte{9}, 16)
	request := append([]byte{2, 0, 0, 36, 0, 3, 0, 16}, id...)
	conn.Write(append(request, 0, 0x0f, 0, 4, 0x72, 0xc6, 0x4b, 0xc6, 0x80, 0x08, 0, 4, 0, 0, 0, 1))
	frame := make([]byte, 4)
	if _, err := io.ReadFull(conn, frame); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, binary.BigEndian.Uint16(frame[2:]))
	if _, err := io.ReadFull(conn, answer); err != nil {
		t.Fatal(err)
	}
	if frame[0] != 2 || !bytes.HasPrefix(answer, []byte{1, 0x13}) || !bytes.Equal(answer[4:20], id) {
		t.Errorf("answer % x", answer)
	}
	if want := []byte{0, 9, 0, 16, 0, 0, 4, 1}; !bytes.Contains(answer, want) {
		t.Errorf("no error 401 in % x", answer)
	}
	if int(binary.BigEndian.Uint16(answer[2:])) != len(answer)-20 {
		t.Errorf("length %d of %d bytes", binary.BigEndian.Uint16(answer[2:]), len(answer)-20)
	}
}

func TestAVMeetsRealTLS(t *testing.T) {
	t.Parallel()
	for how, want := range map[RealHello]string{FakeServerHello: "\x16\x03\x01\x00\x4e\x02", CloseOnHello: ""} {
		l := world(t, func(s *Spec) { s.Each(edge.AV, func(c *Cell) { c.RealHello = how }) })
		conn := dial(t, l, "edge1", edge.AV, 443)
		conn.Write(append([]byte{0x16, 3, 1, 1, 0, 1, 0, 0, 0xfc, 3, 3}, make([]byte, 249)...))
		got := make([]byte, len(want))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", how, got, err)
		}
	}
	l := world(t, func(s *Spec) { s.Cell("edge1", edge.AV, 443).Speaks = TLS })
	if _, raw, err := shake(t, l, "edge1", edge.AV, 443, sni("av.contoso.com")); err != nil || len(raw) != 2 {
		t.Errorf("a TLS server on the A/V address: %d certificates, %v", len(raw), err)
	}
}

func TestXMPPOffersStartTLS(t *testing.T) {
	t.Parallel()
	l := world(t, func(s *Spec) { s.AddXMPP("contoso.com") })
	conn := dial(t, l, "edge3", edge.XMPP, 5269)
	io.WriteString(conn, "<?xml version='1.0'?><stream:stream xmlns='jabber:server' to='contoso.com' version='1.0'>")
	read := func(until string) {
		t.Helper()
		var got []byte
		for b := make([]byte, 1); !strings.HasSuffix(string(got), until); got = append(got, b[0]) {
			if _, err := conn.Read(b); err != nil {
				t.Fatalf("%q, %v", got, err)
			}
		}
	}
	read("</stream:features>")
	io.WriteString(conn, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
	read("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
	client := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, ServerName: "contoso.com"})
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := client.ConnectionState().PeerCertificates[0].VerifyHostname("contoso.com"); err != nil {
		t.Error(err)
	}
	if !strings.Contains(l.Targets(), " xmpp=127.0.0.1:") {
		t.Errorf("no xmpp address in\n%s", l.Targets())
	}
}

// resolver asks the lab as the scanner would, over UDP first.
func resolver(l *Lab) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, l.Resolver())
	}}
}

func TestDNSKnowsThePool(t *testing.T) {
	t.Parallel()
	l := world(t, func(s *Spec) {
		s.DNS.CNAME = map[string]string{"meet.contoso.com": "sip.contoso.com"}
		s.DNS.Trouble = map[string]Trouble{"broken.contoso.com": ServerFailure}
		for i := range 60 { // more than UDP carries
			s.DNS.SRV["_many._tcp.contoso.com"] = append(s.DNS.SRV["_many._tcp.contoso.com"],
				edge.SRV{Target: fmt.Sprintf("host%d.contoso.com", i), Port: i + 1})
		}
	})
	r := resolver(l)
	for _, name := range []string{"sip.contoso.com.", "webcon.contoso.com.", "av.contoso.com.", "sip.fabrikam.com.", "meet.contoso.com."} {
		got, err := r.LookupHost(t.Context(), name)
		if diff := cmp.Diff([]string{"127.0.0.1"}, got); diff != "" || err != nil {
			t.Errorf("%s: %v, %s", name, err, diff)
		}
	}
	_, records, err := r.LookupSRV(t.Context(), "sipfederationtls", "tcp", "fabrikam.com.")
	if err != nil || len(records) != 1 || *records[0] != (net.SRV{Target: "sip.fabrikam.com.", Port: 5061}) {
		t.Errorf("SRV: %v, %v", records, err)
	}
	if _, records, err = r.LookupSRV(t.Context(), "many", "tcp", "contoso.com."); len(records) != 60 {
		t.Errorf("%d records by TCP, want 60: %v", len(records), err)
	}
	_, err = r.LookupHost(t.Context(), "nobody.contoso.com.")
	if d, ok := errors.AsType[*net.DNSError](err); !ok || !d.IsNotFound {
		t.Errorf("a name that is not: %v", err)
	}
	_, err = r.LookupHost(t.Context(), "broken.contoso.com.")
	if d, ok := errors.AsType[*net.DNSError](err); !ok || d.IsNotFound {
		t.Errorf("a server failure: %v", err)
	}
}

func TestResponderKnowsTheRevoked(t *testing.T) {
	t.Parallel()
	l := faulty(t, func(c *Cell) { c.Chain.Leaf.Revoked = true })
	issuer := l.pki.issuers[PublicCA].Intermediate.Cert
	resp, err := http.Get(issuer.CRLDistributionPoints[0])
	list, err := x509.ParseRevocationList(body(t, resp, err))
	if err != nil || list.CheckSignatureFrom(l.pki.issuers[PublicCA].Root.Cert) != nil {
		t.Errorf("the root's CRL: %v", err)
	}
	for _, c := range []struct {
		member string
		want   int
	}{{"edge1", ocsp.Good}, {"edge2", ocsp.Revoked}} {
		leaf := l.Leaf(c.member, edge.Access, 443).Cert
		request, err := ocsp.CreateRequest(leaf, issuer, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.Post(leaf.OCSPServer[0], "application/ocsp-request", bytes.NewReader(request))
		answer, err := ocsp.ParseResponseForCert(body(t, resp, err), leaf, issuer)
		if err != nil || answer.Status != c.want {
			t.Errorf("%s by OCSP: %+v, %v", c.member, answer, err)
		}
		resp, err = http.Get(leaf.CRLDistributionPoints[0])
		list, err := x509.ParseRevocationList(body(t, resp, err))
		if err != nil || list.CheckSignatureFrom(issuer) != nil || len(list.RevokedCertificateEntries) != 1 {
			t.Fatalf("CRL: %v", err)
		}
		listed := list.RevokedCertificateEntries[0].SerialNumber.Cmp(leaf.SerialNumber) == 0
		if listed != (c.want == ocsp.Revoked) {
			t.Errorf("%s listed: %v", c.member, listed)
		}
	}
}

func body(t *testing.T, resp *http.Response, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDemoHasTheFaultsItTells(t *testing.T) {
	t.Parallel()
	spec := Demo(now)
	spec.Keys = &keys
	l, err := Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	if len(l.Faults()) != 4 {
		t.Errorf("%d faults told", len(l.Faults()))
	}
	_, old, err := shake(t, l, "edge2", edge.WebConf, 443, sni("webcon.contoso.com"))
	if err != nil || bytes.Equal(old[0], l.Leaf("edge2", edge.Access, 443).DER) {
		t.Errorf("edge2 has one certificate, %v", err)
	}
	_, alone, err := shake(t, l, "edge3", edge.Access, 443, sni("sip.contoso.com"))
	if err != nil || len(alone) != 1 {
		t.Errorf("edge3 sends %d certificates, %v", len(alone), err)
	}
	if err := l.Leaf("edge1", edge.Access, 443).Cert.VerifyHostname("sip.tailspin.example"); err == nil {
		t.Error("the third SIP domain is in the SAN")
	}
	if conn, err := net.Dial("tcp", l.Address("edge1", edge.Access, 5061).String()); err == nil {
		conn.Close()
		t.Error("edge1 5061 is up")
	}
}
