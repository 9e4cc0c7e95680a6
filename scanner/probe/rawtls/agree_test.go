package rawtls

import (
	"crypto/tls"
	"errors"
	"testing"

	"edgecert/scanner/edge"
)

// ask sends a ClientHello with keys to a real server and reads its flight.
func ask(t *testing.T, config *tls.Config, keys *Keys) (*Flight, error) {
	t.Helper()
	near := dial(t, config)
	hello, err := Hello("sip.contoso.com", tls.VersionTLS13, keys)
	if err == nil {
		_, err = near.Write(hello)
	}
	if err != nil {
		t.Fatal(err)
	}
	return keys.Read(near)
}

func TestKeysOpenTheCertificateOfTLS13(t *testing.T) {
	t.Parallel()
	der, key := certificate(t)
	for _, group := range []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521, tls.X25519MLKEM768} {
		t.Run(group.String(), func(t *testing.T) {
			t.Parallel()
			keys := NewKeys()
			f, err := ask(t, &tls.Config{
				Certificates:     []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
				CurvePreferences: []tls.CurveID{group}, ClientAuth: tls.RequestClientCert,
			}, keys)
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
	keys := NewKeys()
	for name, extension := range map[string][]byte{
		"none":                  nil,
		"cut":                   {0, 29, 0, 32, 1},
		"another group":         {0x11, 0xec, 0, 1, 1},
		"a key of another size": {1, 0, 0, 1, 1},
		"a compressed point":    append([]byte{0, 23, 0, 65, 2}, make([]byte, 64)...),
	} {
		_, err := keys.secret(tls.TLS_AES_128_GCM_SHA256, extension, nil)
		var f *edge.Fault
		if !errors.As(err, &f) || f.Class != edge.ClassProtocol {
			t.Errorf("%s: %v, want a protocol fault", name, err)
		}
	}
}
