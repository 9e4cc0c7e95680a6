package trust

import (
	"slices"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// A Layout is how a chain was sent, whatever it is worth.
type Layout struct {
	OutOfOrder []*edge.Certificate // sent before the certificate that they certify
	Roots      []*edge.Certificate // self-signed ones behind the leaf
	Extra      []*edge.Certificate // no issuer of the leaf by any route, or sent twice
}

// Layout reads the order of a chain, leaf first as sent. Names and key
// identifiers decide, not signatures, but for what looks like a root: it is
// advice, and a hostile chain must not make it dear.
func (f *Forest) Layout(chain []*edge.Certificate) Layout {
	key := ChainKey(chain)
	l, ok := f.layouts[key]
	if !ok {
		l = f.layoutOf(chain)
		f.layouts[key] = l
	}
	return l
}

func (f *Forest) layoutOf(chain []*edge.Certificate) Layout {
	var l Layout
	if len(chain) == 0 || chain[0].X509 == nil {
		return l
	}
	links := make([]named, min(len(chain), limits.ChainRead))
	for i := range links {
		links[i] = f.nameOf(chain[i])
	}
	issuers := issuersOf(links)
	seen := map[edge.Fingerprint]bool{chain[0].Fingerprint: true}
	for i, c := range links[1:] {
		switch {
		case seen[c.cert.Fingerprint]:
			l.Extra = append(l.Extra, c.cert)
		case c.self && IsSelfSigned(c.cert):
			l.Roots = append(l.Roots, c.cert)
		case !issuers[c.cert.Fingerprint]:
			l.Extra = append(l.Extra, c.cert)
		case !certifiesOneOf(c, links[:i+1]):
			l.OutOfOrder = append(l.OutOfOrder, c.cert)
		}
		seen[c.cert.Fingerprint] = true
	}
	return l
}

// named is a certificate with its names as they are compared.
type named struct {
	cert             *edge.Certificate
	subject, parents string
	self             bool
}

func (f *Forest) nameOf(c *edge.Certificate) named {
	n := named{cert: c}
	if c.X509 != nil {
		n.subject, n.parents = f.name(c.X509.RawSubject), f.name(c.X509.RawIssuer)
		n.self = n.subject == n.parents
	}
	return n
}

// issuersOf is the closure of "may have issued" from the leaf upwards.
func issuersOf(chain []named) map[edge.Fingerprint]bool {
	out := map[edge.Fingerprint]bool{}
	for todo := chain[:1:1]; len(todo) > 0; todo = todo[1:] {
		for _, c := range chain[1:] {
			if !out[c.cert.Fingerprint] && c.cert != todo[0].cert && mayHaveIssued(todo[0], c) {
				out[c.cert.Fingerprint] = true
				todo = append(todo, c)
			}
		}
	}
	return out
}

func certifiesOneOf(c named, before []named) bool {
	return slices.ContainsFunc(before, func(child named) bool { return mayHaveIssued(child, c) })
}

// mayHaveIssued goes by the name, and by the key where both sides tell it.
func mayHaveIssued(child, parent named) bool {
	if child.cert.X509 == nil || parent.cert.X509 == nil || child.parents != parent.subject {
		return false
	}
	return len(child.cert.X509.AuthorityKeyId) == 0 || len(parent.cert.X509.SubjectKeyId) == 0 || sameKeyID(child.cert.X509, parent.cert.X509)
}
