// Package traffic decides who may start, connect and compute. An endpoint of a
// scan goes through these states:
//
//	queued ── Start ──→ dialing ── Connected ──→ handshaking ── Done ──→ gone
//	                       │                       │   ▲
//	                       │                 Leave ▼   │ Enter
//	                       │                    waiting for the network
//	                       └─ connections: all, one address, a second (Admit)
//
// Waiting is free, working is scarce: thousands of endpoints wait for the
// network at a time, while about four per core compute (Enter and Leave, around
// every Read). What bounds those under way otherwise is the window (window.go),
// which finds its size itself. docs/performance.md has the measurements.
package traffic

import (
	"context"
	"net/netip"
	"runtime"
	"sync"
	"time"
)

// Limits are what the user may set.
type Limits struct {
	Connections int     // under way at a time
	PerAddress  int     // to one address at a time
	Rate        float64 // new ones a second; 0: no limit
}

// A Control is shared by all endpoints of a scan. A nil one lets everybody do
// everything at once.
type Control struct {
	tokens     chan struct{} // held by those who compute
	all        chan struct{} // held by connections
	perAddress int
	pace       pace
	window     window

	mu        sync.Mutex
	addresses map[netip.Addr]*address // those with connections, or waiting for one
}

// workersPerCore compute at a time. A handshake is all processor time between
// its reads, so more gain nothing: with 1, 4, 16 and 64 a core, 10,000 near
// endpoints cost the same processor time within noise (1.1 to 1.2 times the bare
// loop). With one, a core is idle while a token changes hands.
const workersPerCore = 4

// New is a Control with the given limits.
func New(l Limits) *Control {
	cores := runtime.GOMAXPROCS(0)
	c := &Control{
		tokens:     make(chan struct{}, workersPerCore*cores),
		all:        make(chan struct{}, l.Connections),
		perAddress: l.PerAddress,
		addresses:  map[netip.Addr]*address{},
	}
	if l.Rate > 0 {
		c.pace.every = time.Duration(float64(time.Second) / l.Rate)
	}
	c.window.open(placesPerCore*cores, l.Connections, c.tokens)
	return c
}

// Enter waits until one more may compute.
func (c *Control) Enter() {
	if c != nil {
		c.tokens <- struct{}{}
	}
}

// Leave ends what Enter began.
func (c *Control) Leave() {
	if c != nil {
		<-c.tokens
	}
}

// Idle says that nobody computes, connects or waits to: a scan that has ended
// leaves it so.
func (c *Control) Idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.tokens) == 0 && len(c.all) == 0 && len(c.addresses) == 0
}

// An address has slots for its connections as long as somebody uses them.
type address struct {
	slots chan struct{}
	users int
}

// Admit waits for leave to open one connection to an address. release ends the
// connection. The error is that of ctx.
func (c *Control) Admit(ctx context.Context, to netip.Addr) (release func(), err error) {
	if c == nil {
		return func() {}, nil
	}
	own := c.use(to)
	if err := acquire(ctx, own.slots); err != nil {
		c.unuse(to, own)
		return nil, err
	}
	if err := acquire(ctx, c.all); err != nil {
		<-own.slots
		c.unuse(to, own)
		return nil, err
	}
	release = func() {
		<-c.all
		<-own.slots
		c.unuse(to, own)
	}
	if err := c.pace.wait(ctx); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

func (c *Control) use(to netip.Addr) *address {
	c.mu.Lock()
	defer c.mu.Unlock()
	own := c.addresses[to]
	if own == nil {
		own = &address{slots: make(chan struct{}, c.perAddress)}
		c.addresses[to] = own
	}
	own.users++
	return own
}

func (c *Control) unuse(to netip.Addr, own *address) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if own.users--; own.users == 0 {
		delete(c.addresses, to)
	}
}

func acquire(ctx context.Context, slots chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A pace spaces connections evenly, so that no second sees more than its share.
type pace struct {
	every time.Duration // 0: at once
	mu    sync.Mutex
	next  time.Time
}

func (p *pace) wait(ctx context.Context) error {
	if p.every == 0 {
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
