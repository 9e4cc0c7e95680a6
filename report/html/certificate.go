package html

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"edgecert/report"
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
func (b *htmlBuilder) leaf(p report.Pool, c *edge.Certificate, loose bool) htmlCertificate {
	h := htmlCertificate{Chip: newChip(p.Letters[c.Fingerprint]), Subject: b.subject(c), Thumbprint: strings.ToUpper(c.Thumbprint())}
	var places []string
	chains := map[string][]string{}
	var order [][]*edge.Certificate
	for i := range p.Captures {
		e := &p.Captures[i]
		for _, sent := range chainsOf(e, c) {
			key := fingerprints(sent)
			if chains[key] == nil {
				order = append(order, sent)
			}
			chains[key] = append(chains[key], e.Place())
		}
		if slices.ContainsFunc(e.Leaves(), func(l *edge.Certificate) bool { return l.Fingerprint == c.Fingerprint }) {
			places = append(places, e.Place())
		}
	}
	if loose {
		h.On = report.Places(places)
	} else {
		h.On = p.Holders(c)
	}
	for _, sent := range order[:min(len(order), maxHTMLChain)] {
		h.Chains = append(h.Chains, b.chain(sent, report.Places(chains[fingerprints(sent)]), len(order) > 1))
	}
	if c.ParseError != "" { // what else is told was read field by field
		h.Malformed = b.clean(c.ParseError)
	}
	h.Expiry, h.Class = sentence(report.Expiry(c.NotAfter(), b.now)), b.urgency(c)
	h.Serial, h.Issuer = c.Serial(), b.name(c.Issuer())
	h.Validity = b.validity(c)
	h.Key = b.clean(report.KeyOf(c))
	names := c.DNSNames()
	for _, n := range names[:min(len(names), maxHTMLNames)] {
		h.Names = append(h.Names, b.name(n))
	}
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
	days := int(c.NotAfter().Sub(c.NotBefore()).Round(time.Hour).Hours() / 24)
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

// chainsOf are the distinct chains behind a leaf that an endpoint sent.
func chainsOf(e *edge.Capture, leaf *edge.Certificate) [][]*edge.Certificate {
	var out [][]*edge.Certificate
	add := func(chain []*edge.Certificate) {
		if len(chain) > 0 && chain[0].Fingerprint == leaf.Fingerprint &&
			!slices.ContainsFunc(out, func(o []*edge.Certificate) bool { return fingerprints(o) == fingerprints(chain) }) {
			out = append(out, chain)
		}
	}
	add(e.Chain)
	for _, s := range e.Presentations {
		if s.Offer != edge.OfferWithoutSNI {
			add(s.Chain)
		}
	}
	return out
}

func fingerprints(chain []*edge.Certificate) string {
	var b strings.Builder
	for _, c := range chain {
		b.Write(c.Fingerprint[:])
	}
	return b.String()
}

// chain lists a chain as sent; where is said only where there are several.
func (b *htmlBuilder) chain(sent []*edge.Certificate, on string, several bool) htmlChain {
	var h htmlChain
	if several {
		h.On = on
	}
	for i, c := range sent {
		if i == maxHTMLChain {
			h.More = "and " + report.Plural(len(sent)-i, "more certificate")
			break
		}
		h.Links = append(h.Links, htmlLink{b.subject(c), b.validity(c), strings.ToUpper(c.Thumbprint())})
	}
	return h
}
