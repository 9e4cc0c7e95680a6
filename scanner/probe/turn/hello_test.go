package turn

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
)

// pseudoAnswer is the answer of [MS-TURN] 2.1.1 written out, with random bytes
// of 0x11 and a session ID of 0x22.
func pseudoAnswer() []byte {
	return unhex("16 0301 004e 02 000046 0301" + strings.Repeat("11", 32) +
		"20" + strings.Repeat("22", 32) + "0018 00 0e 000000")
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		return nil // the test that uses it fails on its length
	}
	return b
}

// The message types and attributes here are written out once more, so that a
// wrong constant of the package is noticed.
func refusal(id []byte) []byte {
	body := unhex("000f 0004 72c64bc6" + // magic cookie
		"8008 0004 00000003" + // MS-Version
		"0009 0010 00000401" + hex.EncodeToString([]byte("Unauthorized")) +
		"0014 0005" + hex.EncodeToString([]byte("nonce")) + // not padded
		"0015 000a" + hex.EncodeToString([]byte(`"rtcmedia"`)) +
		"8022 0003" + hex.EncodeToString([]byte("MRA")))
	return append(append([]byte{0x01, 0x13, 0, byte(len(body))}, id...), body...)
}

func framed(b []byte) []byte { return append([]byte{2, 0, byte(len(b) >> 8), byte(len(b))}, b...) }

// relay answers the pseudo hello and then, where answer is not nil, the
// allocation with answer(transaction ID).
func relay(answer func(id []byte) []byte) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := io.ReadFull(c, make([]byte, 50)); err != nil {
			return
		}
		if _, err := c.Write(pseudoAnswer()); err != nil {
			return
		}
		head := make([]byte, 4+20)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, c, int64(head[7])); err != nil || answer == nil {
			return
		}
		_, _ = c.Write(answer(head[8:24]))
	}
}

// says ignores the hello and writes b.
func says(b []byte) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := io.ReadFull(c, make([]byte, 50)); err == nil {
			_, _ = c.Write(b)
		}
	}
}

// hello runs Hello in a bubble against a peer, with a deadline of 10 s, and
// tells how long it took of the bubble's time.
func hello(t *testing.T, peer func(net.Conn)) (got *edge.Turn, f *edge.Fault, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			peer(theirs)
			theirs.Close()
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		end, _ := ctx.Deadline()
		if err := ours.SetDeadline(end); err != nil {
			t.Fatal(err)
		}
		got, f = Hello(ctx, ours)
		took = time.Since(start)
		ours.Close()
		<-done
	})
	return got, f, took
}

func TestHello(t *testing.T) {
	t.Parallel()
	silent := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	tests := []struct {
		name string
		peer func(net.Conn)
		want edge.Turn
		took time.Duration
	}{
		{"a live relay", relay(func(id []byte) []byte { return framed(refusal(id)) }),
			edge.Turn{PseudoTLS: true, Live: true, ErrorCode: 401, Realm: `"rtcmedia"`, Software: "MRA", Version: "3"}, 0},
		{"a relay that grants an allocation", relay(func(id []byte) []byte {
			return framed(append(append([]byte{0x01, 0x03, 0, 8}, id...), unhex("000f 0004 72c64bc6")...))
		}), edge.Turn{PseudoTLS: true, Live: true}, 0},
		{"closed at the allocation", relay(nil), edge.Turn{PseudoTLS: true, Fault: &edge.Fault{Class: edge.ClassReset}}, 0},
		{"silent at the allocation", func(c net.Conn) { says(pseudoAnswer())(c); silent(c) },
			edge.Turn{PseudoTLS: true, Fault: &edge.Fault{Class: edge.ClassTimeout}}, allocateWait},
		{"an answer to another transaction", relay(func([]byte) []byte { return framed(refusal(make([]byte, 16))) }),
			edge.Turn{PseudoTLS: true, Fault: &edge.Fault{Class: edge.ClassProtocol}}, 0},
		{"an answer of another kind", relay(func(id []byte) []byte {
			return framed(append([]byte{0x01, 0x15, 0, 0}, id...))
		}), edge.Turn{PseudoTLS: true, Fault: &edge.Fault{Class: edge.ClassProtocol}}, 0},
		{"data instead of control", relay(func([]byte) []byte { return []byte{3, 0, 0, 1, 0} }),
			edge.Turn{PseudoTLS: true, Fault: &edge.Fault{Class: edge.ClassProtocol}}, 0},
		{"a frame cut short", relay(func(id []byte) []byte { return framed(refusal(id))[:30] }),
			edge.Turn{PseudoTLS: true, Fault: &edge.Fault{Class: edge.ClassReset}}, 0},
		{"a message shorter than a header", relay(func(id []byte) []byte { return framed(id) }),
			edge.Turn{PseudoTLS: true, Fault: &edge.Fault{Class: edge.ClassProtocol}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, f, took := hello(t, tt.peer)
			if f != nil {
				t.Fatalf("fault %v, want none", f)
			}
			if d := cmp.Diff(tt.want, *got, onlyClass()); d != "" {
				t.Error("turn differs (-want +got):\n" + d)
			}
			if took != tt.took {
				t.Errorf("took %v, want %v", took, tt.took)
			}
		})
	}
}

