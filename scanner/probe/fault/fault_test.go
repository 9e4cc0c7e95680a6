package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

func TestClass(t *testing.T) {
	t.Parallel()
	op := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	number := func(n syscall.Errno) error { return op(os.NewSyscallError("connect", n)) }
	tests := []struct {
		name string
		err  error
		want edge.ErrorClass
	}{
		{"a fault within", fmt.Errorf("reading: %w", New(edge.ClassTooLarge, "10 MB")), edge.ClassTooLarge},
		{"interrupted by the user", op(context.Canceled), edge.ClassInterrupted},
		{"out of descriptors", number(syscall.EMFILE), edge.ClassLocal},
		{"out of local ports", number(syscall.EADDRNOTAVAIL), edge.ClassLocal},
		{"every local port bound", number(syscall.EADDRINUSE), edge.ClassLocal},
		{"unknown name", op(&net.DNSError{Name: "sip.contoso.com", IsNotFound: true}), edge.ClassDNS},
		{"resolver that does not answer", op(&net.DNSError{Name: "sip.contoso.com", IsTimeout: true}), edge.ClassDNS},
		{"deadline of the connection", op(os.ErrDeadlineExceeded), edge.ClassTimeout},
		{"deadline of the context", op(context.DeadlineExceeded), edge.ClassTimeout},
		{"retransmissions given up", number(syscall.ETIMEDOUT), edge.ClassTimeout},
		{"refused", number(syscall.ECONNREFUSED), edge.ClassRefused},
		{"no route", number(syscall.EHOSTUNREACH), edge.ClassUnreachable},
		{"no network", number(syscall.ENETUNREACH), edge.ClassUnreachable},
		{"reset", number(syscall.ECONNRESET), edge.ClassReset},
		{"written after the peer closed", number(syscall.EPIPE), edge.ClassReset},
		{"closed", io.EOF, edge.ClassReset},
		{"closed within a record", fmt.Errorf("record: %w", io.ErrUnexpectedEOF), edge.ClassReset},
		{"anything else", errors.New("first record does not look like TLS"), edge.ClassProtocol},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Class(tt.err); got != tt.want {
				t.Errorf("Class(%v) = %s, want %s", tt.err, got, tt.want)
			}
		})
	}
}

// A real refusal and a real reset of this operating system, whatever their
// numbers are.
func TestClassOfRealErrors(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, _ = c.Read(make([]byte, 1))    // the dial is through
			_ = c.(*net.TCPConn).SetLinger(0) // an RST instead of a FIN
			c.Close()
		}
	}()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err = c.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err = c.Read(make([]byte, 1)); Class(err) != edge.ClassReset {
		t.Errorf("Class(%v) = %s, want reset", err, Class(err))
	}
	l.Close()
	if _, err = net.Dial("tcp", addr); Class(err) != edge.ClassRefused {
		t.Errorf("Class(%v) = %s, want refused", err, Class(err))
	}
}

func TestInterruptWakesARead(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	ctx, cancel := context.WithCancel(t.Context())
	stop := Interrupt(ctx, a)
	defer stop()
	time.AfterFunc(time.Millisecond, cancel)
	_, err := a.Read(make([]byte, 1))
	if got := Class(Ended(ctx, err)); got != edge.ClassInterrupted {
		t.Errorf("Class(%v) = %s, want interrupted", err, got)
	}
}

// Of two clocks that end a read at the same time either may be the first; the
// message is the same.
func TestADeadlineOfTheContextIsATimeout(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	if err := Ended(ctx, os.ErrDeadlineExceeded); err != os.ErrDeadlineExceeded {
		t.Errorf("%v, want %v", err, os.ErrDeadlineExceeded)
	}
}

func TestMessagesSayTheClassAndTheAddressNowhere(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"reading: more than 10 bytes":    New(edge.ClassTooLarge, "more than %d bytes", 10),
		"reading: connection refused":    &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"reading: no TLS record: \"hi\"": errors.New(`no TLS record: "hi"`),
	} {
		if got := Of(err, "reading"); got.Message != want {
			t.Errorf("%q, want %q", got.Message, want)
		}
	}
}
