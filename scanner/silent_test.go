package scanner

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe"
	"edgecert/scanner/traffic"
)

// Endpoints that are silent in turn, a second apart, are retried a second apart:
// a retry that waited for the last one's timeout would cost a third.
func TestRetriesDoNotWaitForTimeoutsOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var mu sync.Mutex
		var dialed []time.Duration
		p := probe.New(5 * time.Second)
		p.Traffic = traffic.New(traffic.Limits{Connections: 9, PerAddress: 9, Rate: 1})
		p.Dial = func(context.Context, string, string) (net.Conn, error) {
			mu.Lock()
			dialed = append(dialed, time.Since(start))
			mu.Unlock()
			ours, theirs := net.Pipe()
			go func() {
				_, _ = io.Copy(io.Discard, theirs)
				theirs.Close()
			}()
			return ours, nil
		}
		const n = 4
		s := &run{Prober: p, captures: make([]edge.Capture, n), done: func(int) {}}
		for i := range s.captures {
			s.captures[i].Endpoint = edge.Endpoint{Role: edge.Other, Address: netip.MustParseAddr("127.0.0.1"), Port: 1 + i}
		}
		s.all(t.Context(), []int{0, 1, 2, 3}, 9, 2)
		for i, c := range s.captures {
			if c.Outcome != edge.Failed || c.Fault.Class != edge.ClassTimeout || c.Attempts != 2 {
				t.Errorf("endpoint %d: %s, %v after %d attempts", i, c.Outcome, c.Fault, c.Attempts)
			}
		}
		if len(dialed) != 2*n {
			t.Fatalf("dialed at %v", dialed)
		}
		for i, at := range dialed[n:] {
			if want := dialed[i] + 5*time.Second + retryPause; at < want || at > want+100*time.Millisecond {
				t.Errorf("endpoint %d: again after %v, want %v", i, at, want)
			}
		}
	})
}
