package main

import (
	"context"
	"io"
	"slices"
	"strings"
)

// stdinName is stdin where a file is named.
const stdinName = "-"

// called is how messages call the files of the command line.
func called(names ...string) string {
	names = slices.Clone(names)
	if i := slices.Index(names, stdinName); i >= 0 {
		names[i] = "stdin"
	}
	return strings.Join(names, ", ")
}

// stdin is standard input that Ctrl-C ends, and that is read once: whoever comes
// second would find it empty, and blame what was sent.
type stdin struct {
	ctx  context.Context
	r    io.Reader
	over bool
}

func (s *stdin) Read(p []byte) (int, error) {
	if s.over {
		return 0, errTwice
	}
	b, err := await(s.ctx, func() ([]byte, error) {
		b := make([]byte, len(p)) // not p: an abandoned read may still write to it
		n, err := s.r.Read(b)
		return b[:n], err
	})
	s.over = err == io.EOF
	return copy(p, b), err
}

var errTwice = hintf("give one of them as a file", "stdin is given twice")

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
