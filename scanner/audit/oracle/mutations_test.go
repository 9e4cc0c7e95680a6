package oracle

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
	"time"
)

// A mutation changes one fact of a world. The recipes are those of the public
// corpora (x509-limbo's categories, zlint's test data, badssl.com's hosts),
// written anew.
type mutation struct {
	name   string
	change func(*world)
}

func mutations() []mutation {
	var out []mutation
	for _, group := range [][]mutation{usages(), names(), validities(), leaves(), authorities(), constraints(), oddities(), chains()} {
		out = append(out, group...)
	}
	return out
}

func usages() []mutation {
	leaf := func(u ...x509.ExtKeyUsage) func(*world) { return func(w *world) { w.leaf.ExtKeyUsage = u } }
	key := func(u x509.KeyUsage) func(*world) { return func(w *world) { w.leaf.KeyUsage = u } }
	return []mutation{
		{"no extended key usage", leaf()},
		{"client authentication alone", leaf(x509.ExtKeyUsageClientAuth)},
		{"server and client authentication", leaf(x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth)},
		{"any extended key usage alone", leaf(x509.ExtKeyUsageAny)},
		{"any and server authentication", leaf(x509.ExtKeyUsageAny, x509.ExtKeyUsageServerAuth)},
		{"mail protection alone", leaf(x509.ExtKeyUsageEmailProtection)},
		{"server gated crypto alone", leaf(x509.ExtKeyUsageMicrosoftServerGatedCrypto)},
		{"an unknown extended key usage alone", func(w *world) {
			w.leaf.ExtKeyUsage, w.leaf.UnknownExtKeyUsage = nil, []asn1.ObjectIdentifier{{1, 3, 6, 1, 4, 1, 99999, 1}}
		}},
		{"no key usage", key(0)},
		{"key usage of a CA", key(x509.KeyUsageCertSign)},
		{"key agreement alone", key(x509.KeyUsageKeyAgreement)},
		{"key encipherment alone", key(x509.KeyUsageKeyEncipherment)},
		{"content commitment alone", key(x509.KeyUsageContentCommitment)},
	}
}

func names() []mutation {
	san := func(n ...string) func(*world) { return func(w *world) { w.leaf.DNSNames = n } }
	return []mutation{
		{"no SAN, the name as subject", san()},
		{"no SAN, another subject", func(w *world) { w.leaf.DNSNames, w.leaf.Subject.CommonName = nil, "other" }},
		{"other names", san("webcon.contoso.com", "sip.fabrikam.com")},
		{"the name in upper case", san("SIP.Contoso.COM")},
		{"the name among a hundred", func(w *world) {
			for i := range 100 {
				w.leaf.DNSNames = append(w.leaf.DNSNames[:len(w.leaf.DNSNames):len(w.leaf.DNSNames)], string(rune('a'+i%26))+".contoso.com")
			}
		}},
		{"a wildcard", san("*.contoso.com")},
		{"a wildcard of the wrong depth", san("*.sip.contoso.com", "*.com")},
		{"a wildcard in the middle", san("sip.*.com")},
		{"a wildcard of a part", san("s*.contoso.com")},
		{"a wildcard alone", san("*")},
		{"a longer name", san("a.sip.contoso.com")},
		{"a shorter name", san("contoso.com")},
		{"a name that only ends alike", san("evilsip.contoso.com")},
		{"an address alone", func(w *world) { w.leaf.DNSNames, w.leaf.IPAddresses = nil, []net.IP{net.IPv4(192, 0, 2, 1).To4()} }},
		{"a mail address alone", func(w *world) { w.leaf.DNSNames, w.leaf.EmailAddresses = nil, []string{"admin@sip.contoso.com"} }},
	}
}

func validities() []mutation {
	leaf := func(from, to time.Duration) func(*world) {
		return func(w *world) { w.leaf.NotBefore, w.leaf.NotAfter = now().Add(from), now().Add(to) }
	}
	const day = 24 * time.Hour
	return []mutation{
		{"expired yesterday", leaf(-30*day, -day)},
		{"expired a second ago", leaf(-30*day, -time.Second)},
		{"ends this second", leaf(-30*day, 0)},
		{"ends in a second", leaf(-30*day, time.Second)},
		{"begins this second", leaf(0, 30*day)},
		{"begins in a second", leaf(time.Second, 30*day)},
		{"begins tomorrow", leaf(day, 30*day)},
		{"ends in 2049", func(w *world) { w.leaf.NotAfter = time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC) }},
		{"ends in 2050, in the other encoding", func(w *world) { w.leaf.NotAfter = time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"intermediate expired", func(w *world) { w.lower.NotAfter = now().Add(-day) }},
		{"intermediate begins tomorrow", func(w *world) { w.lower.NotBefore = now().Add(day) }},
		{"root expired", func(w *world) { w.root.NotAfter = now().Add(-day) }},
	}
}

