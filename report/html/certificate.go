package html

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
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
func (b *htmlBuilder) leaf(p report.Pool, c *edge.Certificate, on string) htmlCertificate {
	h := htmlCertificate{Chip: newChip(p.Letters[c.Fingerprint]), Subject: b.subject(c), On: on, Thumbprint: strings.ToUpper(c.Thumbprint())}
	type chainAt struct {
		chain []*edge.Certificate
		place string
	}
	var sent []chainAt
	for i := range p.Captures {
		for _, chain := range p.Captures[i].Chains() {
			if chain[0].Fingerprint == c.Fingerprint {
				sent = append(sent, chainAt{chain, p.Captures[i].Place()})
			}
		}
	}
	distinct := edge.GroupBy(sent, func(s chainAt) string { return edge.ChainText(s.chain) })
	for _, same := range distinct[:min(len(distinct), maxHTMLChain)] {
		chain := b.chain(same[0].chain)
		if len(distinct) > 1 {
			chain.On = report.Places(edge.Map(same, func(s chainAt) string { return s.place }))
		}
		h.Chains = append(h.Chains, chain)
	}
	if c.ParseError != "" { // what else is told was read field by field
		h.Malformed = b.clean(c.ParseError)
	}
	h.Expiry, h.Class = sentence(report.Expiry(c.NotAfter(), b.now)), b.urgency(c)
	h.Serial, h.Issuer = c.Serial(), b.name(c.Issuer())
	h.Validity = b.validity(c)
	h.Key = b.clean(report.KeyOf(c))
	names := c.DNSNames()
	h.Names = edge.Map(names[:min(len(names), maxHTMLNames)], b.name)
	if more := len(names) - maxHTMLNames; more > 0 {
		h.MoreNames = "and " + report.Plural(more, "more name")
	}
	return h
}

func (b *htmlBuilder) subject(c *edge.Certificate) string {
	return cmp.Or(b.name(report.CommonName(c.Subject())), "(no subject)")
}

func (b *htmlBuilder) validity(c *edge.Certificate) string {
	if c.NotAfter().IsZero() {
		return "validity cannot be read"
	}
	days := audit.LifetimeDays(c.NotBefore(), c.NotAfter())
	return fmt.Sprintf("%s to %s, %s", c.NotBefore().Format(time.DateOnly), c.NotAfter().Format(time.DateOnly), report.Plural(days, "day"))
}

// urgency is how near the end is, by the thresholds of expires-soon.
func (b *htmlBuilder) urgency(c *edge.Certificate) string {
	if c.NotAfter().IsZero() {
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

// chain lists a chain as sent.
func (b *htmlBuilder) chain(sent []*edge.Certificate) htmlChain {
	var h htmlChain
	for i, c := range sent {
		if i == maxHTMLChain {
			h.More = "and " + report.Plural(len(sent)-i, "more certificate")
			break
		}
		h.Links = append(h.Links, htmlLink{b.subject(c), b.validity(c), strings.ToUpper(c.Thumbprint())})
	}
	return h
}
