package probe

import (
	"context"
	"net/netip"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
	"edgecert/scanner/probe/turn"
	"edgecert/scanner/probe/xmpp"
)

// The port of MS-TURN over UDP ([MS-TURN] 2.1).
const turnPort = 3478

// turnOrTLS probes an A/V Edge. The pseudo ClientHello goes first: the answer
// to it is specified, so a healthy A/V Edge is known after one round trip,
// while its answer to a real ClientHello may be silence, which costs a
// timeout. A server of real TLS takes the pseudo ClientHello for a valid one
// that offers nothing it likes and refuses at once; then a real handshake
// follows on a connection of its own. Silence is final: no TLS server is
// silent to a ClientHello.
func (v *visit) turnOrTLS(ctx context.Context, c *edge.Capture) sight {
	s := v.persist(ctx, &c.Attempts, func() sight { return v.pseudo(ctx) })
	if s.outcome() == edge.Failed && s.stage == edge.StageHandshake &&
		s.fault.Class != edge.ClassTimeout && s.fault.Class != edge.ClassInterrupted {
		s = v.capture(ctx, &c.Attempts)
	}
	if v.UDP {
		c.Extra.UDP = turn.UDP(ctx, netip.AddrPortFrom(v.endpoint.Address, turnPort), v.Timeout)
	}
	return s
}

// pseudo is one connection with the pseudo-TLS exchange.
func (v *visit) pseudo(ctx context.Context) sight {
	w, s := v.connect(ctx)
	if w == nil {
		return s
	}
	defer w.Close()
	ctx, cancel := context.WithDeadline(ctx, w.deadline)
	defer cancel()
	answer, f := turn.Hello(ctx, w)
	if f != nil {
		return sight{stage: edge.StageHandshake, fault: f, dial: w.dialed}
	}
	return sight{stage: edge.StageDone, silent: true, turn: answer, dial: w.dialed}
}

// xmppOrTLS probes an XMPP proxy: STARTTLS first, and TLS from the start where
// the server has no ear for XMPP.
func (v *visit) xmppOrTLS(ctx context.Context, attempts *int) sight {
	s := v.persist(ctx, attempts, func() sight { return v.startTLS(ctx, firstOffer(v.endpoint)) })
	if s.outcome() != edge.Failed || s.stage != edge.StageHandshake || s.xmpp != nil {
		return s
	}
	switch s.fault.Class {
	case edge.ClassTimeout, edge.ClassInterrupted:
		return s
	}
	direct := v.capture(ctx, attempts)
	if direct.outcome() != edge.Captured {
		return s // what the XMPP stream said tells more
	}
	direct.xmpp = &edge.XMPPStream{DirectTLS: true}
	return direct
}

// startTLS is one connection with an XMPP stream and, where the server offers
// it, the handshake behind.
func (v *visit) startTLS(ctx context.Context, o offer) sight {
	w, s := v.connect(ctx)
	if w == nil {
		return s
	}
	defer w.Close()
	bounded, cancel := context.WithDeadline(ctx, w.deadline)
	stream, f := xmpp.StartTLS(bounded, w, v.endpoint.FQDN)
	cancel()
	switch {
	case f != nil:
		s = sight{stage: edge.StageHandshake, fault: f, dial: w.dialed}
	case stream.StartTLS == xmpp.NotOffered:
		s = sight{stage: edge.StageDone, silent: true, dial: w.dialed}
	default:
		s = v.shake(ctx, w, o)
	}
	s.xmpp = stream
	return s
}

// anonymous is the fault of a flight that ended well and had no certificate.
func anonymous(name string) *edge.Fault {
	return fault.New(edge.ClassProtocol, "a handshake without a certificate, with suite %s", name)
}
