// Package scanner is the worker pool: Scan dials every endpoint once, side by
// side, and brings a capture home for each, in the order of the endpoints. It
// finds and records; judging is the business of package audit.
package scanner

import (
	"context"
	"crypto/tls"
	"time"

	"edgecert/scanner/edge"
)

// Options are the manners of a scan. The zero value is the documented default
// of every flag.
type Options struct {
	Concurrency int              // endpoints under way at a time; 0: as many as descriptors allow, 4096 at most
	PerAddress  int              // connections to one address at a time; 0: 4
	Rate        float64          // new connections a second; 0: no limit
	Timeout     time.Duration    // for one handshake, dialing included; 0: 10 s
	Retries     int              // further attempts after a timeout or reset before the certificate; <0: none, 0: 1
	Samples     int              // handshakes per address; 0: as the endpoint asks
	Quick       bool             // one handshake per endpoint, nothing extra
	UDP         bool             // ask UDP 3478 of A/V addresses too
	ClientCert  *tls.Certificate // presented where one is asked for
	Proxy       string           // socks5://… or http://…; empty: direct
	Progress    func(done, total int)
}

// Scan dials every endpoint. It returns one capture an endpoint, in their
// order, whatever happens; once ctx is done, what had not finished is Failed
// with ClassInterrupted. An error is about the options alone (a proxy that
// cannot be understood): nothing was dialed then.
func Scan(ctx context.Context, endpoints []edge.Endpoint, o Options) ([]edge.Capture, error) {
	return nil, nil
}
