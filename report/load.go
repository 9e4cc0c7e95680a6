package report

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"edgecert/scanner/audit/trust"
	"edgecert/scanner/edge"
)

// Load reads a document that JSON wrote, and judges it again: a saved scan is
// evidence, not authority. Of what audit said then, and of what is said of
// certificates beside their PEM, nothing is believed; a file with an edited
// verdict is as bad as its endpoints are. It is judged by the policy and as of
// the moment that it names.
//
// UTF-16 is read too, as PowerShell's redirection writes it. What is not this
// program's, was cut off, contradicts itself or comes from a later schema is
// refused, with a hint where there is one.
func Load(ctx context.Context, in io.Reader) (Report, error) {
	l := newLoader(in)
	if err := l.document(); err != nil {
		return Report{}, l.explain(err)
	}
	if len(l.doc.Vantage.Scans) > 0 {
		return Report{}, edge.Hintf("give the scans that it was made of", "the report lays scans of several vantage points side by side")
	}
	if err := l.finish(); err != nil {
		return Report{}, err
	}
	at := l.ev.Finished
	if l.doc.At != nil {
		at = *l.doc.At
	}
	tool := l.doc.Tool
	tool.PublicRoots = trust.RootsDate().Format(time.DateOnly) // those that judge now
	r := Judge(ctx, l.ev, l.doc.Policy, at, tool)
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	if l.doc.Changes != nil {
		r.Changes = slices.Concat([]Change{}, *l.doc.Changes)
	}
	return r, nil
}

// A loader reads a document as a stream: what is kept of it is the evidence
// alone.
type loader struct {
	dec          *json.Decoder
	doc          document // but for its sequences
	ev           edge.Evidence
	certificates map[edge.Fingerprint]*edge.Certificate
	named        map[edge.Fingerprint]*edge.Certificate // stands for the certificate until that is read
	chains       map[string][]*edge.Certificate         // every chain once, by its fingerprints
	shared       *edge.Shared
}

func newLoader(in io.Reader) *loader {
	text := transform.NewReader(in, unicode.BOMOverride(encoding.Nop.NewDecoder()))
	dec := json.NewDecoder(&guard{in: text})
	dec.DisallowUnknownFields()
	return &loader{dec: dec, certificates: map[edge.Fingerprint]*edge.Certificate{},
		named: map[edge.Fingerprint]*edge.Certificate{}, chains: map[string][]*edge.Certificate{}, shared: edge.NewShared()}
}

