package turn

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// server answers datagrams on loopback with what answer makes of each; nil is
// no answer.
func server(t *testing.T, answer func(request []byte, n int) []byte) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			b := make([]byte, limits.Datagram)
			size, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if out := answer(b[:size], n); out != nil {
				_, _ = conn.WriteToUDPAddrPort(out, from)
			}
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func isBinding(request []byte) bool { return request[1] == bindingRequest }

func bound(request []byte) []byte {
	// A Binding response with SOFTWARE "stun".
	body := unhex("8022 0004 7374756e")
	return append(append([]byte{0x01, 0x01, 0, byte(len(body))}, request[4:20]...), body...)
}

func TestUDP(t *testing.T) {
	t.Parallel()
	refused := edge.Turn{Live: true, ErrorCode: 401, Realm: `"rtcmedia"`, Software: "MRA", Version: "3"}
	tests := []struct {
		name   string
		answer func(request []byte, n int) []byte
		want   edge.Turn
	}{
		{"an A/V Edge, which knows allocations alone", func(r []byte, _ int) []byte {
			if isBinding(r) {
				return nil
			}
			return refusal(r[4:20])
		}, refused},
		{"a STUN server, which knows bindings alone", func(r []byte, _ int) []byte {
			if isBinding(r) {
				return bound(r)
			}
			return nil
		}, edge.Turn{Live: true, Software: "stun"}},
		{"both answered: the refusal tells more", func(r []byte, _ int) []byte {
			if isBinding(r) {
				return bound(r)
			}
			return refusal(r[4:20])
		}, refused},
		{"the first round lost", func(r []byte, n int) []byte {
			if n < 2 || isBinding(r) {
				return nil
			}
			return refusal(r[4:20])
		}, refused},
		{"answers to something else", func([]byte, int) []byte { return refusal(make([]byte, 16)) },
			edge.Turn{Fault: &edge.Fault{Class: edge.ClassTimeout}}},
		{"silence", func([]byte, int) []byte { return nil }, edge.Turn{Fault: &edge.Fault{Class: edge.ClassTimeout}}},
		{"a broken answer", func(r []byte, _ int) []byte { return append([]byte{1, 0x13, 0xff, 0}, r[4:20]...) },
			edge.Turn{Fault: &edge.Fault{Class: edge.ClassProtocol}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			patience := 15 * time.Second
			if tt.want.Fault != nil && tt.want.Fault.Class == edge.ClassTimeout {
				patience = time.Second
			}
			got := UDP(t.Context(), server(t, tt.answer), patience)
			if d := cmp.Diff(tt.want, *got, onlyClass()); d != "" {
				t.Error("turn differs (-want +got):\n" + d)
			}
		})
	}
}

func TestUDPToAClosedPort(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	got := UDP(t.Context(), conn.LocalAddr().(*net.UDPAddr).AddrPort(), 10*time.Second)
	if got.Fault == nil || got.Fault.Class != edge.ClassRefused {
		t.Errorf("fault %v, want refused", got.Fault)
	}
}

func TestUDPInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	addr := server(t, func([]byte, int) []byte { cancel(); return nil })
	if got := UDP(ctx, addr, time.Minute); got.Fault == nil || got.Fault.Class != edge.ClassInterrupted {
		t.Errorf("fault %v, want interrupted", got.Fault)
	}
}
