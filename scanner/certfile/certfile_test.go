package certfile

import (
	"cmp"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

func TestReadForms(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	withKey := []string{"-inkey", "leaf.key", "-certfile", "chain.pem"}
	legacy := append([]string{"-legacy"}, withKey...)
	p12 := func(password string, more ...string) string { return b.p12(password, append(more, withKey...)...) }
	b.openssl("crl2pkcs7", "-nocrl", "-certfile", "full.pem", "-out", "chain.p7b")
	b.openssl("crl2pkcs7", "-nocrl", "-certfile", "full.pem", "-outform", "DER", "-out", "chain.p7c")
	b.openssl("x509", "-in", "leaf.pem", "-trustout", "-addtrust", "serverAuth", "-out", "trusted.pem")
	b.p12("", withKey...)
	b.openssl("pkcs12", "-in", "edge.pfx", "-passin", "pass:", "-nodes", "-out", "bags.pem")
	b.openssl("pkcs8", "-topk8", "-in", "leaf.key", "-passout", "pass:secret", "-out", "pbes2.key")
	b.openssl("pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-in", "leaf.key", "-passout", "pass:secret", "-out", "pbes1.key")
	b.openssl("ec", "-in", "leaf.key", "-aes256", "-passout", "pass:secret", "-out", "old.key")
	full := b.read("full.pem")
	tests := []struct {
		name     string
		data     string
		format   Format
		names    string
		key      edge.KeyStatus
		password string // "secret" where it is empty
	}{
		{name: "PEM of the leaf alone", data: b.read("leaf.pem"), format: PEM, names: "leaf", key: edge.KeyAbsent},
		{name: "PEM chain with key", data: full + b.read("leaf.key"), format: PEM, names: "leaf inter root", key: edge.KeyMatches},
		{name: "PEM chain with another key", data: b.read("other.key") + full, format: PEM, names: "leaf inter root", key: edge.KeyDiffers},
		{name: "PEM with the leaf last", data: b.read("chain.pem") + b.read("leaf.pem"), format: PEM, names: "leaf inter root", key: edge.KeyAbsent},
		{name: "PEM with CRLF", data: strings.ReplaceAll(full, "\n", "\r\n"), format: PEM, names: "leaf inter root", key: edge.KeyAbsent},
		{name: "PEM with line ends of the old Macintosh", data: strings.ReplaceAll(full, "\n", "\r"), format: PEM, names: "leaf inter root", key: edge.KeyAbsent},
		{name: "PEM with a byte order mark", data: "\ufeff" + full, format: PEM, names: "leaf inter root", key: edge.KeyAbsent},
		{name: "PEM as UTF-16LE with BOM", data: toUTF16("\ufeff"+full, false), format: PEM, names: "leaf inter root", key: edge.KeyAbsent},
		{name: "PEM as UTF-16BE with BOM", data: toUTF16("\ufeff"+full, true), format: PEM, names: "leaf inter root", key: edge.KeyAbsent},
		{name: "PEM as UTF-16LE without BOM", data: toUTF16(full, false), format: PEM, names: "leaf inter root", key: edge.KeyAbsent},
		{name: "PEM with bag attributes", data: b.read("bags.pem"), format: PEM, names: "leaf inter root", key: edge.KeyMatches},
		{name: "PEM in OpenSSL's trusted form", data: b.read("trusted.pem"), format: PEM, names: "leaf", key: edge.KeyAbsent},
		{name: "PEM with a key encrypted by PBES2", data: full + b.read("pbes2.key"), format: PEM, names: "leaf inter root", key: edge.KeyMatches},
		{name: "PEM with a key encrypted by PBES1", data: full + b.read("pbes1.key"), format: PEM, names: "leaf inter root", key: edge.KeyMatches},
		{name: "PEM with a key in the old encryption", data: full + b.read("old.key"), format: PEM, names: "leaf inter root", key: edge.KeyMatches},
		{name: "base64 without a header", data: base64.StdEncoding.EncodeToString(b.der("leaf.pem")), format: DER, names: "leaf", key: edge.KeyAbsent},
		{name: "DER", data: string(b.der("leaf.pem")), format: DER, names: "leaf", key: edge.KeyAbsent},
		{name: "DER with a line end behind it", data: string(b.der("leaf.pem")) + "\r\n", format: DER, names: "leaf", key: edge.KeyAbsent},
		{name: "PKCS#7 as PEM", data: b.read("chain.p7b"), format: PEM, names: "leaf inter root", key: edge.KeyAbsent},
		{name: "PKCS#7 called a certificate, as certutil -encode does", data: strings.ReplaceAll(b.read("chain.p7b"), "PKCS7", "CERTIFICATE"), format: PEM, names: "leaf inter root", key: edge.KeyAbsent},
		{name: "PKCS#7 as DER", data: b.read("chain.p7c"), format: PKCS7, names: "leaf inter root", key: edge.KeyAbsent},
		{name: "PFX, AES-256", data: p12("secret"), format: PFX, names: "leaf inter root", key: edge.KeyMatches},
		{name: "PFX, 3DES and RC2 as before 2019", data: b.p12("secret", legacy...), format: PFX, names: "leaf inter root", key: edge.KeyMatches},
		{name: "PFX, 3DES throughout", data: p12("secret", "-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "SHA1"), format: PFX, names: "leaf inter root", key: edge.KeyMatches},
		{name: "PFX, certificates not encrypted", data: p12("secret", "-certpbe", "NONE"), format: PFX, names: "leaf inter root", key: edge.KeyMatches},
		{name: "PFX, nothing encrypted", data: p12("secret", "-certpbe", "NONE", "-keypbe", "NONE"), format: PFX, names: "leaf inter root", key: edge.KeyMatches},
		{name: "PFX with the empty password", data: p12(""), format: PFX, names: "leaf inter root", key: edge.KeyMatches},
		{name: "PFX with a password outside ASCII", data: p12("pässwört€"), format: PFX, names: "leaf inter root", key: edge.KeyMatches, password: "pässwört€"},
		{name: "PFX without a key", data: b.p12("secret", "-nokeys", "-certfile", "chain.pem"), format: PFX, names: "leaf inter root", key: edge.KeyAbsent},
		{name: "PFX without a key, RC2", data: b.p12("secret", "-legacy", "-nokeys", "-certfile", "chain.pem"), format: PFX, names: "leaf inter root", key: edge.KeyAbsent},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, err := Read("edge", []byte(test.data), answer(cmp.Or(test.password, "secret")))
			if err != nil {
				t.Fatal(err)
			}
			if f.Format != test.format || names(f) != test.names || f.Key != test.key {
				t.Errorf("%s, %q, key %s; want %s, %q, key %s", f.Format, names(f), f.Key, test.format, test.names, test.key)
			}
		})
	}
}

// Two certificates that are no CA's leave open which is meant, unless the key of
// one is there; a root that does not say that it is one is none of them.
func TestLeaves(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.openssl("x509", "-req", "-in", "other.csr", "-CA", "inter.pem", "-CAkey", "inter.key", "-CAcreateserial", "-extfile", "leaf.cnf", "-days", "30", "-out", "other.pem")
	b.openssl("x509", "-req", "-in", "root.csr", "-signkey", "root.key", "-days", "30", "-out", "silent.pem")
	leaf, other := b.read("leaf.pem"), b.read("other.pem")
	for _, c := range []struct{ situation, text, want string }{
		{"a leaf with its chain", b.read("full.pem"), "leaf"},
		{"the same leaf twice", leaf + b.read("chain.pem") + leaf, "leaf"},
		{"a root that does not say that it is a CA", leaf + b.read("inter.pem") + b.read("silent.pem"), "leaf"},
		{"two leaves", leaf + other, "leaf other"},
		{"two leaves behind their CA", b.read("chain.pem") + other + leaf, "other leaf"},
		{"two leaves and a key", other + leaf + b.read("leaf.key"), "leaf"},
		{"two leaves and their keys", leaf + other + b.read("leaf.key") + b.read("other.key"), "leaf other"},
		{"CAs alone", b.read("chain.pem"), ""},
	} {
		f, err := Read("edge.pem", []byte(c.text), nil)
		if got := names(File{Certificates: f.Leaves}); err != nil || got != c.want {
			t.Errorf("%s: may be made for %q, %v; want %q", c.situation, got, err, c.want)
		}
	}
}

func TestReadRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.openssl("pkcs8", "-topk8", "-in", "leaf.key", "-passout", "pass:secret", "-out", "pbes2.key")
	b.openssl("ec", "-in", "leaf.key", "-aes256", "-passout", "pass:secret", "-out", "old.key")
	pfx := b.p12("secret", "-inkey", "leaf.key")
	leaf := b.read("leaf.pem")
	tests := []struct {
		name     string
		data     string
		password func() (string, error)
		is       error
		says     string
	}{
		{name: "empty", data: "", is: ErrEmpty},
		{name: "white space alone", data: " \r\n", is: ErrEmpty},
		{name: "too large", data: strings.Repeat("A", limits.CertificateFile+1), is: ErrTooLarge, says: "4 MB"},
		{name: "PFX and no password", data: pfx, is: ErrPasswordNeeded},
		{name: "PFX and a wrong password", data: pfx, password: answer("guess"), is: ErrWrongPassword},
		{name: "encrypted key and no password", data: leaf + b.read("pbes2.key"), is: ErrPasswordNeeded},
		{name: "encrypted key and a wrong password", data: leaf + b.read("pbes2.key"), password: answer("guess"), is: ErrWrongPassword},
		{name: "key in the old encryption and no password", data: leaf + b.read("old.key"), is: ErrPasswordNeeded},
		{name: "key in the old encryption and a wrong password", data: leaf + b.read("old.key"), password: answer("guess"), is: ErrWrongPassword},
		{name: "a certificate request", data: b.read("leaf.csr"), is: ErrNoCertificate, says: "certificate request"},
		{name: "a certificate request as DER", data: string(b.der("leaf.csr")), is: ErrNoCertificate, says: "certificate request"},
		{name: "a key alone", data: b.read("leaf.key"), is: ErrNoCertificate, says: "a private key alone"},
		{name: "a key alone as DER", data: string(b.der("leaf.key")), is: ErrNoCertificate, says: "a private key alone"},
		{name: "text", data: "dear CA, please", is: ErrNoCertificate, says: "without a PEM block"},
		{name: "a public key", data: "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n", is: ErrNoCertificate, says: `"PUBLIC KEY"`},
		{name: "PEM cut off", data: leaf[:len(leaf)/2], says: "1 of 1 PEM blocks are damaged"},
		{name: "second PEM block cut off", data: leaf + leaf[:len(leaf)/2], says: "1 of 2 PEM blocks are damaged"},
		{name: "DER cut off", data: string(b.der("leaf.pem")[:200]), says: "damaged"},
		{name: "PFX with billions of iterations", data: tireless(t, pfx), says: "2000000000 rounds"},
		{name: "PFX with two keys", data: twoKeys(t), says: "several private keys"},
		{name: "PFX cut off", data: pfx[:len(pfx)-100], says: "damaged"},
		{name: "a key that is none", data: leaf + "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", says: "damaged"},
		{name: "PFX with a bag that is none", data: barePFX(t, []byte("none")), says: "damaged"},
		{name: "PFX with bags in bags without end", data: barePFX(t, nested(t, limits.BERDepth)), says: "damaged"},
		{name: "PFX with as many bags in bags as are read", data: barePFX(t, nested(t, limits.BERDepth-1)), is: ErrNoCertificate},
		{name: "a Java keystore", data: "\xfe\xed\xfe\xed\x00\x00\x00\x02\x00\x00\x00\x01", says: "JKS"},
		{name: "a Java keystore of its other kind", data: "\xce\xce\xce\xce\x00\x00\x00\x02\x00\x00\x00\x01", says: "JKS"},
		{name: "bytes of anything", data: "\x7fELF\x02\x01\x01\xff\xfe", says: "damaged"},
		{name: "hundreds of certificates", data: strings.Repeat(leaf, 600), says: "600 certificates"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, err := Read("edge.pfx", []byte(test.data), test.password)
			switch {
			case err == nil:
				t.Fatalf("read as %s with %q", f.Format, names(f))
			case test.is != nil && !errors.Is(err, test.is):
				t.Errorf("error %q, want %q", err, test.is)
			case !strings.HasPrefix(err.Error(), "edge.pfx: ") || !strings.Contains(err.Error(), test.says):
				t.Errorf("error %q does not name the file and %q", err, test.says)
			}
		})
	}
}

func TestReadAsksForAPasswordOnceAndOnlyIfNeeded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	asked := 0
	count := func() (string, error) { asked++; return "secret", nil }
	if _, err := Read("plain", []byte(b.p12("", "-inkey", "leaf.key")), count); err != nil || asked != 0 {
		t.Errorf("empty password: asked %d times, error %v", asked, err)
	}
	b.openssl("pkcs8", "-topk8", "-in", "leaf.key", "-passout", "pass:secret", "-out", "pbes2.key")
	key := b.read("pbes2.key")
	if _, err := Read("twice", []byte(b.read("leaf.pem")+key+key), count); err != nil || asked != 1 {
		t.Errorf("two encrypted keys: asked %d times, error %v", asked, err)
	}
	refused := errors.New("interrupted")
	if _, err := Read("refused", []byte(key), func() (string, error) { return "", refused }); !errors.Is(err, refused) {
		t.Errorf("error of the prompt: %v", err)
	}
}
