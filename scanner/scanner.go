// Package scanner is the worker pool: Scan dials every endpoint once, side by
// side, and brings a capture home for each, in the order of the endpoints. It
// finds and records; judging is the business of package audit.
//
// Waiting is free, working is scarce: thousands of endpoints may wait for the
// network at a time, while about four per core compute (probe.Gate). So slow,
// dead and distant fleets need no tuning.
package scanner

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe"
	"edgecert/scanner/probe/proxy"
)

// Options are the manners of a scan. The zero value is the documented default
// of every flag.
type Options struct {
	Concurrency int              // connections under way at a time; 0: as many as descriptors allow, 4096 at most
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

// The defaults of Options.
const (
	defaultTimeout     = 10 * time.Second
	defaultPerAddress  = 4
	defaultRetries     = 1
	defaultConcurrency = 4096
	workersPerCore     = 4 // that compute; more only hold memory
	briskPerCore       = 64
)

// Scan dials every endpoint. It returns one capture an endpoint, in their
// order, whatever happens; once ctx is done, what had not finished is Failed
// with ClassInterrupted. An error is about the options alone (a proxy that
// cannot be understood or reached): no endpoint was dialed then.
func Scan(ctx context.Context, endpoints []edge.Endpoint, o Options) ([]edge.Capture, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	p, err := o.prober(endpoints)
	if err == nil && o.Proxy != "" {
		err = o.reach(ctx)
	}
	if err != nil {
		return nil, err
	}
	captures := make([]edge.Capture, len(endpoints))
	done := progress(o.Progress, len(endpoints))
	var workers errgroup.Group
	workers.SetLimit(o.Concurrency)
	brisk := newBrisk(briskPerCore*runtime.GOMAXPROCS(0), p.Gate)
	for _, i := range spread(endpoints) {
		room := brisk.take()
		workers.Go(func() error {
			captures[i] = p.Probe(ctx, endpoints[i], room.connected)
			room.leave(captures[i])
			done()
			return nil
		})
	}
	return captures, workers.Wait()
}

// complete puts the defaults in place of zeros and refuses what makes no sense.
func (o Options) complete() (Options, error) {
	for _, n := range []struct {
		name  string
		value float64
	}{
		{"concurrency", float64(o.Concurrency)}, {"connections per address", float64(o.PerAddress)},
		{"rate", o.Rate}, {"timeout", float64(o.Timeout)}, {"samples", float64(o.Samples)},
	} {
		if !(n.value >= 0) {
			return o, fmt.Errorf("%s of %v: it cannot be negative", n.name, n.value)
		}
	}
	if o.Concurrency == 0 {
		o.Concurrency = min(defaultConcurrency, descriptors())
	}
	if o.PerAddress == 0 {
		o.PerAddress = defaultPerAddress
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Retries == 0 {
		o.Retries = defaultRetries
	}
	return o, nil
}

func (o Options) prober(endpoints []edge.Endpoint) (*probe.Prober, error) {
	p := probe.New(o.Timeout)
	p.Retries = max(o.Retries, 0)
	p.Samples, p.Quick, p.UDP, p.ClientCert = o.Samples, o.Quick, o.UDP, o.ClientCert
	p.Gate = probe.NewGate(workersPerCore * runtime.GOMAXPROCS(0))
	p.Admit = newTraffic(endpoints, o).admit
	if o.Proxy != "" {
		if o.UDP {
			return nil, errors.New("UDP and a proxy: proxies carry TCP alone; hint: leave one of the two away")
		}
		dial, err := proxy.New(o.Proxy)
		if err != nil {
			return nil, err
		}
		p.Dial = dial
	}
	return p, nil
}

// reach looks whether the proxy is there. The end of ctx is no error: the
// captures tell it.
func (o Options) reach(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	if err := proxy.Reach(limited, o.Proxy); ctx.Err() == nil {
		return err
	}
	return nil
}

// progress is a function to call after each endpoint.
func progress(report func(done, total int), total int) func() {
	if report == nil {
		return func() {}
	}
	var mu sync.Mutex
	done := 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		report(done, total)
	}
}