func leaves() []mutation {
	return []mutation{
		{"signed with SHA-1", func(w *world) { w.leaf.SignatureAlgorithm = x509.ECDSAWithSHA1 }},
		{"signed with SHA-512", func(w *world) { w.leaf.SignatureAlgorithm = x509.ECDSAWithSHA512 }},
		{"signed by another key of that name", func(w *world) { w.leafSigner = "other" }},
		{"signature tampered with", func(w *world) { w.tampered = true }},
		{"self-signed", func(w *world) { w.selfSigned = true }},
		{"leaf is a CA", func(w *world) { w.leaf.IsCA, w.leaf.MaxPathLen = true, -1 }},
		{"no basic constraints in the leaf", func(w *world) { w.leaf.BasicConstraintsValid = false }},
		{"unknown critical extension in the leaf", func(w *world) { w.leaf.ExtraExtensions = unknownExtension(true) }},
		{"unknown extension in the leaf", func(w *world) { w.leaf.ExtraExtensions = unknownExtension(false) }},
		{"a subject of many parts", func(w *world) {
			w.leaf.Subject.Country, w.leaf.Subject.Locality = []string{"DE"}, []string{"Köln"}
		}},
	}
}

func unknownExtension(critical bool) []pkix.Extension {
	return []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 2}, Critical: critical, Value: []byte{5, 0}}}
}

func authorities() []mutation {
	lower := func(change func(*x509.Certificate)) func(*world) { return func(w *world) { change(w.lower) } }
	purpose := func(u x509.ExtKeyUsage) func(*world) {
		return lower(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{u} })
	}
	return []mutation{
		{"intermediate is no CA", lower(func(c *x509.Certificate) { c.IsCA, c.MaxPathLen = false, 0 })},
		{"intermediate without basic constraints", lower(func(c *x509.Certificate) { c.BasicConstraintsValid = false })},
		{"intermediate may not sign", lower(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature })},
		{"intermediate without key usage", lower(func(c *x509.Certificate) { c.KeyUsage = 0 })},
		{"intermediate for servers", purpose(x509.ExtKeyUsageServerAuth)},
		{"intermediate for clients", purpose(x509.ExtKeyUsageClientAuth)},
		{"intermediate for mail", purpose(x509.ExtKeyUsageEmailProtection)},
		{"intermediate for any purpose", purpose(x509.ExtKeyUsageAny)},
		{"intermediate for server gated crypto", purpose(x509.ExtKeyUsageNetscapeServerGatedCrypto)},
		{"unknown critical extension in the intermediate", lower(func(c *x509.Certificate) { c.ExtraExtensions = unknownExtension(true) })},
		{"intermediate signed by another key", func(w *world) { w.lowerSigner = "other" }},
		{"root is no CA", func(w *world) { w.root.IsCA, w.root.MaxPathLen = false, 0 }},
		{"root may not sign", func(w *world) { w.root.KeyUsage = x509.KeyUsageDigitalSignature }},
		{"root for clients", func(w *world) { w.root.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }},
		{"root allows no intermediate", func(w *world) { w.root.MaxPathLen, w.root.MaxPathLenZero = 0, true }},
		{"root allows one intermediate", func(w *world) { w.root.MaxPathLen = 1 }},
		{"intermediate allows none below", lower(func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })},
	}
}

func constraints() []mutation {
	permitted := func(d ...string) func(*world) { return func(w *world) { w.lower.PermittedDNSDomains = d } }
	excluded := func(d ...string) func(*world) { return func(w *world) { w.lower.ExcludedDNSDomains = d } }
	_, tens, _ := net.ParseCIDR("10.0.0.0/8")
	return []mutation{
		{"may issue for the domain", permitted("contoso.com")},
		{"may issue for the name", permitted(name)},
		{"may issue for another domain", permitted("example.net")},
		{"may issue for one of two domains", permitted("example.net", "contoso.com")},
		{"may issue for a domain that only ends alike", permitted("ontoso.com")},
		{"may not issue for the domain", excluded("contoso.com")},
		{"may not issue for another domain", excluded("example.net")},
		{"root may issue for another domain", func(w *world) { w.root.PermittedDNSDomains = []string{"example.net"} }},
		{"may issue for a range of addresses", func(w *world) { w.lower.PermittedIPRanges = []*net.IPNet{tens} }},
		{"may issue for another directory", other(0, directoryName, "\x30\x12\x31\x10\x30\x0e\x06\x03\x55\x04\x0a\x0c\x07Another")},
		{"may not issue for another directory", other(1, directoryName, "\x30\x12\x31\x10\x30\x0e\x06\x03\x55\x04\x0a\x0c\x07Another")},
		{"may not issue for a user principal name", other(1, otherName, "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03\xa0\x0b\x0c\x09@evil.com")},
		{"may not issue for a name that a wildcard reaches", func(w *world) {
			w.leaf.DNSNames, w.lower.ExcludedDNSDomains = []string{name, "*.contoso.com"}, []string{"secret.contoso.com"}
		}},
		{"constraints marked critical", func(w *world) {
			w.lower.PermittedDNSDomains, w.lower.PermittedDNSDomainsCritical = []string{"contoso.com"}, true
		}},
	}
}

