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
// added makes it well.
func floor(t *testing.T, ev edge.Evidence, p audit.Policy, j audit.Judgement) {
	t.Helper()
	allowEach(t, ev, p, j)
	hideEach(t, ev, p)
	addJunk(t, ev, p, j)
}

// allowEach: a pool is ok without a rule only where that rule alone found
// something, and everything was seen and could be judged.
func allowEach(t *testing.T, ev edge.Evidence, p audit.Policy, j audit.Judgement) {
	t.Helper()
	for _, f := range j.Findings {
		if f.Severity == audit.Info {
			continue
		}
		p := p
		p.Allow = []string{f.Rule}
		if judge(ev, p).Verdict != audit.VerdictOK {
			continue
		}
		for _, other := range j.Findings {
			if other.Rule != f.Rule && other.Severity != audit.Info {
				t.Errorf("ok with %s allowed, beside %s", f.Rule, show(other))
			}
		}
		for _, c := range ev.Captures {
			leaf := c.Leaf()
			if c.Outcome == edge.Failed || leaf != nil && (leaf.ParseError != "" || !leaf.Key().Supported()) {
				t.Errorf("ok with %s allowed, though %s %s was not seen, or cannot serve", f.Rule, c.Endpoint.Member, c.Endpoint.Role)
			}
		}
	}
}

// hideEach: a pool of which something was not seen is not ok.
func hideEach(t *testing.T, ev edge.Evidence, p audit.Policy) {
	t.Helper()
	none := func(rule string) {
		if v := judge(ev, p).Verdict; v == audit.VerdictOK {
			t.Errorf("ok without %s", rule)
		}
	}
	whole := ev.Captures
	for i := 0; i < len(whole); i += 5 { // every cell of some member or other
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
func addJunk(t *testing.T, ev edge.Evidence, p audit.Policy, j audit.Judgement) {
	t.Helper()
	rank := func(v audit.Verdict) int {
		switch v {
		case audit.VerdictOK:
			return 0
		case audit.VerdictWarning:
			return 1
		default: // a budget that is spent makes incomplete of what could be an error
			return 2
		}
	}
	whole := ev.Captures
	for name, junk := range junk() {
		ev.Captures = slices.Clone(whole)
		for i, c := range whole {
			if c.Leaf() != nil {
				ev.Captures[i].Chain = append(slices.Clone(c.Chain), junk...)
			}
		}
		if v := judge(ev, p).Verdict; rank(v) < rank(j.Verdict) {
			t.Errorf("%s with %s, %s without", v, name, j.Verdict)
		}
	}
}

// junk is made once: what cannot be read, sixty roots of one name, and a CA of
// the healthy one's name with another key.
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
	return out
})

// addMember: a healthy member more makes nothing well either.
func (s *field) addMember(t *testing.T, ev edge.Evidence, j audit.Judgement) {
	t.Helper()
	ev.Pools, ev.Captures = slices.Clone(ev.Pools), slices.Clone(ev.Captures)
	ev.Pools[0].Members = append(slices.Clone(ev.Pools[0].Members), edge.Member{Name: "edge9"})
	for _, c := range s.healthy {
		if c.Endpoint.Member == "edge1" {
			c.Endpoint.Member = "edge9"
			ev.Captures = append(ev.Captures, c)
		}
	}
	if v := judge(ev, s.policy).Verdict; j.Verdict != audit.VerdictOK && v == audit.VerdictOK {
		t.Errorf("ok with a healthy member more, %s without", j.Verdict)
	}
}
