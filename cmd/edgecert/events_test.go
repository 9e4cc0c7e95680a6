package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"edgecert/scanner/audit"
)

// Every number leads to rules that exist, and stands once.
func TestEventsNameRules(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range events() {
		if len(e.numbers) == 0 || len(e.rules) == 0 || e.what == "" || e.seen == "" {
			t.Errorf("%q says nothing of something", e.numbers)
		}
		for _, id := range e.rules {
			if _, ok := audit.Find(id); !ok {
				t.Errorf("%q names %s, which is no rule", e.numbers, id)
			}
		}
		for _, n := range e.numbers {
			if seen[n] || n != strings.ToLower(n) || !isNumber(n) {
				t.Errorf("%s stands twice, or is not written as it is looked up", n)
			}
			seen[n] = true
			if found, ok := eventOf(" " + strings.ToUpper(n)); ok && found.what != e.what || !ok && !strings.HasPrefix(n, "0x") {
				t.Errorf("%s is not found", n)
			}
		}
	}
	for _, spelled := range []string{"14559", "36885", "0x80090322", "80090322", "0X800B0109", "800b0109", strconv.Itoa(-2146893022)} {
		if _, ok := eventOf(spelled); !ok {
			t.Errorf("%s is not found", spelled)
		}
	}
	for _, other := range []string{"", "1", "0x", "-1", "expired"} {
		if e, ok := eventOf(other); ok {
			t.Errorf("%q is %q", other, e.numbers)
		}
	}
}

// What documents call by a name of several words, a rule, a kind of change or a
// word of the targets file, is a name in the program.
func TestNamesInDocsExist(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		source.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(documents) == 0 {
		t.Fatalf("%d documents, %v", len(documents), err)
	}
	name := regexp.MustCompile("`([a-z0-9]+(?:-[a-z0-9]+)+)`")
	for _, file := range append(documents, "../../README.md", "../../CHANGELOG.md", "../../targets.example.txt") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range name.FindAllStringSubmatch(string(text), -1) {
			if found[1] != "system-out" && !strings.Contains(source.String(), `"`+found[1]+`"`) { // JUnit's
				t.Errorf("%s: %s is nowhere in the program", filepath.Base(file), found[1])
			}
		}
	}
}
