package topology

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
)

// What a ZIP unpacks to is counted over all its files, whatever it claims.
func TestZIPBomb(t *testing.T) {
	t.Parallel()
	half := strings.Repeat(" ", 500)
	raw := zipOf(t, "a.xml", half, "inner.zip", zipOf(t, "b.xml", half))
	for budget, fits := range map[int64]bool{1500: true, 1100: false, 400: false} {
		var topo Exports
		err := topo.addZIP("input", []byte(raw), &budget, 1)
		if fits != (err == nil) || err != nil && !strings.Contains(err.Error(), "more than 32 MiB in all") {
			t.Errorf("%d left: %v", budget, err)
		}
	}
}

// zipOf packs files as pairs of name and content.
func zipOf(t *testing.T, pairs ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		f, err := w.Create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
