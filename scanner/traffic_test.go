package scanner

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe"
)

func TestEveryAddressHasItsTurn(t *testing.T) {
	t.Parallel()
	var endpoints []edge.Endpoint
	for _, a := range []string{"192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.2"} {
		endpoints = append(endpoints, edge.Endpoint{Address: netip.MustParseAddr(a)})
	}
	if diff := cmp.Diff([]int{0, 3, 4, 1, 5, 2}, spread(endpoints)); diff != "" {
		t.Error(diff)
	}
}

func TestTheRateIsEven(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		traffic := newTraffic(nil, Options{Concurrency: 100, Rate: 10})
		start := time.Now()
		for i := range 21 {
			release, err := traffic.admit(t.Context(), netip.Addr{})
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
	for name, o := range map[string]Options{
		"for the address":  {Concurrency: 9, PerAddress: 1},
		"for a connection": {Concurrency: 1, PerAddress: 9},
		"for the rate":     {Concurrency: 9, PerAddress: 9, Rate: 0.001},
	} {
		synctest.Test(t, func(t *testing.T) {
			traffic := newTraffic([]edge.Endpoint{{Address: address}}, o)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			release, err := traffic.admit(ctx, address)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if _, err := traffic.admit(ctx, address); err == nil || time.Since(start) != time.Second {
				t.Errorf("%s: %v after %v", name, err, time.Since(start))
			}
			release()
			if len(traffic.all) != 0 || len(traffic.addresses[address]) != 0 {
				t.Errorf("%s: places were not given back", name)
			}
		})
	}
}

// take counts how many rooms can be had within d.
func take(b *brisk, d time.Duration, then func(*room)) int {
	n := 0
	for end := time.Now().Add(d); time.Now().Before(end); n++ {
		then(b.take())
	}
	return n
}

func TestRoomIsMadeForThoseWhoComeNext(t *testing.T) {
	t.Parallel()
	captured := edge.Capture{Outcome: edge.Captured, Handshake: 2 * time.Second}
	for _, c := range []struct {
		name     string
		gate     probe.Gate
		before   func(*brisk)
		then     func(*room)
		min, max int // rooms of 10 within ten seconds
	}{
		{"dead endpoints wait in their dial", nil, nil, func(*room) {}, 1900, 2100},
		{"silent endpoints wait in their handshake", nil, nil, (*room).connected, 90, 120},
		{"handshakes that take 2 s on a shared bottleneck", nil, func(b *brisk) {
			for range 100 {
				b.take().leave(captured)
			}
		}, (*room).connected, 10, 30},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBrisk(10, c.gate)
			if c.before != nil {
				c.before(b)
			}
			if n := take(b, 10*time.Second, c.then); n < c.min || n > c.max {
				t.Errorf("%s: %d rooms, want %d to %d", c.name, n, c.min, c.max)
			}
		})
	}
}

func TestNobodyMakesRoomWhileAllCompute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := probe.NewGate(1)
		gate <- struct{}{} // somebody computes, for a minute
		time.AfterFunc(time.Minute, func() { <-gate })
		b := newBrisk(1, gate)
		start := time.Now()
		b.take()
		b.take()
		if took := time.Since(start); took < time.Minute {
			t.Errorf("room was made after %v", took)
		}
	})
}
