package scanner

import (
	"context"
	"testing"

	"edgecert/scanner/edge"
)

// BenchmarkScan is one endpoint of a near fleet, server included: once with
// one handshake, once with the extra ones.
func BenchmarkScan(b *testing.B) {
	f := newFleet(b, &fleet{})
	for name, quick := range map[string]bool{"quick": true, "full": false} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			captures, err := Scan(context.Background(), f.endpoints(b.N, false), Options{Quick: quick, PerAddress: 64})
			if err != nil {
				b.Fatal(err)
			}
			for _, c := range captures {
				if c.Outcome != edge.Captured {
					b.Fatal(c.Fault)
				}
			}
		})
	}
}
