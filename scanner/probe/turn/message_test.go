package turn

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

func TestAllocateRequest(t *testing.T) {
	t.Parallel()
	b := newAllocate()
	// [MS-TURN] 2.2.1: type, length of the attributes, transaction ID; then the
	// magic cookie, which is first, and the version.
	got := hex.EncodeToString(b[:4]) + " " + hex.EncodeToString(b[20:])
	if want := "00030010 000f000472c64bc68008000400000001"; got != want {
		t.Errorf("request %s, want %s", got, want)
	}
	if bytes.Equal(b[4:20], newAllocate()[4:20]) {
		t.Error("two requests with one transaction ID")
	}
}

// standard is a refusal as coturn sends it: RFC 8489 numbers and padding.
func standard(id []byte) []byte {
	body := unhex("0009 0010 00000401" + hex.EncodeToString([]byte("Unauthorized")) +
		"0015 0005" + hex.EncodeToString([]byte("nonce")) + "000000" +
		"0014 000b" + hex.EncodeToString([]byte("contoso.com")) + "00" +
		"8022 0006" + hex.EncodeToString([]byte("Coturn")) + "0000")
	return append(append([]byte{0x01, 0x13, 0, byte(len(body))}, id...), body...)
}

func TestAnswerTo(t *testing.T) {
	t.Parallel()
	request := newAllocate()
	id := request[4:20]
	with := func(attributes string) []byte {
		body := unhex(attributes)
		return append(append([]byte{0x01, 0x13, byte(len(body) >> 8), byte(len(body))}, id...), body...)
	}
	cookie := "000f 0004 72c64bc6"
	tests := []struct {
		name   string
		answer []byte
		want   edge.Turn
	}{
		{"Microsoft's dialect", refusal(id), edge.Turn{Live: true, ErrorCode: 401, Realm: `"rtcmedia"`, Software: "MRA", Version: "3"}},
		{"the standard's", standard(id), edge.Turn{Live: true, ErrorCode: 401, Realm: "contoso.com", Software: "Coturn"}},
		{"Microsoft's with padding", with(cookie + "0015 0003 616263 00 8008 0004 00000002"), edge.Turn{Live: true, Realm: "abc", Version: "2"}},
		{"the standard's without", with("0014 0003 616263 8022 0001 78"), edge.Turn{Live: true, Realm: "abc", Software: "x"}},
		{"the standard's with the last padding missing", with("8022 0004 61626364 0014 0001 61"), edge.Turn{Live: true, Realm: "a", Software: "abcd"}},
		{"try alternate", with(cookie + "0009 0004 00000300"), edge.Turn{Live: true, ErrorCode: 300}},
		{"an error code too short", with(cookie + "0009 0002 0000"), edge.Turn{Live: true}},
		{"no attribute", with(""), edge.Turn{Live: true}},
		{"a realm without end", with(cookie + "0015 03e8" + strings.Repeat("61", 1000)), edge.Turn{Live: true, Realm: strings.Repeat("a", limits.TURNText)}},
		{"control characters stay as they are", with(cookie + "8022 0003 1b5b4a"), edge.Turn{Live: true, Software: "\x1b[J"}},
		{"an attribute longer than the message", with(cookie + "0015 00ff 61"), edge.Turn{Fault: &edge.Fault{Class: edge.ClassProtocol}}},
		{"a remainder", with(cookie + "0015"), edge.Turn{Fault: &edge.Fault{Class: edge.ClassProtocol}}},
		{"a length beyond the message", append([]byte{0x01, 0x13, 0xff, 0xfc}, id...), edge.Turn{Fault: &edge.Fault{Class: edge.ClassProtocol}}},
		{"channel data", append([]byte{0x40, 0x13, 0, 0}, id...), edge.Turn{Fault: &edge.Fault{Class: edge.ClassProtocol}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := answerTo(request, tt.answer)
			if d := cmp.Diff(tt.want, *got, onlyClass()); d != "" {
				t.Error("turn differs (-want +got):\n" + d)
			}
		})
	}
}

func FuzzAnswer(f *testing.F) {
	id := bytes.Repeat([]byte{7}, 16)
	f.Add(refusal(id))
	f.Add(standard(id))
	f.Add(newAllocate())
	f.Add(newBinding())
	f.Add(append([]byte{0x01, 0x13, 0xff, 0xff}, id...))
	f.Fuzz(func(t *testing.T, b []byte) {
		request := append([]byte{0, 3, 0, 0}, id...)
		got := answerTo(request, b)
		if got.Live == (got.Fault != nil) {
			t.Errorf("live %v with fault %v", got.Live, got.Fault)
		}
		if len(got.Realm) > limits.TURNText || len(got.Software) > limits.TURNText || len(got.Version) > 10 || got.ErrorCode > 799 {
			t.Errorf("unbounded: %+v", got)
		}
		m, err := parse(b)
		total := headerLength
		for _, a := range m.attributes {
			total += 4 + len(a.value)
		}
		if err == nil && total > len(b) {
			t.Errorf("%d bytes of attributes in a message of %d", total, len(b))
		}
	})
}
