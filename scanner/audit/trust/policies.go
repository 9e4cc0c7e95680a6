package trust

import (
	"crypto/x509"
	"fmt"
	"slices"
)

// A policies is the state of RFC 5280 section 6.1 that is about certificate
// policies, on the way from the root down: which of them still stand, and after
// how many certificates what is no longer free. Whoever connects asks for no
// policy of their own, so they matter only where a CA requires some.
type policies struct {
	any                    bool // every policy stands
	known                  []string
	explicit, mapping, all int // certificates until one is required, none is mapped, "any" is none
}

const anyPolicy = "2.5.29.32.0"

// outsidePolicies says why a path lacks a policy that one of its CAs requires.
// Windows, browsers and Go refuse it then; OpenSSL does where it is told to.
func outsidePolicies(certs []*x509.Certificate) string {
	n := len(certs)
	p := policies{any: true, explicit: n, mapping: n, all: n}
	for i := n - 2; i >= 0; i-- { // the root's own say nothing (section 6.1.1)
		c := certs[i]
		p.meet(c, i > 0 && selfIssued(c))
		if i > 0 {
			p.mapTo(c)
		}
		if i == 0 || !selfIssued(c) {
			p.explicit, p.mapping, p.all = max(p.explicit-1, 0), max(p.mapping-1, 0), max(p.all-1, 0)
		}
		if c.RequireExplicitPolicy > 0 || c.RequireExplicitPolicyZero {
			if i > 0 || c.RequireExplicitPolicy == 0 {
				p.explicit = min(p.explicit, c.RequireExplicitPolicy)
			}
		}
		if c.InhibitPolicyMapping > 0 || c.InhibitPolicyMappingZero {
			p.mapping = min(p.mapping, c.InhibitPolicyMapping)
		}
		if c.InhibitAnyPolicy > 0 || c.InhibitAnyPolicyZero {
			p.all = min(p.all, c.InhibitAnyPolicy)
		}
		if p.explicit == 0 && !p.any && len(p.known) == 0 {
			return fmt.Sprintf("%q has none of the policies that a CA above it requires", c.Subject)
		}
	}
	return ""
}

// meet leaves what a certificate has too.
func (p *policies) meet(c *x509.Certificate, passing bool) {
	var own []string
	for _, id := range c.Policies {
		own = append(own, id.String())
	}
	switch {
	case slices.Contains(own, anyPolicy) && (p.all > 0 || passing):
	case p.any:
		p.any, p.known = false, slices.DeleteFunc(own, func(id string) bool { return id == anyPolicy })
	default:
		p.known = slices.DeleteFunc(slices.Clone(p.known), func(id string) bool { return !slices.Contains(own, id) })
	}
}

// mapTo puts the policies that a CA knows below it in the place of those above.
func (p *policies) mapTo(c *x509.Certificate) {
	for _, m := range c.PolicyMappings {
		from := m.IssuerDomainPolicy.String()
		if p.any || !slices.Contains(p.known, from) {
			continue
		}
		p.known = slices.DeleteFunc(slices.Clone(p.known), func(id string) bool { return id == from })
		if p.mapping > 0 {
			for _, other := range c.PolicyMappings {
				if other.IssuerDomainPolicy.Equal(m.IssuerDomainPolicy) {
					p.known = append(p.known, other.SubjectDomainPolicy.String())
				}
			}
		}
	}
}
