package probe

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// refusing answers its first connections with handshake_failure, and then goes
// silent, which after tells.
func refusing(t testing.TB, times int32, after func()) edge.Endpoint {
	t.Helper()
	var n atomic.Int32
	return endpoint(serve(t, func(c net.Conn) {
		hear(c)
		if n.Add(1) <= times {
			_, _ = c.Write(record(21, 2, alertHandshakeFailure))
		} else {
			after()
		}
		linger(c)
	}))
}

// A server that has had enough of us costs one timeout, not one for every way
// that is left.
func TestASilentServerIsAskedNoFurther(t *testing.T) {
	t.Parallel()
	got := prober(5*brief, true).Probe(context.Background(), refusing(t, 2, func() {}), nil)
	if got.Outcome != edge.Failed || got.Fault.Class != edge.ClassTLSAlert || got.Attempts != 3 {
		t.Errorf("%s after %d attempts: %v, want the alert after 3", got.Outcome, got.Attempts, got.Fault)
	}
}

// What an endpoint had shown so far is no verdict while a second way, which
// might have brought the certificate, was still to be tried.
func TestTheEndOfTheScanInASecondWay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	got := prober(time.Minute, true).Probe(ctx, refusing(t, 1, cancel), nil)
	if got.Outcome != edge.Failed || got.Fault.Class != edge.ClassInterrupted || got.Attempts != 2 {
		t.Errorf("%s after %d attempts: %v, want interrupted", got.Outcome, got.Attempts, got.Fault)
	}
}
