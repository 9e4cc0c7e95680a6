package certfile

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/asn1"
	"testing"
)

// twoKeys is a PFX with two private keys and nothing else, as Windows makes it of
// those that were marked for export together.
func twoKeys(t *testing.T) string {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return string(pfxOf(t, 1, key, key))
}

// pfxOf is a PFX without a password that holds bags of one kind: 1 is a plain
// key, 2 an encrypted one.
func pfxOf(t *testing.T, kind int, contents ...[]byte) []byte {
	t.Helper()
	explicit := func(der []byte) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: der}
	}
	type bag struct {
		ID    asn1.ObjectIdentifier
		Value asn1.RawValue `asn1:"tag:0,explicit"`
	}
	var bags []bag
	for _, der := range contents {
		bags = append(bags, bag{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, kind}, explicit(der)})
	}
	data := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	part := contentInfo{data, explicit(encode(t, encode(t, bags)))}
	return encode(t, struct {
		Version  int
		AuthSafe contentInfo
	}{3, contentInfo{data, explicit(encode(t, encode(t, []contentInfo{part})))}})
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
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
	file.Mac.Rounds = 2_000_000_000
	der, err := asn1.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(der)
}
