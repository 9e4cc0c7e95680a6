package main

import (
	"context"
	"os"
	"os/signal"
	"time"
)

// together is how close signals are one: timeout(1), service managers and
// shells tell the process, and then its whole group.
const together = time.Second

type insistedKey struct{}

// ended is a context that ends with the first of these signals, so that the
// scan stops and what was captured is reported. Signals within a second of one
// are the same one. The next ends insisted(ctx); the one after that ends the
// process as if nobody caught it.
func ended(ends ...os.Signal) context.Context {
	insisted, insist := context.WithCancel(context.Background())
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), insistedKey{}, insisted))
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, ends...)
	go func() {
		defer signal.Reset(ends...)
		for _, end := range []func(){cancel, insist} {
			<-caught
			end()
			for again := time.After(together); again != nil; {
				select {
				case <-caught:
				case <-again:
					again = nil
				}
			}
		}
	}()
	return ctx
}

// insisted is the context of what is done after ctx: judging what was captured,
// writing and sending. It ends with the second signal.
func insisted(ctx context.Context) context.Context {
	if i, ok := ctx.Value(insistedKey{}).(context.Context); ok {
		return i
	}
	return context.WithoutCancel(ctx)
}
