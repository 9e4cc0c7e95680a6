package edge

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
)

// Shared keeps once what captures and certificates of a scan have alike. Most
// servers of a fleet negotiate the same, and those of a pool answer the further
// handshakes alike, which is 0.6 kB an endpoint. Certificates of one CA are
// alike in their issuer and in all object identifiers: 0.6 of 3 kB.
type Shared struct {
	agreed map[agreement]*TLS
	lists  map[*Certificate][][]Presentation // by leaf
	names  map[string]pkix.Name              // by their DER
	oids   map[string]asn1.ObjectIdentifier
}

// An agreement is what handshakes negotiate.
type agreement struct {
	version, cipher string
	client          ClientCertificate
}

// fewLists bounds what a list of presentations is compared with.
const fewLists = 4

// NewShared is for one scan, and for one goroutine at a time.
func NewShared() *Shared {
	return &Shared{agreed: map[agreement]*TLS{}, lists: map[*Certificate][][]Presentation{}, names: map[string]pkix.Name{}, oids: map[string]asn1.ObjectIdentifier{}}
}

// Capture puts in place of what c shows what was shown alike before.
func (s *Shared) Capture(c *Capture) {
	if t := c.TLS; t != nil && t.AcceptableCAs == 0 && !t.RequestCut && t.Staple == nil && !t.StapleCut {
		a := agreement{t.Version, t.Cipher, t.ClientCertificate}
		if s.agreed[a] == nil {
			s.agreed[a] = t
		}
		c.TLS = s.agreed[a]
	}
	if len(c.Presentations) == 0 {
		return
	}
	known := s.lists[c.Leaf()]
	for _, list := range known {
		if slices.EqualFunc(list, c.Presentations, Presentation.same) {
			c.Presentations = list
			return
		}
	}
	if len(known) < fewLists {
		s.lists[c.Leaf()] = append(known, c.Presentations)
	}
}

func (p Presentation) same(q Presentation) bool {
	sameFault := p.Fault == q.Fault || p.Fault != nil && q.Fault != nil && *p.Fault == *q.Fault
	return sameFault && p.Offer == q.Offer && p.Version == q.Version && p.Outcome == q.Outcome && p.Cut == q.Cut &&
		p.Proof == q.Proof && SameChain(p.Chain, q.Chain)
}

// Certificate does likewise with what a certificate says. Nobody else may know
// the certificate yet.
func (s *Shared) Certificate(c *x509.Certificate) {
	if c == nil {
		return
	}
	for i := range c.Extensions {
		c.Extensions[i].Id = s.oid(c.Extensions[i].Id)
	}
	c.Extensions = slices.Clone(c.Extensions) // without the room for more
	s.types(c.Subject.Names)
	s.types(c.Issuer.Names)
	issuer, known := s.names[string(c.RawIssuer)]
	switch {
	case !known:
		s.names[string(c.RawIssuer)] = c.Issuer
	case issuer.String() == c.Issuer.String(): // Go and we may have read it differently
		c.Issuer = issuer
	}
}

func (s *Shared) types(list []pkix.AttributeTypeAndValue) {
	for i := range list {
		list[i].Type = s.oid(list[i].Type)
	}
}

func (s *Shared) oid(id asn1.ObjectIdentifier) asn1.ObjectIdentifier {
	text := id.String()
	if s.oids[text] == nil {
		s.oids[text] = id
	}
	return s.oids[text]
}
