package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"slices"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// crypto/tls looks at a certificate only when it has the message behind it.
func TestACertificateIsKeptHoweverTheServerEnds(t *testing.T) {
	t.Parallel()
	leaf := ecLeaf(t, nil)
	flight := slices.Concat(serverHello(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256), certificates(leaf.der))
	var tiny []byte
	for _, b := range flight {
		tiny = append(tiny, record(22, b)...)
	}
	for _, c := range []struct {
		name  string
		sends []byte
		end   func(net.Conn)
		class edge.ErrorClass
	}{
		{"stalls", records(flight), linger, edge.ClassTimeout},
		{"stalls after records of one byte", tiny, linger, edge.ClassTimeout},
		{"resets", records(flight), func(c net.Conn) { time.Sleep(50 * time.Millisecond); reset(c) }, edge.ClassReset},
		{"closes", records(flight), func(net.Conn) {}, edge.ClassReset},
		{"sends an alert", append(records(flight), record(21, 2, 48)...), linger, edge.ClassTLSAlert},
		{"goes on in plain text", append(records(flight), "HTTP/1.1 400 Bad Request\r\n"...), linger, edge.ClassProtocol},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			timeout := patient
			if c.class == edge.ClassTimeout {
				timeout = brief
			}
			got := prober(timeout, true).Probe(context.Background(), endpoint(serve(t, func(conn net.Conn) {
				hear(conn)
				_, _ = conn.Write(c.sends)
				c.end(conn)
			})), nil)
			if got.Outcome != edge.Captured || got.Stage != edge.StageCertificate || got.Attempts != 1 || !bytes.Equal(got.Leaf().Raw, leaf.der) {
				t.Fatalf("%s at %s after %d attempts: %v", got.Outcome, got.Stage, got.Attempts, got.Fault)
			}
			if got.Fault == nil || got.Fault.Class != c.class || got.TLS.ClientCertificate != "" {
				t.Errorf("%v, client certificate %q, want %s and no word of it", got.Fault, got.TLS.ClientCertificate, c.class)
			}
		})
	}
}
