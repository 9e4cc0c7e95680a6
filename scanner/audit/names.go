package audit

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// How a certificate holds a name. TLS looks at the SAN alone: the subject does
// not count ("TLS ignores the subject name").

// A holding is how a certificate holds a name.
type holding int

const (
	lacked holding = iota
	byWildcard
	exactly
)

// holdsName says how c holds a DNS name. A wildcard stands for exactly one
// label, the leftmost (RFC 9525, 6.3).
func holdsName(c *x509.Certificate, name string) holding {
	best := lacked
	_, parent, _ := strings.Cut(name, ".")
	for _, have := range c.DNSNames {
		if strings.EqualFold(have, name) {
			return exactly
		}
		if rest, ok := strings.CutPrefix(have, "*."); ok && parent != "" && strings.EqualFold(rest, parent) {
			best = byWildcard
		}
	}
	return best
}

// isWildcard says whether a name is none of a single host.
func isWildcard(name string) bool { return strings.Contains(name, "*") }

// inSAN says whether the SAN holds this text as a DNS name.
func inSAN(c *x509.Certificate, name string) bool {
	return slices.ContainsFunc(c.DNSNames, func(s string) bool { return strings.EqualFold(s, name) })
}

// validFor tells what a certificate is valid for, as crypto/x509 does.
func validFor(c *x509.Certificate) string {
	if len(c.DNSNames) == 0 {
		return "its SAN holds no DNS name"
	}
	return "it is valid for " + list(c.DNSNames)
}

// bearers picks the endpoints whose certificate must hold names of a kind: the
// services of its group, on which it is presented with all the names of them.
// A/V needs no name, and so is never asked for one; XMPP is asked for its own.
func (w *world) bearers(k edge.NameKind) filter {
	switch {
	case k == edge.XMPPName && w.seenOn(edge.XMPP):
		return roles(edge.XMPP)
	case k == edge.XMPPName: // the proxy talks no TLS, or none with a stranger
		return w.nameBearing(edge.XMPP)
	case k == edge.WebConfName:
		return w.nameBearing(edge.WebConf)
	default:
		return w.nameBearing(edge.Access)
	}
}

func (w *world) nameBearing(r edge.Role) filter {
	return roles(slices.DeleteFunc(w.pool.Group(r), func(r edge.Role) bool { return r == edge.AV || r == edge.XMPP })...)
}

// due are the required names that a certificate must hold where it is presented.
func (w *world) due(g group) []edge.RequiredName {
	return slices.DeleteFunc(slices.Clone(w.required), func(n edge.RequiredName) bool {
		bears := w.bearers(n.Kind)
		return !slices.ContainsFunc(g.at, func(i int) bool { return bears(w.captures[i].Endpoint) })
	})
}

// seenOn says whether a service is planned and does anything but stay silent.
func (w *world) seenOn(r edge.Role) bool {
	return slices.ContainsFunc(w.captures, func(c edge.Capture) bool { return c.Endpoint.Role == r && !silent(c) })
}

// namesOf returns the required names of a kind.
func (w *world) namesOf(k edge.NameKind) []edge.RequiredName {
	return slices.DeleteFunc(slices.Clone(w.required), func(n edge.RequiredName) bool { return n.Kind != k })
}

// reasons lists names with the first thing that each is needed for.
func reasons(names []edge.RequiredName) string {
	return list(edge.Map(names, func(n edge.RequiredName) string {
		why, _, _ := strings.Cut(n.Why, ";")
		return fmt.Sprintf("%s (%s)", n.Name, why)
	}))
}

// nameFault says why an Edge would not take a DNS name, empty where it would.
func nameFault(name string) string {
	name = strings.TrimPrefix(name, "*.") // wildcards have rules of their own
	if edge.DNSSafe(name) {
		return ""
	}
	switch {
	case name == "":
		return "is empty"
	case strings.Contains(name, "_"):
		return "has an underscore"
	case strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 }):
		return "has characters outside ASCII"
	case slices.Contains(strings.Split(name, "."), ""):
		return "has an empty label"
	default:
		return "has other characters than letters, digits and inner hyphens, or is too long"
	}
}
