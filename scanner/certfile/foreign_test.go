package certfile

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"edgecert/scanner/edge"
	"edgecert/scanner/lab/peer"
	"edgecert/scanner/limits"
)

// Whatever kind of key is beside a certificate, the certificate is judged: that
// the key cannot be compared is a status, not the end.
func TestKeysThatGoLacks(t *testing.T) {
	t.Parallel()
	dsa := bench{t, t.TempDir()}
	dsa.openssl("dsaparam", "-out", "parameters", "1024")
	for name, args := range map[string][]string{
		"DSA":   {"-newkey", "dsa:" + filepath.Join(dsa.dir, "parameters")},
		"PSS":   {"-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"},
		"P-192": {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime192v1"},
		"Ed448": {"-newkey", "ed448"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := bench{t, t.TempDir()}
			b.openssl(append([]string{"req", "-x509", "-nodes", "-subj", "/CN=sip.contoso.com", "-keyout", "leaf.key", "-out", "leaf.pem"}, args...)...)
			b.openssl("pkcs8", "-topk8", "-in", "leaf.key", "-passout", "pass:secret", "-out", "sealed.key")
			for form, data := range map[string]string{
				"PEM":                       b.read("leaf.pem") + b.read("leaf.key"),
				"PEM with an encrypted key": b.read("leaf.pem") + b.read("sealed.key"),
				"PFX":                       b.p12("secret", "-inkey", "leaf.key"),
				"PFX of old":                b.p12("secret", "-legacy", "-inkey", "leaf.key"),
			} {
				f, err := Read("edge", []byte(data), answer("secret"))
				if err != nil || f.Key != edge.KeyUnreadable || names(f) != "leaf" || len(f.Notes) == 0 {
					t.Errorf("%s: %q, key %q, notes %q, error %v", form, names(f), f.Key, f.Notes, err)
				}
			}
		})
	}
}

// A key in an encryption that nobody here opens is there, too.
func TestKeyInAnUnknownEncryption(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.openssl("pkcs8", "-topk8", "-scrypt", "-in", "leaf.key", "-passout", "pass:secret", "-out", "scrypt.key")
	f, err := Read("edge", []byte(b.read("leaf.pem")+b.read("scrypt.key")), answer("secret"))
	if err != nil || f.Key != edge.KeyUnreadable || !strings.Contains(strings.Join(f.Notes, "; "), "an encryption that is not supported") {
		t.Errorf("key %q, notes %q, error %v", f.Key, f.Notes, err)
	}
}

// MACs of every hash, and RC2 of both lengths.
func TestPFXOfEveryKind(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, args := range [][]string{
		{"-macalg", "SHA224"}, {"-macalg", "SHA384"}, {"-macalg", "SHA512"}, {"-nomac"},
		{"-legacy", "-certpbe", "PBE-SHA1-RC2-128"}, {"-legacy", "-certpbe", "PBE-SHA1-RC2-40"}, {"-certpbe", "AES-128-CBC"}, {"-certpbe", "DES-EDE3-CBC"},
		{"-iter", "1", "-nomaciter"},
	} {
		pfx := b.p12("secret", append(args, "-inkey", "leaf.key", "-certfile", "chain.pem")...)
		f, err := Read("edge.pfx", []byte(pfx), answer("secret"))
		if err != nil || names(f) != "leaf inter root" || f.Key != edge.KeyMatches {
			t.Errorf("%v: %q, key %q, error %v", args, names(f), f.Key, err)
		}
		if _, err := Read("edge.pfx", []byte(pfx), answer("guess")); err == nil || !strings.Contains(err.Error(), "the password is wrong") {
			t.Errorf("%v with a wrong password: %v", args, err)
		}
	}
}

// A certificate that Go refuses is read out of a PFX, with its key.
func TestPFXWithACertificateThatGoRefuses(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"negative serial":              {"-newkey", "rsa:2048", "-set_serial", "-5"},
		"names that cannot be read":    {"-newkey", "rsa:2048", "-addext", "2.5.29.17=DER:04:02:41:42"},
		"a curve by its parameters":    {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-pkeyopt", "ec_param_enc:explicit"},
		"a curve that is none of NIST": {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := bench{t, t.TempDir()}
			b.openssl(append([]string{"req", "-x509", "-nodes", "-subj", "/CN=leaf", "-keyout", "leaf.key", "-out", "leaf.pem"}, args...)...)
			want := edge.KeyMatches
			if args[1] == "ec" {
				want = edge.KeyUnreadable
			}
			f, err := Read("edge.pfx", []byte(b.p12("secret", "-inkey", "leaf.key")), answer("secret"))
			if err != nil || len(f.Certificates) != 1 || f.Key != want {
				t.Errorf("%d certificates, key %q, want %q, error %v", len(f.Certificates), f.Key, want, err)
			}
		})
	}
}

