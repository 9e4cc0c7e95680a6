package audit

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"time"

	"edgecert/scanner/edge"
)

func usage(us ...x509.ExtKeyUsage) leafOption {
	return func(c *x509.Certificate) { c.ExtKeyUsage = us }
}

// requiring makes the pool want client authentication.
func requiring(change leafOption) func(*testWorld) {
	return func(w *testWorld) { w.pool().PublicIMAOL = true; with(change)(w) }
}

// saying gives a certificate an extension that no template can say.
func saying(last int, value string) leafOption {
	return func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, last}, Value: []byte(value)})
	}
}

func byRSAKeyExchange(change leafOption) func(*testWorld) {
	return func(w *testWorld) {
		with(change)(w)
		for i := range w.ev.Captures {
			if tls := w.ev.Captures[i].TLS; tls != nil {
				tls.Cipher = "TLS_RSA_WITH_AES_128_CBC_SHA"
			}
		}
	}
}

func signedWith(a x509.SignatureAlgorithm) func(*testWorld) {
	return with(func(c *x509.Certificate) { c.SignatureAlgorithm = a })
}

func usageCases() []ruleCase {
	both := usage(x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)
	return []ruleCase{
		{
			rule: "server-auth-missing", name: "client authentication alone", want: Found, change: with(usage(x509.ExtKeyUsageClientAuth)),
			at: "pool", says: []string{"server authentication, got client authentication"},
		},
		{
			rule: "server-auth-missing", name: "no extended key usage at all", want: Found, severity: Warning, change: with(usage()),
			at: "pool", says: []string{"no extended key usage extension"},
		},
		{rule: "client-auth-missing", name: "AOL and a certificate for servers alone", want: Found, change: requiring(nil), at: "pool", fix: "-ClientEKU $true"},
		{rule: "client-auth-missing", name: "AOL and a certificate for both", want: Pass, change: requiring(both)},
		{rule: "client-auth-missing", name: "nobody wants it", want: NotApplicable, change: unchanged},
		{
			rule: "client-auth-ending", name: "AOL and a public certificate for both", want: Found, change: requiring(both),
			at: "pool", says: []string{"since 2025-10-01 DigiCert", "from 2027-03-15 Chrome"},
		},
		{
			rule: "client-auth-ending", name: "XMPP and a certificate for both", want: Found, change: with(both), at: "xmpp 5269",
			says: []string{"older ejabberd and Openfire", "from 2027-02-10 Sectigo"}, fix: "ask the XMPP partners",
		},
		{rule: "client-auth-ending", name: "XMPP and a certificate for servers alone", want: Pass, change: unchanged},
		{rule: "client-auth-ending", name: "no XMPP, and nobody wants it", want: NotApplicable, change: func(w *testWorld) { withoutXMPP(w); with(both)(w) }},
		{
			rule: "client-auth-ending", name: "AOL and a private CA", want: Pass,
			change: func(w *testWorld) { w.pool().PrivateIssuer = true; requiring(both)(w) },
		},
		{
			rule: "client-auth-present", name: "forbidden and there", want: Found,
			change: func(w *testWorld) { w.pool().ClientAuth = edge.ClientAuthForbidden; with(both)(w) }, at: "pool",
		},
		{rule: "client-auth-present", name: "forbidden and not there", want: Pass, change: func(w *testWorld) { w.pool().ClientAuth = edge.ClientAuthForbidden }},
		{
			rule: "key-usage-unsuitable", name: "a key for certificate signing alone", want: Found,
			change: with(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }), at: "pool",
			says: []string{"digital signature or key encipherment, got certificate signing"},
		},
		{
			rule: "key-usage-unsuitable", name: "key encipherment alone, with ECDHE", want: Found,
			change: with(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }), at: "pool",
			says: []string{"digital signature, got key encipherment"},
		},
		{
			rule: "key-usage-unsuitable", name: "key encipherment alone, with RSA key exchange", want: Pass,
			change: byRSAKeyExchange(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }),
		},
		{
			rule: "key-usage-unsuitable", name: "digital signature alone, with RSA key exchange", want: Found,
			change: byRSAKeyExchange(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }), at: "pool",
			says: []string{"key encipherment, got digital signature"},
		},
		{rule: "key-usage-unsuitable", name: "no key usage at all", want: Pass, change: with(func(c *x509.Certificate) { c.KeyUsage = 0 })},
		{
			rule: "key-usage-unsuitable", name: "a key usage without a bit", want: Found, change: with(saying(15, "\x03\x02\x07\x00")), at: "pool",
			says: []string{"digital signature or key encipherment, got none"},
		},
		{
			rule: "server-auth-missing", name: "an extended key usage without a purpose", want: Found, severity: Error, change: with(saying(37, "\x30\x00")), at: "pool",
			says: []string{"server authentication, got none"},
		},
		{rule: "leaf-is-ca", name: "a CA's certificate on the service", want: Found, change: with(func(c *x509.Certificate) { c.IsCA = true }), at: "pool"},
		{
			rule: "certificate-undecodable", name: "one member's certificate is garbled", want: Found,
			change: func(w *testWorld) {
				present(edge.NewCertificate([]byte{0x30, 0x03, 0x02, 0x01, 0x01}), w.cell("edge2", edge.WebConf, 443))
			},
			at: "edge2 webcon 443", says: []string{"cannot be decoded", "x509: malformed"}, also: []string{idMembers},
		},
		{
			rule: "webcon-name-missing", name: "one member's certificate is garbled", want: CouldNotTell,
			change: func(w *testWorld) {
				present(edge.NewCertificate([]byte{0x30, 0x03, 0x02, 0x01, 0x01}), w.cell("edge2", edge.WebConf, 443))
			},
			also: []string{idMembers, "certificate-undecodable"},
		},
		{rule: "weak-signature", name: "a leaf signed with SHA-1", want: Found, change: signedWith(x509.SHA1WithRSA), at: "pool", says: []string{"SHA-2 signature, got SHA1-RSA"}},
		{
			rule: "weak-signature", name: "one member sends an intermediate signed with SHA-1", want: Found,
			change: func(w *testWorld) {
				p := testPKI()
				template := *p.intermediate.X509
				template.SignatureAlgorithm = x509.ECDSAWithSHA1
				old := edge.NewCertificate(must(x509.CreateCertificate(rand.Reader, &template, p.root.X509, p.caKey.Public(), p.rootKey)))
				for _, c := range w.member("edge2") {
					c.Chain = []*edge.Certificate{c.Leaf(), old}
				}
			},
			at: "edge2", says: []string{`intermediate "Example Issuing CA"`}, also: []string{"chain-differs-across-members"},
		},
		{
			rule: "weak-signature", name: "a SHA-1 intermediate beside a sound path", want: Found, severity: Info, at: "pool",
			says: []string{"beside a path that is good without it"},
			change: func(w *testWorld) {
				w.sendEverywhere(issuingCA(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }), testPKI().intermediate)
			},
		},
		{
			rule: "key-type-unsupported", name: "an Ed25519 key", want: Found, at: "pool", says: []string{"unsupported one: Ed25519 key"}, fix: "-KeySize 2048",
			change: with(func(c *x509.Certificate) { c.PublicKey = must1(ed25519.GenerateKey(rand.Reader)) }),
		},
		{
			rule: "key-type-unsupported", name: "a curve that Go lacks", want: Found, at: "edge2 webcon 443", says: []string{"EC key on 1.2.840.10045.3.1.6"}, also: []string{idMembers},
			change: func(w *testWorld) {
				leaf := makeLeaf(w.t, func(c *x509.Certificate) {
					c.PublicKey = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).Public()
				})
				p256 := []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}
				present(resigned(leaf, p256, append(bytes.Clone(p256[:7]), 6)), w.cell("edge2", edge.WebConf, 443))
			},
		},
		{
			rule: "not-judged", name: "an Ed25519 key that is allowed", want: Found, at: "pool", says: []string{"cannot be well with such a key: Ed25519 key"},
			change: func(w *testWorld) {
				w.policy.Allow = []string{idKeyType}
				with(func(c *x509.Certificate) { c.PublicKey = must1(ed25519.GenerateKey(rand.Reader)) })(w)
			},
		},
		{
			rule: "not-judged", name: "a key that the server does not hold", want: Found, at: "edge2 webcon 443", says: []string{"does not hold its key"},
			change: func(w *testWorld) {
				w.policy.Allow = []string{idNotProved}
				w.cell("edge2", edge.WebConf, 443).Proof = edge.Proof{State: edge.Disproved}
				w.cell("edge2", edge.WebConf, 443).Presentations = nil
			},
		},
		{
			rule: "key-type-unsupported", name: "a P-224 key", want: Found, at: "pool",
			change: with(func(c *x509.Certificate) {
				c.PublicKey = must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader)).Public()
			}),
		},
		{
			rule: "serial-negative", name: "one member's certificate", want: Found, at: "edge2 webcon 443", says: []string{"got -"}, also: []string{idMembers},
			change: func(w *testWorld) {
				present(resigned(makeLeaf(w.t, nil), []byte{2, 2, 0x5e, 0xed}, []byte{2, 2, 0x9e, 0xed}), w.cell("edge2", edge.WebConf, 443))
			},
		},
		{rule: "pss-signature", name: "a leaf signed with RSASSA-PSS", want: Found, change: signedWith(x509.SHA256WithRSAPSS), at: "pool"},
		{
			rule: "weak-key", name: "RSA 1024", want: Found, at: "pool", says: []string{"2048 bits or more, got 1024"}, fix: "-KeySize 2048",
			change: with(func(c *x509.Certificate) { c.PublicKey = must(rsa.GenerateKey(rand.Reader, 1024)).Public() }),
		},
		{
			rule: "ec-key", name: "a P-256 key", want: Found, at: "pool", says: []string{"EC key on P-256"},
			change: with(func(c *x509.Certificate) {
				c.PublicKey = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).Public()
			}),
		},
		{
			rule: "crl-missing", name: "seven days need none", want: Pass,
			change: with(func(c *x509.Certificate) {
				c.CRLDistributionPoints, c.NotBefore = nil, date(2026, 5, 29)
				c.NotAfter = c.NotBefore.Add(7*day - time.Second)
			}),
		},
		{rule: "crl-missing", name: "no distribution point", want: Found, change: with(func(c *x509.Certificate) { c.CRLDistributionPoints = nil }), at: "pool"},
	}
}