// onlyClass compares faults by class; their messages are read by people.
func onlyClass() cmp.Option {
	return cmp.Comparer(func(a, b *edge.Fault) bool {
		return (a == nil) == (b == nil) && (a == nil || a.Class == b.Class)
	})
}

func TestHelloWithoutPseudoAnswer(t *testing.T) {
	t.Parallel()
	changed := func(at int, to byte) []byte {
		b := pseudoAnswer()
		b[at] = to
		return b
	}
	tests := []struct {
		name string
		peer func(net.Conn)
		want edge.ErrorClass
		text string // of the message
	}{
		{"plain HTTP", says([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")), edge.ClassNotTLS, `"HTTP/1.1 400`},
		{"an SSH banner", says([]byte("SSH-2.0-OpenSSH_9.2p1\r\n")), edge.ClassNotTLS, "SSH-2.0"},
		{"two letters", says([]byte("no")), edge.ClassNotTLS, `"no"`},
		{"real TLS refusing the cipher", says(unhex("15 0301 0002 02 28")), edge.ClassTLSAlert, "alert 40"},
		{"an alert cut short", says(unhex("15 0303 0002")), edge.ClassTLSAlert, "cut short"},
		{"a real ServerHello", says(unhex("16 0303 0100 02 0000fc 0303")), edge.ClassProtocol, "256 bytes"},
		{"a record that lies about its length", says(unhex("16 0303 ffff")), edge.ClassProtocol, "65535 bytes"},
		{"another cipher", says(changed(77, 0x2f)), edge.ClassProtocol, "though as long"},
		{"a Certificate behind the ServerHello", says(changed(79, 0x0b)), edge.ClassProtocol, "though as long"},
		{"no session ID", says(changed(43, 0)), edge.ClassProtocol, "though as long"},
		{"cut within the answer", says(pseudoAnswer()[:40]), edge.ClassReset, "40 bytes so far"},
		{"cut within the record header", says(pseudoAnswer()[:3]), edge.ClassReset, "3 bytes so far"},
		{"closed without a word", says(nil), edge.ClassReset, "0 bytes so far"},
		{"silence", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, edge.ClassTimeout, "0 bytes so far"},
		{"one byte every 210 ms", func(c net.Conn) {
			says(nil)(c)
			for _, b := range pseudoAnswer() {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(210 * time.Millisecond)
			}
		}, edge.ClassTimeout, "48 bytes so far"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, f, took := hello(t, tt.peer)
			if got != nil || f == nil {
				t.Fatalf("turn %+v, fault %v: want a fault alone", got, f)
			}
			if f.Class != tt.want || !strings.Contains(f.Message, tt.text) {
				t.Errorf("fault %v, want class %s and a message with %q", f, tt.want, tt.text)
			}
			if took > 10*time.Second {
				t.Errorf("took %v, the deadline was 10 s", took)
			}
		})
	}
}

func TestHelloInterrupted(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = io.ReadFull(theirs, make([]byte, 50))
		cancel()
	}()
	if _, f := Hello(ctx, ours); f == nil || f.Class != edge.ClassInterrupted {
		t.Errorf("fault %v, want interrupted", f)
	}
}

// The bytes of [MS-TURN] 2.1.1, in the order of its fields.
func TestClientHelloByteForByte(t *testing.T) {
	t.Parallel()
	b := clientHello(time.Unix(0x5f5e0ff1, 0))
	if want := unhex("16 0301 002d 01 000029 0301 5f5e0ff1"); !bytes.HasPrefix(b, want) {
		t.Errorf("begins %x, want %x", b, want)
	}
	if want := unhex("00 0002 0018 01 00"); !bytes.HasSuffix(b, want) {
		t.Errorf("ends %x, want %x", b, want)
	}
	if len(b) != 50 {
		t.Errorf("%d bytes, want 50", len(b))
	}
	if other := clientHello(time.Unix(0x5f5e0ff1, 0)); bytes.Equal(b, other) {
		t.Error("two hellos with the same random bytes")
	}
}

func FuzzReadAnswer(f *testing.F) {
	f.Add(pseudoAnswer())
	f.Add(append(pseudoAnswer(), framed(refusal(make([]byte, 16)))...))
	f.Add(unhex("15 0301 0002 02 28"))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Add(unhex("16 0303 ffff"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		fault := readAnswer(t.Context(), r)
		if read := len(b) - r.Len(); read > answerLength {
			t.Errorf("read %d bytes, the answer has %d", read, answerLength)
		}
		if fault == nil && !(len(b) >= answerLength && isPseudo(b) && bytes.HasSuffix(b[:answerLength], unhex("0018 00 0e 000000"))) {
			t.Errorf("took %x for a pseudo answer", b)
		}
		var err error = fault
		if fault != nil && (fault.Message == "" || errors.Is(err, io.EOF)) {
			t.Errorf("fault %v without a message", fault)
		}
	})
}
