package audit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"

	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

// issuingCA is the healthy pool's intermediate, same name and key, with one
// mutation.
func issuingCA(change func(*x509.Certificate)) *edge.Certificate {
	p := testPKI()
	template := *p.intermediate.X509
	template.SerialNumber = big.NewInt(77)
	template.ExtraExtensions, template.Extensions = nil, nil
	change(&template)
	return edge.NewCertificate(must(x509.CreateCertificate(rand.Reader, &template, p.root.X509, p.caKey.Public(), p.rootKey)))
}

// selfSigned is a certificate with a key of its own that it signed itself.
func selfSigned(name string, change func(*x509.Certificate)) *edge.Certificate {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: name},
		NotBefore: date(2025, 1, 1), NotAfter: date(2035, 1, 1), IsCA: true, BasicConstraintsValid: true}
	change(template)
	return edge.NewCertificate(must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)))
}

func asIs(*x509.Certificate) {}

// send makes the captures send these certificates behind their leaf.
func send(above []*edge.Certificate, cs ...*edge.Capture) {
	for _, c := range cs {
		c.Chain = append(slices.Clone(c.Chain[:1]), above...)
		showAgain(c)
	}
}

// sendEverywhere makes every endpoint send these behind its leaf.
func (w *testWorld) sendEverywhere(above ...*edge.Certificate) {
	for _, m := range []string{"edge1", "edge2", "edge3"} {
		send(above, w.member(m)...)
	}
}

func trustCases() []ruleCase {
	return slices.Concat(untrustedCases(), hostCases(), incompleteCases(), layoutCases(), intermediateCases())
}

