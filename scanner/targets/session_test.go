package targets

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// Ten thousand names before a resolver that is dead must not take hours.
func TestResolverThatIsDead(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var text strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&text, "h%d.example:443\n", i)
	}
	pools := mustParse(t, text.String()).Pools
	out := Resolve(t.Context(), pools, Resolver{Server: conn.LocalAddr().String(), Timeout: 50 * time.Millisecond})
	given := 0
	for _, n := range out[0].DNS.Names {
		if n.Status != edge.Unknown {
			t.Fatalf("got %+v", n)
		}
		if strings.Contains(n.Error, "not asked: the ") {
			given++
		}
	}
	if given < 1500 {
		t.Errorf("%d of 2000 names were given up on", given)
	}
}

// A resolver that says nothing delays a scan by two tries of one query, however
// many rounds of lookups there are.
func TestDiscoverBeforeADeadResolver(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var asked atomic.Int32
	go func() {
		for packet := make([]byte, 512); ; asked.Add(1) {
			if _, _, err := conn.ReadFrom(packet); err != nil {
				return
			}
		}
	}()
	pools := Discover(t.Context(), []Domain{{Name: "contoso.com"}}, Resolver{Server: conn.LocalAddr().String(), Timeout: 500 * time.Millisecond}, nil)
	if n := asked.Load(); n > 2*(3+2*2) { // two tries of three SRV records and of two names by two families
		t.Errorf("%d queries", n)
	}
	if n := pools[0].Notes; len(n) != 3 || !strings.HasPrefix(n[2], "no Edge of contoso.com found: its SRV records are not known, and sip.contoso.com could not be looked up: no answer") {
		t.Errorf("notes %q", n)
	}
}

// The patience of a system's resolver is its own, and may be longer than
// that of a scan.
func TestRunGivesUpOnSilence(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := newSession(Resolver{Server: conn.LocalAddr().String(), Timeout: time.Hour})
	s.silence = 50 * time.Millisecond
	s.wantNames("sip.contoso.com")
	s.run(t.Context())
	a := *s.names["sip.contoso.com"]
	if a.Status != edge.Unknown || !strings.HasPrefix(a.Error, "no answer from the 127.0.0.1:") {
		t.Errorf("got %+v", a)
	}
}

func TestResolveInterrupted(t *testing.T) {
	t.Parallel()
	z := &zone{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	pool := Resolve(ctx, mustParse(t, "a.example:443").Pools, serve(t, z))[0]
	if got := pool.DNS.Names[0]; got.Status != edge.Unknown || z.asked.Load() != 0 {
		t.Errorf("got %+v after %d queries", got, z.asked.Load())
	}
}
