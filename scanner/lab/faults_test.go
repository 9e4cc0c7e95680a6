package lab

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
)

// faulty is the healthy pool in which edge2's Access Edge on 443 is changed.
func faulty(t *testing.T, change func(*Cell)) *Lab {
	t.Helper()
	return world(t, func(s *Spec) { change(s.Cell("edge2", edge.Access, 443)) })
}

func TestChainsAreSentAsOrdered(t *testing.T) {
	t.Parallel()
	leaf, intermediate, root := Part{Kind: LeafPart}, Part{Kind: IntermediatePart}, Part{Kind: RootPart}
	junk := Part{Kind: RawPart, Raw: []byte("not a certificate")}
	for name, send := range map[string][]Part{
		"alone":        {leaf},
		"with root":    {leaf, intermediate, root},
		"wrong order":  {leaf, root, intermediate},
		"leaf twice":   {leaf, leaf, intermediate},
		"another's CA": {leaf, intermediate, {Kind: IntermediatePart, Authority: "Other"}},
	} {
		l := world(t, func(s *Spec) {
			s.Authorities = append(s.Authorities, NewAuthority("Other", now))
			s.Cell("edge2", edge.Access, 443).Chain.Send = send
		})
		_, raw, err := shake(t, l, "edge2", edge.Access, 443, sni("sip.contoso.com"))
		if err != nil || len(raw) != len(send) {
			t.Fatalf("%s: %d certificates, %v", name, len(raw), err)
		}
		for i, p := range send {
			issuer := PublicCA
			if p.Authority != "" {
				issuer = p.Authority
			}
			want := map[PartKind][]byte{
				LeafPart:         l.Leaf("edge2", edge.Access, 443).DER,
				IntermediatePart: l.pki.issuers[issuer].Intermediate.DER,
				RootPart:         l.pki.issuers[issuer].Root.DER,
			}[p.Kind]
			if !bytes.Equal(raw[i], want) {
				t.Errorf("%s: certificate %d is not the %s", name, i, p.Kind)
			}
		}
	}
	l := faulty(t, func(c *Cell) { c.Chain.Send = []Part{leaf, junk} })
	if _, _, err := shake(t, l, "edge2", edge.Access, 443, sni("sip.contoso.com")); err == nil {
		t.Error("junk in the chain: crypto/tls took it")
	}
}

func TestVersionsAreBounded(t *testing.T) {
	t.Parallel()
	l := faulty(t, func(c *Cell) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })
	cfg := sni("sip.contoso.com")
	cfg.MinVersion = tls.VersionTLS10
	conn, _, err := shake(t, l, "edge2", edge.Access, 443, cfg)
	if err != nil || conn.ConnectionState().Version != tls.VersionTLS11 {
		t.Errorf("old cell: %s, %v", tls.VersionName(conn.ConnectionState().Version), err)
	}
	cfg = sni("sip.contoso.com")
	cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if _, _, err = shake(t, l, "edge1", edge.Access, 443, cfg); err == nil {
		t.Error("healthy cell: takes TLS 1.1")
	}
}

func TestClientCertificateIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, refusal := range []Refusal{RefuseByAlert, RefuseByReset, RefuseByClose} {
			l := world(t, func(s *Spec) { s.Cell("edge1", edge.Access, 5061).Refusal = refusal })
			asked := 0
			cfg := sni("sip.contoso.com")
			cfg.MaxVersion = version
			cfg.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
				asked = len(info.AcceptableCAs)
				return &tls.Certificate{}, nil
			}
			conn, raw, err := shake(t, l, "edge1", edge.Access, 5061, cfg)
			if err == nil {
				_, err = conn.Read(make([]byte, 1))
			}
			if len(raw) != 2 || asked != 3 {
				t.Errorf("%s, %s: %d certificates, %d acceptable CAs", tls.VersionName(version), refusal, len(raw), asked)
			}
			if !refused(err, refusal) {
				t.Errorf("%s, %s: refused with %v", tls.VersionName(version), refusal, err)
			}
		}
	}
}

