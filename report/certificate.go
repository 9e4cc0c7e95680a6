package report

import (
	"crypto/x509"
	"encoding/pem"

	"edgecert/scanner/edge"
)

// certificates is the document's table of certificates under construction.
// Each is described once, and its reference made once, however many endpoints
// present it and findings name it.
type certificates struct {
	table map[string]Certificate // by SHA-256
	ids   map[*edge.Certificate]*string
}

func newTable() certificates {
	return certificates{map[string]Certificate{}, map[*edge.Certificate]*string{}}
}

// add puts c into the table and returns its reference, nil for nil.
func (t certificates) add(c *edge.Certificate) *string {
	if c == nil {
		return nil
	}
	if id := t.ids[c]; id != nil {
		return id
	}
	id := c.Fingerprint.String()
	if _, known := t.table[id]; !known {
		t.table[id] = newCertificate(c)
	}
	t.ids[c] = &id
	return &id
}

func (t certificates) addAll(cs []*edge.Certificate) []string {
	ids := make([]string, 0, len(cs))
	for _, c := range cs {
		if id := t.add(c); id != nil {
			ids = append(ids, *id)
		}
	}
	return ids
}

func newCertificate(c *edge.Certificate) Certificate {
	d := Certificate{
		Subject:        c.Subject(),
		Issuer:         c.Issuer(),
		Serial:         c.Serial(),
		ThumbprintSHA1: c.Thumbprint(),
		NotBefore:      c.NotBefore(),
		NotAfter:       c.NotAfter(),
		DNSNames:       c.DNSNames(),
		KeyType:        "unknown",
		ParseError:     c.ParseError,
		PEM:            string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})),
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