// The provider that held the key travels with a PFX.
func TestProviderOfThePFX(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const provider = "Microsoft Software Key Storage Provider"
	f, err := Read("edge.pfx", []byte(b.p12("", "-inkey", "leaf.key", "-CSP", provider)), nil)
	if err != nil || f.Provider != provider || f.Key != edge.KeyMatches {
		t.Errorf("provider %q, key %q, error %v", f.Provider, f.Key, err)
	}
}

// NSS (and Firefox with it) writes BER: indefinite lengths and strings in parts.
func TestPFXOfNSS(t *testing.T) {
	t.Parallel()
	certutil, pk12util := peer.Program(t, "certutil", "libnss3-tools"), peer.Program(t, "pk12util", "libnss3-tools")
	b := newBench(t)
	for _, password := range []string{"secret", ""} {
		db := t.TempDir()
		file := filepath.Join(b.dir, "in.pfx")
		b.openssl("pkcs12", "-export", "-in", "leaf.pem", "-inkey", "leaf.key", "-certfile", "chain.pem", "-name", "edge", "-out", "in.pfx", "-passout", "pass:x")
		out := filepath.Join(db, "out.pfx")
		for _, args := range [][]string{
			{certutil, "-N", "-d", db, "--empty-password"},
			{pk12util, "-i", file, "-d", db, "-W", "x"},
			{pk12util, "-o", out, "-d", db, "-n", "edge", "-W", password},
		} {
			if said, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %v\n%s", args, err, said)
			}
		}
		data := bench{t, db}.read("out.pfx")
		f, err := Read("out.pfx", []byte(data), answer(password))
		if err != nil || !strings.HasPrefix(names(f), "leaf") || f.Key != edge.KeyMatches {
			t.Errorf("password %q: %q, key %q, error %v", password, names(f), f.Key, err)
		}
	}
}

// What keytool of Java 17 wrote: -genkeypair with -storetype PKCS12, as it is, with
// -J-Dkeystore.pkcs12.legacy, and with -keyalg DSA; -importcert into a new store,
// of a certificate with a negative serial.
func TestPFXOfJava(t *testing.T) {
	t.Parallel()
	for file, key := range map[string]edge.KeyStatus{"keytool.p12": edge.KeyMatches, "keytool-legacy.p12": edge.KeyMatches,
		"keytool-dsa.p12": edge.KeyUnreadable, "keytool-truststore.p12": edge.KeyAbsent} {
		data := bench{t, "testdata"}.read(file)
		f, err := Read(file, []byte(data), answer("secret"))
		if err != nil || len(f.Certificates) != 1 || f.Certificates[0].Subject() != "CN=sip.contoso.com" || f.Key != key || f.Format != PFX {
			t.Errorf("%s: %d certificates, key %q, want %q, error %v", file, len(f.Certificates), f.Key, key, err)
		}
		if _, err := Read(file, []byte(data), answer("guess")); !errors.Is(err, ErrWrongPassword) {
			t.Errorf("%s with a wrong password: %v", file, err)
		}
	}
}

// GnuTLS writes them, too.
func TestPFXOfGnuTLS(t *testing.T) {
	t.Parallel()
	certtool := peer.Program(t, "certtool", "gnutls-bin")
	b := newBench(t)
	for _, more := range [][]string{{"--password", "secret"}, {"--password", "secret", "--hash", "SHA384"}, {"--empty-password"}, {"--null-password"}} {
		args := append([]string{"--to-p12", "--load-certificate", "full.pem", "--load-privkey", "leaf.key", "--p12-name", "edge", "--outder", "--outfile", "edge.p12"}, more...)
		cmd := exec.Command(certtool, args...)
		cmd.Dir = b.dir
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, said)
		}
		f, err := Read("edge.p12", []byte(b.read("edge.p12")), answer("secret"))
		if err != nil || names(f) != "leaf inter root" || f.Key != edge.KeyMatches {
			t.Errorf("%v: %q, key %q, error %v", more, names(f), f.Key, err)
		}
	}
}

