package targets

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"edgecert/scanner/targets/syntax"
)

func TestExampleFile(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../targets.example.txt")
	if err != nil {
		t.Fatal(err)
	}
	f := mustParse(t, string(raw))
	if got := len(f.Pools); got != 8 {
		t.Errorf("%d pools", got)
	}
	var firstWords []string
	for line := range strings.SplitSeq(string(raw), "\n") {
		if w, err := syntax.Words(line); err != nil {
			t.Fatal(err)
		} else if len(w) > 0 {
			firstWords = append(firstWords, w[0])
		}
	}
	for _, d := range directives() {
		if !slices.Contains(firstWords, d.word) {
			t.Errorf("directive %q does not occur", d.word)
		}
	}
}

// Every directive stands in the example and in the document.
func TestDirectivesAreDocumented(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]string{"../../targets.example.txt": "\n  %s ", "../../docs/targets.md": "\n| `%s "} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		flat := strings.ReplaceAll(string(text), "\r", "")
		for _, d := range directives() {
			want := fmt.Sprintf(form, d.word)
			if !d.inPool {
				want = strings.Replace(want, "\n  ", "\n", 1)
			}
			if !strings.Contains(flat, want) {
				t.Errorf("%s does not explain %q", name, d.word)
			}
		}
	}
}
