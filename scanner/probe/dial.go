package probe

import (
	"context"
	"net"
	"net/netip"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/probe/fault"
)

// How long this machine's own shortage of descriptors or ports is waited out:
// a port is held for a minute after its connection (TIME_WAIT).
const (
	shortagePatience = 75 * time.Second
	shortagePause    = 100 * time.Millisecond
)

// connect opens a connection with its deadline set; its end lets others
// compute (wire.Close). Without one the sight says why.
func (v *visit) connect(ctx context.Context) (*wire, sight) {
	release, err := v.Traffic.Admit(ctx, v.endpoint.Address)
	if err != nil {
		return nil, sight{stage: edge.StageDial, fault: interrupted(ctx)}
	}
	w, f := v.dial(ctx, netip.AddrPortFrom(v.endpoint.Address, uint16(v.endpoint.Port)))
	if f != nil {
		release()
		return nil, sight{stage: dialStage(f), fault: f}
	}
	w.prober, w.release = v.Prober, release
	w.stop = fault.Interrupt(ctx, w.Conn)
	v.place.Connected()
	v.Traffic.Enter()
	return w, sight{}
}

// dial opens a connection. A shortage here is waited out, for it is ours and
// never the endpoint's.
func (p *Prober) dial(ctx context.Context, address netip.AddrPort) (*wire, *edge.Fault) {
	begin := time.Now()
	for {
		start := time.Now()
		deadline := start.Add(p.Timeout)
		conn, err := p.open(ctx, address, deadline)
		if err == nil {
			w := &wire{Conn: conn, deadline: deadline, dialed: time.Since(start)}
			return w, unusable(conn, conn.SetDeadline(deadline))
		}
		if ctx.Err() != nil {
			return nil, interrupted(ctx)
		}
		f := fault.Of(err, "dialing "+address.String())
		if f.Class == edge.ClassLocal {
			f.Message = fault.Text(err) // the same of every endpoint
		}
		if !fault.Shortage(err) {
			return nil, dialFault(f)
		}
		if time.Since(begin) > shortagePatience || !pause(ctx, shortagePause) {
			f.Message = "a shortage of this machine: " + fault.Text(fault.Bare(err))
			return nil, f
		}
	}
}

func (p *Prober) open(ctx context.Context, address netip.AddrPort, deadline time.Time) (net.Conn, error) {
	if p.Dial != nil {
		ctx, cancel := context.WithDeadline(ctx, deadline)
		defer cancel()
		return p.Dial(ctx, "tcp", address.String())
	}
	// Not DialTCP: even without a local address it binds one, which takes its
	// port from all destinations at once instead of from this one.
	d := net.Dialer{Deadline: deadline, KeepAlive: -1}
	return d.DialContext(ctx, "tcp", address.String())
}

func unusable(conn net.Conn, err error) *edge.Fault {
	if err == nil {
		return nil
	}
	_ = conn.Close() // it never carried a byte
	return fault.Of(err, "setting the deadline")
}

// dialFault keeps the classes that a connection attempt can end with: what is
// not told otherwise means that no way leads there.
func dialFault(f *edge.Fault) *edge.Fault {
	if f.Class == edge.ClassProtocol {
		f.Class = edge.ClassUnreachable
	}
	return f
}

// dialStage is where a connection attempt ended: a reset, other than a
// refusal, comes only when the connection stands.
func dialStage(f *edge.Fault) edge.Stage {
	if f.Class == edge.ClassReset {
		return edge.StageHandshake
	}
	return edge.StageDial
}

func interrupted(ctx context.Context) *edge.Fault {
	return fault.New(edge.ClassInterrupted, "the scan ended first: %v", context.Cause(ctx))
}
