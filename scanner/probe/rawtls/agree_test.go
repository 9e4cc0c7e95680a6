package rawtls

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// ask sends a ClientHello with keys to a real server and reads its flight.
func ask(t *testing.T, config *tls.Config, o Offer) (*Flight, error) {
	t.Helper()
	near := dial(t, config)
	hello := newHello(t, o)
	if _, err := near.Write(hello.Bytes); err != nil {
		t.Fatal(err)
	}
	return hello.Read(near)
}

func newHello(t testing.TB, o Offer) *Hello {
	t.Helper()
	hello, err := new(Hellos).New("sip.contoso.com", o)
	if err != nil {
		t.Fatal(err)
	}
	return hello
}

func TestKeysOpenTheCertificateOfTLS13(t *testing.T) {
	t.Parallel()
	der, key := certificate(t)
	for _, group := range []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521, tls.X25519MLKEM768} {
		t.Run(group.String(), func(t *testing.T) {
			t.Parallel()
			f, err := ask(t, &tls.Config{
				Certificates:     []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
				CurvePreferences: []tls.CurveID{group}, ClientAuth: tls.RequestClientCert,
			}, Offer{Max: tls.VersionTLS13, Alone: true})
			if group == tls.X25519MLKEM768 { // none of ours
				var alert *Alert
				if !errors.As(err, &alert) || f.Chain != nil {
					t.Errorf("%v, chain %x, want an alert", err, f.Chain)
				}
				return
			}
			if err != nil || !f.Done || f.Version != tls.VersionTLS13 || !f.Requested || string(f.Chain[0]) != string(der) {
				t.Errorf("%v: %+v", err, f)
			}
		})
	}
}

func TestKeysRefuseWhatWasNotOffered(t *testing.T) {
	t.Parallel()
	hello := newHello(t, Offer{Max: tls.VersionTLS13, Alone: true})
	for name, extension := range map[string][]byte{
		"none":                  nil,
		"cut":                   {0, 29, 0, 32, 1},
		"another group":         {0x11, 0xec, 0, 1, 1},
		"a key of another size": {1, 0, 0, 1, 1},
		"a compressed point":    append([]byte{0, 23, 0, 65, 2}, make([]byte, 64)...),
	} {
		_, err := hello.secret(tls.TLS_AES_128_GCM_SHA256, extension, nil)
		var f *edge.Fault
		if !errors.As(err, &f) || f.Class != edge.ClassProtocol {
			t.Errorf("%s: %v, want a protocol fault", name, err)
		}
	}
}

func rsaCertificate(t testing.TB) ([]byte, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
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

// A server with a certificate of each key type shows the one that is asked for,
// whatever version it picks.
func TestOffersOfOneKeyType(t *testing.T) {
	t.Parallel()
	ec, ecKey := certificate(t)
	rs, rsKey := rsaCertificate(t)
	both := []tls.Certificate{{Certificate: [][]byte{ec}, PrivateKey: ecKey}, {Certificate: [][]byte{rs}, PrivateKey: rsKey}}
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13} {
		for key, want := range map[KeyType][]byte{RSA: rs, ECDSA: ec} {
			f, err := ask(t, &tls.Config{Certificates: both, MinVersion: tls.VersionTLS10, MaxVersion: version}, Offer{Max: tls.VersionTLS13, Key: key})
			if err != nil || f.Version != version || string(f.Chain[0]) != string(want) {
				t.Errorf("%s, %s: %v, %+v", VersionName(version), key, err, f)
			}
		}
		var alert *Alert
		if f, err := ask(t, &tls.Config{Certificates: both[:1], MinVersion: tls.VersionTLS10, MaxVersion: version}, Offer{Max: tls.VersionTLS13, Key: RSA}); !errors.As(err, &alert) {
			t.Errorf("%s, RSA of a server that has none: %v, %+v", VersionName(version), err, f)
		}
	}
}
