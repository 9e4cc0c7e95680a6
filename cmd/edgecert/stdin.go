package main

import (
	"context"
	"io"
)

// stdin is standard input that Ctrl-C ends.
type stdin struct {
	ctx context.Context
	r   io.Reader
}

func (s stdin) Read(p []byte) (int, error) {
	b, err := await(s.ctx, func() ([]byte, error) {
		b := make([]byte, len(p)) // not p: an abandoned read may still write to it
		n, err := s.r.Read(b)
		return b[:n], err
	})
	return copy(p, b), err
}

// await returns what f does, or that ctx ended first. A read of a terminal or
// a pipe cannot be called off, so f is then left behind for the program's end.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	got := make(chan result, 1)
	go func() {
		value, err := f()
		got <- result{value, err}
	}()
	select {
	case r := <-got:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
