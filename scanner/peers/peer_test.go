//go:build linux

//go:debug tlssha1=1
//go:debug x509negativeserial=1
//go:debug rsa1024min=0
//go:debug tlsmaxrsasize=16384

// Package peers_test points scanner.Scan at programs that no one here wrote:
// TLS servers, relays, balancers and proxies of Debian, started on loopback.
//
// Where a program is absent its tests are left out; with EDGECERT_REAL=1
// (`make test-real`, CI) that is a failure. .ci/peers installs all of them.
package peers_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgecert/scanner"
	"edgecert/scanner/edge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startLimit is how long a program may take until it serves. They need a
// fraction of a second; the limit is for machines under load.
const startLimit = 30 * time.Second

// program is the path of a program of a Debian package.
func program(t *testing.T, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil { // root's path is not everybody's
		path, err = exec.LookPath(filepath.Join("/usr/sbin", name))
	}
	if err != nil {
		absent(t, name, debian)
	}
	return path
}

// absent leaves a test out, which is a failure where nothing may be.
func absent(t *testing.T, what, debian string) {
	t.Helper()
	say := t.Skipf
	if os.Getenv("EDGECERT_REAL") == "1" {
		say = t.Fatalf
	}
	say("left out: %s is not there; hint: .ci/peers installs Debian's package %s", what, debian)
}

// A process is a program under test, with what it printed.
type process struct {
	name   string
	exited chan struct{}

	mu     sync.Mutex
	output strings.Builder
	news   chan struct{} // closed and replaced when there is more output
}

// Write takes the program's output.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.news)
	p.news = make(chan struct{})
	return p.output.Write(b)
}

func (p *process) printed() (text string, news <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String(), p.news
}

// start runs a program until the test ends. What it printed is shown if the
// test fails.
func start(t *testing.T, path string, args ...string) *process {
	t.Helper()
	p := &process{name: filepath.Base(path), exited: make(chan struct{}), news: make(chan struct{})}
	cmd := exec.Command(path, args...)
	cmd.Dir = t.TempDir()
	cmd.Stdout, cmd.Stderr = p, p
	// A group of its own, so that children end with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
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
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Errorf("ending %s: %v", p.name, err)
		}
		<-p.exited
		if text, _ := p.printed(); t.Failed() {
			t.Logf("%s %s printed:\n%s", p.name, strings.Join(args, " "), text)
		}
	})
	return p
}

// says waits until the program has printed a line like re, and returns the
// first group of it.
func (p *process) says(t *testing.T, re string) string {
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

// serves waits until the program accepts connections at addr.
func (p *process) serves(t *testing.T, addr netip.AddrPort) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	limit := time.After(startLimit)
	for {
		conn, err := net.Dial("tcp", addr.String())
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-again.C:
		case <-p.exited:
			t.Fatalf("%s ended before it served %s", p.name, addr)
		case <-limit:
			t.Fatalf("%s does not serve %s after %v: %v", p.name, addr, startLimit, err)
		}
	}
}

// address is a free port of a loopback address that nobody else is likely to
// have: between asking for a port and the program taking it, tests beside
// this one open connections and listeners by the hundred on 127.0.0.1.
func address(t *testing.T) netip.AddrPort {
	t.Helper()
	r := func() byte { return byte(1 + rand.IntN(250)) }
	return freePort(t, netip.AddrFrom4([4]byte{127, r(), r(), r()}))
}

func freePort(t *testing.T, ip netip.Addr) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", netip.AddrPortFrom(ip, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// write puts a file into the test's directory and returns its path.
func write(t *testing.T, name, text string, args ...any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if len(args) > 0 {
		text = fmt.Sprintf(text, args...)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// at is an endpoint at addr. An Access service, unless the test changes it.
func at(addr netip.AddrPort) edge.Endpoint {
	port := int(addr.Port())
	return edge.Endpoint{Pool: "edge", Member: "edge1", Role: edge.Access, FQDN: "sip.contoso.com",
		Address: addr.Addr(), Port: port, ServicePort: 5061}
}

// scan scans one endpoint, as the command does.
func scan(t *testing.T, e edge.Endpoint, o scanner.Options) edge.Capture {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second // eight of these run beside each other, under the race detector
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	captures, err := scanner.Scan(ctx, []edge.Endpoint{e}, o)
	if err != nil || len(captures) != 1 {
		t.Fatalf("scan: %d captures, %v", len(captures), err)
	}
	return captures[0]
}

func port(addr netip.AddrPort) string { return strconv.Itoa(int(addr.Port())) }
