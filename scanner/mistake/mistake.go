// Package mistake keeps a mistake of this program, met in a goroutine of its own,
// from ending the process with a stack trace and the status of findings: it ends
// the run instead, which tells it in a sentence.
package mistake

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// A Mistake is what a goroutine panicked with, and where.
type Mistake struct {
	What  any
	Stack []byte
}

func (m *Mistake) Error() string { return fmt.Sprintf("internal failure: %v", m.What) }

type watchKey struct{}

// Watch is ctx, which ends with the first mistake as its cause, and the mistake.
func Watch(ctx context.Context) (context.Context, <-chan *Mistake) {
	ctx, end := context.WithCancelCause(ctx)
	first := make(chan *Mistake, 1)
	return context.WithValue(ctx, watchKey{}, func(m *Mistake) {
		end(m)
		select {
		case first <- m:
		default: // of several the first is told
		}
	}), first
}

// Caught is deferred by every goroutine that does work. Where nobody watches,
// as in most tests, a mistake ends the process as ever.
func Caught(ctx context.Context) {
	tell, watched := ctx.Value(watchKey{}).(func(*Mistake))
	if !watched {
		return
	}
	if what := recover(); what != nil {
		tell(&Mistake{what, debug.Stack()})
	}
}

// Of is the mistake that ended ctx, if one did.
func Of(ctx context.Context) error {
	if m, ok := errors.AsType[*Mistake](context.Cause(ctx)); ok {
		return m
	}
	return nil
}
