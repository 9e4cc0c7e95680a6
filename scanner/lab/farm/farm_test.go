//go:build linux

package farm

import (
	"os"
	"runtime"
	"testing"
	"time"

	"edgecert/scanner"
	"edgecert/scanner/edge"
)

// Every endpoint is accounted for, with the leaf that it has, in a fleet of any
// behaviour alone.
func TestFleetsOfOneBehaviour(t *testing.T) {
	t.Parallel()
	want := map[Behaviour]edge.ErrorClass{Closed: edge.ClassRefused, Tarpit: edge.ClassTimeout, Reset: edge.ClassReset, Hangup: edge.ClassReset,
		Alert: edge.ClassTLSAlert, PlainHTTP: edge.ClassNotTLS, Garbage: edge.ClassNotTLS, Drip: edge.ClassTimeout,
		Endless: edge.ClassProtocol, Oversized: edge.ClassTooLarge}
	for _, b := range All() {
		t.Run(string(b), func(t *testing.T) {
			t.Parallel()
			f := start(t, Spec{Addresses: 100, Mix: map[Behaviour]int{b: 100}})
			timeout := 30 * time.Second // for who answers, on a busy machine
			if want[b] == edge.ClassTimeout {
				timeout = time.Second
			}
			for i, c := range scan(t, f, scanner.Options{Timeout: timeout, Retries: -1, Quick: true}) {
				e := f.Endpoints[i]
				switch class, failing := want[b]; {
				case !failing && (c.Leaf() == nil || c.Leaf().Fingerprint != e.Leaf):
					t.Fatalf("%s: %s, %v", e.Address, c.Outcome, c.Fault)
				case failing && (c.Fault == nil || c.Fault.Class != class):
					t.Fatalf("%s: %s, %v, want %s", e.Address, c.Outcome, c.Fault, class)
				}
			}
		})
	}
}

// A scan that is over has left nothing behind.
func TestScansLeaveNothingBehind(t *testing.T) { // alone: it counts goroutines
	f := start(t, Spec{Addresses: 4, Mix: map[Behaviour]int{Closed: 10, Alert: 10}})
	var before, after runtime.MemStats
	var goroutines, open int
	for n := range 200 {
		scan(t, f, scanner.Options{Quick: n%2 == 0})
		if n == 20 {
			runtime.GC()
			runtime.ReadMemStats(&before)
			goroutines, open = runtime.NumGoroutine(), descriptors(t)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 2<<20 {
		t.Errorf("the heap has grown by %d bytes in 180 scans", grown)
	}
	if n := descriptors(t); n > open+20 {
		t.Errorf("%d descriptors, %d after 20 scans", n, open)
	}
	if n := runtime.NumGoroutine(); n > goroutines+20 { // the farm's own come and go
		t.Errorf("%d goroutines, %d after 20 scans", n, goroutines)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func start(t *testing.T, s Spec) *Farm {
	t.Helper()
	f, err := Start(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func scan(t *testing.T, f *Farm, o scanner.Options) []edge.Capture {
	t.Helper()
	var list []edge.Endpoint
	for _, e := range f.Endpoints {
		list = append(list, edge.Endpoint{Pool: "loose", Role: edge.Other, FQDN: "sip.contoso.com", Address: e.Address.Addr(), Port: int(e.Address.Port())})
	}
	captures, err := scanner.Scan(t.Context(), list, o)
	if err != nil {
		t.Fatal(err)
	}
	return captures
}
