package traffic

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheRateIsEven(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := New(Limits{Connections: 100, PerAddress: 100, Rate: 10})
		start := time.Now()
		for i := range 21 {
			release, err := c.Admit(t.Context(), netip.Addr{})
			if err != nil {
				t.Fatal(err)
			}
			release()
			if at, want := time.Since(start), time.Duration(i)*100*time.Millisecond; at != want {
				t.Errorf("connection %d after %v, want %v", i, at, want)
			}
		}
	})
}

func TestWaitingForLeaveEndsWithTheScan(t *testing.T) {
	t.Parallel()
	address := netip.MustParseAddr("192.0.2.1")
	for name, l := range map[string]Limits{
		"for the address":  {Connections: 9, PerAddress: 1},
		"for a connection": {Connections: 1, PerAddress: 9},
		"for the rate":     {Connections: 9, PerAddress: 9, Rate: 0.001},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := New(l)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			release, err := c.Admit(ctx, address)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if _, err := c.Admit(ctx, address); err == nil || time.Since(start) != time.Second {
				t.Errorf("%s: %v after %v", name, err, time.Since(start))
			}
			release()
			if !c.Idle() {
				t.Errorf("%s: places were not given back", name)
			}
		})
	}
}

// control is a Control with a window of so many places at first.
func control(places int) *Control {
	c := New(Limits{Connections: 4096, PerAddress: 4})
	c.window.places = places
	return c
}

// starts counts how many endpoints start within d.
func starts(c *Control, d time.Duration, then func(*Place)) int {
	n := 0
	for end := time.Now().Add(d); time.Now().Before(end); n++ {
		then(c.Start(false))
	}
	return n
}

func TestSilentEndpointsMakeRoom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		mean     time.Duration
		then     func(*Place)
		min, max int // starts with 10 places within ten seconds
	}{
		{"in their dial", 0, func(*Place) {}, 1900, 2100},
		{"in their handshake", 0, (*Place).Connected, 390, 420},
		{"in their handshake, where others take 2 s", 2 * time.Second, (*Place).Connected, 10, 30},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := control(10)
			w.window.mean = c.mean
			if n := starts(w, 10*time.Second, c.then); n < c.min || n > c.max {
				t.Errorf("%s: %d started, want %d to %d", c.name, n, c.min, c.max)
			}
		})
	}
}

func TestNobodyMakesRoomWhileAllCompute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := control(1)
		for range cap(c.tokens) {
			c.Enter()
		}
		time.AfterFunc(time.Minute, c.Leave)
		start := time.Now()
		c.Start(false)
		c.Start(false)
		if took := time.Since(start); took < time.Minute {
			t.Errorf("room was made after %v", took)
		}
	})
}

// Who has another turn is who was started for it, and nobody is none.
func TestAnotherTurn(t *testing.T) {
	t.Parallel()
	c := New(Limits{Connections: 10, PerAddress: 10})
	for _, again := range []bool{false, true} {
		p := c.Start(again)
		if p.Again() != again {
			t.Errorf("started with %t, is %t", again, p.Again())
		}
		p.Done(false)
	}
	var nobody *Place
	if nobody.Again() {
		t.Error("nobody has another turn")
	}
}

// The mean begins with the first handshake, and follows the others slowly.
func TestTheMeanFollowsSlowly(t *testing.T) {
	t.Parallel()
	w := &window{places: 1 << 20}
	w.learn(100*time.Millisecond, 0)
	if w.mean != 100*time.Millisecond {
		t.Errorf("after one of 100 ms: %v", w.mean)
	}
	w.learn(260*time.Millisecond, 0)
	if w.mean != 110*time.Millisecond {
		t.Errorf("after one more of 260 ms: %v", w.mean)
	}
	w.learn(2*time.Second, 0) // beyond its moment, and not silent
	if w.mean != 500*time.Millisecond {
		t.Errorf("after a late one of 2 s: %v", w.mean)
	}
}

func TestTheWindowFindsItsSize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		latency  time.Duration
		servers  int // that answer at a time, each within a millisecond
		min, max int // places in the end
	}{
		{"a distant fleet", 300 * time.Millisecond, 1000, 1024, 4096},
		{"a near fleet behind one server", 0, 1, 16, 64},
		{"a distant fleet behind one server", 50 * time.Millisecond, 1, 32, 256},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := control(32)
			server := make(chan struct{}, c.servers)
			for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
				p := w.Start(false)
				go func() {
					p.Connected()
					time.Sleep(c.latency)
					server <- struct{}{}
					time.Sleep(time.Millisecond)
					<-server
					p.Done(true)
				}()
			}
			synctest.Wait()
			if n, _ := size(w); n < c.min || n > c.max {
				t.Errorf("%s: %d places, want %d to %d", c.name, n, c.min, c.max)
			}
			time.Sleep(time.Minute) // all are gone
			if _, used := size(w); used != 0 {
				t.Errorf("%s: %d places were not given back", c.name, used)
			}
		})
	}
}

func size(c *Control) (places, used int) {
	c.window.mu.Lock()
	defer c.window.mu.Unlock()
	return c.window.places, c.window.used
}