func refused(err error, how Refusal) bool {
	switch how {
	case RefuseByReset:
		return fault.Class(err) == edge.ClassReset && !ended(err)
	case RefuseByClose: // with bytes of ours unread, a close is a reset, too
		return fault.Class(err) == edge.ClassReset
	default:
		_, ok := errors.AsType[tls.AlertError](err)
		return ok || err != nil && strings.Contains(err.Error(), "remote error: tls:")
	}
}

// ended says whether a connection came to a plain end where a reset was sent.
// Wine makes one of a reset now and then, so that it says nothing there.
func ended(err error) bool { return errors.Is(err, io.EOF) && runtime.GOOS != "windows" }

func TestClientCertificateIsTaken(t *testing.T) {
	t.Parallel()
	l := world(t, nil)
	mine := l.Leaf("edge1", edge.Access, 443)
	cfg := sni("sip.contoso.com")
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return &tls.Certificate{Certificate: [][]byte{mine.DER}, PrivateKey: mine.Key}, nil
	}
	conn, _, err := shake(t, l, "edge1", edge.Access, 5061, cfg)
	if err != nil {
		t.Fatal(err)
	}
	conn.CloseWrite() // the server, content, says goodbye, too
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
}

func TestCertificateFollowsServerNameAndTurn(t *testing.T) {
	t.Parallel()
	other := func(c *Cell) *Chain {
		chain := c.Chain
		chain.Leaf.Issue = 1
		return &chain
	}
	sniLab := faulty(t, func(c *Cell) { c.WithoutSNI = other(c) })
	_, with, err1 := shake(t, sniLab, "edge2", edge.Access, 443, sni("sip.contoso.com"))
	_, without, err2 := shake(t, sniLab, "edge2", edge.Access, 443, &tls.Config{})
	if err := errors.Join(err1, err2); err != nil || bytes.Equal(with[0], without[0]) {
		t.Errorf("same certificate without SNI, %v", err)
	}
	turns := faulty(t, func(c *Cell) { c.Alternate = other(c) })
	seen := map[string]int{}
	for range 4 {
		_, raw, err := shake(t, turns, "edge2", edge.Access, 443, sni("sip.contoso.com"))
		if err != nil {
			t.Fatal(err)
		}
		seen[string(raw[0])]++
	}
	if len(seen) != 2 || seen[string(turns.Leaf("edge2", edge.Access, 443).DER)] != 2 {
		t.Errorf("%d certificates in turn, want 2", len(seen))
	}
	strict := faulty(t, func(c *Cell) { c.NeedsSNI = true })
	if _, _, err := shake(t, strict, "edge2", edge.Access, 443, &tls.Config{}); err == nil {
		t.Error("talks without SNI")
	}
}

func TestWhatIsNoTLS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Cell)
		want   string // of the answer to a ClientHello-like line; "" = nothing within a moment
		class  edge.ErrorClass
	}{
		"plain HTTP": {func(c *Cell) { c.Speaks = HTTP }, "HTTP/1.1 400", ""},
		"SSH":        {func(c *Cell) { c.Speaks, c.Banner = Banner, "SSH-2.0-lab\r\n" }, "SSH-2.0-lab", ""},
		"drip":       {func(c *Cell) { c.Speaks = Drip }, "\x16\x03\x03", ""},
		"reset":      {func(c *Cell) { c.Speaks = Reset }, "", edge.ClassReset},
		"hang-up":    {func(c *Cell) { c.Speaks = HangUp }, "", edge.ClassReset},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, faulty(t, c.change), "edge2", edge.Access, 443)
			io.WriteString(conn, "\x16\x03\x01\x00\x05hello")
			got := make([]byte, len(c.want)+1)
			n, err := io.ReadAtLeast(conn, got, max(len(c.want), 1))
			if string(got[:min(n, len(c.want))]) != c.want || c.class != "" && (fault.Class(err) != c.class || name == "reset" && ended(err) || name == "hang-up" && !errors.Is(err, io.EOF)) {
				t.Errorf("answer %q, %v", got[:n], err)
			}
		})
	}
}

func TestClosedPortRefuses(t *testing.T) {
	t.Parallel()
	l := faulty(t, func(c *Cell) { c.Speaks = Closed })
	_, err := net.Dial("tcp", l.Address("edge2", edge.Access, 443).String())
	if fault.Class(err) != edge.ClassRefused {
		t.Errorf("dialing: %v", err)
	}
	if ln, err := net.Listen("tcp", l.Address("edge2", edge.Access, 443).String()); err == nil {
		ln.Close()
		t.Error("somebody else can listen on the closed port")
	}
	if l.Leaf("edge2", edge.Access, 443) != nil {
		t.Error("a closed cell has a certificate")
	}
}

