package edge

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// A node is an element of DER with those inside it, if any.
type node struct {
	tag     cbasn1.Tag
	content []byte
	inside  []*node
}

func nodes(t *testing.T, der []byte) []*node {
	t.Helper()
	var out []*node
	for s := cryptobyte.String(der); !s.Empty(); {
		var content cryptobyte.String
		var tag cbasn1.Tag
		if !s.ReadAnyASN1(&content, &tag) {
			return nil
		}
		n := &node{tag: tag, content: content}
		switch {
		case tag&0x20 != 0, tag == cbasn1.OCTET_STRING && len(content) > 2 && content[0] == byte(cbasn1.SEQUENCE):
			n.inside = nodes(t, content)
		}
		out = append(out, n)
	}
	return out
}

func (n *node) der() []byte {
	var b cryptobyte.Builder
	b.AddASN1(n.tag, func(b *cryptobyte.Builder) {
		if n.inside == nil {
			b.AddBytes(n.content)
		}
		for _, i := range n.inside {
			b.AddBytes(i.der())
		}
	})
	return b.BytesOrPanic()
}

func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, i := range n.inside {
		i.walk(visit)
	}
}

// full is a certificate with everything in it that is read.
func full(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "sip.contoso.com", Organization: []string{"Contoso"}},
		NotBefore: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), NotAfter: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, MaxPathLen: 1, SubjectKeyId: []byte("key"), AuthorityKeyId: []byte("key"),
		DNSNames: []string{"sip.contoso.com"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, EmailAddresses: []string{"a@contoso.com"},
		OCSPServer: []string{"http://ocsp.example"}, CRLDistributionPoints: []string{"http://crl.example"},
		PolicyIdentifiers: []asn1.ObjectIdentifier{{2, 23, 140, 1, 2, 2}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// Whatever follows the last that may stand in an element is told: crypto/x509
// reads over most of it, and other readers refuse the certificate.
func TestNothingFollowsWhereNothingMay(t *testing.T) {
	t.Parallel()
	good := full(t)
	if c := NewCertificate(good); c.ParseError != "" || !c.Key().Supported() {
		t.Fatalf("%s, %s", c.ParseError, c.Key())
	}
	total := 0
	nodes(t, good)[0].walk(func(*node) { total++ })
	tried := 0
	for i := range total {
		root := nodes(t, good)[0]
		at, changed := 0, ""
		root.walk(func(n *node) {
			if at++; at-1 == i && n.inside != nil {
				n.inside = append(n.inside, &node{tag: cbasn1.NULL})
				changed = fmt.Sprintf("element %d, %#x", i, n.tag)
			}
		})
		if changed == "" {
			continue
		}
		tried++
		if c := NewCertificate(root.der()); c.ParseError == "" {
			t.Errorf("%s: something follows, and nothing is said", changed)
		}
	}
	if tried < 40 {
		t.Errorf("%d elements tried", tried)
	}
}

// What is read over where a template cannot say it.
func TestWhatGoReadsOver(t *testing.T) {
	t.Parallel()
	good := full(t)
	for name, change := range map[string][2]string{
		"a date to the minute":            {"\x30\x1e\x17\x0d260102030405Z\x17\x0d270102030405Z", "\x30\x1c\x17\x0b2601020304Z\x17\x0d270102030405Z"},
		"a date with an offset":           {"\x30\x1e\x17\x0d260102030405Z\x17\x0d270102030405Z", "\x30\x22\x17\x0d260102030405Z\x17\x11270102030405+0100"},
		"another name that is none":       {"\x82\x0fsip.contoso.com", "\xa0\x01\x02\x82\x0csip.contoso."},
		"a name of another class":         {"\x82\x0fsip.contoso.com", "\x02\x0fsip.contoso.com"},
		"a critical flag of two bytes":    {"\x55\x1d\x0f\x01\x01\xff\x04\x04", "\x55\x1d\x0f\x01\x02\xff\xff\x04\x03"},
		"a part of a name that is empty":  {"\x31\x10\x30\x0e\x06\x03\x55\x04\x0a", "\x31\x00\x31\x0e\x06\x03\x55\x04\x0a"},
		"a point of CRLs without a place": {"\xa0\x16\xa0\x14", "\xa2\x16\xa0\x14"},
	} {
		der := bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(der, good) {
			t.Errorf("%s: %q is not in it", name, change[0])
			continue
		}
		if c := NewCertificate(der); c.ParseError == "" {
			t.Errorf("%s: nothing is said", name)
		}
	}
}

// A key of a known kind that nobody can use is not supported, and says why.
func TestKeysThatCannotBe(t *testing.T) {
	t.Parallel()
	odd := new(big.Int).SetBit(big.NewInt(1), 2047, 1)
	long := new(big.Int).SetBit(big.NewInt(1), maxRSABits, 1)
	for _, c := range []struct {
		name       string
		n, e       *big.Int
		parameters []byte
		behind     []byte
		supported  bool
	}{
		{"an ordinary one", odd, big.NewInt(65537), []byte{5, 0}, nil, true},
		{"an exponent of 3", odd, big.NewInt(3), []byte{5, 0}, nil, true},
		{"an exponent that Go cannot take", odd, new(big.Int).SetBit(big.NewInt(1), 64, 1), []byte{5, 0}, nil, true},
		{"an exponent of 1", odd, big.NewInt(1), []byte{5, 0}, nil, false},
		{"an even exponent", odd, big.NewInt(65536), []byte{5, 0}, nil, false},
		{"an exponent as large as the modulus", odd, odd, []byte{5, 0}, nil, false},
		{"an even modulus", new(big.Int).Lsh(odd, 1), big.NewInt(65537), []byte{5, 0}, nil, false},
		{"too long", long, big.NewInt(65537), []byte{5, 0}, nil, false},
		{"as long as may be", new(big.Int).SetBit(big.NewInt(1), maxRSABits-1, 1), big.NewInt(65537), []byte{5, 0}, nil, true},
		{"no parameters", odd, big.NewInt(65537), nil, nil, false},
		{"other parameters", odd, big.NewInt(65537), []byte{2, 1, 1}, nil, false},
		{"something behind it", odd, big.NewInt(65537), []byte{5, 0}, []byte{0}, false},
	} {
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1})
				b.AddBytes(c.parameters)
			})
			var key cryptobyte.Builder
			key.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1BigInt(c.n)
				b.AddASN1BigInt(c.e)
			})
			b.AddASN1BitString(append(key.BytesOrPanic(), c.behind...))
		})
		if key := ReadKey(b.BytesOrPanic()); key.Supported() != c.supported || (key.Wrong == "") != c.supported {
			t.Errorf("%s: %s, supported %v", c.name, key, key.Supported())
		}
	}
}
