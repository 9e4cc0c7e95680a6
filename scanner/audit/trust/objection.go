package trust

import (
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"
)

// objection says why clients refuse a path that holds together and ends in a
// root; empty: they take it. Asked are the conditions of RFC 5280 section 6.1
// that are neither dates nor signatures, nested extended key usage (section
// 4.2.1.12 leaves it open; Windows, OpenSSL, Mozilla and Go enforce it), and
// what the root program says of its root.
func objection(path []*authority) string {
	certs := parsed(path)
	for i, c := range certs {
		if len(c.UnhandledCriticalExtensions) > 0 {
			return fmt.Sprintf("%q has a critical extension that clients do not know (%s)", c.Subject, c.UnhandledCriticalExtensions[0])
		}
		if i == 0 {
			continue
		}
		if why := unfit(certs, i, path[i].anchor); why != "" {
			return fmt.Sprintf("%q %s", c.Subject, why)
		}
	}
	root := path[len(path)-1]
	if root.constraint != nil {
		if err := root.constraint(certs); err != nil {
			return fmt.Sprintf("Mozilla no longer trusts %q for it: %v", root.cert.X509.Subject, err)
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
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return "may not sign certificates (key usage)"
	case pathLength(c) >= 0 && below(certs[1:i]) > pathLength(c):
		return fmt.Sprintf("allows %d CA certificates below it, and there are %d (path length)", pathLength(c), below(certs[1:i]))
	case !mayIssueServers(c):
		return "may not issue server certificates (extended key usage)"
	}
	if name := outside(c, certs[0]); name != "" {
		return fmt.Sprintf("may not issue for %q (name constraints)", name)
	}
	return ""
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
	if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 {
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

// outside is the first name of leaf that ca's name constraints do not allow
// (RFC 5280 section 4.2.1.10). DNS names and IP addresses are looked at: the
// names a server is reached by. x509.Verify would do it, and would fail first
// on dates and SHA-1, which must not decide here.
func outside(ca, leaf *x509.Certificate) string {
	for _, name := range leaf.DNSNames {
		if !allowed(name, ca.PermittedDNSDomains, ca.ExcludedDNSDomains, inDomain) {
			return name
		}
	}
	for _, ip := range leaf.IPAddresses {
		if !allowed(ip, ca.PermittedIPRanges, ca.ExcludedIPRanges, inRange) {
			return ip.String()
		}
	}
	return ""
}

func allowed[N, C any](name N, permitted, excluded []C, match func(N, C) bool) bool {
	matches := func(c C) bool { return match(name, c) }
	if slices.ContainsFunc(excluded, matches) {
		return false
	}
	return len(permitted) == 0 || slices.ContainsFunc(permitted, matches)
}

// inDomain: "contoso.com" covers itself and everything below it, ".contoso.com"
// only what is below, "" everything. A wildcard counts as a name below its
// domain.
func inDomain(name, domain string) bool {
	name, domain = strings.ToLower(strings.TrimSuffix(name, ".")), strings.ToLower(domain)
	if domain == "" {
		return true
	}
	if rest, dotted := strings.CutPrefix(domain, "."); dotted {
		return strings.HasSuffix(name, "."+rest)
	}
	return name == domain || strings.HasSuffix(name, "."+domain)
}

func inRange(ip net.IP, n *net.IPNet) bool { return len(ip) == len(n.IP) && n.Contains(ip) }
