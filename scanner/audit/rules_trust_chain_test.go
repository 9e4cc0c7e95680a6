package audit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"

	"edgecert/scanner/edge"
)

func layoutCases() []ruleCase {
	p := testPKI()
	stranger := selfSigned("Old CA", asIs)
	// A path of two intermediates, so that there is an order to break.
	upperKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := *p.intermediate.X509
	template.Subject, template.RawSubject = pkix.Name{CommonName: "Example Upper CA"}, nil
	upper := edge.NewCertificate(must(x509.CreateCertificate(rand.Reader, &template, p.root.X509, upperKey.Public(), p.rootKey)))
	lower := edge.NewCertificate(must(x509.CreateCertificate(rand.Reader, p.intermediate.X509, upper.X509, p.caKey.Public(), upperKey)))
	return []ruleCase{
		{
			rule: "chain-extra", name: "a chain that was not kept whole", want: CouldNotTell,
			change: func(w *testWorld) { w.cell("edge1", edge.Access, 443).Cut = 3 },
		},
		{
			rule: "root-sent", name: "the root behind the intermediate", want: Found,
			change: func(w *testWorld) { w.sendEverywhere(p.intermediate, p.root) },
			at:     "pool", says: []string{"Example Root", thumbprint(p.root)},
		},
		{
			rule: "chain-order", name: "upper intermediate before the lower", want: Found,
			change: func(w *testWorld) { w.sendEverywhere(upper, lower) },
			at:     "pool", says: []string{"Example Upper CA"},
		},
		{
			rule: "chain-order", name: "two intermediates in order", want: Pass,
			change: func(w *testWorld) { w.sendEverywhere(lower, upper) },
		},
		{
			rule: "chain-extra", name: "the CA of last time still sent by one member", want: Found,
			change: func(w *testWorld) {
				old := edge.NewCertificate(must(x509.CreateCertificate(rand.Reader, &template, p.root.X509, upperKey.Public(), p.rootKey)))
				send([]*edge.Certificate{p.intermediate, old}, w.member("edge1")...)
			},
			at: "edge1", says: []string{"Example Upper CA"},
		},
		{
			rule: "chain-extra", name: "the leaf twice", want: Found,
			change: func(w *testWorld) {
				w.sendEverywhere(w.cell("edge1", edge.Access, 443).Leaf(), p.intermediate)
			},
			at: "pool", says: []string{"sip.contoso.com"},
		},
		{
			rule: "root-sent", name: "somebody else's root", want: Found,
			change: func(w *testWorld) { w.sendEverywhere(p.intermediate, stranger) },
			at:     "pool", says: []string{"Old CA"},
		},
	}
}

func intermediateCases() []ruleCase {
	expired := issuingCA(func(c *x509.Certificate) { c.NotAfter = today().AddDate(0, 0, -3) })
	ending := issuingCA(func(c *x509.Certificate) { c.NotAfter = today().AddDate(0, 0, 12) })
	future := issuingCA(func(c *x509.Certificate) { c.NotBefore = today().AddDate(0, 0, 3) })
	return []ruleCase{
		{rule: "intermediate-expired", name: "an intermediate that nobody sent", want: CouldNotTell, change: func(w *testWorld) { w.sendEverywhere() }, also: []string{"untrusted-issuer"}},
		{rule: "intermediate-expires-soon", name: "an intermediate that nobody sent", want: CouldNotTell, change: func(w *testWorld) { w.sendEverywhere() }, also: []string{"untrusted-issuer"}},
		{rule: "intermediate-expired", name: "a root that this host alone has", want: Pass, change: func(w *testWorld) {
			w.policy.Roots, w.pool().PrivateIssuer = nil, true
			w.ev.HostRoots, w.ev.HostTrusted = true, map[edge.Fingerprint]bool{w.cell("edge1", edge.Access, 443).Leaf().Fingerprint: true}
		}},
		{
			rule: "intermediate-expired", name: "the only intermediate expired", want: Found,
			change: func(w *testWorld) { w.sendEverywhere(expired) },
			at:     "pool", says: []string{"Example Issuing CA", thumbprint(expired), "expired 2026-05-29, 3 days ago"},
			fix: `-CertStoreLocation Cert:\LocalMachine\CA; Remove-Item Cert:\LocalMachine\CA\` + thumbprint(expired) + "; Stop-CsWindowsService -Graceful; Start-CsWindowsService",
		},
		{
			rule: "intermediate-expired", name: "expired beside a good one", want: Found, severity: Info,
			change: func(w *testWorld) { w.sendEverywhere(expired, testPKI().intermediate) },
			at:     "pool", says: []string{"beside a path that is good without it"},
		},
		{
			rule: "intermediate-expired", name: "valid from later on", want: Found,
			change: func(w *testWorld) { w.sendEverywhere(future) },
			at:     "pool", says: []string{"valid from 2026-06-04"},
		},
		{
			rule: "intermediate-expires-soon", name: "ends in twelve days", want: Found,
			change: func(w *testWorld) { w.sendEverywhere(ending) },
			at:     "pool", says: []string{"expires 2026-06-13, in 12 days"},
		},
		{
			rule: "intermediate-expires-soon", name: "ends in twelve days, ten are enough", want: Pass,
			change: func(w *testWorld) {
				w.sendEverywhere(ending)
				w.policy.WarnDays = 10
			},
		},
	}
}