func (l *loader) document() error {
	d := &l.doc
	fields := map[string]any{
		"schema": &d.Schema, "tool": &d.Tool, "started": &d.Started, "finished": &d.Finished, "at": &d.At, "vantage": &d.Vantage,
		"interrupted": &d.Interrupted, "asked": &d.Asked, "shard": &d.Shard, "missing_shards": &d.Missing, "policy": &d.Policy, "trust": &d.Trust, "changes": &d.Changes,
	}
	required := []string{"started", "finished", "vantage", "interrupted", "asked", "shard", "policy", "pools", "certificates", "trust"}
	err := l.object(func(key string) error {
		required = slices.DeleteFunc(required, func(r string) bool { return r == key })
		switch key {
		case "verdict", "coverage":
			return l.skip()
		case "pools":
			return l.list(l.pool)
		case "certificates":
			return l.object(l.certificate)
		}
		if fields[key] == nil {
			return fmt.Errorf("unknown field %q", key)
		}
		if err := l.dec.Decode(fields[key]); err != nil {
			return err
		}
		if d.Schema != "" {
			return checkSchema(d.Schema)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := l.dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows after the end of the report")
	}
	if err := checkSchema(d.Schema); err != nil {
		return err
	}
	if len(required) > 0 {
		return fmt.Errorf("it has no %q", strings.Join(required, ", "))
	}
	return nil
}

// pool reads one pool. What was said of it is left out: see Load.
func (l *loader) pool() error {
	var plan edge.Pool
	var name string
	first := len(l.ev.Captures)
	err := l.object(func(key string) error {
		switch key {
		case "name":
			return l.dec.Decode(&name)
		case "plan":
			return l.dec.Decode(&plan)
		case "endpoints":
			return l.list(l.endpoint)
		case "kind", "verdict", "sip_domains", "services", "findings", "problems", "steps", "right", "untold", "rules":
			return l.skip()
		default:
			return fmt.Errorf("unknown field %q", key)
		}
	})
	if err != nil {
		return err
	}
	for i := range l.ev.Captures[first:] {
		l.ev.Captures[first+i].Endpoint.Pool = name
	}
	switch {
	case name != plan.Name:
		return fmt.Errorf("pool %.60q: its plan is that of %.60q", name, plan.Name)
	case slices.ContainsFunc(l.ev.Pools, func(p edge.Pool) bool { return p.Name == name }):
		return fmt.Errorf("pool %.60q stands twice", name)
	}
	l.ev.Pools = append(l.ev.Pools, plan)
	return nil
}

func (l *loader) endpoint() error {
	l.ev.Captures = append(l.ev.Captures, edge.Capture{})
	c := &l.ev.Captures[len(l.ev.Captures)-1]
	line := endpointLine{Capture: c}
	if err := l.dec.Decode(&line); err != nil {
		return err
	}
	c.Dial, c.Handshake = duration(line.Timing.Dial), duration(line.Timing.Handshake)
	c.Endpoint.ServicePort = line.ServicePort
	if c.Endpoint.ServicePort == 0 {
		c.Endpoint.ServicePort = c.Port
	}
	if c.Stage == edge.StageDNS { // nothing could be dialed: the plan itself carries the fault
		c.Endpoint.Fault = c.Fault
	}
	c.Chain = l.chain(c.Chain)
	for i := range c.Presentations {
		c.Presentations[i].Chain = l.chain(c.Presentations[i].Chain)
	}
	l.shared.Capture(c)
	switch where := c.Endpoint.HostPort(); {
	case !slices.Contains([]edge.Outcome{edge.Captured, edge.NoCertificate, edge.Failed}, c.Outcome):
		return fmt.Errorf("%.120q: outcome %.40q is none", where, c.Outcome)
	case !slices.Contains(edge.Roles(), c.Role):
		return fmt.Errorf("%.120q: role %.40q is none", where, c.Role)
	case (c.Outcome == edge.Captured) != (len(c.Chain) > 0), (line.Certificate != nil) != (len(c.Chain) > 0),
		line.Certificate != nil && line.Certificate.Fingerprint != c.Chain[0].Fingerprint,
		c.Outcome == edge.Failed && c.Fault == nil:
		return fmt.Errorf("%.120q (endpoint %d): outcome %s, error, certificate and chain contradict each other", where, len(l.ev.Captures), c.Outcome)
	}
	return nil
}

// chain is a chain in place of its references, shared by all that sent it.
func (l *loader) chain(refs []*edge.Certificate) []*edge.Certificate {
	if len(refs) == 0 {
		return nil
	}
	key := make([]byte, 0, len(refs)*sha256.Size)
	for i, c := range refs {
		if c == nil { // null refers to nothing
			c = &edge.Certificate{}
		}
		if l.named[c.Fingerprint] == nil {
			l.named[c.Fingerprint] = c
		}
		refs[i] = l.named[c.Fingerprint]
		key = append(key, c.Fingerprint[:]...)
	}
	if l.chains[string(key)] == nil {
		l.chains[string(key)] = refs
	}
	return l.chains[string(key)]
}

// certificate reads what a certificate's entry is about, its PEM, and holds it
// against its name.
func (l *loader) certificate(id string) error {
	var c certificate
	if err := l.dec.Decode(&c); err != nil {
		return err
	}
	block, rest := pem.Decode([]byte(c.PEM))
	if block == nil || len(rest) > 0 {
		return fmt.Errorf("certificate %.64q: its PEM cannot be read", id)
	}
	cert := edge.NewCertificate(block.Bytes)
	if cert.Fingerprint.String() != id {
		return fmt.Errorf("certificate %.64q: its PEM is that of %s", id, cert.Fingerprint)
	}
	l.shared.Certificate(cert.X509)
	l.certificates[cert.Fingerprint] = cert
	return nil
}

// finish puts the certificates where they are named, and the evidence together.
func (l *loader) finish() error {
	for _, chain := range l.chains {
		if err := l.resolve("an endpoint", chain); err != nil {
			return err
		}
	}
	if err := l.resolve("the policy", l.doc.Policy.Roots); err != nil {
		return err
	}
	for _, p := range l.ev.Pools {
		for i := range p.Expect {
			if x := &p.Expect[i]; x.Certificate != nil {
				one := []*edge.Certificate{x.Certificate}
				if err := l.resolve("an expectation", one); err != nil {
					return err
				}
				x.Certificate = one[0]
				if err := l.resolve("an expectation", x.Chain); err != nil {
					return err
				}
			}
		}
	}
	d, ev := &l.doc, &l.ev
	ev.Started, ev.Finished, ev.Host, ev.Interrupted = d.Started, d.Finished, d.Vantage.Host, d.Interrupted
	ev.Asked, ev.Shard, ev.Missing, ev.HostRoots = d.Asked, d.Shard, d.Missing, d.Trust.HostRoots
	if ev.Finished.Before(ev.Started) {
		return damaged("the scan ends at %s, before it began", ev.Finished)
	}
	ev.HostTrusted = make(map[edge.Fingerprint]bool, len(d.Trust.HostTrusted))
	for _, f := range d.Trust.HostTrusted {
		ev.HostTrusted[f] = true
	}
	if d.Trust.Revocation != nil {
		ev.Revocation = *d.Trust.Revocation
	}
	if len(ev.Pools) == 0 && ev.Shard == nil && len(ev.Missing) == 0 {
		return damaged("it is of no pool")
	}
	complete(ev)
	return nil
}

func (l *loader) resolve(who string, chain []*edge.Certificate) error {
	for i, ref := range chain {
		if ref == nil || l.certificates[ref.Fingerprint] == nil {
			return damaged("%s names certificate %.64v, which is not there", who, ref.Fingerprint)
		}
		chain[i] = l.certificates[ref.Fingerprint]
	}
	return nil
}
