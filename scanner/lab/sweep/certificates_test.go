package sweep

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
)

// now is noon of a day under the 200-day rule.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// days is a time some days from now.
func days(n int) time.Time { return now.AddDate(0, 0, n) }

// renewals present another good certificate: no rule but consistency minds.
func renewals() []mutation {
	return []mutation{
		{name: "renewed with the same key", change: leaf(func(t *lab.Template) { t.Issue = 1 })},
		{name: "issued earlier, with another key", change: leaf(func(t *lab.Template) { // the newest is the right one
			t.Key.Label, t.NotBefore, t.NotAfter = "earlier", days(-13), days(33)
		})},
		{name: "from another public CA", change: from("Other")},
		{name: "negative serial number", change: leaf(func(t *lab.Template) { t.Serial = []byte{0xfe, 0x01} }), finds: []string{"serial-negative"}},
	}
}

func names() []mutation {
	lacking := func(name string) func(*lab.Cell) {
		return leaf(func(t *lab.Template) { t.Names = without(t.Names, name) })
	}
	more := func(name string) func(*lab.Cell) {
		return leaf(func(t *lab.Template) { t.Names = with(t.Names, name) })
	}
	subject := func(cn string) func(*lab.Cell) {
		return leaf(func(t *lab.Template) { t.Subject.CommonName = cn })
	}
	return []mutation{
		{name: "Access name missing", change: lacking("sip.contoso.com"), finds: []string{"access-name-missing"}},
		{name: "Web Conferencing name missing", change: lacking("webcon.contoso.com"), finds: []string{"webcon-name-missing"}},
		{name: "second SIP domain missing", change: lacking("sip.fabrikam.com"), finds: []string{"sip-domain-name-missing"}},
		{name: "extra name missing", against: "extra name there", finds: []string{"extra-name-missing"},
			pool: func(p *edge.Pool) { p.ExtraNames = []string{"meet.contoso.com"} }},
		{name: "extra name there", change: more("meet.contoso.com")},
		{name: "no SAN at all", change: leaf(func(t *lab.Template) { t.Names = nil }),
			finds: []string{"access-name-missing", "webcon-name-missing", "sip-domain-name-missing"}},
		{name: "subject is the Web Conferencing name", change: subject("webcon.contoso.com"),
			finds: []string{"subject-not-access-name", "subject-not-first"}},
		{name: "subject not in SAN", change: subject("edge.contoso.com"), finds: []string{"subject-not-access-name", "subject-not-in-san"}},
		{name: "no subject", change: leaf(func(t *lab.Template) { t.Subject = pkix.Name{} }), finds: []string{"subject-not-access-name"}},
		{name: "subject not first", finds: []string{"subject-not-first"},
			change: leaf(func(t *lab.Template) { t.Names = []string{"webcon.contoso.com", "sip.contoso.com", "sip.fabrikam.com"} })},
		{name: "wildcard subject", change: func(c *lab.Cell) { subject("*.contoso.com")(c); more("*.contoso.com")(c) },
			finds: []string{"wildcard-subject", "wildcard-extra", "subject-not-first"}},
		{name: "name covered by a wildcard alone", finds: []string{"wildcard-only"},
			change: leaf(func(t *lab.Template) { t.Names = with(without(t.Names, "webcon.contoso.com"), "*.contoso.com") })},
		{name: "wildcard beside the names", change: more("*.contoso.com"), finds: []string{"wildcard-extra"}},
		{name: "SAN that cannot be decoded", finds: []string{"certificate-undecodable"}, change: leaf(func(t *lab.Template) {
			t.Extra = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: []byte("no SAN")}}
		})},
		{name: "names that are commands", finds: []string{"name-not-dns-safe", "subject-not-access-name", "subject-not-in-san"},
			change: leaf(func(t *lab.Template) {
				t.Subject.CommonName, t.Names = "x\u2019; calc; \u2018", with(t.Names, "a'$(calc)`;'b.contoso.com")
			})},
		{name: "underscore in a name", change: more("edge_1.contoso.com"), finds: []string{"name-not-dns-safe"}},
	}
}

func usage() []mutation {
	eku := func(us ...x509.ExtKeyUsage) func(*lab.Cell) {
		return leaf(func(t *lab.Template) { t.ExtUsage = us })
	}
	signed := func(a x509.SignatureAlgorithm) func(*lab.Cell) {
		return leaf(func(t *lab.Template) { t.Signature = a })
	}
	aol := func(p *edge.Pool) { p.ClientAuth, p.PublicIMAOL = edge.ClientAuthRequired, true }
	ending := []string{"client-auth-ending"} // of the good certificates around, which have the EKU
	return []mutation{
		{name: "no EKU", change: eku(), finds: []string{"server-auth-missing=warning"}},
		{name: "client EKU alone", change: eku(x509.ExtKeyUsageClientAuth), finds: []string{"server-auth-missing"}},
		{name: "client EKU too", change: eku(x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)},
		{name: "client EKU where public IM wants it", change: eku(x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth),
			against: "client EKU too", pool: aol, around: ending},
		{name: "no client EKU where public IM wants it", against: "client EKU too", pool: aol, around: ending,
			finds: []string{"client-auth-missing"}},
		{name: "client EKU where none is wanted", change: eku(x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth),
			pool: func(p *edge.Pool) { p.ClientAuth = edge.ClientAuthForbidden }, finds: []string{"client-auth-present"}},
		{name: "key usage for CRLs alone", finds: []string{"key-usage-unsuitable"},
			change: leaf(func(t *lab.Template) { t.Usage = x509.KeyUsageCRLSign })},
		{name: "a CA's certificate", change: leaf(func(t *lab.Template) { t.CA = true }), finds: []string{"leaf-is-ca"}},
		{name: "signed with SHA-1", change: signed(x509.SHA1WithRSA), finds: []string{"weak-signature"}},
		{name: "signed with MD5", change: signed(x509.MD5WithRSA), finds: []string{"weak-signature"}},
		{name: "signed with PSS", change: signed(x509.SHA256WithRSAPSS), finds: []string{"pss-signature"}},
		{name: "RSA key of 1024 bits", change: leaf(func(t *lab.Template) { t.Key.Bits = 1024 }), finds: []string{"weak-key"}},
		{name: "EC key", change: leaf(func(t *lab.Template) { t.Key.Type = lab.ECDSA }), finds: []string{"ec-key"}},
		{name: "Ed25519 key", change: leaf(func(t *lab.Template) { t.Key.Type = lab.Ed25519 }), finds: []string{"key-type-unsupported"}},
		{name: "no CRL distribution point", change: leaf(func(t *lab.Template) { t.CRL = nil }), finds: []string{"crl-missing"}},
	}
}