func TestTarpitSaysNothing(t *testing.T) {
	t.Parallel()
	conn := dial(t, faulty(t, func(c *Cell) { c.Speaks = Tarpit }), "edge2", edge.Access, 443)
	io.WriteString(conn, "hello")
	conn.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); n != 0 || !isTimeout(err) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func isTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}

func TestTemplatesReachTheCertificate(t *testing.T) {
	t.Parallel()
	issue := func(change func(*Template)) *Issued {
		l := faulty(t, func(c *Cell) { change(&c.Chain.Leaf) })
		_, raw, _ := shake(t, l, "edge2", edge.Access, 443, sni("sip.contoso.com"))
		leaf := l.Leaf("edge2", edge.Access, 443)
		if raw != nil && !bytes.Equal(raw[0], leaf.DER) {
			t.Error("another certificate on the wire")
		}
		return leaf
	}
	for name, ok := range map[string]bool{
		"SHA-1":        issue(func(x *Template) { x.Signature = x509.SHA1WithRSA }).Cert.SignatureAlgorithm == x509.SHA1WithRSA,
		"MD5":          issue(func(x *Template) { x.Signature = x509.MD5WithRSA }).Cert.SignatureAlgorithm == x509.MD5WithRSA,
		"PSS":          issue(func(x *Template) { x.Signature = x509.SHA256WithRSAPSS }).Cert.SignatureAlgorithm == x509.SHA256WithRSAPSS,
		"EC key":       issue(func(x *Template) { x.Key.Type = ECDSA }).Cert.PublicKeyAlgorithm == x509.ECDSA,
		"CA":           issue(func(x *Template) { x.CA = true }).Cert.IsCA,
		"no SAN":       issue(func(x *Template) { x.Names = nil }).Cert.DNSNames == nil,
		"1024 bits":    len(issue(func(x *Template) { x.Key.Bits = 1024 }).Cert.Signature) == 256,
		"other serial": issue(func(x *Template) { x.Issue = 7 }).Cert.SerialNumber.Cmp(issue(func(x *Template) { x.Issue = 8 }).Cert.SerialNumber) != 0,
	} {
		if !ok {
			t.Errorf("%s: the certificate does not show it", name)
		}
	}
}

func TestNegativeSerialIsSignedAndNotParsed(t *testing.T) {
	t.Parallel()
	l := faulty(t, func(c *Cell) { c.Chain.Leaf.Serial = []byte{0xff, 0x01} })
	leaf := l.Leaf("edge2", edge.Access, 443)
	if leaf.Cert != nil {
		t.Fatal("Go parses a negative serial number without its setting")
	}
	var outer struct {
		TBS       asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(leaf.DER, &outer); err != nil {
		t.Fatal(err)
	}
	signer := l.pki.issuers[PublicCA].Intermediate.Cert
	if err := signer.CheckSignature(x509.SHA256WithRSA, outer.TBS.FullBytes, outer.Signature.Bytes); err != nil {
		t.Error(err)
	}
	if !bytes.Contains(outer.TBS.FullBytes, []byte{0x02, 0x02, 0xff, 0x01}) {
		t.Error("no serial number -255 in it")
	}
}

func TestStapleTellsTheStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[edge.RevocationStatus]int{
		edge.Good: ocsp.Good, edge.Revoked: ocsp.Revoked, edge.RevocationUnknown: ocsp.Unknown,
	} {
		l := faulty(t, func(c *Cell) { c.Staple = status })
		conn, _, err := shake(t, l, "edge2", edge.Access, 443, sni("sip.contoso.com"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := ocsp.ParseResponseForCert(conn.ConnectionState().OCSPResponse, l.Leaf("edge2", edge.Access, 443).Cert, l.pki.issuers[PublicCA].Intermediate.Cert)
		if err != nil || answer.Status != want {
			t.Errorf("%s: %+v, %v", status, answer, err)
		}
	}
}
