package certfile

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/asn1"
	"testing"
)

// twoKeys puts two private keys beside the certificates of a PFX, as Windows
// does with those that were marked for export together.
func twoKeys(t *testing.T, pfx string) string {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	bag := safeBag{oidKeyBag, explicit(key)}
	der, err := withBags([]byte(pfx), "secret", bag, bag)
	if err != nil {
		t.Fatal(err)
	}
	return string(der)
}

// What stands behind a certificate is not taken for part of it, and told.
func TestReadTellsWhatStandsBehind(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for behind, want := range map[string]int{"\r\n": 0, "a second file": 1} {
		f, err := Read("edge.cer", []byte(string(b.der("leaf.pem"))+behind), nil)
		if err != nil || names(f) != "leaf" || len(f.Notes) != want {
			t.Errorf("%q behind: %q, notes %q, error %v", behind, names(f), f.Notes, err)
		}
	}
}

// tireless is a PFX whose MAC would take hours to check.
func tireless(t *testing.T, pfx string) string {
	t.Helper()
	var file pfxFile
	if _, err := asn1.Unmarshal([]byte(pfx), &file); err != nil {
		t.Fatal(err)
	}
	file.Mac.Iterations = 2_000_000_000
	der, err := asn1.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(der)
}
