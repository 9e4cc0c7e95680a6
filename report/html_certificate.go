package report

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// htmlCertificate is one leaf with everything that recognises it.
type htmlCertificate struct {
	Chip               chip
	Subject            string
	Expiry, Class      string // Class: "error", "warning" or "" by the thresholds
	On                 string
	Thumbprint, Serial string
	Issuer, Malformed  string
	Validity, Key      string
	Names              []string
	MoreNames          string
	Chains             []htmlChain
}

type htmlChain struct {
	On    string
	Links []htmlLink
	More  string
}

type htmlLink struct{ Subject, Validity, Thumbprint string }

// leaf describes one certificate and the chains it came in.
func (b *htmlBuilder) leaf(p Pool, id string, mark chip, loose bool) htmlCertificate {
	c := b.r.Certificates[id]
	h := htmlCertificate{Chip: mark, Subject: b.subject(c), Thumbprint: strings.ToUpper(b.clean(c.ThumbprintSHA1))}
	var places []string
	chains := map[string][]string{}
	var chainOrder []Endpoint
	for _, e := range p.Endpoints {
		if e.Certificate == nil || *e.Certificate != id {
			continue
		}
		places = append(places, e.Place())
		sent := strings.Join(e.Chain, " ")
		if chains[sent] == nil {
			chainOrder = append(chainOrder, e)
		}
		chains[sent] = append(chains[sent], e.Place())
	}
	if loose {
		h.On = b.listed(places)
	} else {
		h.On = b.holders(p, id)
	}
	for _, e := range chainOrder[:min(len(chainOrder), maxHTMLChain)] {
		h.Chains = append(h.Chains, b.chain(e, b.listed(chains[strings.Join(e.Chain, " ")]), len(chainOrder) > 1))
	}
	if c.ParseError != "" { // what else is told was read field by field
		h.Malformed = b.clean(c.ParseError)
	}
	h.Expiry, h.Class = sentence(expiry(c.NotAfter, b.now)), b.urgency(c)
	h.Serial, h.Issuer = b.clean(c.Serial), b.name(c.Issuer)
	h.Validity = b.validity(c)
	if c.KeyBits > 0 {
		h.Key = b.clean(fmt.Sprintf("%s %d, signed with %s", c.KeyType, c.KeyBits, c.SignatureAlgorithm))
	}
	for _, n := range c.DNSNames[:min(len(c.DNSNames), maxHTMLNames)] {
		h.Names = append(h.Names, b.name(n))
	}
	if more := len(c.DNSNames) - maxHTMLNames; more > 0 {
		h.MoreNames = "and " + plural(more, "more name")
	}
	return h
}

func (b *htmlBuilder) subject(c Certificate) string {
	return cmp.Or(b.name(commonName(c.Subject)), "(no subject)")
}

func (b *htmlBuilder) validity(c Certificate) string {
	if c.NotAfter.IsZero() {
		return "validity cannot be read"
	}
	days := int(c.NotAfter.Sub(c.NotBefore).Round(time.Hour).Hours() / 24)
	return fmt.Sprintf("%s to %s, %s", c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly), plural(days, "day"))
}

// urgency is how near the end is, by the thresholds of expires-soon.
func (b *htmlBuilder) urgency(c Certificate) string {
	if c.NotAfter.IsZero() {
		return ""
	}
	warn, fail := b.thresholds(c)
	switch {
	case !b.now.Before(fail):
		return "error"
	case !b.now.Before(warn):
		return "warning"
	default:
		return ""
	}
}

// chain lists a chain as sent; where is said only where there are several.
func (b *htmlBuilder) chain(e Endpoint, on string, several bool) htmlChain {
	var h htmlChain
	if several {
		h.On = on
	}
	for i, id := range e.Chain {
		if i == maxHTMLChain {
			h.More = "and " + plural(len(e.Chain)-i, "more certificate")
			break
		}
		c := b.r.Certificates[id]
		h.Links = append(h.Links, htmlLink{b.subject(c), b.validity(c), strings.ToUpper(b.clean(c.ThumbprintSHA1))})
	}
	return h
}
