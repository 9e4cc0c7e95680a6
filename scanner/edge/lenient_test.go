package edge

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// healthy is the DER of a certificate that crypto/x509 takes.
func healthy(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x1122334455),
		Subject:      pkix.Name{CommonName: "sip.contoso.com", Organization: []string{"Contoso"}, Country: []string{"DE"}},
		DNSNames:     []string{"sip.contoso.com", "webcon.contoso.com"},
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageDecipherOnly,
		NotBefore:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		NotAfter:     time.Date(2051, 1, 2, 3, 4, 5, 0, time.UTC), // a GeneralizedTime
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// facts are what the accessors say.
type facts struct {
	Serial, Subject, Issuer, CommonName string
	NotBefore, NotAfter                 time.Time
	DNSNames                            []string
	KeyID                               Fingerprint
}

func factsOf(c *Certificate) facts {
	return facts{c.Serial(), c.Subject(), c.Issuer(), c.CommonName(), c.NotBefore(), c.NotAfter(), c.DNSNames(), c.KeyID()}
}

func TestAReadableCertificateReadsTheSameWithoutX509(t *testing.T) {
	t.Parallel()
	whole := NewCertificate(healthy(t))
	bare := bareOf(whole.Raw)
	if diff := cmp.Diff(factsOf(whole), factsOf(bare)); diff != "" {
		t.Errorf("with and without crypto/x509:\n%s", diff)
	}
	if whole.KeyID() != sha256.Sum256(whole.X509.RawSubjectPublicKeyInfo) || whole.Serial() != "1122334455" {
		t.Errorf("key %s, serial %s", whole.KeyID(), whole.Serial())
	}
}

// bareOf reads a certificate piece by piece, as if crypto/x509 refused it.
func bareOf(der []byte) *Certificate {
	e, ok := split(der)
	if !ok {
		return &Certificate{}
	}
	list, listed := splitExtensions(e.extension)
	x, unread := e.piecemeal(list, listed)
	e.restore(x, der, list)
	return &Certificate{Raw: der, X509: x, Unreadable: unread}
}

func TestCertificatesThatGoRefuses(t *testing.T) {
	t.Parallel()
	good := healthy(t)
	serial := []byte{0x02, 0x05, 0x11, 0x22, 0x33, 0x44, 0x55}
	for _, c := range []struct {
		name     string
		der      []byte
		expected func(*facts)
		unread   Question
	}{
		{"negative serial with needless bits", replace(t, good, serial, []byte{0x02, 0x05, 0xff, 0xff, 0x33, 0x44, 0x55}),
			func(f *facts) { f.Serial = "ff334455" }, ""},
		{"serial zero", replace(t, good, serial, []byte{0x02, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00}),
			func(f *facts) { f.Serial = "00" }, ""},
		{"serial with needless zeros", replace(t, good, serial, []byte{0x02, 0x05, 0x00, 0x00, 0x33, 0x44, 0x55}),
			func(f *facts) { f.Serial = "334455" }, ""},
		{"a SAN that is not ASCII", replace(t, good, []byte("\x82\x12webcon.contoso.com"), []byte("\x82\x12webc\xf6n.contoso.com")),
			func(f *facts) { f.DNSNames[1] = "webc\xf6n.contoso.com" }, ""},
		{"trailing data", append(bytes.Clone(good), 0), func(*facts) {}, ""},
		{"a date without seconds", replace(t, good, []byte("\x17\x0d260102030405Z"), []byte("\x17\x0d2601020304+00")),
			func(f *facts) { f.NotBefore = time.Time{} }, Validity},
		{"a SAN cut short", replace(t, good, []byte("\x82\x12webcon.contoso.com"), []byte("\x82\x7fwebcon.contoso.com")),
			func(f *facts) { f.DNSNames = f.DNSNames[:1] }, Names},
		{"a key usage that is none", replace(t, good, []byte{0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x05, 0x03}, []byte{0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x05, 0x04}),
			func(*facts) {}, Usage},
		{"a date that is none", replace(t, good, []byte("260102030405Z"), []byte("260199030405Z")),
			func(f *facts) { f.NotBefore = time.Time{} }, Validity},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := NewCertificate(c.der)
			if got.ParseError == "" {
				t.Fatal("crypto/x509 takes it: it tests nothing")
			}
			want := factsOf(NewCertificate(good))
			c.expected(&want)
			if diff := cmp.Diff(want, factsOf(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, q := range []Question{Names, Validity, Usage} {
				if (got.Unread(q) != "") != (q == c.unread) {
					t.Errorf("%s: %q", q, got.Unread(q))
				}
			}
		})
	}
}

// What crypto/x509 alone lacks is no fault of the encoding.
func TestWhatGoLacksIsNotMalformed(t *testing.T) {
	t.Parallel()
	good := healthy(t)
	for _, c := range []struct {
		name, key, serial string
		der               []byte
	}{
		{"a curve that Go lacks", "EC key on 1.2.840.10045.3.1.6", "1122334455", replace(t, good, p256(), []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 6})},
		{"a point that is on no curve", "EC key on P-256 that is no point of it", "1122334455", replace(t, good, []byte{0x03, 0x42, 0, 4}, []byte{0x03, 0x42, 0, 9})},
		{"a negative serial", "EC key on P-256", "a122334455", replace(t, good, []byte{0x02, 5, 0x11}, []byte{0x02, 5, 0xa1})},
	} {
		got := NewCertificate(c.der)
		if got.ParseError != "" || got.X509 == nil {
			t.Fatalf("%s: %s", c.name, got.ParseError)
		}
		want := factsOf(NewCertificate(good))
		want.KeyID, want.Serial = got.KeyID(), c.serial
		if diff := cmp.Diff(want, factsOf(got)); diff != "" || got.Key().String() != c.key || !bytes.Equal(got.X509.Raw, c.der) || len(got.X509.Signature) < 60 {
			t.Errorf("%s: %s\n%s", c.name, got.Key(), diff)
		}
	}
}

// p256 is the object identifier of the curve.
func p256() []byte { return []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7} }

func TestWhatIsNoCertificateHasNoFacts(t *testing.T) {
	t.Parallel()
	good := healthy(t)
	for name, der := range map[string][]byte{
		"nothing": nil, "a word": []byte("certificate"), "an empty sequence": {0x30, 0}, "an empty body": {0x30, 2, 0x30, 0},
		"cut in the middle": good[:len(good)/2],
	} {
		if diff := cmp.Diff(facts{}, factsOf(NewCertificate(der))); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func replace(t testing.TB, der, old, new []byte) []byte {
	t.Helper()
	if !bytes.Contains(der, old) || len(old) != len(new) {
		t.Fatalf("%x cannot become %x", old, new)
	}
	return bytes.Replace(der, old, new, 1)
}

func FuzzCertificate(f *testing.F) {
	good := healthy(f)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(append(bytes.Clone(good), 0))
	f.Add(replace(f, good, []byte{0x02, 0x05, 0x11}, []byte{0x02, 0x05, 0xff}))
	f.Fuzz(func(t *testing.T, der []byte) {
		c := NewCertificate(der)
		seen := factsOf(c)
		if c.X509 == nil {
			return
		}
		// What crypto/x509 takes, the lenient reader reads alike.
		if c.ParseError != "" {
			return
		}
		bare := factsOf(bareOf(der))
		if seen.Serial != bare.Serial || seen.KeyID != bare.KeyID || !seen.NotAfter.Equal(bare.NotAfter) ||
			!cmp.Equal(seen.DNSNames, bare.DNSNames) {
			t.Errorf("with crypto/x509 %+v, without %+v", seen, bare)
		}
	})
}
