package edge

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"reflect"
	"testing"
	"time"
)

// What endpoints negotiated alike is kept once; what one sent beside it is its own.
func TestAlikeAgreementsAreKeptOnce(t *testing.T) {
	s := NewShared()
	of := func(t TLS) *TLS {
		c := Capture{TLS: &t}
		s.Capture(&c)
		return c.TLS
	}
	one := of(TLS{Version: "TLS 1.3", Cipher: "A", ClientCertificate: NotRequested})
	for name, c := range map[string]struct {
		tls  TLS
		same bool
	}{
		"alike":         {TLS{Version: "TLS 1.3", Cipher: "A", ClientCertificate: NotRequested}, true},
		"other version": {TLS{Version: "TLS 1.2", Cipher: "A", ClientCertificate: NotRequested}, false},
		"other cipher":  {TLS{Version: "TLS 1.3", Cipher: "B", ClientCertificate: NotRequested}, false},
		"asks a client": {TLS{Version: "TLS 1.3", Cipher: "A", ClientCertificate: Requested}, false},
		"with a staple": {TLS{Version: "TLS 1.3", Cipher: "A", ClientCertificate: NotRequested, Staple: []byte{1}}, false},
		"staple cut":    {TLS{Version: "TLS 1.3", Cipher: "A", ClientCertificate: NotRequested, StapleCut: true}, false},
		"with CAs":      {TLS{Version: "TLS 1.3", Cipher: "A", ClientCertificate: NotRequested, AcceptableCAs: 1}, false},
	} {
		if got := of(c.tls); (got == one) != c.same || !reflect.DeepEqual(*got, c.tls) {
			t.Errorf("%s: %+v, kept once is %v", name, got, got == one)
		}
	}
}

func TestAlikePresentationsAreKeptOnce(t *testing.T) {
	s := NewShared()
	leaf := &Certificate{Fingerprint: Fingerprint{1}}
	other := &Certificate{Fingerprint: Fingerprint{2}}
	first := func() Capture {
		return Capture{Chain: []*Certificate{leaf}, Presentations: []Presentation{
			{Offer: OfferTLS12, Version: "TLS 1.2", Outcome: Captured, Chain: []*Certificate{leaf}, Proof: Proof{State: NotSeen}},
			{Offer: OfferRSA, Outcome: Failed, Fault: &Fault{Class: ClassTLSAlert, Message: "alert 40"}},
		}}
	}
	one := first()
	s.Capture(&one)
	for name, c := range map[string]struct {
		change func(*Capture)
		same   bool
	}{
		"alike":           {func(*Capture) {}, true},
		"other leaf":      {func(c *Capture) { c.Chain = []*Certificate{other} }, false},
		"fewer":           {func(c *Capture) { c.Presentations = c.Presentations[:1] }, false},
		"other version":   {func(c *Capture) { c.Presentations[0].Version = "TLS 1.0" }, false},
		"other offer":     {func(c *Capture) { c.Presentations[0].Offer = OfferTLS11 }, false},
		"other outcome":   {func(c *Capture) { c.Presentations[0].Outcome = Failed }, false},
		"other chain":     {func(c *Capture) { c.Presentations[0].Chain = []*Certificate{leaf, other} }, false},
		"cut":             {func(c *Capture) { c.Presentations[0].Cut = 1 }, false},
		"proved":          {func(c *Capture) { c.Presentations[0].State = Proved }, false},
		"other message":   {func(c *Capture) { c.Presentations[1].Fault.Message = "alert 70" }, false},
		"without a fault": {func(c *Capture) { c.Presentations[1].Fault = nil }, false},
	} {
		got, want := first(), first()
		c.change(&got)
		c.change(&want)
		s.Capture(&got)
		if same := &got.Presentations[0] == &one.Presentations[0]; same != c.same || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: kept once is %v, shows %+v", name, same, got)
		}
	}
}

// Whatever certificates share, they say what they said.
func TestCertificatesSayTheSameWhenTheyShare(t *testing.T) {
	s := NewShared()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issue := func(serial int64, issuer, name string) []byte {
		ca := &x509.Certificate{Subject: pkix.Name{CommonName: issuer, Organization: []string{"Contoso"}}}
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
			DNSNames: []string{name}, NotAfter: time.Unix(1<<31, 0), KeyUsage: x509.KeyUsageDigitalSignature}, ca, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	for _, der := range [][]byte{issue(1, "CA 1", "a.example"), issue(2, "CA 1", "b.example"), issue(3, "CA 2", "a.example")} {
		got, want := NewCertificate(der), NewCertificate(der)
		s.Certificate(got.X509)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s of %s is changed", want.Subject(), want.Issuer())
		}
	}
	if len(s.names) != 2 {
		t.Errorf("%d issuers, want 2", len(s.names))
	}
}

func TestWhyAProofWasNotSeen(t *testing.T) {
	for _, c := range []struct {
		proof Proof
		want  string
	}{
		{Proof{State: NotSeen}, "the certificate was read by hand"},
		{Proof{State: NotSeen, Reason: "refused"}, "refused"},
		{Proof{State: Proved}, ""},
		{Proof{}, ""},
	} {
		if got := c.proof.Why(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.proof, got, c.want)
		}
	}
}