// PKCS#7 with indefinite lengths, and with a certificate that Go refuses.
func TestPKCS7OfOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write("text", "anything")
	b.openssl("cms", "-sign", "-in", "text", "-signer", "leaf.pem", "-inkey", "leaf.key", "-certfile", "chain.pem", "-stream", "-nodetach", "-binary", "-outform", "DER", "-out", "ber.p7b")
	ber := b.read("ber.p7b")
	if !strings.HasPrefix(ber, "\x30\x80") {
		t.Fatalf("OpenSSL wrote no BER: % x", ber[:8])
	}
	b.openssl("crl2pkcs7", "-nocrl", "-certfile", "full.pem", "-outform", "DER", "-out", "chain.p7b")
	odd := bytes.Replace([]byte(b.read("chain.p7b")), []byte{0xa0, 3, 2, 1, 2, 2}, []byte{0xa0, 3, 2, 1, 2, 0x1f}, 1)
	for name, data := range map[string]string{"BER": ber, "a certificate that cannot be read": string(odd)} {
		f, err := Read("edge.p7b", []byte(data), nil)
		if err != nil || len(f.Certificates) != 3 || f.Format != PKCS7 {
			t.Errorf("%s: %q, error %v", name, names(f), err)
		}
	}
}

// A CA's mail speaks of the header before the certificate comes.
func TestMailThatMentionsTheHeader(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mail := "Copy everything, including the -----BEGIN CERTIFICATE----- and -----END CERTIFICATE----- lines:\r\n\r\n" + b.read("leaf.pem") +
		"\r\n-----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----\r\nboth belong to it.\r\n"
	for name, text := range map[string]string{"mail": mail, "an answer to it": "> " + strings.ReplaceAll(mail, "\n", "\n> "), "another's": ">" + strings.ReplaceAll(mail, "\n", "\n>")} {
		f, err := Read("mail.txt", []byte(text), nil)
		if err != nil || names(f) != "leaf" {
			t.Errorf("%s: %q, error %v", name, names(f), err)
		}
	}
}

// Time is bounded wherever a file names rounds of key derivation, not in its MAC alone.
func TestRoundsAreBoundedEverywhere(t *testing.T) {
	t.Parallel()
	const rounds = 1<<31 - 1
	salt := []byte("salt")
	null := asn1.RawValue{FullBytes: []byte{5, 0}}
	raw := func(v any) asn1.RawValue { return asn1.RawValue{FullBytes: encode(t, v)} }
	oid := func(end ...int) asn1.ObjectIdentifier {
		return append(asn1.ObjectIdentifier{1, 2, 840, 113549}, end...)
	}
	pbe := pkix.AlgorithmIdentifier{Algorithm: oid(1, 12, 1, 3), Parameters: raw(pbeParams{salt, rounds})}
	sha256 := pkix.AlgorithmIdentifier{Algorithm: oid(2, 9), Parameters: null}
	kdf := pkix.AlgorithmIdentifier{Algorithm: oid(1, 5, 12), Parameters: raw(pbkdf2Params{salt, rounds, 32, sha256})}
	aes := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, Parameters: raw(make([]byte, 16))}
	pbes2 := pkix.AlgorithmIdentifier{Algorithm: oid(1, 5, 13), Parameters: raw(pbes2Params{kdf, aes})}
	for _, a := range []pkix.AlgorithmIdentifier{pbe, pbes2} {
		key := encode(t, encryptedKey{a, make([]byte, 32)})
		for name, data := range map[string][]byte{
			"a key in a PFX": pfxOf(t, 2, key),
			"a key in PEM":   pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: key}),
		} {
			if _, err := Read("edge", data, answer("x")); err == nil || !strings.Contains(err.Error(), "2147483647 rounds") {
				t.Errorf("%s, %s: %v", name, a.Algorithm, err)
			}
		}
	}
	some := meter{left: limits.KeyRounds}
	for range 4 {
		if err := some.charge(limits.KeyRounds / 4); err != nil {
			t.Fatal(err)
		}
	}
	if some.charge(1) == nil {
		t.Error("many small derivations cost no more than one")
	}
}
