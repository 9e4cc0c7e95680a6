package scanner

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
)

func TestEveryAddressHasItsTurn(t *testing.T) {
	t.Parallel()
	var endpoints []edge.Endpoint
	for _, a := range []string{"192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.2"} {
		endpoints = append(endpoints, edge.Endpoint{Address: netip.MustParseAddr(a)})
	}
	if diff := cmp.Diff([]int{0, 3, 4, 1, 5, 2}, spread(endpoints)); diff != "" {
		t.Error(diff)
	}
}

// A fleet that is silent moves the bar with its first timeout.
func TestProgressCountsTries(t *testing.T) {
	t.Parallel()
	var got []int
	done := progress(func(n, _ int) { got = append(got, n) }, 3, 2)
	done(2) // at once
	done(1) // silent
	done(1) // silent
	done(1)
	done(1)
	if diff := cmp.Diff([]int{1, 1, 2, 2, 3}, got); diff != "" {
		t.Error(diff)
	}
}
