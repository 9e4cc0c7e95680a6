package audit

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"

	"golang.org/x/crypto/ocsp"

	"edgecert/scanner/edge"
)

// staple makes every endpoint staple the issuer's answer for its leaf, with
// one mutation.
func (w *testWorld) staple(change func(*ocsp.Response)) {
	p := testPKI()
	leaf := w.cell("edge1", edge.Access, 443).Leaf()
	template := ocsp.Response{Status: ocsp.Good, SerialNumber: leaf.X509.SerialNumber,
		ThisUpdate: today().Add(-time.Hour), NextUpdate: today().Add(day)}
	change(&template)
	signer := p.caKey
	if template.Certificate != nil {
		signer = p.leafKeys[1]
	}
	by := template.Certificate
	if by == nil {
		by = p.intermediate.X509
	}
	der := must(ocsp.CreateResponse(p.intermediate.X509, by, template, signer))
	for i := range w.ev.Captures {
		if c := &w.ev.Captures[i]; c.TLS != nil {
			c.TLS.Staple = der
		}
	}
}

// delegate is a certificate of the issuing CA for the tests' second key.
func delegate(usage x509.ExtKeyUsage) *x509.Certificate {
	p := testPKI()
	template := &x509.Certificate{SerialNumber: big.NewInt(5), Subject: pkix.Name{CommonName: "Responder"},
		NotBefore: date(2026, 1, 1), NotAfter: date(2027, 1, 1), ExtKeyUsage: []x509.ExtKeyUsage{usage}}
	return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, p.intermediate.X509, p.leafKeys[1].Public(), p.caKey))))
}

// asked makes the evidence of --revocation for the healthy leaf.
func (w *testWorld) asked(r edge.Revocation) {
	w.ev.Revocation = map[edge.Fingerprint]edge.Revocation{w.cell("edge1", edge.Access, 443).Leaf().Fingerprint: r}
}

func revocationCases() []ruleCase {
	revokedOn := func(r *ocsp.Response) {
		r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, date(2026, 5, 20), ocsp.Superseded
	}
	return []ruleCase{
		{
			rule: "revoked", name: "stapled response says good", want: Pass,
			change: func(w *testWorld) { w.staple(func(*ocsp.Response) {}) },
		},
		{
			rule: "revocation-unknown", name: "stapled response says good", want: Pass,
			change: func(w *testWorld) { w.staple(func(*ocsp.Response) {}) },
		},
		{
			rule: "revoked", name: "stapled response says revoked", want: Found,
			change: func(w *testWorld) { w.staple(revokedOn) },
			at:     "pool", says: []string{"2026-05-20", "superseded", "stapled OCSP response"}, fix: "Request-CsCertificate",
		},
		{
			rule: "revoked", name: "nothing stapled, nothing asked", want: NotApplicable,
			change: func(*testWorld) {},
		},
		{
			rule: "revocation-unknown", name: "stapled response of last month", want: Found,
			change: func(w *testWorld) {
				w.staple(func(r *ocsp.Response) { r.NextUpdate = today().AddDate(0, -1, 0) })
			},
			at: "pool", says: []string{"ended on 2026-05-01"},
		},
		{
			rule: "revocation-unknown", name: "stapled response for another certificate", want: Found,
			change: func(w *testWorld) { w.staple(func(r *ocsp.Response) { r.SerialNumber = big.NewInt(1) }) },
			at:     "pool", says: []string{"no response matching"},
		},
		{
			rule: "revocation-unknown", name: "stapled response signed by a delegate without the right to", want: Found,
			change: func(w *testWorld) {
				w.staple(func(r *ocsp.Response) { r.Certificate = delegate(x509.ExtKeyUsageServerAuth) })
			},
			at: "pool", says: []string{"may not sign OCSP responses"},
		},
		{
			rule: "revocation-unknown", name: "stapled response signed by a delegate", want: Pass,
			change: func(w *testWorld) {
				w.staple(func(r *ocsp.Response) { r.Certificate = delegate(x509.ExtKeyUsageOCSPSigning) })
			},
		},
		{
			rule: "revoked", name: "revoked, said a responder that was asked", want: Found,
			change: func(w *testWorld) {
				w.asked(edge.Revocation{Status: edge.Revoked, Source: "OCSP http://ocsp.example/", RevokedAt: date(2026, 5, 20), Reason: "key compromise"})
			},
			at: "pool", says: []string{"key compromise", "http://ocsp.example/"},
		},
		{
			rule: "revoked", name: "the intermediate is revoked, the leaf is not", want: Found,
			change: func(w *testWorld) {
				w.asked(edge.Revocation{Status: edge.Good})
				w.ev.Revocation[testPKI().intermediate.Fingerprint] = edge.Revocation{Status: edge.Revoked, Source: "CRL http://crl.example/", Reason: "CA compromise"}
			},
			at: "pool", says: []string{"Example Issuing CA", "CA compromise"},
		},
		{
			rule: "revocation-unknown", name: "responder out of reach", want: Found,
			change: func(w *testWorld) {
				w.asked(edge.Revocation{Status: edge.RevocationUnknown, Source: "OCSP http://ocsp.example/", Error: "connection refused"})
			},
			at: "pool", says: []string{"connection refused"},
		},
		{
			rule: "revoked", name: "responder out of reach", want: CouldNotTell,
			change: func(w *testWorld) {
				w.asked(edge.Revocation{Status: edge.RevocationUnknown, Error: "connection refused"})
			},
		},
		{
			rule: "revocation-unknown", name: "asked for, and the answer for the leaf is missing", want: Found,
			change: func(w *testWorld) { w.ev.Revocation = map[edge.Fingerprint]edge.Revocation{} },
			at:     "pool", says: []string{"not asked for"},
		},
	}
}
