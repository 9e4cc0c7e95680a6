package turn

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/probe/fault"
)

const (
	// RFC 8489, 6.2.1: a request is sent again after 500 ms, then after twice
	// as long each time.
	firstResend = 500 * time.Millisecond

	// Both requests get an answer from some servers. The refused allocation
	// tells more, so a Binding answer waits this long for it.
	betterAnswer = 200 * time.Millisecond
)

// UDP asks addr for an allocation in Microsoft's dialect and for a Binding in
// the standard's, until one of them is answered or timeout has passed. The
// answer is never nil: Live where one came, else with a Fault: timeout (which
// a firewall looks like, too), refused, unreachable, interrupted, protocol.
func UDP(ctx context.Context, addr netip.AddrPort, timeout time.Duration) *edge.Turn {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", addr.String())
	if err != nil {
		return &edge.Turn{Fault: fault.Of(err, "opening a UDP socket")}
	}
	defer conn.Close()
	stop := fault.Interrupt(ctx, conn)
	defer stop()
	return ask(ctx, conn)
}

// ask sends the requests and sends them again until an answer is there. conn
// is connected, so only datagrams of the address asked arrive.
func ask(ctx context.Context, conn net.Conn) *edge.Turn {
	allocate, binding := newAllocate(), newBinding()
	for wait := firstResend; ; wait *= 2 {
		for _, request := range [][]byte{allocate, binding} {
			if _, err := conn.Write(request); err != nil {
				return failed(ctx, err)
			}
		}
		t, err := listen(ctx, conn, time.Now().Add(wait), allocate, binding)
		if t != nil {
			return t
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || ctx.Err() != nil {
			return failed(ctx, err)
		}
	}
}

// listen waits for an answer to one of the requests. Datagrams that answer
// neither are passed over.
func listen(ctx context.Context, conn net.Conn, until time.Time, allocate, binding []byte) (*edge.Turn, error) {
	var second *edge.Turn // the Binding's, while the better one may come
	for {
		b, err := receive(ctx, conn, until)
		switch {
		case err != nil && second != nil:
			return second, nil
		case err != nil:
			return nil, err
		case hasID(b, allocate):
			return answerTo(allocate, b), nil
		case hasID(b, binding) && second == nil:
			second = answerTo(binding, b)
			until = time.Now().Add(betterAnswer)
		}
	}
}

// receive reads one datagram. The deadline of ctx is the last moment of all.
func receive(ctx context.Context, conn net.Conn, until time.Time) ([]byte, error) {
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until = end
	}
	if err := conn.SetReadDeadline(until); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil { // it may have ended before the deadline was set
		return nil, err
	}
	b := make([]byte, limits.Datagram)
	n, err := conn.Read(b)
	return b[:n], err
}

func hasID(answer, request []byte) bool {
	return len(answer) >= headerLength && bytes.Equal(answer[4:headerLength], request[4:headerLength])
}

func failed(ctx context.Context, err error) *edge.Turn {
	return &edge.Turn{Fault: fault.Of(fault.Ended(ctx, err), "asking over UDP")}
}
