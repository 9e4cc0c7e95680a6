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
	if !v.later(s) && s.outcome() == edge.Failed && s.stage == edge.StageHandshake &&
		s.fault.Class != edge.ClassTimeout && s.fault.Class != edge.ClassInterrupted {
		s = v.capture(ctx, &c.Attempts)
	}
	if v.UDP && !v.later(s) {
		c.UDP = turn.UDP(ctx, netip.AddrPortFrom(v.endpoint.Address, turnPort), v.Timeout)
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
	bounded, cancel := context.WithDeadline(ctx, w.deadline)
	defer cancel()
	answer, f := turn.Hello(bounded, w)
	if f != nil {
		return sight{stage: edge.StageHandshake, fault: f, dial: w.dialed}
	}
	return sight{stage: edge.StageDone, silent: true, turn: answer, dial: w.dialed}
}

// xmppOrTLS probes an XMPP proxy: STARTTLS first, and TLS from the start where
// the server has no ear for XMPP.
func (v *visit) xmppOrTLS(ctx context.Context, attempts *int) sight {
	o := firstOffer(v.endpoint)
	v.stream = true
	s := v.persist(ctx, attempts, func() sight { return v.attempt(ctx, o) })
	switch {
	case v.later(s), s.outcome() != edge.Failed || s.stage != edge.StageHandshake:
		return s
	case s.xmpp != nil && s.xmpp.StartTLS != "":
		return v.cure(ctx, attempts, o, s)
	case s.xmpp != nil || s.fault.Class == edge.ClassTimeout || s.fault.Class == edge.ClassInterrupted:
		return s
	}
	v.stream = false
	direct := v.capture(ctx, attempts)
	if direct.outcome() != edge.Captured && s.fault.Class != edge.ClassTLSAlert {
		return s // what the XMPP stream said tells more
	}
	direct.xmpp = &edge.XMPPStream{DirectTLS: true}
	return direct
}

// ready opens a connection on which a ClientHello may go out: where an XMPP
// stream goes before, STARTTLS has been granted. The sight holds the stream;
// without a connection it says why.
func (v *visit) ready(ctx context.Context) (*wire, sight) {
	w, s := v.connect(ctx)
	if w == nil || !v.stream {
		return w, s
	}
	bounded, cancel := context.WithDeadline(ctx, w.deadline)
	defer cancel()
	stream, f := xmpp.StartTLS(bounded, w, v.endpoint.FQDN)
	switch {
	case f != nil:
		s = sight{stage: edge.StageHandshake, fault: f, dial: w.dialed}
	case stream.StartTLS == xmpp.NotOffered:
		s = sight{stage: edge.StageDone, silent: true, dial: w.dialed}
	default:
		return w, sight{xmpp: stream}
	}
	s.xmpp = stream
	w.Close()
	return nil, s
}

// anonymous is the fault of a flight that ended well and had no certificate.
func anonymous(name string) *edge.Fault {
	return fault.New(edge.ClassProtocol, "a handshake without a certificate, with suite %s", name)
}