func validity() []mutation {
	from := func(notBefore, notAfter int) func(*lab.Cell) {
		return leaf(func(t *lab.Template) { t.NotBefore, t.NotAfter = days(notBefore), days(notAfter) })
	}
	return []mutation{
		{name: "expired", change: from(-50, -4), finds: []string{"expired"}},
		{name: "not yet valid", change: from(2, 47), finds: []string{"not-yet-valid"}},
		{name: "expires in 10 of 45 days", change: from(-35, 10), finds: []string{"expires-soon"}},
		{name: "expires in 3 of 45 days", change: from(-42, 3), finds: []string{"expires-soon=error"}},
		{name: "valid for 300 days", change: from(-20, 280), finds: []string{"lifetime-too-long"}},
	}
}

// authorities are the CAs beside the healthy one.
func authorities() []lab.Authority {
	other := lab.NewAuthority("Other", now)
	private := lab.NewAuthority("Private", now)
	gone := lab.NewAuthority("Gone", now)
	gone.Intermediate.NotAfter = days(-10)
	fading := lab.NewAuthority("Fading", now)
	fading.Intermediate.NotAfter = days(12)
	// The healthy intermediate's name and key, certified by another root.
	cross := lab.NewAuthority("Cross", now)
	cross.Intermediate = lab.NewAuthority(lab.PublicCA, now).Intermediate
	cross.Root = other.Root
	late := cross
	late.Name, late.Intermediate.NotAfter = "Late cross", days(-3)
	deep := lab.NewAuthority("Deep", now)
	deep.Under = lab.PublicCA
	for _, a := range []*lab.Authority{&other, &gone, &fading, &cross, &late} {
		a.Trusted = true
	}
	return []lab.Authority{other, private, gone, fading, cross, late, deep}
}

func chains() []mutation {
	leaf, intermediate, root := lab.Part{Kind: lab.LeafPart}, lab.Part{Kind: lab.IntermediatePart}, lab.Part{Kind: lab.RootPart}
	of := func(authority string) lab.Part { return lab.Part{Kind: lab.IntermediatePart, Authority: authority} }
	return []mutation{
		{name: "intermediate not sent", change: send(leaf), finds: []string{"chain-incomplete"}, wide: []string{"untrusted-issuer"}},
		{name: "root sent", change: send(leaf, intermediate, root), finds: []string{"root-sent"}},
		{name: "two intermediates", change: func(c *lab.Cell) {
			from("Deep")(c)
			send(leaf, intermediate, of(lab.PublicCA))(c)
		}},
		{name: "wrong order", against: "two intermediates", finds: []string{"chain-order"}, change: func(c *lab.Cell) {
			from("Deep")(c)
			send(leaf, of(lab.PublicCA), intermediate)(c)
		}},
		{name: "upper intermediate not sent", against: "two intermediates", finds: []string{"chain-incomplete"}, wide: []string{"untrusted-issuer"},
			change: func(c *lab.Cell) {
				from("Deep")(c)
				send(leaf, intermediate)(c)
			}},
		{name: "intermediate of another CA too", change: send(leaf, intermediate, of("Other")), finds: []string{"chain-extra"}},
		{name: "intermediate from another root", change: send(leaf, of("Cross")), chains: true},
		{name: "expired cross certificate too", change: send(leaf, intermediate, of("Late cross")),
			finds: []string{"intermediate-expired=info"}},
		{name: "from a private CA", change: from("Private"), finds: []string{"untrusted-issuer"}},
		{name: "self-signed", change: from(""), finds: []string{"untrusted-issuer"}},
		{name: "intermediate expired", change: from("Gone"), finds: []string{"intermediate-expired"}},
		{name: "intermediate expires soon", change: from("Fading"), finds: []string{"intermediate-expires-soon"}},
		{name: "revoked, as its staple says", change: func(c *lab.Cell) { c.Staple = edge.Revoked }, finds: []string{"revoked"}},
		{name: "good, as its staple says", change: func(c *lab.Cell) { c.Staple = edge.Good }},
		{name: "a staple that knows nothing", change: func(c *lab.Cell) { c.Staple = edge.RevocationUnknown }, finds: []string{"revocation-unknown"}},
		{name: "junk in the chain", change: send(leaf, intermediate, lab.Part{Kind: lab.RawPart, Raw: slices.Repeat([]byte{0x30, 0x00}, 3)}),
			finds: []string{"chain-extra"}},
	}
}
