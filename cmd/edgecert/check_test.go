package main

import (
	"os"
	"path/filepath"
	"testing"
)

// A wrong name may be that of a disk image, which must not fill the memory
// before it is refused.
func TestAFileIsReadNoFurtherThanItsLimit(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "disk.img")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const limit = 1000
	for size, want := range map[int64]int{0: 0, limit: limit, 1 << 30: limit + 1} { // sparse
		if err := os.Truncate(name, size); err != nil {
			t.Fatal(err)
		}
		data, err := readAtMost(name, limit)
		if err != nil || len(data) != want {
			t.Errorf("a file of %d bytes: read %d, want %d (%v)", size, len(data), want, err)
		}
	}
}
