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

// ended is a context that ends with the first of these signals, so that the
// scan stops and what was captured is reported. Signals within a second of it
// are the same one. The next finds the report being written and is let pass;
// the one after that ends the process as if nobody caught it.
func ended(ends ...os.Signal) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, ends...)
	go func() {
		<-caught
		first := time.Now()
		cancel()
		for range caught {
			if time.Since(first) > together {
				signal.Reset(ends...)
				return
			}
		}
	}()
	return ctx
}
