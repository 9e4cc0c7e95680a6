package mistake

import (
	"context"
	"strings"
	"testing"
)

// A mistake ends the context of all, and comes with its place; the second one is
// not waited for.
func TestCaught(t *testing.T) {
	t.Parallel()
	ctx, mistakes := Watch(t.Context())
	child, cancel := context.WithCancel(ctx)
	defer cancel()
	none := func() map[string]int { return nil }
	for range 2 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer Caught(child)
			none()["a"]++
		}()
		<-done
	}
	m := <-mistakes
	if Of(child) == nil || !strings.Contains(m.Error(), "internal failure: assignment to entry in nil map") || !strings.Contains(string(m.Stack), "TestCaught") {
		t.Errorf("%v, %v\n%s", Of(child), m, m.Stack)
	}
	if Of(t.Context()) != nil {
		t.Error("whoever started it is ended, too")
	}
}
