package reporttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgecert/scanner/lab/peer"
)

// Golden compares with a file of testdata, or writes it.
func Golden(t *testing.T, update bool, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", name, d)
	}
}

// Program runs a program that no one here wrote, fed with stdin. Where it is
// absent the test is left out, or fails: see package peer.
func Program(t *testing.T, debian, stdin, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(peer.Program(t, name, debian), args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s\n%.2000s", name, strings.Join(args, " "), err, out, stdin)
	}
}
