package sweep

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"sync"
	"testing"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// floor holds what is true of every world: nothing that is allowed, hidden or
// added makes it well, or better. Where it is not all, one cell in the middle stands
// for the others, and the rules that found something for those that did not.
func floor(t *testing.T, ev edge.Evidence, p audit.Policy, j audit.Judgement, all bool) {
	t.Helper()
	allowEach(t, ev, p, j, all)
	hideEach(t, ev, p, all)
	addJunk(t, ev, p, j, all)
	addHandshake(t, ev, p, j)
	addMember(t, ev, p, j)
}

// rank is how bad a verdict is. A budget that is spent makes incomplete of what
// could be an error.
func rank(v audit.Verdict) int {
	switch v {
	case audit.VerdictOK:
		return 0
	case audit.VerdictWarning:
		return 1
	default:
		return 2
	}
}

func noBetter(t *testing.T, ev edge.Evidence, p audit.Policy, j audit.Judgement, what string) {
	t.Helper()
	if v := judge(ev, p).Verdict; rank(v) < rank(j.Verdict) {
		t.Errorf("%s with %s more, %s without", v, what, j.Verdict)
	}
}

// allowEach: a pool is ok without a rule only where that rule alone found
// something, and everything was seen and could be judged.
func allowEach(t *testing.T, ev edge.Evidence, p audit.Policy, j audit.Judgement, all bool) {
	t.Helper()
	if j.Verdict == audit.VerdictOK {
		return
	}
	for _, rule := range audit.Rules() {
		p := p
		p.Allow = []string{rule.ID}
		if !all && j.Rules[rule.ID] != audit.Found || judge(ev, p).Verdict != audit.VerdictOK {
			continue
		}
		for _, other := range j.Findings {
			if other.Rule != rule.ID && other.Severity != audit.Info {
				t.Errorf("ok with %s allowed, beside %s", rule.ID, show(other))
			}
		}
		for _, c := range ev.Captures {
			leaf := c.Leaf()
			if c.Outcome == edge.Failed || leaf != nil && (leaf.ParseError != "" || !leaf.Key().Supported() || c.Proof.State == edge.Disproved) {
				t.Errorf("ok with %s allowed, though %s %s was not seen, or cannot serve", rule.ID, c.Endpoint.Member, c.Endpoint.Role)
			}
		}
	}
}

// hideEach: a pool of which something was not seen is not ok.
func hideEach(t *testing.T, ev edge.Evidence, p audit.Policy, all bool) {
	t.Helper()
	none := func(rule string) {
		if v := judge(ev, p).Verdict; v == audit.VerdictOK {
			t.Errorf("ok without %s", rule)
		}
	}
	whole := ev.Captures
	for i := range whole {
		if !all && i != len(whole)/2 {
			continue
		}
		ev.Captures = slices.Clone(whole)
		c := &ev.Captures[i]
		c.Chain, c.Presentations, c.TLS, c.Outcome, c.Fault = nil, nil, nil, edge.Failed, &edge.Fault{Class: edge.ClassTimeout, Message: "timeout"}
		none("cell " + c.Endpoint.HostPort())
		if leaf := whole[i].Leaf(); leaf != nil {
			ev.Captures[i] = whole[i]
			ev.Captures[i].Chain = []*edge.Certificate{edge.NewCertificate(leaf.Raw[:len(leaf.Raw)/2])}
			none("half of the certificate of " + c.Endpoint.HostPort())
		}
	}
	ev.Captures = slices.Clone(whole)
	for i := range ev.Captures {
		ev.Captures[i].Chain = ev.Captures[i].Chain[:min(1, len(ev.Captures[i].Chain))]
	}
	none("intermediates")
}

// addJunk: what anybody can put behind a certificate makes nothing better.
func addJunk(t *testing.T, ev edge.Evidence, p audit.Policy, j audit.Judgement, all bool) {
	t.Helper()
	whole := ev.Captures
	for name, junk := range junk() {
		if !all && len(junk) > 1 {
			continue
		}
		ev.Captures = slices.Clone(whole)
		for i, c := range whole {
			if c.Leaf() != nil {
				ev.Captures[i].Chain = append(slices.Clone(c.Chain), junk...)
			}
		}
		noBetter(t, ev, p, j, name)
	}
}

// addHandshake: whatever a further handshake shows, it makes nothing better: what
// the others showed stands.
func addHandshake(t *testing.T, ev edge.Evidence, p audit.Policy, j audit.Judgement) {
	t.Helper()
	whole := ev.Captures
	for what, more := range map[string]func(edge.Capture) edge.Presentation{
		"an equal handshake": func(c edge.Capture) edge.Presentation {
			return edge.Presentation{Offer: edge.OfferSample, Outcome: edge.Captured, Version: c.TLS.Version, Chain: c.Chain, Proof: edge.Proof{State: edge.Proved}}
		},
		"a handshake of the last cell's": func(c edge.Capture) edge.Presentation {
			for _, other := range whole {
				if other.Leaf() != nil {
					c.Chain = other.Chain
				}
			}
			return edge.Presentation{Offer: edge.OfferSample, Outcome: edge.Captured, Version: c.TLS.Version, Chain: c.Chain, Proof: edge.Proof{State: edge.Proved}}
		},
		"a handshake that is reset": func(edge.Capture) edge.Presentation {
			return edge.Presentation{Offer: edge.OfferSample, Outcome: edge.Failed, Fault: &edge.Fault{Class: edge.ClassReset, Message: "reset"}}
		},
	} {
		ev.Captures = slices.Clone(whole)
		for i, c := range whole {
			if c.Leaf() != nil && c.TLS != nil {
				ev.Captures[i].Presentations = append(slices.Clone(c.Presentations), more(c))
			}
		}
		noBetter(t, ev, p, j, what)
	}
}

// addMember: a member that is like another, or where there is one healthy, makes
// nothing better.
func addMember(t *testing.T, ev edge.Evidence, p audit.Policy, j audit.Judgement, healthy ...edge.Capture) {
	t.Helper()
	ev.Pools, ev.Captures = slices.Clone(ev.Pools), slices.Clone(ev.Captures)
	if ev.Pools[0].Members != nil {
		ev.Pools[0].Members = append(slices.Clone(ev.Pools[0].Members), edge.Member{Name: "edge9"})
	}
	like := slices.Clone(ev.Captures)
	if healthy != nil {
		like = healthy
	}
	for _, c := range like {
		if c.Endpoint.Member == like[0].Endpoint.Member && !c.Endpoint.VIP {
			c.Endpoint.Member = "edge9"
			ev.Captures = append(ev.Captures, c)
		}
	}
	noBetter(t, ev, p, j, "a member")
}

// junk is made once: what cannot be read, a root that nobody asked for, and sixty
// of one name.
var junk = sync.OnceValue(func() map[string][]*edge.Certificate {
	out := map[string][]*edge.Certificate{
		"what cannot be read": {edge.NewCertificate(bytes.Repeat([]byte{0x30, 0x03}, 9))},
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil
	}
	for i := range 60 {
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: "Junk"},
			NotBefore: days(-1), NotAfter: days(i + 1), IsCA: true, BasicConstraintsValid: true}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			return nil
		}
		out["sixty roots"] = append(out["sixty roots"], edge.NewCertificate(der))
	}
	out["a root"] = out["sixty roots"][:1]
	return out
})
