package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/rawtls"
)

// cure tries the second ways for a server that talks and yet gave crypto/tls
// no certificate: it may want no SNI, share no suite or group with Go (DHE
// only, AES256-SHA256 with RSA key exchange, CCM, X448, PSS keys), or know
// post-quantum groups alone. first is kept where none of them helps.
func (v *visit) cure(ctx context.Context, attempts *int, o offer, first sight) sight {
	if !curable(first) {
		return first
	}
	try := func(way func() sight) (sight, bool) {
		*attempts++
		s := way()
		s.cured = true
		return s, s.outcome() != edge.Failed
	}
	if first.alert == alertUnrecognizedName && o.serverName != "" {
		o.serverName = ""
		if s, ok := try(func() sight { return v.attempt(ctx, o) }); ok {
			return s
		}
	}
	s, ok := try(func() sight { return v.rawAttempt(ctx, in12(o)) })
	// TLS 1.3 alone: OpenSSL sends protocol_version, GnuTLS handshake_failure.
	// Who has fallen silent, or hung up, is asked no further.
	o.hybrids = true
	for _, way := range []func() sight{
		func() sight { return v.attempt(ctx, o) },
		func() sight { o := o; o.hybrids, o.alone = false, true; return v.rawAttempt(ctx, o) },
	} {
		if !ok && s.alert > 0 && o.max == tls.VersionTLS13 {
			s, ok = try(way)
		}
	}
	if ok {
		return s
	}
	return first
}

// Alerts that say what to try next (RFC 8446, 6.2).
const (
	alertHandshakeFailure     = 40
	alertInsufficientSecurity = 71
	alertUnrecognizedName     = 112
)

// curable says whether the peer spoke TLS, or hung up on our ClientHello: some
// Schannel versions reset the connection where no suite fits.
func curable(s sight) bool {
	if s.outcome() != edge.Failed || s.stage != edge.StageHandshake {
		return false
	}
	switch s.fault.Class {
	case edge.ClassTLSAlert, edge.ClassProtocol, edge.ClassReset:
		return true
	default:
		return false
	}
}

// in12 is an offer of TLS 1.2 at most.
func in12(o offer) offer {
	o.max = min(o.max, tls.VersionTLS12)
	return o
}

// rawAttempt sends a ClientHello of our own and reads the chain: in the clear
// up to TLS 1.2, with a key that we know by heart in TLS 1.3. The handshake
// goes no further.
func (v *visit) rawAttempt(ctx context.Context, o offer) sight {
	w, s := v.ready(ctx)
	if w == nil {
		return s
	}
	defer w.Close()
	start := time.Now()
	s.stage, s.dial, s.by = edge.StageHandshake, w.dialed, o
	flight := &rawtls.Flight{}
	hello, err := v.hellos.New(o.serverName, rawtls.Offer{Max: o.max, Key: o.key, Alone: o.alone})
	if err == nil {
		_, err = w.Write(hello.Bytes)
	}
	if err == nil {
		w.listen()
		flight, err = hello.Read(bufio.NewReader(w))
	}
	s.handshake = time.Since(start)
	if err != nil {
		s.fault, s.alert = w.faultOf(ctx, err)
	}
	v.recovered(&s, flight, err, s.fault)
	if s.outcome() == edge.Failed && s.fault == nil {
		s.fault = anonymous(rawtls.CipherName(flight.Cipher))
	}
	// A farewell in the clear (close_notify), so that no server logs an error;
	// a record of another version would be one.
	minor := byte(min(max(flight.Version, tls.VersionTLS10), tls.VersionTLS12))
	_, _ = w.Write([]byte{21, 3, minor, 0, 2, 1, 0})
	return s
}
