package trust

import (
	"bytes"

	"edgecert/scanner/edge"
)

// A Layout is how a chain was sent, whatever it is worth.
type Layout struct {
	OutOfOrder []*edge.Certificate // sent before the certificate that they certify
	Roots      []*edge.Certificate // self-signed ones behind the leaf
	Extra      []*edge.Certificate // no issuer of the leaf by any route, or sent twice
}

// LayoutOf reads the order of a chain, leaf first as sent. Names and key
// identifiers decide, not signatures: it is advice, and a hostile chain must
// not make it dear.
func LayoutOf(chain []*edge.Certificate) Layout {
	var l Layout
	if len(chain) == 0 || chain[0].X509 == nil {
		return l
	}
	chain = chain[:min(len(chain), maxSent)]
	issuers := issuersOf(chain)
	seen := map[edge.Fingerprint]bool{chain[0].Fingerprint: true}
	for i, c := range chain[1:] {
		switch {
		case seen[c.Fingerprint]:
			l.Extra = append(l.Extra, c)
		case c.X509 != nil && selfIssued(c.X509):
			l.Roots = append(l.Roots, c)
		case !issuers[c.Fingerprint]:
			l.Extra = append(l.Extra, c)
		case !certifiesOneOf(c, chain[:i+1]):
			l.OutOfOrder = append(l.OutOfOrder, c)
		}
		seen[c.Fingerprint] = true
	}
	return l
}

// issuersOf is the closure of "may have issued" from the leaf upwards.
func issuersOf(chain []*edge.Certificate) map[edge.Fingerprint]bool {
	out := map[edge.Fingerprint]bool{}
	for todo := chain[:1:1]; len(todo) > 0; todo = todo[1:] {
		for _, c := range chain[1:] {
			if !out[c.Fingerprint] && c != todo[0] && mayHaveIssued(todo[0], c) {
				out[c.Fingerprint] = true
				todo = append(todo, c)
			}
		}
	}
	return out
}

func certifiesOneOf(c *edge.Certificate, before []*edge.Certificate) bool {
	for _, child := range before {
		if mayHaveIssued(child, c) {
			return true
		}
	}
	return false
}

// mayHaveIssued goes by the name, and by the key where both sides tell it.
func mayHaveIssued(child, parent *edge.Certificate) bool {
	if child.X509 == nil || parent.X509 == nil || !bytes.Equal(child.X509.RawIssuer, parent.X509.RawSubject) {
		return false
	}
	return len(child.X509.AuthorityKeyId) == 0 || len(parent.X509.SubjectKeyId) == 0 || sameKeyID(child.X509, parent.X509)
}
