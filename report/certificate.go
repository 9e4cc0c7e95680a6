package report

import (
	"bytes"
	"crypto/x509"
	"time"

	"edgecert/scanner/edge"
)

func newFacts(c *edge.Certificate) facts {
	d := facts{
		Subject:        c.Subject(),
		Issuer:         c.Issuer(),
		Serial:         c.Serial(),
		ThumbprintSHA1: c.Thumbprint(),
		NotBefore:      c.NotBefore(),
		NotAfter:       c.NotAfter(),
		DNSNames:       c.DNSNames(),
		KeyType:        "unknown",
		ParseError:     c.ParseError,
	}
	if id := c.KeyID(); id != (edge.Fingerprint{}) {
		d.SPKISHA256 = id.String()
	}
	if c.X509 == nil { // what else is known of it, its accessors have read
		return d
	}
	d.ExtendedKeyUsage = usages(c.X509)
	if key := c.Key(); key.Algorithm != "" {
		d.KeyType, d.KeyBits = string(key.Algorithm), key.Bits
	}
	d.SignatureAlgorithm = c.Signature().Name
	d.IsCA = c.X509.BasicConstraintsValid && c.X509.IsCA
	return d
}

// usages names the extended key usages as RFC 5280 4.2.1.12 does; one without
// a name there is given as its OID.
func usages(c *x509.Certificate) []string {
	names := make([]string, 0, len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage))
	for _, u := range c.ExtKeyUsage {
		switch u {
		case x509.ExtKeyUsageAny:
			names = append(names, "anyExtendedKeyUsage")
		case x509.ExtKeyUsageServerAuth:
			names = append(names, "serverAuth")
		case x509.ExtKeyUsageClientAuth:
			names = append(names, "clientAuth")
		case x509.ExtKeyUsageCodeSigning:
			names = append(names, "codeSigning")
		case x509.ExtKeyUsageEmailProtection:
			names = append(names, "emailProtection")
		case x509.ExtKeyUsageTimeStamping:
			names = append(names, "timeStamping")
		case x509.ExtKeyUsageOCSPSigning:
			names = append(names, "OCSPSigning")
		default:
			names = append(names, u.OID().String())
		}
	}
	for _, oid := range c.UnknownExtKeyUsage {
		names = append(names, oid.String())
	}
	return names
}

// chainEnd is when the best path through a chain as sent ends: the leaf's end or
// that of a CA before it. A certificate beside the path, an expired cross
// certificate say, does not count.
func chainEnd(chain []*edge.Certificate) time.Time {
	if len(chain) == 0 {
		return time.Time{}
	}
	const longest = 8
	var from func(c *edge.Certificate, depth int) time.Time
	from = func(c *edge.Certificate, depth int) time.Time {
		end := c.NotAfter()
		if c.X509 == nil || depth == longest {
			return end
		}
		var best time.Time
		for _, ca := range chain[1:min(len(chain), longest)] {
			if ca == c || ca.X509 == nil || !bytes.Equal(ca.X509.RawSubject, c.X509.RawIssuer) {
				continue
			}
			if e := from(ca, depth+1); e.After(best) {
				best = e
			}
		}
		if best.IsZero() || best.After(end) {
			return end
		}
		return best
	}
	return from(chain[0], 0)
}
