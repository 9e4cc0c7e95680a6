package lab

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"edgecert/scanner/edge"
)

// What a connection may use, so that a lab left up with demo --serve stays
// small whoever connects.
const (
	patience    = 30 * time.Second // for a handshake, and for an idle client after it
	connections = 128              // of one port at a time; more wait in the listener's queue
	maxRead     = 64 << 10         // bytes taken from one client outside TLS
)

// accept serves every connection of ln in a goroutine of its own until the
// lab ends.
func (l *Lab) accept(ln net.Listener, serve func(context.Context, net.Conn)) {
	places := make(chan struct{}, connections)
	l.wg.Go(func() {
		for {
			select {
			case places <- struct{}{}:
			case <-l.ctx.Done():
				return
			}
			conn, err := ln.Accept()
			if l.ctx.Err() != nil {
				if err == nil {
					conn.Close()
				}
				return
			}
			if err != nil { // descriptors are short: the next one may do better
				<-places
				time.Sleep(10 * time.Millisecond)
				continue
			}
			l.wg.Go(func() {
				defer func() { <-places }()
				stop := context.AfterFunc(l.ctx, func() { conn.Close() })
				defer stop()
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(patience))
				serve(l.ctx, conn)
			})
		}
	})
}

// A server is one cell at work.
type server struct {
	cell        Cell
	tls         *tls.Config
	count       atomic.Int64 // handshakes begun
	connections atomic.Int64
	state       atomic.Int32 // of the member's renewal: isOld, isRestarting, isRenewed
}

func (l *Lab) newServer(c Cell) (*server, error) {
	s := &server{cell: c}
	if !c.presents() {
		return s, nil
	}
	var normal, keyOf, older, second, withoutSNI, alternate, renewed *tls.Certificate
	for _, made := range []struct {
		cert  **tls.Certificate
		chain *Chain
	}{{&normal, &c.Chain}, {&keyOf, c.KeyOf}, {&older, c.Older}, {&second, c.Second}, {&withoutSNI, c.WithoutSNI}, {&alternate, c.Alternate}, {&renewed, c.Renewed}} {
		var err error
		if *made.cert, err = l.certificate(made.chain, c); err != nil {
			return nil, err
		}
	}
	if keyOf != nil {
		normal.PrivateKey = keyOf.PrivateKey
	}
	s.tls = c.config()
	s.tls.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		even := s.count.Add(1)%2 == 0
		switch {
		case hello.ServerName == "" && c.NeedsSNI:
			return nil, errors.New("no server name")
		case s.state.Load() == isRenewed && renewed != nil:
			return renewed, nil
		case hello.ServerName == "" && withoutSNI != nil:
			return withoutSNI, nil
		case even && alternate != nil:
			return alternate, nil
		case older != nil && !slices.Contains(hello.SupportedVersions, tls.VersionTLS13):
			return older, nil
		case second != nil && hello.SupportsCertificate(normal) != nil:
			return second, nil
		}
		return normal, nil
	}
	return s, nil
}

// certificate is a chain as crypto/tls serves it; nil for a nil chain.
func (l *Lab) certificate(chain *Chain, c Cell) (*tls.Certificate, error) {
	if chain == nil {
		return nil, nil
	}
	leaf, wire, err := l.pki.wire(*chain)
	if err != nil {
		return nil, err
	}
	cert := &tls.Certificate{Certificate: wire, PrivateKey: leaf.Key}
	if c.Staple != "" {
		cert.OCSPStaple, err = l.responder.answer(l.pki.issuers[chain.Authority], leaf, c.Staple)
	}
	return cert, err
}

func (c Cell) config() *tls.Config {
	cfg := &tls.Config{MinVersion: cmp.Or(c.MinVersion, tls.VersionTLS12), MaxVersion: cmp.Or(c.MaxVersion, tls.VersionTLS13), SessionTicketsDisabled: true}
	switch c.ClientCert {
	case edge.Requested:
		cfg.ClientAuth = tls.RequestClientCert
	case edge.Required:
		cfg.ClientAuth = tls.RequireAnyClientCert
		if c.Refusal != RefuseByAlert {
			cfg.ClientAuth = tls.RequestClientCert // refused in handshake, without an alert
		}
	}
	if c.AcceptableCAs > 0 {
		cfg.ClientCAs = x509.NewCertPool()
	}
	for i := range c.AcceptableCAs {
		cfg.ClientCAs.AddCert(fakeCA(i))
	}
	return cfg
}

// fakeCA is as much of a CA as a CertificateRequest shows: its subject.
func fakeCA(i int) *x509.Certificate {
	name := pkix.Name{Organization: []string{"Lab Partners"}, CommonName: fmt.Sprintf("Partner CA %d", i+1)}
	raw, _ := asn1.Marshal(name.ToRDNSequence()) // two short strings always marshal
	return &x509.Certificate{Raw: raw, RawSubject: raw}
}

// errRefused marks a handshake that is to end without an alert.
var errRefused = errors.New("no client certificate")

// handshake speaks TLS and waits for the client to go.
func (s *server) handshake(ctx context.Context, conn net.Conn) {
	cfg := s.tls
	if s.cell.ClientCert == edge.Required && s.cell.Refusal != RefuseByAlert {
		cfg = cfg.Clone()
		cfg.VerifyConnection = func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) > 0 {
				return nil
			}
			if s.cell.Refusal == RefuseByReset {
				reset(conn)
			}
			conn.Close() // before crypto/tls can send its alert
			return errRefused
		}
	}
	if n := s.cell.Answers; n > 0 && s.connections.Add(1) > int64(n) {
		_, _ = conn.Read(make([]byte, maxRead)) // the ClientHello
		reset(conn)
		return
	}
	secure := tls.Server(conn, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		linger(conn)
		return
	}
	io.Copy(io.Discard, secure)
	secure.Close()
}

// linger lets the client read our alert: closing with unread bytes of his
// would reset the connection and might take the alert away from him.
func linger(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.CloseWrite()
	}
	conn.SetReadDeadline(time.Now().Add(time.Second))
	io.Copy(io.Discard, io.LimitReader(conn, maxRead))
}

// reset makes the close that follows an RST.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
}
