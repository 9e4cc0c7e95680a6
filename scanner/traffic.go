package scanner

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe"
)

// traffic decides when a connection may be opened: so many at a time in all,
// so many to one address, so many a second.
type traffic struct {
	all       chan struct{}
	addresses map[netip.Addr]chan struct{} // built once; an address without one needs none
	pace      *pace
}

func newTraffic(endpoints []edge.Endpoint, o Options) *traffic {
	t := &traffic{all: make(chan struct{}, o.Concurrency), addresses: map[netip.Addr]chan struct{}{}}
	if o.Rate > 0 {
		t.pace = &pace{every: time.Duration(float64(time.Second) / o.Rate)}
	}
	count := map[netip.Addr]int{}
	for _, e := range endpoints {
		count[e.Address]++
		// Quick endpoints have one connection at a time, so that few of them
		// cannot go beyond the limit; that saves 10,000 channels.
		if t.addresses[e.Address] == nil && (!o.Quick || count[e.Address] > o.PerAddress) {
			t.addresses[e.Address] = make(chan struct{}, o.PerAddress)
		}
	}
	return t
}

// admit waits for leave to open one connection to address. release ends the
// connection's count. The error is that of ctx.
func (t *traffic) admit(ctx context.Context, address netip.Addr) (release func(), err error) {
	own := t.addresses[address]
	if err := acquire(ctx, own); err != nil {
		return nil, err
	}
	if err := acquire(ctx, t.all); err != nil {
		free(own)
		return nil, err
	}
	release = func() {
		free(t.all)
		free(own)
	}
	if err := t.pace.wait(ctx); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

func acquire(ctx context.Context, slots chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if slots == nil {
		return nil
	}
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func free(slots chan struct{}) {
	if slots != nil {
		<-slots
	}
}

// A pace spaces connections evenly, so that no second sees more than its share.
type pace struct {
	every time.Duration
	mu    sync.Mutex
	next  time.Time
}

func (p *pace) wait(ctx context.Context) error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	delay := p.next.Sub(now)
	p.next = p.next.Add(p.every)
	p.mu.Unlock()
	if delay == 0 {
		return nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// brisk bounds the endpoints that were started a moment ago. A near fleet
// answers within that moment: starting all of it at once would only make each
// wait for a processor, with its memory in hand and its timeout running.
// Whoever takes longer waits for the network, which is free, and makes room
// for the next, unless all who may compute do (gate): then the wait is ours.
type brisk struct {
	slots chan struct{}
	gate  probe.Gate
	mean  atomic.Int64 // of the handshakes, in nanoseconds
}

// The moments. A connection that is not there at once is a distant one, or
// dead, and costs next to nothing; one that stands has a handshake's memory.
// Its moment grows with the time that handshakes take: where all share one
// bottleneck, starting more would only push everybody over the timeout.
const (
	dialMoment      = 50 * time.Millisecond
	handshakeMoment = time.Second
	slowHandshake   = 4 // times the mean
	meanWeight      = 16
)

func newBrisk(n int, gate probe.Gate) *brisk {
	return &brisk{slots: make(chan struct{}, n), gate: gate}
}

// A room is one endpoint's share of brisk, until it leaves or its moment ends.
type room struct {
	*brisk
	moment *time.Timer
}

func (b *brisk) take() *room {
	b.slots <- struct{}{}
	r := &room{brisk: b}
	r.moment = time.AfterFunc(time.Hour, r.over)
	r.moment.Reset(dialMoment) // now that over can see it
	return r
}

func (r *room) over() {
	if r.gate.Full() {
		r.moment.Reset(dialMoment)
		return
	}
	<-r.slots
}

// connected gives the endpoint the time of a handshake.
func (r *room) connected() {
	if r.moment.Stop() {
		r.moment.Reset(max(handshakeMoment, slowHandshake*time.Duration(r.mean.Load())))
	}
}

// leave frees the room, unless over has or is about to. The mean that it keeps
// may lose a value to another room's, which does no harm.
func (r *room) leave(c edge.Capture) {
	if mean := r.mean.Load(); c.Outcome == edge.Captured {
		r.mean.Store(mean + (int64(c.Handshake)-mean)/meanWeight)
	}
	if r.moment.Stop() {
		<-r.slots
	}
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
