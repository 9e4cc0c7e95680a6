// Package fault turns the errors of connections into the closed set of error
// classes (edge.ErrorClass). It is the one place that knows how operating
// systems name a refusal, a reset or a missing route, so that every part of
// the probe tells them the same way.
package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"edgecert/scanner/edge"
)

// New is a fault with a message in the manner of fmt.Sprintf.
func New(class edge.ErrorClass, format string, args ...any) *edge.Fault {
	return &edge.Fault{Class: class, Message: fmt.Sprintf(format, args...)}
}

// Of is err as a fault, doing says what was tried: "reading the answer". An
// edge.Fault within err keeps its class.
func Of(err error, doing string) *edge.Fault {
	return &edge.Fault{Class: Class(err), Message: doing + ": " + Text(Bare(err))}
}

// Text is err as text, of an edge.Fault without its class, which is told apart.
func Text(err error) string {
	if known, ok := err.(*edge.Fault); ok {
		return known.Message
	}
	return err.Error()
}

// Bare is err without the words that package net puts before it: what was done,
// and to which address, stands in front of them already.
func Bare(err error) error {
	if op, ok := err.(*net.OpError); ok {
		err = op.Err
	}
	if call, ok := err.(*os.SyscallError); ok {
		err = call.Err
	}
	return err
}

// Class is the class of a connection's error. A close without a word counts
// as reset; what is none of the known ones is protocol.
func Class(err error) edge.ErrorClass {
	var known *edge.Fault
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &known):
		return known.Class
	case errors.Is(err, context.Canceled):
		return edge.ClassInterrupted
	case Shortage(err):
		return edge.ClassLocal
	case errors.As(err, &dns):
		return edge.ClassDNS
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return edge.ClassTimeout
	case is(err, refused()):
		return edge.ClassRefused
	case is(err, unreachable()):
		return edge.ClassUnreachable
	case is(err, reset()), closed(err):
		return edge.ClassReset
	case errors.As(err, &timeout) && timeout.Timeout():
		return edge.ClassTimeout
	default:
		return edge.ClassProtocol
	}
}

// Shortage says whether this machine ran out of descriptors or local ports.
func Shortage(err error) bool { return is(err, shortage()) }

// Interrupt makes every read and write of conn fail at once when ctx is done.
// The function returned ends the watch; after it, Ended tells the reason.
func Interrupt(ctx context.Context, conn net.Conn) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		// A deadline that has passed wakes a blocked Read; closing would too,
		// but the connection is the caller's. Its error is the Read's to tell.
		_ = conn.SetDeadline(time.Unix(1, 0))
	})
}

// Ended replaces a timeout that Interrupt caused by what canceled ctx. Where the
// time of ctx was up it is a timeout, whoever noticed first.
func Ended(ctx context.Context, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) && errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return err
}

func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed)
}

func is(err error, numbers []syscall.Errno) bool {
	var number syscall.Errno
	return errors.As(err, &number) && slices.Contains(numbers, number)
}