func untrustedCases() []ruleCase {
	noRoots := func(w *testWorld) { w.policy.Roots = nil }
	return []ruleCase{
		{
			rule: "untrusted-issuer", name: "intermediate sent by nobody", want: Found,
			change: func(w *testWorld) { w.sendEverywhere() },
			at:     "pool", says: []string{"Example Issuing CA", "missing on every member", "or the CA is private", "public roots of 2026-10-30"}, fix: "Import-Certificate",
		},
		{
			rule: "untrusted-issuer", name: "intermediate sent by nobody, and named by the certificate", want: Found,
			change: func(w *testWorld) {
				w.everywhere(makeLeaf(w.t, func(c *leafTemplate) {
					c.IssuingCertificateURL = []string{"ldap:///CN=Example", "http://ca.example/issuing.cer"}
				}))
				w.sendEverywhere()
			},
			at: "pool", says: []string{"; the certificate says that its issuer's is at http://ca.example/issuing.cer"}, fix: "on every member import it and restart: Import-Certificate -FilePath ",
		},
		{
			rule: "untrusted-issuer", name: "root of a private CA sent, and not given", want: Found,
			change: func(w *testWorld) {
				noRoots(w)
				w.sendEverywhere(testPKI().intermediate, testPKI().root)
			},
			at: "pool", says: []string{"private CA", "Example Root", thumbprint(testPKI().root)}, fix: "have a public CA sign",
		},
		{
			rule: "untrusted-issuer", name: "self-signed everywhere", want: Found,
			change: func(w *testWorld) {
				template := *makeLeaf(w.t, nil).X509
				key := testPKI().leafKeys[0]
				template.SignatureAlgorithm = x509.SHA256WithRSA
				own := must(x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key))
				w.everywhere(edge.NewCertificate(own))
				w.sendEverywhere()
			},
			at: "pool", says: []string{"self-signed"}, fix: "Request-CsCertificate",
		},
		{
			rule: "untrusted-issuer", name: "intermediate that is no CA", want: Found,
			change: func(w *testWorld) {
				w.sendEverywhere(issuingCA(func(c *x509.Certificate) { c.IsCA, c.MaxPathLen = false, 0 }))
			},
			at: "pool", says: []string{"not a CA certificate"},
		},
		{
			rule: "untrusted-issuer", name: "intermediate for another domain", want: Found,
			change: func(w *testWorld) {
				w.sendEverywhere(issuingCA(func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example.net"} }))
			},
			at: "pool", says: []string{"name constraints"},
		},
		{
			rule: "untrusted-issuer", name: "old embedded roots", want: Found,
			change: func(w *testWorld) {
				noRoots(w)
				w.now = date(2028, 1, 1)
			},
			at: "pool", says: []string{"more than 90 days old"}, also: []string{"expired"},
		},
		{
			rule: "untrusted-issuer", name: "only other roots given", want: Found,
			change: func(w *testWorld) {
				w.policy.Roots, w.policy.OnlyRoots = []*edge.Certificate{selfSigned("Other Root", asIs)}, true
			},
			at: "pool", says: []string{"not among the given roots"},
		},
		{
			rule: "untrusted-issuer", name: "an intermediate that cannot be decoded", want: Found,
			change: func(w *testWorld) { w.sendEverywhere(edge.NewCertificate([]byte("no DER"))) },
			at:     "pool", says: []string{"a certificate of the chain cannot be read"},
		},
		{
			rule: "root-withdrawn", name: "the root was public until last year", want: Found, at: "pool",
			says: []string{`root "Example Root"`, "public until 2025-06-01 or later", "may still trust it"}, fix: "Request-CsCertificate",
			change: func(w *testWorld) {
				noRoots(w)
				w.policy.Withdrawn = trust.WithdrawnList(trust.WithdrawnRoot{DER: testPKI().root.Raw, Held: date(2025, 6, 1)})
			},
		},
		{
			rule: "not-judged", name: "an allowed certificate that cannot be decoded", want: Found, at: "pool", count: 4,
			says: []string{"the names of certificate"},
			change: func(w *testWorld) {
				w.everywhere(edge.NewCertificate([]byte{0x30, 0x03, 0x02, 0x01, 0x01}))
				w.policy.Allow = []string{idUndecodable}
			},
		},
		{
			rule: "not-judged", name: "dates that cannot be read, allowed", want: Found, at: "edge2 webcon 443",
			says: []string{"the validity of certificate", "its dates cannot be read"}, also: []string{idMembers},
			change: func(w *testWorld) {
				present(resigned(makeLeaf(w.t, nil), []byte("\x17\x0d260501"), []byte("\x17\x0d269901")), w.cell("edge2", edge.WebConf, 443))
				w.policy.Allow = []string{idUndecodable}
			},
		},
		{
			rule: "not-judged", name: "name constraints of a kind that nobody knows", want: Found, at: "pool",
			says: []string{"the trust of certificate", "1.2.3.4"},
			change: func(w *testWorld) {
				unknown := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Critical: true, Value: []byte("\x30\x0f\xa1\x0d\x30\x0b\xa0\x09\x06\x03\x2a\x03\x04\xa0\x02\x05\x00")}
				name := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: []byte("\x30\x1c\xa0\x09\x06\x03\x2a\x03\x04\xa0\x02\x05\x00\x82\x0fsip.contoso.com")}
				w.everywhere(makeLeaf(w.t, func(c *leafTemplate) { c.DNSNames, c.ExtraExtensions = nil, []pkix.Extension{name} }))
				w.sendEverywhere(issuingCA(func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{unknown} }))
				w.policy.Allow = []string{"webcon-name-missing", "sip-domain-name-missing", "extra-name-missing", "xmpp-name-missing"}
			},
		},
	}
}

func hostCases() []ruleCase {
	onHost := func(w *testWorld) {
		w.policy.Roots = nil
		w.ev.HostRoots = true
		leaf := w.cell("edge1", edge.Access, 443).Leaf()
		w.ev.HostTrusted = map[edge.Fingerprint]bool{leaf.Fingerprint: true}
	}
	return []ruleCase{
		{
			rule: "not-public-ca", name: "trusted by this host's store alone", want: Found, change: onHost,
			at: "pool", says: []string{"this host trusts", "Example Root"}, fix: "have a public CA sign",
		},
		{
			rule: "untrusted-issuer", name: "trusted by this host's store alone", want: Pass,
			change: onHost, also: []string{"not-public-ca"},
		},
		{
			rule: "not-public-ca", name: "a private issuer on purpose", want: NotApplicable,
			change: func(w *testWorld) {
				onHost(w)
				w.pool().PrivateIssuer = true
			},
		},
		{
			rule: "untrusted-issuer", name: "a private issuer on purpose that nobody trusts", want: Found,
			change: func(w *testWorld) {
				w.policy.Roots = nil
				w.pool().PrivateIssuer = true
			},
			at: "pool",
		},
		{
			rule: "not-public-ca", name: "untrusted, and the host's store was not asked", want: CouldNotTell,
			change: func(w *testWorld) { w.policy.Roots = nil }, also: []string{"untrusted-issuer"},
		},
	}
}

