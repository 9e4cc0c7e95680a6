// Package probe brings home what one endpoint shows: one Endpoint in, one
// Capture out. It judges nothing.
//
//	                      ┌ answered: MS-TURN, no certificate by design
//	A/V  ── pseudo-TLS ───┤
//	                      └ anything but silence ─┐
//	XMPP ── STARTTLS ─────────────────────────────┤
//	                                              ▼
//	others ─────────────────── one whole handshake with crypto/tls ─ captured ─→ extra handshakes
//	                                  │ refused, no common suite, unreadable certificate
//	                                  ▼
//	                           second ways (second.go): recording, own ClientHello
//
// A handshake that the peer refuses after its certificate is a success: the
// chain is there. Subpackages: rawtls reads a server's first flight without
// taking part, turn, xmpp and proxy speak what goes before TLS, fault tells
// the operating systems' errors apart.
package probe

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
	"edgecert/scanner/probe/rawtls"
	"edgecert/scanner/traffic"
)

// A Prober probes endpoints, any number side by side. Its fields are set
// before the first Probe and not changed after it; New makes one.
type Prober struct {
	Timeout    time.Duration    // for one handshake, dialing included
	Retries    int              // further attempts after a timeout or reset before the certificate
	Samples    int              // handshakes per endpoint; 0: as it asks
	Quick      bool             // nothing extra
	UDP        bool             // ask UDP 3478 of A/V endpoints too
	ClientCert *tls.Certificate // presented where one is asked for
	Traffic    *traffic.Control // who may connect and compute
	// Dial opens connections through a proxy. Nil: directly.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	recordings sync.Pool
	store      store
	suites     map[rawtls.KeyType][]uint16
	suiteNames map[uint16]string
	hellos     rawtls.Hellos
}

// New is a Prober with the given timeout, no retries, and nobody to wait for.
func New(timeout time.Duration) *Prober {
	p := &Prober{Timeout: timeout, store: newStore()}
	p.suites, p.suiteNames = suites()
	p.recordings.New = func() any { b := make([]byte, 0, 8<<10); return &b }
	return p
}

// Keep sets the room for what is kept of certificates, and leaves them unread,
// as DER alone, until Read. Without it the room is that of a few endpoints, and
// all are read at once.
func (p *Prober) Keep(r Room) { p.store.room, p.store.unread = r, true }

// Read reads the certificates of all captures. No Probe may be under way.
func (p *Prober) Read() { p.store.read() }

// Probe dials e and takes its certificate, whatever it needs. The capture is
// Failed with ClassInterrupted if ctx is done before there is one; what was
// captured before is kept. With a place the first handshake is tried once:
// retries come with further places, after all others.
func (p *Prober) Probe(ctx context.Context, e edge.Endpoint, place *traffic.Place) edge.Capture {
	v := &visit{Prober: p, endpoint: e, place: place, retries: p.Retries}
	if place != nil {
		v.retries = 0
	}
	c := edge.Capture{Endpoint: e}
	var s sight
	switch {
	case e.Fault != nil || !e.Address.IsValid():
		s = unresolved(e)
	case e.Role == edge.AV:
		s = v.turnOrTLS(ctx, &c)
	case e.Role == edge.XMPP:
		s = v.xmppOrTLS(ctx, &c.Attempts)
	default:
		s = v.capture(ctx, &c.Attempts)
	}
	s = unlessEnded(ctx, s)
	s.fill(&c)
	if c.Outcome == edge.Captured && !p.Quick {
		v.retries = p.Retries
		c.Presentations = v.further(ctx, s)
	}
	p.store.share(&c)
	return c
}

// A visit is one Probe under way.
type visit struct {
	*Prober
	endpoint edge.Endpoint
	place    *traffic.Place
	retries  int
	stream   bool // an XMPP stream with STARTTLS goes before TLS
}

func unresolved(e edge.Endpoint) sight {
	f := e.Fault
	if f == nil {
		f = fault.New(edge.ClassDNS, "%s has no address", e.FQDN)
	}
	return sight{stage: edge.StageDNS, fault: f}
}

// A sight is what one handshake, or what goes before it, showed.
type sight struct {
	stage     edge.Stage
	fault     *edge.Fault
	chain     []*edge.Certificate
	cut       int // certificates of the chain that were not kept
	leafKey   rawtls.KeyType
	tls       *edge.TLS
	proof     edge.Proof
	version   uint16
	alert     int  // the fatal alert that ended it; 0: none did
	silent    bool // alive, and presents no certificate by its protocol
	cured     bool // seen by a second way; the extra handshakes may need it too
	xmpp      *edge.XMPPStream
	turn      *edge.Turn
	by        offer         // that brought it
	dial      time.Duration // to the connection
	handshake time.Duration // from the connection to the end of the handshake
}

func (s sight) outcome() edge.Outcome {
	switch {
	case len(s.chain) > 0:
		return edge.Captured
	case s.silent:
		return edge.NoCertificate
	default:
		return edge.Failed
	}
}

func (s sight) fill(c *edge.Capture) {
	c.Outcome, c.Stage, c.Fault = s.outcome(), s.stage, s.fault
	c.Chain, c.Cut, c.TLS = s.chain, s.cut, s.tls
	c.Dial, c.Handshake = s.dial.Round(time.Microsecond), s.handshake.Round(time.Microsecond)
	c.Proof, c.Turn, c.XMPP = s.proof, s.turn, s.xmpp
}

// Passing says whether another try is worth it: nothing was seen, and not
// because of the certificate.
func Passing(o edge.Outcome, f *edge.Fault) bool {
	return o == edge.Failed && (f.Class == edge.ClassTimeout || f.Class == edge.ClassReset)
}

func (s sight) passing() bool { return Passing(s.outcome(), s.fault) }

// later says whether s is left to a further place.
func (v *visit) later(s sight) bool { return v.place.Again() && s.passing() }

// unlessEnded is s, unless the scan ended before anything was seen: what it was
// then about to try, or to look up, might have brought it.
func unlessEnded(ctx context.Context, s sight) sight {
	if s.outcome() == edge.Failed && ctx.Err() != nil {
		s.fault = interrupted(ctx)
	}
	return s
}

// A little time before a retry lets a full listen queue drain.
const retryPause = 200 * time.Millisecond

// persist tries until something else than a passing trouble comes, or the
// retries are used up.
func (v *visit) persist(ctx context.Context, attempts *int, try func() sight) sight {
	for retry := 0; ; retry++ {
		*attempts++
		s := try()
		if !s.passing() || retry >= v.retries {
			return s
		}
		if !pause(ctx, retryPause) {
			return s
		}
	}
}

// pause waits for d; false: ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// capture takes the certificate of a server that speaks TLS from the start.
func (v *visit) capture(ctx context.Context, attempts *int) sight {
	first := firstOffer(v.endpoint)
	s := v.persist(ctx, attempts, func() sight { return v.attempt(ctx, first) })
	if v.later(s) {
		return s
	}
	return v.cure(ctx, attempts, first, s)
}
