package probe

import (
	"encoding/binary"
	"testing"

	"edgecert/scanner/limits"
)

// FuzzWholeRecords: of what a server says after its handshake the length is its
// own claim.
func FuzzWholeRecords(f *testing.F) {
	for _, s := range []string{"", "\x17", "\x17\x03\x03\x00\x02ab", "\x17\x03\x03\x00\x02abc", "\x17\x03\x03\xff\xff", "\x15\x03\x03\x00\x00\x15\x03\x03\x00\x02\x01\x00"} {
		f.Add([]byte(s))
	}
	f.Add(make([]byte, limits.Settled))
	f.Fuzz(func(t *testing.T, b []byte) {
		at := 0
		for len(b)-at >= 5 && at+5+int(binary.BigEndian.Uint16(b[at+3:])) <= len(b) {
			at += 5 + int(binary.BigEndian.Uint16(b[at+3:]))
		}
		if got, want := wholeRecords(b), at == len(b) && at > 0 || len(b) >= limits.Settled; got != want {
			t.Errorf("%x: %v, want %v", b, got, want)
		}
	})
}
