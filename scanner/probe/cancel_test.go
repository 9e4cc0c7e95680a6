package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

func TestTheEndOfTheScanKeepsTheCapture(t *testing.T) {
	t.Parallel()
	l := ecLeaf(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var n atomic.Int32
	e := endpoint(serve(t, func(c net.Conn) {
		if n.Add(1) == 1 {
			_ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{l.der}, PrivateKey: l.key}}}).Handshake()
			return
		}
		hear(c) // an extra handshake is under way
		cancel()
		linger(c)
	}))
	e.Samples = 3
	start := time.Now()
	got := prober(time.Minute, false).Probe(ctx, e, nil)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	if got.Outcome != edge.Captured || got.Fault != nil || !bytes.Equal(got.Leaf().Raw, l.der) {
		t.Fatalf("%s: %v", got.Outcome, got.Fault)
	}
	for _, p := range got.Presentations {
		if p.Outcome != edge.Failed || p.Fault == nil || p.Fault.Class != edge.ClassInterrupted {
			t.Errorf("a handshake that was cut short: %+v", p)
		}
	}
	if n := len(got.Offered(edge.OfferSample)); n != 2 {
		t.Errorf("%d further samples", n)
	}
}

func TestTheEndOfTheScanAtEveryStage(t *testing.T) {
	t.Parallel()
	for _, role := range []edge.Role{edge.Access, edge.AV, edge.XMPP} {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			e := endpoint(serve(t, func(c net.Conn) { hear(c); cancel(); linger(c) }))
			e.Role = role
			p := prober(time.Minute, false)
			p.Retries = 3
			got := p.Probe(ctx, e, nil)
			if got.Outcome != edge.Failed || got.Stage != edge.StageHandshake || got.Fault.Class != edge.ClassInterrupted || got.Attempts != 1 {
				t.Errorf("in the handshake: %s at %s after %d attempts: %v", got.Outcome, got.Stage, got.Attempts, got.Fault)
			}
			got = p.Probe(ctx, e, nil)
			if got.Outcome != edge.Failed || got.Stage != edge.StageDial || got.Fault.Class != edge.ClassInterrupted {
				t.Errorf("before the dial: %s at %s: %v", got.Outcome, got.Stage, got.Fault)
			}
			e.Fault = &edge.Fault{Class: edge.ClassDNS, Message: "looking up sip.contoso.com: context canceled"}
			got = p.Probe(ctx, e, nil)
			if got.Outcome != edge.Failed || got.Stage != edge.StageDNS || got.Fault.Class != edge.ClassInterrupted {
				t.Errorf("before the address: %s at %s: %v", got.Outcome, got.Stage, got.Fault)
			}
		})
	}
}
