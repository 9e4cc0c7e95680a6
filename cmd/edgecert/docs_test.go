package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents are the files that people read, from the repository's top.
func documents(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", ".github/*.md"} {
		found, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			name, err := filepath.Rel(filepath.Join("..", ".."), f)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, filepath.ToSlash(name))
		}
	}
	return all
}

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocumentsAreWhole: a merge once cut the changelog in the middle of a
// line, and left entries in it twice.
func TestDocumentsAreWhole(t *testing.T) {
	t.Parallel()
	for _, name := range documents(t) {
		text := document(t, name)
		if !strings.HasSuffix(text, "\n") {
			t.Errorf("%s ends in the middle of a line", name)
		}
		if strings.Contains(text, "<<<<<<<") || strings.Contains(text, ">>>>>>>") {
			t.Errorf("%s has the marks of a merge", name)
		}
		if strings.Count(text, "```")%2 != 0 {
			t.Errorf("%s opens a block of code and does not close it", name)
		}
		seen := map[string]bool{}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "- ") && len(line) > 40 && seen[line] {
				t.Errorf("%s says twice: %s", name, line)
			}
			seen[line] = true
		}
	}
}

// TestLinks follows every link between the documents, to the heading.
func TestLinks(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"`)
	for _, name := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(document(t, name), -1) {
			to := m[1] + m[2]
			if strings.Contains(to, "://") {
				continue
			}
			file, heading, _ := strings.Cut(to, "#")
			if file = filepath.ToSlash(filepath.Join(filepath.Dir(name), file)); strings.HasPrefix(to, "#") {
				file = name
			}
			if _, err := os.Stat(filepath.Join("..", "..", file)); err != nil {
				t.Errorf("%s links to %s, which there is not", name, to)
			} else if heading != "" && !hasHeading(document(t, file), heading) {
				t.Errorf("%s links to %s: no such heading", name, to)
			}
		}
	}
}

// TestFilesNamedInDocs looks for the rooms and files that CONTRIBUTING and the
// architecture name.
func TestFilesNamedInDocs(t *testing.T) {
	t.Parallel()
	path := regexp.MustCompile("`((?:scanner|report|cmd|docs|\\.ci|\\.github)/[^`* ]*)`")
	for _, name := range []string{".github/CONTRIBUTING.md", "docs/architecture.md"} {
		named := path.FindAllStringSubmatch(document(t, name), -1)
		if len(named) < 3 {
			t.Errorf("%s names %d files", name, len(named))
		}
		for _, m := range named {
			if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s names %s, which there is not", name, m[1])
			}
		}
	}
}

func hasHeading(text, anchor string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		title := strings.ToLower(strings.TrimLeft(line, "# "))
		title = regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(title, "")
		if strings.HasPrefix(line, "#") && strings.ReplaceAll(title, " ", "-") == anchor {
			return true
		}
	}
	return false
}

// parses says whether the command line would be understood, without running it.
func parses(argv []string) error {
	root := (&app{ui: newUI(&bytes.Buffer{})}).root()
	c, rest, err := root.Find(argv)
	if err != nil {
		return err
	}
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	if c == root && c.Flags().NArg() > 0 {
		return fmt.Errorf("%s: no such command", c.Flags().Arg(0))
	}
	return c.ValidateArgs(c.Flags().Args())
}

// TestThreatsNameTests: each threat of SECURITY.md names tests, or a program of
// the gate, and there are such: a threat without one is none stood against.
func TestThreatsNameTests(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == ".git" && d.IsDir() {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)`).FindAllSubmatch(source, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	threats := 0
	for line := range strings.Lines(document(t, ".github/SECURITY.md")) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 4 || strings.Contains(line, "tested in") {
			continue
		}
		threats++
		named := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[3], -1)
		for _, m := range named {
			_, err := os.Stat(filepath.Join("..", "..", m[1]))
			if !there[m[1]] && err != nil {
				t.Errorf("there is no test %s: %s", m[1], line)
			}
		}
		if len(named) == 0 {
			t.Errorf("no test is named: %s", line)
		}
	}
	if threats < 10 {
		t.Errorf("%d threats are read", threats)
	}
}
