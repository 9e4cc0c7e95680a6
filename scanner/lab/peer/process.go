package peer

import (
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// How long a program may take until it serves. They need a fraction of a
	// second; the limit is for machines under load.
	startLimit = 30 * time.Second

	pollPause = 20 * time.Millisecond
)

// A Process is a running program, with what it printed.
type Process struct {
	name   string
	exited chan struct{}

	mu     sync.Mutex
	output strings.Builder
	news   chan struct{} // closed and replaced when there is more output
}

// Start runs a program, in a directory of its own, until the test ends. What
// it printed is shown if the test fails.
func Start(t testing.TB, path string, args ...string) *Process {
	t.Helper()
	p := &Process{name: filepath.Base(path), exited: make(chan struct{}), news: make(chan struct{})}
	cmd := exec.Command(path, args...)
	cmd.Dir = t.TempDir()
	cmd.Stdout, cmd.Stderr = p, p
	lead(cmd)
	// Some programs take the end of their input for the end of their work.
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // killed in the end, as a rule
		close(p.exited)
	}()
	t.Cleanup(func() {
		if err := end(cmd.Process); err != nil {
			t.Errorf("ending %s: %v", p.name, err)
		}
		<-p.exited
		if text, _ := p.printed(); t.Failed() {
			t.Logf("%s %s printed:\n%s", p.name, strings.Join(args, " "), text)
		}
	})
	return p
}

// Write takes the program's output.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.news)
	p.news = make(chan struct{})
	return p.output.Write(b)
}

func (p *Process) printed() (text string, news <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String(), p.news
}

// Says waits until the program has printed a line like re, and returns the
// first group of it.
func (p *Process) Says(t testing.TB, re string) string {
	t.Helper()
	line := regexp.MustCompile(re)
	limit := time.After(startLimit)
	for {
		text, news := p.printed()
		if m := line.FindStringSubmatch(text); m != nil {
			return m[1]
		}
		select {
		case <-news:
		case <-p.exited:
			t.Fatalf("%s ended before it said %s", p.name, re)
		case <-limit:
			t.Fatalf("%s did not say %s within %v", p.name, re, startLimit)
		}
	}
}

// Serves waits until the program accepts TCP connections at addr.
func (p *Process) Serves(t testing.TB, addr netip.AddrPort) {
	t.Helper()
	p.Until(t, "serves "+addr.String(), func() bool {
		conn, err := net.Dial("tcp", addr.String())
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
}

// Until waits for the program to be ready, which is asked again and again;
// what says for what in words: "serves 127.0.0.1:53".
func (p *Process) Until(t testing.TB, what string, ready func() bool) {
	t.Helper()
	again := time.NewTicker(pollPause)
	defer again.Stop()
	limit := time.After(startLimit)
	for !ready() {
		select {
		case <-again.C:
		case <-p.exited:
			t.Fatalf("%s ended before it %s", p.name, what)
		case <-limit:
			t.Fatalf("%s took longer than %v until it %s", p.name, startLimit, what)
		}
	}
}
