package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/netip"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/rawtls"
)

// An offer is what one handshake offers.
type offer struct {
	name       edge.Offer
	serverName string // SNI; empty: none
	max        uint16 // the highest version
	key        rawtls.KeyType
	hybrids    bool // post-quantum groups, too
	alone      bool // by hand: TLS 1.3 by itself, with every group
}

func firstOffer(e edge.Endpoint) offer {
	o := offer{serverName: e.FQDN, max: tls.VersionTLS13}
	if _, err := netip.ParseAddr(e.FQDN); err == nil {
		o.serverName = "" // RFC 6066, 3: no IP literals
	}
	return o
}

// suites are all that crypto/tls has, so that old Edges answer, and their
// names: crypto/tls makes its lists anew for each that is asked. The order is
// its own affair.
func suites() (map[rawtls.KeyType][]uint16, map[uint16]string) {
	ids, names := map[rawtls.KeyType][]uint16{}, map[uint16]string{}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		names[s.ID] = s.Name
		for _, key := range []rawtls.KeyType{"", rawtls.RSA, rawtls.ECDSA} {
			if key.Fits(s.Name) {
				ids[key] = append(ids[key], s.ID)
			}
		}
	}
	return ids, names
}

func (p *Prober) config(o offer, w *wire, r *clientRequest) *tls.Config {
	c := &tls.Config{
		ServerName:             o.serverName,
		InsecureSkipVerify:     true, // trust is judged later, from the capture
		SessionTicketsDisabled: true,
		MinVersion:             tls.VersionTLS10,
		MaxVersion:             o.max,
		CipherSuites:           p.suites[o.key],
		KeyLogWriter:           keyLog{w},
		GetClientCertificate:   r.answer,
	}
	if !o.hybrids {
		// X25519 alone costs half the time of a hybrid, and old Edges know
		// nothing else. crypto/tls puts hybrids first wherever they stand.
		c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}
	}
	return c
}

// attempt is one connection with one handshake.
func (v *visit) attempt(ctx context.Context, o offer) sight {
	w, before := v.ready(ctx)
	if w == nil {
		return before
	}
	defer w.Close()
	s := v.shake(ctx, w, o)
	s.xmpp, s.by = before.xmpp, o
	return s
}

// shake does the handshake on a connection that is ready for it.
func (p *Prober) shake(ctx context.Context, w *wire, o offer) sight {
	w.listen()
	request := &clientRequest{ours: p.ClientCert}
	conn := tls.Client(w, p.config(o, w, request))
	start := time.Now()
	err := conn.Handshake()
	state := conn.ConnectionState()
	s := sight{stage: edge.StageHandshake, dial: w.dialed, handshake: time.Since(start), version: state.Version}
	if len(state.PeerCertificates) == 0 {
		p.missed(ctx, w, &s, err)
		return s
	}
	w.forget()
	if !p.seen(&s, state, request) {
		return s
	}
	s.proof = w.proofOf(state, request, err)
	if err == nil {
		s.stage = edge.StageDone
		err = request.settle(ctx, conn, w, state.Version, s.handshake)
		s.tls.ClientCertificate = request.verdict(true)
	}
	if err != nil {
		s.fault, s.alert = w.faultOf(ctx, err)
		s.stage = edge.StageCertificate
		s.tls.ClientCertificate = request.judge(s)
		return s
	}
	// A word of farewell, so that no server logs a lost connection.
	_ = conn.CloseWrite()
	return s
}

// seen takes the certificates and parameters that crypto/tls has; false: there
// was no room.
func (p *Prober) seen(s *sight, state tls.ConnectionState, r *clientRequest) bool {
	ders := make([][]byte, len(state.PeerCertificates))
	for i, c := range state.PeerCertificates {
		ders[i] = c.Raw
	}
	if !s.take(p.store.chain(ders)) {
		return false
	}
	s.tls = &edge.TLS{Version: rawtls.VersionName(state.Version), Cipher: p.suiteNames[state.CipherSuite]}
	s.tls.Staple, s.tls.StapleCut = p.store.staple(state.OCSPResponse)
	r.describe(s.tls, &p.store)
	return true
}

// missed is for a handshake that brought no certificate to crypto/tls, which
// looks at one only when it has the message behind it, and gives up on one
// that it cannot parse. It may well be in the recording.
func (p *Prober) missed(ctx context.Context, w *wire, s *sight, err error) {
	s.fault, s.alert = w.faultOf(ctx, err)
	heard := bytes.Clone(w.heard())
	w.forget()
	from := io.Reader(bytes.NewReader(heard))
	ended := s.fault
	if ended.Class == edge.ClassProtocol {
		// crypto/tls gave up, not the server: what that sent behind the
		// certificate is still on its way, though an alert of ours has crossed it.
		w.until(ctx, grace(s.handshake))
		from, ended = io.MultiReader(from, w), nil
	}
	flight, err := rawtls.Read(from, w.secret)
	p.recovered(s, flight, err, ended)
}

// recovered takes what was read of a flight, if it settles anything. ended is
// how the server ended it behind its certificate; nil: it did not.
func (p *Prober) recovered(s *sight, f *rawtls.Flight, err error, ended *edge.Fault) {
	known, isFault := err.(*edge.Fault)
	switch {
	case f.Chain != nil:
		s.stage, s.version = edge.StageCertificate, f.Version
		if !s.take(p.store.chain(f.Chain)) {
			return
		}
		if s.fault = ended; isFault && ended == nil {
			s.fault = known
		}
		s.proof = edge.Proof{State: edge.NotSeen}
		s.tls = &edge.TLS{Version: rawtls.VersionName(f.Version), Cipher: rawtls.CipherName(f.Cipher)}
		s.tls.Staple, s.tls.StapleCut = p.store.staple(f.Staple)
		r := &clientRequest{asked: f.Requested, authorities: f.Authorities}
		r.describe(s.tls, &p.store)
		s.tls.ClientCertificate = r.verdict(f.Done)
	case f.Pseudo():
		s.silent, s.stage, s.fault, s.alert = true, edge.StageDone, nil, 0
	case isFault && (known.Class == edge.ClassTooLarge || known.Class == edge.ClassBadCertificate):
		s.fault = known
	}
}

// grace is how long a server's word is waited for that should be under way:
// a few round trips, as the handshake measured them.
func grace(handshake time.Duration) time.Time {
	return time.Now().Add(min(max(3*handshake, 300*time.Millisecond), 2*time.Second))
}
