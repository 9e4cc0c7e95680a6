package rawtls

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// A tap keeps what is read.
type tap struct {
	net.Conn
	heard bytes.Buffer
}

func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.heard.Write(b[:n])
	return n, err
}

// A conversation is what a real server sent, and the key log of the client.
type conversation struct {
	server, keys []byte
	chain        [][]byte
	suite        uint16
}

// certificate is a self-signed one.
func certificate(t testing.TB) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"sip.contoso.com"}, NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// dial is a connection to a server of crypto/tls, for one handshake.
func dial(t testing.TB, config *tls.Config) net.Conn {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0") // in a net.Pipe both sides could write and none read
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	_ = near.SetDeadline(time.Now().Add(time.Minute))
	go func() {
		defer far.Close()
		_ = tls.Server(far, config).Handshake()
	}()
	return near
}

// converse lets crypto/tls talk to itself.
func converse(t testing.TB, version uint16, change func(*tls.Config)) conversation {
	t.Helper()
	der, key := certificate(t)
	issuer := &x509.Certificate{Raw: der, RawSubject: []byte{0x30, 0}}
	pool := x509.NewCertPool()
	pool.AddCert(issuer)
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der, der}, PrivateKey: key, OCSPStaple: []byte("staple")}},
		MinVersion:   version, MaxVersion: version,
		ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool,
	}
	if change != nil {
		change(config)
	}
	listener := &tap{Conn: dial(t, config)}
	var keys bytes.Buffer
	client := tls.Client(listener, &tls.Config{
		InsecureSkipVerify: true, KeyLogWriter: &keys, MinVersion: tls.VersionTLS10,
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384},
	})
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	return conversation{listener.heard.Bytes(), keys.Bytes(), [][]byte{der, der}, client.ConnectionState().CipherSuite}
}

func TestReadWhatARealServerSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		version uint16
		change  func(*tls.Config)
	}{
		{"TLS 1.0", tls.VersionTLS10, nil},
		{"TLS 1.1", tls.VersionTLS11, nil},
		{"TLS 1.2", tls.VersionTLS12, nil},
		{"TLS 1.3", tls.VersionTLS13, nil},
		{"TLS 1.3 after a HelloRetryRequest", tls.VersionTLS13,
			func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP384} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			said := converse(t, c.version, c.change)
			got, err := Read(bytes.NewReader(said.server), ServerSecret(said.keys))
			if err != nil {
				t.Fatal(err)
			}
			want := &Flight{
				Version: c.version, Cipher: said.suite, Chain: said.chain, Staple: []byte("staple"),
				Requested: true, Authorities: [][]byte{{0x30, 0}}, Done: true,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestTLS13NeedsItsSecret(t *testing.T) {
	t.Parallel()
	said := converse(t, tls.VersionTLS13, nil)
	wrong := bytes.Repeat([]byte{7}, len(ServerSecret(said.keys)))
	for _, secret := range [][]byte{nil, {1, 2, 3}, wrong} {
		got, err := Read(bytes.NewReader(said.server), secret)
		var f *edge.Fault
		if !errors.As(err, &f) || f.Class != edge.ClassProtocol || got.Chain != nil {
			t.Errorf("with secret %x: %v, chain of %d", secret, err, len(got.Chain))
		}
	}
}

func TestEveryCutIsAnError(t *testing.T) {
	t.Parallel()
	said := converse(t, tls.VersionTLS12, nil)
	end := bytes.Index(said.server, []byte{14, 0, 0, 0}) + 4
	for n := range end {
		got, err := Read(bytes.NewReader(said.server[:n]), nil)
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) || got.Done {
			t.Fatalf("cut at %d of %d: %v, done %v", n, end, err, got.Done)
		}
	}
	if got, err := Read(bytes.NewReader(said.server[:end]), nil); err != nil || !got.Done {
		t.Errorf("whole: %v, done %v", err, got.Done)
	}
}

// What is no record of TLS, by its type or version, is something else from the start,
// and a break of the protocol behind a record.
func TestWhatIsNoRecord(t *testing.T) {
	t.Parallel()
	record := []byte{recordHandshake, 3, 3, 0, 1, 2}
	for name, head := range map[string][]byte{"a type too low": {recordCCS - 1, 3, 3, 0, 1, 2}, "a type too high": {recordApplication + 1, 3, 3, 0, 1, 2}, "SSL 2": {recordHandshake, 2, 0, 0, 1, 2}} {
		for class, bytesOf := range map[edge.ErrorClass][]byte{edge.ClassNotTLS: head, edge.ClassProtocol: append(bytes.Clone(record), head...)} {
			_, err := Read(bytes.NewReader(bytesOf), nil)
			var f *edge.Fault
			if !errors.As(err, &f) || f.Class != class {
				t.Errorf("%s, %s: %v", name, class, err)
			}
		}
	}
}

func TestOneByteAtATimeAndRecordsOfAnySize(t *testing.T) {
	t.Parallel()
	said := converse(t, tls.VersionTLS12, nil)
	n := int(said.server[3])<<8 | int(said.server[4])
	first := said.server[5 : 5+n]
	var cut []byte
	for _, b := range first {
		cut = append(cut, recordHandshake, 3, 3, 0, 1, b)
	}
	want, err := Read(bytes.NewReader(said.server), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(append(cut, said.server[5+n:]...)), nil)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestHelloIsWhatServersExpect(t *testing.T) {
	t.Parallel()
	for _, max := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12} {
		hello := newHello(t, Offer{Max: max}).Bytes
		if n := len(hello) - recordHeader; n < 512 {
			t.Errorf("a ClientHello of %d bytes: some servers hang on 256 to 511", n)
		}
		var seen *tls.ClientHelloInfo
		near, far := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer far.Close()
			_ = tls.Server(far, &tls.Config{MinVersion: tls.VersionTLS10, GetConfigForClient: func(i *tls.ClientHelloInfo) (*tls.Config, error) {
				seen = i
				return nil, errors.New("enough")
			}}).Handshake()
		}()
		if _, err := near.Write(hello); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, near)
		<-done
		near.Close()
		if seen == nil || seen.ServerName != "sip.contoso.com" || seen.SupportedVersions[0] != max {
			t.Errorf("crypto/tls read %+v", seen)
		}
		if len(seen.CipherSuites) < 70 {
			t.Errorf("only %d suites", len(seen.CipherSuites))
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		VersionName(0): "", VersionName(SSL30): "SSL 3.0", VersionName(tls.VersionTLS12): "TLS 1.2",
		CipherName(0x0033): "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", CipherName(0xc02f): "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
		CipherName(0x1234): "0x1234", AlertName(40): "40 (handshake failure)", AlertName(250): "250",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13} {
		said := converse(f, version, nil)
		f.Add(said.server, ServerSecret(said.keys))
		f.Add(said.server[:len(said.server)/2], []byte(nil))
	}
	f.Add([]byte{22, 3, 1, 0, 4, 14, 0, 0, 0}, []byte(nil))
	f.Add([]byte{21, 3, 1, 0, 2, 2, 40}, []byte(nil))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n"), []byte(nil))
	hello := newHello(f, Offer{Max: tls.VersionTLS13})
	f.Fuzz(func(t *testing.T, server, secret []byte) {
		if got, err := hello.Read(bytes.NewReader(server)); err == nil != got.Done {
			t.Errorf("with keys: done %v with %v", got.Done, err)
		}
		got, err := Read(bytes.NewReader(server), secret)
		if err == nil != got.Done {
			t.Errorf("done %v with %v", got.Done, err)
		}
		size := 0
		for _, der := range got.Chain {
			if len(der) == 0 {
				t.Error("an empty certificate")
			}
			size += len(der)
		}
		if size > len(server) || len(got.Chain) > limits.Chain {
			t.Errorf("%d bytes in %d certificates from %d bytes", size, len(got.Chain), len(server))
		}
	})
}

// FuzzCertificate takes the Certificate message alone, which FuzzRead cannot
// reach behind the encryption of TLS 1.3.
func FuzzCertificate(f *testing.F) {
	f.Add([]byte{0, 0, 5, 0, 0, 2, 0x30, 0}, uint16(tls.VersionTLS12))
	f.Add([]byte{0, 0, 0, 7, 0, 0, 2, 0x30, 0, 0, 0}, uint16(tls.VersionTLS13))
	f.Add([]byte{0, 0, 0, 0}, uint16(tls.VersionTLS13))
	f.Fuzz(func(t *testing.T, body []byte, version uint16) {
		flight := &Flight{Version: version}
		if err := flight.certificate(body); (err == nil) != (flight.Chain != nil) {
			t.Errorf("chain of %d with %v", len(flight.Chain), err)
		}
		request := &Flight{Version: version}
		if err := request.request(body); (err == nil) != request.Requested {
			t.Errorf("requested %v with %v", request.Requested, err)
		}
	})
}
