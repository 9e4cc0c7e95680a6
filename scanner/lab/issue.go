package lab

import (
	"fmt"
	"slices"
	"strings"
)

// pki is every certificate of a lab: made before the first connection, only
// read afterwards.
type pki struct {
	issuers map[string]Issuer
	leaves  map[string]*Issued // by Chain.id
}

func (c Cell) presents() bool {
	return c.Speaks == TLS || c.Speaks == StartTLS
}

// chains are the chains that a cell may present.
func (c Cell) chains() []Chain {
	if !c.presents() {
		return nil
	}
	chains := []Chain{c.Chain}
	for _, other := range []*Chain{c.WithoutSNI, c.Alternate, c.Older, c.Second, c.KeyOf, c.Renewed} {
		if other != nil {
			chains = append(chains, *other)
		}
	}
	return chains
}

func (c Chain) id() string { return c.Authority + "\n" + c.Leaf.id(nil) }

// issueAll makes all certificates of the lab, with the responder's real
// address in them.
func (l *Lab) issueAll() (*pki, error) {
	keys := l.spec.Keys
	if keys == nil {
		keys = &KeyRing{}
	}
	if err := keys.warm(l.keySpecs()...); err != nil {
		return nil, err
	}
	p := &pki{issuers: map[string]Issuer{}, leaves: map[string]*Issued{}}
	for _, a := range l.spec.Authorities {
		above, known := p.issuers[a.Under]
		if !known && a.Under != "" {
			return nil, fmt.Errorf("authority %s is under %q, which does not stand before it", a.Name, a.Under)
		}
		a.Intermediate.CRL = here(a.Intermediate.CRL, l.responder.url)
		issuer, err := keys.Raise(a, above.Intermediate)
		if err != nil {
			return nil, err
		}
		p.issuers[a.Name] = issuer
	}
	for _, cell := range l.spec.Cells {
		for _, chain := range cell.chains() {
			if err := p.add(keys, chain, l.responder.url); err != nil {
				return nil, fmt.Errorf("%s %s %d: %w", cell.Member, cell.Role, cell.Port, err)
			}
		}
	}
	return p, nil
}

func (p *pki) add(keys *KeyRing, chain Chain, responder string) error {
	id := chain.id()
	if p.leaves[id] != nil {
		return nil
	}
	issuer, known := p.issuers[chain.Authority]
	if !known && chain.Authority != "" {
		return fmt.Errorf("no authority %q in the spec", chain.Authority)
	}
	t := chain.Leaf
	t.CRL, t.OCSP = here(t.CRL, responder), here(t.OCSP, responder)
	leaf, err := keys.Issue(t, issuer.Intermediate)
	if err != nil {
		return err
	}
	p.leaves[id] = leaf
	return nil
}

// here puts the responder's real address in the place of Responder.
func here(urls []string, responder string) []string {
	urls = slices.Clone(urls)
	for i := range urls {
		urls[i] = strings.Replace(urls[i], Responder, responder, 1)
	}
	return urls
}

func (l *Lab) keySpecs() []KeySpec {
	var specs []KeySpec
	for _, a := range l.spec.Authorities {
		specs = append(specs, a.Root.Key, a.Intermediate.Key)
	}
	for _, cell := range l.spec.Cells {
		for _, chain := range cell.chains() {
			specs = append(specs, chain.Leaf.Key)
		}
	}
	return specs
}

// wire is the chain as it goes into the Certificate message.
func (p *pki) wire(c Chain) (*Issued, [][]byte, error) {
	leaf := p.leaves[c.id()]
	parts := c.Send
	if parts == nil {
		parts = []Part{{Kind: LeafPart}}
		if c.Authority != "" {
			parts = append(parts, Part{Kind: IntermediatePart})
		}
	}
	var out [][]byte
	for _, part := range parts {
		name := part.Authority
		if name == "" {
			name = c.Authority
		}
		issuer, known := p.issuers[name]
		switch {
		case part.Kind == LeafPart:
			out = append(out, leaf.DER)
		case part.Kind == RawPart:
			out = append(out, part.Raw)
		case part.Kind == IntermediatePart && known:
			out = append(out, issuer.Intermediate.DER)
		case part.Kind == RootPart && known:
			out = append(out, issuer.Root.DER)
		default:
			return nil, nil, fmt.Errorf("no %s of authority %q", part.Kind, name)
		}
	}
	return leaf, out, nil
}
