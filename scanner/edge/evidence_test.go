package edge

import (
	"slices"
	"testing"
)

func TestCapturesByPool(t *testing.T) {
	t.Parallel()
	ev := Evidence{}
	for i, pool := range []string{"emea", "emea", "apac", "emea"} {
		ev.Captures = append(ev.Captures, Capture{Endpoint: Endpoint{Pool: pool, Port: i}})
	}
	by := ev.ByPool()
	for pool, want := range map[string][]int{"emea": {0, 1, 3}, "apac": {2}, "unknown": nil} {
		var ports []int
		for _, c := range by[pool] {
			ports = append(ports, c.Endpoint.Port)
		}
		if !slices.Equal(ports, want) {
			t.Errorf("%s: captures %v, want %v", pool, ports, want)
		}
	}
	if &by["apac"][0] != &ev.Captures[2] {
		t.Error("captures that stand together were copied")
	}
	if ev.Captures[2].Endpoint.Pool != "apac" {
		t.Error("gathering one pool's captures wrote over another's")
	}
}