func incompleteCases() []ruleCase {
	return []ruleCase{
		{
			rule: "chain-incomplete", name: "one member without the intermediate", want: Found,
			change: func(w *testWorld) { send(nil, w.member("edge2")...) },
			at:     "edge2", says: []string{"edge2 (every service) does not send", "Example Issuing CA", thumbprint(testPKI().intermediate), "which edge1 and edge3 (every service) send"},
			fix: `Import-Certificate -FilePath 'C:\` + thumbprint(testPKI().intermediate) + `.cer' -CertStoreLocation Cert:\LocalMachine\CA`,
		},
		{
			rule: "chain-incomplete", name: "and by the inventory its stores lack it", want: Found,
			change: func(w *testWorld) { send(nil, w.member("edge2")...); w.stored("edge2", nil, nil) },
			at:     "edge2", says: []string{"by the inventory it is in no store of edge2"}, fix: "Import-Certificate -FilePath ",
		},
		{
			rule: "chain-incomplete", name: "and by the inventory it only has to be restarted", want: Found,
			change: func(w *testWorld) {
				send(nil, w.member("edge2")...)
				w.stored("edge2", []string{testPKI().intermediate.Thumbprint()}, nil)
			},
			at: "edge2", says: []string{"in the store for intermediate CAs of edge2"},
			fix: "on edge2: the intermediate is in the store for intermediate CAs already: restart: Stop-CsWindowsService",
		},
		{
			rule: "chain-incomplete", name: "and it is in the wrong store", want: Found,
			change: func(w *testWorld) {
				send(nil, w.member("edge2")...)
				w.stored("edge2", nil, []string{testPKI().intermediate.Thumbprint()})
			},
			at: "edge2", says: []string{"in the Root store, where it does not belong, of edge2"}, also: []string{"root-store-misplaced"},
			fix: `Move-Item Cert:\LocalMachine\Root\` + thumbprint(testPKI().intermediate) + ` -Destination Cert:\LocalMachine\CA; Stop-CsWindowsService`,
		},
		{
			rule: "chain-incomplete", name: "one service of one member without it", want: Found,
			change: func(w *testWorld) { send(nil, w.cell("edge3", edge.WebConf, 443)) },
			at:     "edge3 webcon 443", says: []string{"edge3 (webcon 443)", "edge1 and edge2 (every service)"},
		},
		{
			rule: "chain-incomplete", name: "only another pool sends it", want: Found,
			change: func(w *testWorld) {
				w.sendEverywhere()
				other := *w.cell("edge1", edge.Access, 443)
				other.Endpoint.Pool, other.Endpoint.Member = "edge-apac", "edge9"
				send([]*edge.Certificate{testPKI().intermediate}, &other)
				w.ev.Captures = append(w.ev.Captures, other)
			},
			at: "pool", says: []string{"edge9 of pool edge-apac"},
		},
		{
			rule: "chain-incomplete", name: "of a private CA that nobody knows, on one member", want: Found,
			change: func(w *testWorld) {
				w.policy.Roots = nil
				send(nil, w.member("edge2")...)
			},
			at: "edge2", says: []string{"Example Issuing CA", "edge1 and edge3"}, also: []string{"untrusted-issuer"},
		},
		{
			rule: "chain-incomplete", name: "of a private CA that this host knows, on one member", want: Found,
			change: func(w *testWorld) {
				w.policy.Roots = nil
				w.pool().PrivateIssuer = true
				w.ev.HostRoots = true
				w.ev.HostTrusted = map[edge.Fingerprint]bool{w.cell("edge1", edge.Access, 443).Leaf().Fingerprint: true}
				send(nil, w.member("edge2")...)
			},
			at: "edge2",
		},
		{
			rule: "chain-incomplete", name: "private root and intermediate sent by all", want: Pass,
			change: func(w *testWorld) {
				w.policy.Roots = nil
				w.sendEverywhere(testPKI().intermediate, testPKI().root)
			},
			also: []string{"untrusted-issuer"},
		},
		{
			rule: "chain-incomplete", name: "sent by nobody", want: CouldNotTell,
			change: func(w *testWorld) { w.sendEverywhere() }, also: []string{"untrusted-issuer"},
		},
	}
}

// An expired or SHA-1 leaf has its own rule, and is not also untrusted.
func TestUntrustedIgnoresDates(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.now = date(2035, 1, 1)
	if got := w.judge().Rules["untrusted-issuer"]; got != Pass {
		t.Errorf("an expired leaf: untrusted-issuer is %s", got)
	}
}
