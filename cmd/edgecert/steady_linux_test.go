package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"edgecert/report"
	"edgecert/scanner/edge"
	"edgecert/scanner/lab"
	"edgecert/scanner/lab/farm"
)

// pool raises a healthy lab of some members and returns the arguments to scan
// it with.
func pool(t *testing.T, members ...string) []string {
	t.Helper()
	spec := lab.Healthy(time.Now())
	spec.Members = slices.DeleteFunc(spec.Members, func(m lab.Member) bool { return !slices.Contains(members, m.Name) })
	spec.Cells = slices.DeleteFunc(spec.Cells, func(c lab.Cell) bool { return !slices.Contains(members, c.Member) })
	l, err := lab.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	targets, roots, err := writeLab(l, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return []string{"scan", "-t", targets, "--roots", roots, "--only-roots", "--resolver", l.Resolver(), "--timeout", "60s", "--no-progress"}
}

// TestManyScansInOneProcess: the two hundredth scan leaves as much behind as the
// twentieth, memory, descriptors and goroutines alike.
func TestManyScansInOneProcess(t *testing.T) { // alone: it counts what the process has
	args := append(pool(t, "edge1", "edge2", "edge3"), "--quick", "--format", "json")
	var heap [2]runtime.MemStats
	var open, goroutines [2]int
	for n := range 200 {
		var errOut bytes.Buffer
		if status := run(t.Context(), args, strings.NewReader(""), io.Discard, &errOut); status != exitOK {
			t.Fatalf("scan %d: exit status %d: %s", n, status, errOut.String())
		}
		if n == 20 || n == 199 {
			at := n / 199
			runtime.GC()
			runtime.ReadMemStats(&heap[at])
			open[at], goroutines[at] = descriptors(t), runtime.NumGoroutine()
		}
	}
	if grown := int64(heap[1].HeapAlloc) - int64(heap[0].HeapAlloc); grown > 4<<20 {
		t.Errorf("the heap has grown by %d bytes in 179 scans", grown)
	}
	if open[1] > open[0]+20 || goroutines[1] > goroutines[0]+20 { // the lab's own come and go
		t.Errorf("descriptors %d, then %d; goroutines %d, then %d", open[0], open[1], goroutines[0], goroutines[1])
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

// TestInterruptedAtAnyMoment ends scans at random moments, before they dial and
// after they have written. What is on stdout and in the file is a whole document
// that says whether it was interrupted, and so does the exit status.
func TestInterruptedAtAnyMoment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "scan.json")
	args := append(pool(t, "edge1"), "--format", "json", "-o", file)
	usual := time.Hour
	for range 3 { // the quickest, for an interrupt that comes late comes too late
		begun := time.Now()
		if status, whole := interruptedAfter(t, time.Hour, args); status != exitOK || whole.Interrupted || len(whole.Captures) != 4 {
			t.Fatalf("left alone: exit status %d, %d endpoints", status, len(whole.Captures))
		}
		usual = min(usual, time.Since(begun))
	}
	random, seen := rand.New(rand.NewPCG(13, 11)), map[int]int{}
	for n := range 200 {
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
		part := random.Float64()
		after := time.Duration(part * part * 1.3 * float64(usual)) // more of them early, where most is under way
		status, ev := interruptedAfter(t, after, args)
		seen[status]++
		saved, err := os.Open(file)
		switch {
		case ev == nil && status == exitInterrupted && os.IsNotExist(err): // nothing was dialed yet
			continue
		case ev == nil || err != nil || status != exitOK && status != exitInterrupted || ev.Interrupted != (status == exitInterrupted) || len(ev.Captures) != 4:
			t.Fatalf("interrupt %d, after %v: exit status %d, %v, %+v", n, after, status, err, ev)
		}
		r, err := report.Load(t.Context(), saved)
		_ = saved.Close()
		if err != nil || r.Evidence.Interrupted != ev.Interrupted {
			t.Fatalf("interrupt %d, after %v: the file: %v", n, after, err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
			t.Fatalf("interrupt %d, after %v: left behind: %v", n, after, left)
		}
	}
	t.Logf("a scan takes %v; exit statuses: %v", usual, seen)
	if seen[exitInterrupted] == 0 {
		t.Error("no interrupt came in time to end a scan")
	}
}

// interruptedAfter runs a command whose context ends after d, and returns its
// status and what its document holds; nil where it wrote none.
func interruptedAfter(t *testing.T, d time.Duration, args []string) (int, *edge.Evidence) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	defer time.AfterFunc(d, cancel).Stop()
	var out, errOut bytes.Buffer
	status := run(ctx, args, strings.NewReader(""), &out, &errOut)
	if out.Len() == 0 {
		if !strings.Contains(errOut.String(), "interrupted") {
			t.Errorf("after %v: nothing on stdout, and on stderr %q", d, errOut.String())
		}
		return status, nil
	}
	r, err := report.Load(t.Context(), &out)
	if err != nil {
		t.Fatalf("after %v: %v", d, err)
	}
	return status, &r.Evidence
}

// TestHostileFleet scans a list of everything that a farm can be, with all
// further handshakes: each endpoint is in the document once, with the leaf that
// it has or a reason of the closed set, and the counts are those of the farm.
func TestHostileFleet(t *testing.T) {
	t.Parallel()
	mix := map[farm.Behaviour]int{}
	for _, b := range farm.All() {
		mix[b] = 8
	}
	f, err := farm.Start(farm.Spec{Addresses: 50, Mix: mix})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	var list strings.Builder
	truth := map[string]farm.Endpoint{}
	captured := 0
	for _, e := range f.Endpoints {
		fmt.Fprintln(&list, e.Address)
		truth[e.Address.String()] = e
		if e.Leaf != [32]byte{} {
			captured++
		}
	}
	targets := filepath.Join(t.TempDir(), "fleet.txt")
	if err := os.WriteFile(targets, []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	_, resolver := listen(t)
	var out, errOut bytes.Buffer
	status := run(t.Context(), []string{"scan", "-t", targets, "--resolver", resolver.LocalAddr().String(), "--timeout", "15s", "--retries", "0",
		"--format", "json", "--no-progress"}, strings.NewReader(""), &out, &errOut)
	if status != exitError {
		t.Fatalf("exit status %d: %s", status, errOut.String())
	}
	r, err := report.Load(t.Context(), &out)
	if err != nil {
		t.Fatal(err)
	}
	want := report.Coverage{Planned: len(truth), Captured: captured, Failed: len(truth) - captured}
	if r.Coverage != want {
		t.Errorf("coverage %+v, want %+v", r.Coverage, want)
	}
	for _, c := range r.Evidence.Captures {
		e, ok := truth[c.Endpoint.HostPort()]
		delete(truth, c.Endpoint.HostPort())
		switch leaf := c.Leaf(); {
		case !ok:
			t.Errorf("%s stands twice, or is no part of the fleet", c.Endpoint.HostPort())
		case e.Leaf != [32]byte{} && (leaf == nil || leaf.Fingerprint != e.Leaf):
			t.Errorf("%s (%s): %s, %v", e.Address, e.Behaviour, c.Outcome, c.Fault)
		case e.Leaf == [32]byte{} && (c.Fault == nil || c.Fault.Class == edge.ClassLocal || c.Fault.Class == edge.ClassInterrupted):
			t.Errorf("%s (%s): %s, %v", e.Address, e.Behaviour, c.Outcome, c.Fault)
		}
	}
	if len(truth) > 0 {
		t.Errorf("%d endpoints are missing", len(truth))
	}
}
