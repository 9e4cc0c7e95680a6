package trust

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"edgecert/scanner/edge"
)

// objection says why clients refuse a path that holds together and ends in a
// root; empty: they take it, or, where unsure says why, nobody here can tell.
// Asked are the conditions of RFC 5280 section 6.1 that are neither dates nor
// signatures, nested extended key usage (section 4.2.1.12 leaves it open;
// Windows, OpenSSL, Mozilla and Go enforce it), and what the root program says
// of its root.
func objection(path []*authority) (refused, unsure string) {
	certs := parsed(path)
	for i, c := range certs {
		if id := unknownCritical(c); id != "" {
			return fmt.Sprintf("%q has a critical extension that clients do not know (%s)", c.Subject, id), ""
		}
		if i == 0 {
			continue
		}
		if why := cmp.Or(unfit(certs, i, path[i].anchor), notNamed(certs[i-1], c)); why != "" {
			return fmt.Sprintf("%q %s", c.Subject, why), ""
		}
		// Whether others take it nobody here knows; certificates that only this
		// library refuses are among them.
		if path[i].cert.ParseError != "" {
			unsure = fmt.Sprintf("%q, which issued on its path, cannot be decoded as a whole (%s)", c.Subject, path[i].cert.ParseError)
		}
		name, why := outsideAll(certs[i], certs[:i])
		if name != "" {
			return fmt.Sprintf("%q may not issue for %q (name constraints)", c.Subject, name), ""
		}
		unsure = cmp.Or(unsure, why)
	}
	if why := outsidePolicies(certs); why != "" {
		return why, ""
	}
	root := path[len(path)-1]
	if root.constraint != nil {
		if err := root.constraint(certs); err != nil {
			return fmt.Sprintf("Mozilla no longer trusts %q for it: %v", root.cert.X509.Subject, err), ""
		}
	}
	return "", unsure
}

// outsideAll holds the constraints of a CA against every certificate below it.
// Self-issued ones are exempt, but for the leaf (RFC 5280 section 6.1.3).
func outsideAll(ca *x509.Certificate, below []*x509.Certificate) (name, unsure string) {
	for i, c := range below {
		if i > 0 && selfIssued(c) {
			continue
		}
		n, why := outside(ca, c)
		if n != "" {
			return n, ""
		}
		unsure = cmp.Or(unsure, why)
	}
	return "", unsure
}

// unknownCritical is the first critical extension that usual clients do not
// process, whatever the standard library makes of it.
func unknownCritical(c *x509.Certificate) string {
	for _, x := range c.Extensions {
		if !x.Critical {
			continue
		}
		switch id := x.Id.String(); id {
		case "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.31", "2.5.29.32", "2.5.29.33", "2.5.29.35",
			"2.5.29.36", "2.5.29.37", "2.5.29.54",
			"1.3.6.1.5.5.7.1.1",     // authority information access
			"2.16.840.1.113730.1.1", // Netscape's certificate type
			"1.3.6.1.4.1.311.21.10", // Windows: application policies
			"1.3.6.1.4.1.311.20.2",  // Windows: the template's name
			"1.3.6.1.4.1.311.21.7":  // Windows: the template
		default:
			return id
		}
	}
	return ""
}

// unfit says why the certificate at place i of a path may not stand there.
func unfit(certs []*x509.Certificate, i int, anchor bool) string {
	c := certs[i]
	switch {
	case !anchor && (!c.BasicConstraintsValid || !c.IsCA):
		return "is not a CA certificate, yet it signed another one"
	case anchor && c.BasicConstraintsValid && !c.IsCA:
		return "is trusted, but says that it is not a CA"
	case edge.HasExtension(c, edge.KeyUsage) && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return "may not sign certificates (key usage)"
	case pathLength(c) >= 0 && below(certs[1:i]) > pathLength(c):
		return fmt.Sprintf("allows %d CA certificates below it, and there are %d (path length)", pathLength(c), below(certs[1:i]))
	case !mayIssueServers(c):
		return "may not issue server certificates (extended key usage)"
	default:
		return ""
	}
}

// notNamed says why a certificate is none that another one names as its issuer.
// By RFC 4158 the identifiers only help to find it; OpenSSL and GnuTLS, and so
// whoever is built on them, take no issuer but the one that is named.
func notNamed(child, parent *x509.Certificate) string {
	id := authorityOf(child)
	switch {
	case id.key != nil && len(parent.SubjectKeyId) > 0 && !bytes.Equal(id.key, parent.SubjectKeyId):
		return fmt.Sprintf("has another key identifier than the one that %q names as its issuer's", child.Subject)
	case id.serial != nil && parent.SerialNumber != nil && id.serial.Cmp(parent.SerialNumber) != 0,
		id.name != "" && id.name != edge.NameKey(parent.RawIssuer):
		return fmt.Sprintf("is another certificate, by issuer and serial number, than the one that %q names as its issuer's", child.Subject)
	default:
		return ""
	}
}

// An authorityID is what a certificate says of its issuer's (RFC 5280 section
// 4.2.1.1).
type authorityID struct {
	key    []byte
	name   string // of the issuer's own issuer, as edge.NameKey has it
	serial *big.Int
}

func authorityOf(c *x509.Certificate) (id authorityID) {
	value, _ := extension(c, 35)
	var all, key, names, serial cryptobyte.String
	var keyed, counted bool
	if value.ReadASN1(&all, cbasn1.SEQUENCE) && all.ReadOptionalASN1(&key, &keyed, cbasn1.Tag(0).ContextSpecific()) && keyed {
		id.key = append([]byte{}, key...)
	}
	if all.ReadOptionalASN1(&names, nil, cbasn1.Tag(1).ContextSpecific().Constructed()) &&
		all.ReadOptionalASN1(&serial, &counted, cbasn1.Tag(2).ContextSpecific()) && counted {
		id.serial = edge.Integer(serial)
		if n, ok := edge.ReadGeneralName(&names); ok && n.Form == edge.DirectoryName {
			id.name = edge.NameKey(n.Value)
		}
	}
	return id
}

// pathLength is the path length constraint, -1 without one.
func pathLength(c *x509.Certificate) int {
	if !c.BasicConstraintsValid || c.MaxPathLen == 0 && !c.MaxPathLenZero {
		return -1
	}
	return c.MaxPathLen
}

// below counts CA certificates as path length does: self-issued ones are free
// (RFC 5280 section 4.2.1.9), which makes key roll-over possible.
func below(certs []*x509.Certificate) int {
	n := 0
	for _, c := range certs {
		if !selfIssued(c) {
			n++
		}
	}
	return n
}

// mayIssueServers: a CA without the extension may issue for any purpose. The
// two Server Gated Crypto purposes of the 1990s count, as they do in OpenSSL.
func mayIssueServers(c *x509.Certificate) bool {
	if !edge.HasExtension(c, edge.ExtendedKeyUsage) {
		return true
	}
	return slices.ContainsFunc(c.ExtKeyUsage, func(u x509.ExtKeyUsage) bool {
		switch u {
		case x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageAny,
			x509.ExtKeyUsageMicrosoftServerGatedCrypto, x509.ExtKeyUsageNetscapeServerGatedCrypto:
			return true
		default:
			return false
		}
	})
}
