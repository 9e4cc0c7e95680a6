package probe

import (
	"context"
	"crypto/tls"
	"testing"
)

// BenchmarkFurther is one endpoint with all further handshakes, beside one
// whole handshake by itself (quick). The server's work is in both.
func BenchmarkFurther(b *testing.B) {
	l := ecLeaf(b, nil)
	e, _ := handshakes(b, func(int32) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{l.pair()}} })
	for name, quick := range map[string]bool{"quick": true, "all": false} {
		b.Run(name, func(b *testing.B) {
			p := prober(patient, quick)
			b.ReportAllocs()
			for b.Loop() {
				p.Probe(context.Background(), e, nil)
			}
		})
	}
}
