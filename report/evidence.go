package report

import (
	"encoding/pem"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// Evidence turns a report back into what was seen and the policy it was judged
// with, so that audit can judge it again, under this policy or another. The
// error says which certificate or address is missing or unreadable; a report
// that Load returned has all of them.
func Evidence(r Report) (edge.Evidence, audit.Policy, error) {
	store, err := newStore(r.Certificates)
	if err != nil {
		return edge.Evidence{}, audit.Policy{}, err
	}
	ev := edge.Evidence{
		Started: r.Started, Finished: r.Finished, Host: r.Vantage.Host, Interrupted: r.Interrupted,
		HostRoots: r.Trust.HostRoots, Asked: r.Asked, Shard: r.Shard,
	}
	if err := r.Trust.restore(&ev); err != nil {
		return edge.Evidence{}, audit.Policy{}, err
	}
	for _, p := range r.Pools {
		ev.Pools = append(ev.Pools, p.Plan)
		for _, e := range p.Endpoints {
			c, err := e.capture(p.Name, store)
			if err != nil {
				return edge.Evidence{}, audit.Policy{}, fmt.Errorf("pool %s, %s: %w", p.Name, e.Place(), err)
			}
			ev.Captures = append(ev.Captures, c)
		}
	}
	policy, err := r.Policy.restore(store)
	return ev, policy, err
}

// store holds each certificate of a report once, so that pointers can be
// compared as they can in a live scan.
type store map[string]*edge.Certificate

func newStore(table map[string]Certificate) (store, error) {
	s := make(store, len(table))
	for id, c := range table {
		block, _ := pem.Decode([]byte(c.PEM))
		if block == nil {
			return nil, fmt.Errorf("certificate %s: its PEM cannot be read", id)
		}
		s[id] = edge.NewCertificate(block.Bytes)
	}
	return s, nil
}

func (s store) one(id string) (*edge.Certificate, error) {
	c, ok := s[id]
	if !ok {
		return nil, fmt.Errorf("certificate %s is not in the report", id)
	}
	return c, nil
}

func (s store) all(ids []string) ([]*edge.Certificate, error) {
	var cs []*edge.Certificate
	for _, id := range ids {
		c, err := s.one(id)
		if err != nil {
			return nil, err
		}
		cs = append(cs, c)
	}
	return cs, nil
}

func (p Policy) restore(s store) (audit.Policy, error) {
	roots, err := s.all(p.Roots)
	if err != nil {
		return audit.Policy{}, fmt.Errorf("roots of the policy: %w", err)
	}
	q := audit.Policy{
		Profile: p.Profile, WarnDays: p.WarnDays, ErrorDays: p.ErrorDays,
		Allow: slices.Clone(p.Allow), Roots: roots, OnlyRoots: p.OnlyRoots,
		Severities: make(map[string]audit.Severity, len(p.Severities)),
	}
	for rule, level := range p.Severities {
		q.Severities[rule] = audit.Severity(level)
	}
	return q, nil
}

func newTrust(ev edge.Evidence) Trust {
	t := Trust{HostRoots: ev.HostRoots}
	for f, trusted := range ev.HostTrusted {
		if trusted {
			t.HostTrusted = append(t.HostTrusted, f.String())
		}
	}
	slices.Sort(t.HostTrusted)
	if ev.Revocation != nil {
		t.Revocation = make(map[string]edge.Revocation, len(ev.Revocation))
		for f, r := range ev.Revocation {
			t.Revocation[f.String()] = r
		}
	}
	return t
}

func (t Trust) restore(ev *edge.Evidence) error {
	ev.HostTrusted = make(map[edge.Fingerprint]bool, len(t.HostTrusted))
	for _, id := range t.HostTrusted {
		var f edge.Fingerprint
		if err := f.UnmarshalText([]byte(id)); err != nil {
			return fmt.Errorf("trusted by the host: %w", err)
		}
		ev.HostTrusted[f] = true
	}
	if t.Revocation == nil {
		return nil
	}
	ev.Revocation = make(map[edge.Fingerprint]edge.Revocation, len(t.Revocation))
	for _, id := range slices.Sorted(maps.Keys(t.Revocation)) {
		var f edge.Fingerprint
		if err := f.UnmarshalText([]byte(id)); err != nil {
			return fmt.Errorf("revocation: %w", err)
		}
		ev.Revocation[f] = t.Revocation[id]
	}
	return nil
}

func (e Endpoint) capture(pool string, s store) (edge.Capture, error) {
	c := edge.Capture{
		Endpoint: edge.Endpoint{
			Pool: pool, Member: e.Member, Role: e.Role, FQDN: e.FQDN, Port: e.Port,
			ServicePort: e.ServicePort, VIP: e.VIP, Source: e.Source,
		},
		Outcome: e.Outcome, Stage: e.Stage, Fault: e.Error, Attempts: e.Attempts,
		Dial: duration(e.TimingMS.Dial), Handshake: duration(e.TimingMS.Handshake),
	}
	var err error
	if e.Address != "" {
		if c.Endpoint.Address, err = netip.ParseAddr(e.Address); err != nil {
			return c, err
		}
	}
	if e.Stage == edge.StageDNS { // nothing could be dialed: the plan itself carries the fault
		c.Endpoint.Fault = e.Error
	}
	if c.Chain, err = s.all(e.Chain); err != nil {
		return c, err
	}
	if e.TLS != nil {
		tls := edge.TLS(*e.TLS)
		c.TLS = &tls
	}
	c.Proof, c.Turn, c.UDP, c.XMPP = e.Proof, e.Turn, e.UDP, e.XMPP
	for _, p := range e.Presentations {
		chain := p.Chain
		p.Chain = nil
		for _, ref := range chain {
			cert, err := s.one(ref.Fingerprint.String())
			if err != nil {
				return c, err
			}
			p.Chain = append(p.Chain, cert)
		}
		c.Presentations = append(c.Presentations, p)
	}
	if n := len(c.Offered(edge.OfferSample)); n > 0 {
		c.Endpoint.Samples = n + 1
	}
	return c, nil
}

func duration(ms float64) time.Duration {
	return time.Duration(ms*1000+0.5) * time.Microsecond
}
