package traffic

import (
	"sync"
	"time"
)

// A window bounds the endpoints that are under way and not yet known to wait
// for somebody else. A near fleet is limited by processors, ours or its own:
// starting all of it at once only makes each handshake slower and holds its
// memory, and might push it over the timeout. A distant fleet answers as fast
// however many are asked. Nothing tells one from the other but trying, so the
// window doubles where handshakes wait for a place, and stays doubled if they
// took no longer for it; where they did, it goes back and rests for a while.
//
// An endpoint that is silent for its moment gives its place away: its timeout
// then runs beside all others. Its moment grows with the time that handshakes
// take, so that no fleet on one slow line counts as silent; and while all who
// may compute do (tokens), the wait is ours and no moment ends.
type window struct {
	tokens   chan struct{}
	vacated  chan struct{} // wakes Start
	mu       sync.Mutex
	places   int // that there are
	most     int
	used     int // by endpoints that start, by few more where some connect late
	mean     time.Duration
	before   int           // places before this trial; 0: it is none
	base     time.Duration // how long handshakes took before it
	rest     int           // rounds until the next trial
	round    int
	waited   bool // somebody did for a place in this round
	finished int  // of those who started in this round
	took     time.Duration
}

const (
	// placesPerCore is where the window begins. 10,000 near endpoints take as
	// long with 16 as with 256 places a core; the peak of the scan alone is 43,
	// 50, 66, 76 and 83 MB with 16, 32, 64, 128 and 256. With 32, a distant fleet
	// of 4,000 took 1.19 times as long as the bare loop, most of it at the start.
	placesPerCore = 64
	// dialMoment: a connection that is not there at once is distant, or dead,
	// and costs next to nothing. A fleet of 50,000 with none alive then starts
	// 2,560 a second on two cores, 4,096 before the first timeout of 5 s ends.
	dialMoment = 50 * time.Millisecond
	// handshakeMoment is for a start, while nobody knows how long handshakes
	// take; then it is slowHandshake times the mean, if that is more. With 5 %
	// of silent endpoints these hold a fifth of the window.
	handshakeMoment = 250 * time.Millisecond
	slowHandshake   = 4
	meanWeight      = 16
	// noSlower parts handshakes that take as long as before (a distant fleet,
	// 1.0) from those that take twice as long (a shared bottleneck, 2.0).
	noSlower = 1.4
	// restRounds keeps the time in which too many are under way below a tenth.
	restRounds = 8
)

func (w *window) open(places, most int, tokens chan struct{}) {
	w.places, w.most = min(places, most), most
	w.vacated, w.tokens = make(chan struct{}, 1), tokens
}

// A Place is one endpoint's in the window. A nil one is nobody's.
type Place struct {
	w         *window
	timer     *time.Timer
	until     time.Time // the end of the moment
	held      bool
	round     int
	again     bool
	connected time.Time
}

// Again says that the endpoint has another turn when all others have had theirs,
// if nothing comes of this one.
func (p *Place) Again() bool { return p != nil && p.again }

// Start waits for a place. One goroutine starts all endpoints.
func (c *Control) Start(again bool) *Place {
	w := &c.window
	w.mu.Lock()
	for w.used >= w.places {
		w.waited = true
		w.mu.Unlock()
		<-w.vacated
		w.mu.Lock()
	}
	defer w.mu.Unlock()
	w.used++
	p := &Place{w: w, held: true, again: again, round: w.round, until: time.Now().Add(dialMoment)}
	p.timer = time.AfterFunc(dialMoment, p.over)
	return p
}

// Settle waits until every endpoint that was started is done, or silent.
func (c *Control) Settle() {
	w := &c.window
	w.mu.Lock()
	for w.used > 0 {
		w.mu.Unlock()
		<-w.vacated
		w.mu.Lock()
	}
	w.mu.Unlock()
}

// over ends the moment.
func (p *Place) over() {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	switch {
	case !p.held || time.Now().Before(p.until): // Done or Connected came first
	case len(p.w.tokens) == cap(p.w.tokens):
		p.extend(dialMoment)
	default:
		p.vacate()
	}
}

func (p *Place) extend(d time.Duration) {
	p.until = time.Now().Add(d)
	p.timer.Reset(d)
}

func (p *Place) vacate() {
	p.held = false
	p.w.used--
	select {
	case p.w.vacated <- struct{}{}:
	default:
	}
}

// Connected gives the endpoint the time of a handshake, and its place back if
// connecting took long.
func (p *Place) Connected() {
	if p == nil {
		return
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if p.connected.IsZero() {
		p.connected = time.Now()
		if !p.held {
			p.held = true
			p.w.used++
		}
	}
	if p.held {
		p.extend(max(handshakeMoment, slowHandshake*p.w.mean))
	}
}

// Done ends the endpoint. answered says that it came to the end of its
// handshakes, so that their time tells something.
func (p *Place) Done(answered bool) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.timer.Stop()
	if p.held {
		p.vacate()
	}
	if answered {
		p.w.learn(time.Since(p.connected), p.round)
	}
}

// learn sets the window from one handshake's time.
func (w *window) learn(took time.Duration, round int) {
	if w.mean == 0 {
		w.mean = took
	}
	w.mean += (took - w.mean) / meanWeight
	w.mean = max(w.mean, took/slowHandshake) // who answers late was not silent: the moment was too short
	if round != w.round {
		return
	}
	w.took += took
	w.finished++
	if 2*w.finished < w.places {
		return
	}
	mean := w.took / time.Duration(w.finished)
	wanted := w.waited
	w.round++
	w.took, w.finished, w.waited = 0, 0, false
	before := w.before
	w.before = 0
	switch {
	case before > 0 && float64(mean) > noSlower*float64(w.base):
		w.places = before
		w.rest = restRounds
	case w.rest > 0:
		w.rest--
	case wanted && w.places < w.most:
		w.base, w.before = mean, w.places
		w.places = min(2*w.places, w.most)
	}
}
