package certfile

import (
	"bytes"
	"encoding/pem"
	"testing"
)

// Whatever a file holds, Read answers or refuses; what it returns has a leaf.
func FuzzRead(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{0x30, 0x80, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2, 0, 0})
	f.Add([]byte{0x30, 0x82, 0, 3, 2, 1, 3})
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{0x30, 0}}))
	f.Add([]byte{0x30, 0x80, 2, 1, 3, 0x30, 0x80, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1, 0xa0, 0x80, 0x24, 0x80, 4, 2, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 200))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read("edge.pfx", data, func() (string, error) { return "secret", nil })
		if err == nil && (len(file.Certificates) == 0 || file.Format == "") {
			t.Errorf("read as %+v", file)
		}
	})
}