// What Go's templates cannot say, in extensions made by hand: what is there and
// empty, what follows where nothing may, what names another issuer.
func oddities() []mutation {
	with := func(last int, critical bool, value string) []pkix.Extension {
		return []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, last}, Critical: critical, Value: []byte(value)}}
	}
	leaf := func(last int, value string) func(*world) {
		return func(w *world) { w.leaf.ExtraExtensions = with(last, false, value) }
	}
	lower := func(last int, value string) func(*world) {
		return func(w *world) { w.lower.ExtraExtensions = with(last, true, value) }
	}
	const permitted, excluded = "\xa0\x0f\x30\x0d\x82\x0bcontoso.com", "\xa1\x0d\x30\x0b\x82\x09evil.test"
	const san = "\x82\x0fsip.contoso.com"
	return []mutation{
		{"leaf names another key of its issuer", func(w *world) {
			w.leaf.ExtraExtensions, w.lower.SubjectKeyId = with(35, false, "\x30\x04\x80\x02by"), []byte("of")
		}},
		{"intermediate names another key of its issuer", func(w *world) {
			w.lower.ExtraExtensions, w.root.SubjectKeyId = with(35, false, "\x30\x04\x80\x02by"), []byte("of")
		}},
		{"leaf names another serial number of its issuer", leaf(35, "\x30\x1d\xa1\x15\xa4\x13\x30\x11\x31\x0f\x30\x0d\x06\x03\x55\x04\x03\x0c\x06Nobody\x82\x04\x7f\x00\x00\x01")},
		{"a key usage without a bit", leaf(15, "\x03\x02\x07\x00")},
		{"intermediate with a key usage without a bit", lower(15, "\x03\x02\x07\x00")},
		{"an extended key usage without a purpose", leaf(37, "\x30\x00")},
		{"intermediate with an extended key usage without a purpose", lower(37, "\x30\x00")},
		{"something behind the names", leaf(17, "\x30\x13"+san+"\x05\x00")},
		{"another name that is none", leaf(17, "\x30\x14\xa0\x01\x02"+san)},
		{"a point of CRLs that is none", leaf(31, "\x30\x02\x30\x00")},
		{"constraints in the other order", lower(30, "\x30\x1e"+"\xa1\x0d\x30\x0b\x82\x09evil.test"+"\xa0\x0d\x30\x0b\x82\x09else.test")},
		{"constraints with a third list", lower(30, "\x30\x13"+permitted+"\xa2\x00")},
		{"constraints on an address without its mask", lower(30, "\x30\x0a\xa1\x08\x30\x06\x87\x04\x7f\x00\x00\x01")},
		{"constraints on a directory that is none", lower(30, "\x30\x09\xa1\x07\x30\x05\xa4\x03\x02\x01\x01")},
		{"both lists of constraints", lower(30, "\x30\x20"+permitted+excluded)},
		{"a policy is required, and none is there", lower(36, "\x30\x03\x80\x01\x00")},
		{"a policy is required below the leaf", lower(36, "\x30\x03\x80\x01\x05")},
	}
}

// The forms of name constraints that Go has no fields for.
const (
	otherName     = 0xa0
	directoryName = 0xa4
)

// other gives the intermediate one constraint, permitted (0) or excluded (1),
// of such a form.
func other(list, form byte, value string) func(*world) {
	wrap := func(tag byte, s string) string { return string([]byte{tag, byte(len(s))}) + s }
	der := wrap(0x30, wrap(0xa0|list, wrap(0x30, wrap(form, value))))
	return func(w *world) {
		w.lower.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Critical: true, Value: []byte(der)}}
	}
}

func chains() []mutation {
	return []mutation{
		{"two intermediates", func(w *world) {
			upper := *w.lower
			upper.Subject.CommonName = "Upper, above " + upper.Subject.CommonName
			w.upper = &upper
		}},
		{"intermediates not sent", func(w *world) { w.unsent = true }},
		{"root in no store", func(w *world) { w.untrusted = true }},
		{"root sent before the intermediate", func(w *world) { w.shuffled = true }},
	}
}
