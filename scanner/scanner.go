// Package scanner is the worker pool: Scan dials every endpoint once, side by
// side, and brings a capture home for each, in the order of the endpoints. It
// finds and records; judging is the business of package audit.
//
// Waiting is free, working is scarce: thousands of endpoints may wait for the
// network at a time, while about four per core compute (package traffic). So
// slow, dead and distant fleets need no tuning.
package scanner

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edgecert/scanner/edge"
	"edgecert/scanner/mistake"
	"edgecert/scanner/probe"
	"edgecert/scanner/probe/proxy"
	"edgecert/scanner/traffic"
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
)

// Scan dials every endpoint. It returns one capture an endpoint, in their
// order, whatever happens; once ctx is done, what had not finished is Failed
// with ClassInterrupted. An error is about our own side (a proxy that cannot be
// understood or reached, or refuses us): no endpoint was dialed then.
func Scan(ctx context.Context, endpoints []edge.Endpoint, o Options) ([]edge.Capture, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	p, err := o.prober()
	if err == nil {
		p.Keep(probe.RoomFor(len(endpoints)))
	}
	if err == nil && o.Proxy != "" {
		err = o.reach(ctx)
	}
	if err != nil {
		return nil, err
	}
	tries := max(o.Retries, 0) + 1
	s := &run{Prober: p, captures: edge.Map(endpoints, func(e edge.Endpoint) edge.Capture { return edge.Capture{Endpoint: e} }),
		done: progress(o.Progress, len(endpoints), tries)}
	s.all(ctx, spread(endpoints), o.Concurrency, tries)
	p.Read()
	return s.captures, oursAlone(s.captures)
}

// oursAlone is what kept us from dialing anything at all.
func oursAlone(captures []edge.Capture) error {
	var first *edge.Fault
	for _, c := range captures {
		switch {
		case c.Stage == edge.StageDNS: // nothing to dial
		case c.Fault == nil || c.Fault.Class != edge.ClassLocal || len(c.Chain) > 0:
			return nil
		case first == nil:
			first = c.Fault
		}
	}
	if first == nil {
		return nil
	}
	return edge.Hintf("this is about this host or its proxy, not about the endpoints", "nothing could be dialed: %s", first.Message)
}

// A little time before a retry lets a full listen queue drain.
const retryPause = 200 * time.Millisecond

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// A run is one Scan under way.
type run struct {
	*probe.Prober
	captures []edge.Capture
	done     func(tries int)
}

// finished stands for an endpoint that needs no further try.
const finished = -1

// all probes endpoints in this order, each in up to so many tries. Retries come
// when all others are done, or silent: each is then silent again beside those
// that still are for the first time.
func (s *run) all(ctx context.Context, order []int, concurrency, tries int) {
	var workers errgroup.Group
	workers.SetLimit(concurrency)
	tried := make(chan int, len(order)) // an endpoint that is worth another try, or finished
	start := func(i, left int) {
		place := s.Traffic.Start(left > 1)
		workers.Go(func() error {
			next := finished
			defer func() { tried <- next }()
			defer mistake.Caught(ctx)
			if left < tries {
				pause(ctx, retryPause)
			}
			next = s.try(ctx, i, left, place)
			return nil
		})
	}
	for _, i := range order {
		start(i, tries)
	}
	s.Traffic.Settle()
	failures := map[int]int{}
	for under := len(order); under > 0; {
		i := <-tried
		if i == finished {
			under--
			continue
		}
		failures[i]++
		start(i, tries-failures[i])
	}
}

// try probes an endpoint that has so many tries left.
func (s *run) try(ctx context.Context, i, left int, place *traffic.Place) int {
	before := s.captures[i]
	c := s.Probe(ctx, before.Endpoint, place)
	c.Attempts += before.Attempts
	s.captures[i] = c
	place.Done(c.Outcome != edge.Failed)
	if left > 1 && probe.Passing(c.Outcome, c.Fault) {
		s.done(1)
		return i
	}
	s.done(left)
	return finished
}

// spread is the order of dialing: every address once, then every address a
// second time, and so on. Many endpoints of one address then do not fill the
// pool with waiters while others could be served.
func spread(endpoints []edge.Endpoint) []int {
	type place struct{ turn, index int }
	turns := map[netip.Addr]int{}
	places := make([]place, len(endpoints))
	for i, e := range endpoints {
		places[i] = place{turns[e.Address], i}
		turns[e.Address]++
	}
	slices.SortStableFunc(places, func(a, b place) int { return a.turn - b.turn })
	order := make([]int, len(places))
	for i, p := range places {
		order[i] = p.index
	}
	return order
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

func (o Options) prober() (*probe.Prober, error) {
	p := probe.New(o.Timeout)
	p.Retries = max(o.Retries, 0)
	p.Samples, p.Quick, p.UDP, p.ClientCert = o.Samples, o.Quick, o.UDP, o.ClientCert
	p.Traffic = traffic.New(traffic.Limits{Connections: o.Concurrency, PerAddress: o.PerAddress, Rate: o.Rate})
	if o.Proxy != "" {
		if o.UDP {
			return nil, edge.Hintf("leave one of the two away", "UDP and a proxy: proxies carry TCP alone")
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

// progress is a function to call with the tries that an endpoint has used, and
// that it will not need: where all are silent, the first timeout is half of two.
func progress(report func(done, total int), total, each int) func(tries int) {
	if report == nil {
		return func(int) {}
	}
	var mu sync.Mutex
	done := 0
	return func(tries int) {
		mu.Lock()
		defer mu.Unlock()
		done += tries
		report(done/each, total)
	}
}
