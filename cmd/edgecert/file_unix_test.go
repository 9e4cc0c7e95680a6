//go:build unix

package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestWriteFileKeepsModeAndLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name, link := filepath.Join(dir, "real.html"), filepath.Join(dir, "latest.html")
	if err := errors.Join(os.WriteFile(name, []byte("old"), 0o600), os.Chmod(name, 0o664), os.Symlink(name, link)); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(link, publicFile, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(name); string(got) != "new" || info.Mode() != 0o664 {
		t.Errorf("%q with mode %v", got, info.Mode())
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
}

// A pipe that nobody reads fails in its time; one that is read gets the report.
func TestWritePipe(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "pipe.json")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openThrough(name, 0); err == nil {
		t.Error("a pipe without a reader was opened")
	}
	read := make(chan string)
	go func() {
		text, _ := os.ReadFile(name)
		read <- string(text)
	}()
	if err := writeFile(name, publicFile, func(w io.Writer) error { _, err := io.WriteString(w, "report"); return err }); err != nil {
		t.Fatal(err)
	}
	if got := <-read; got != "report" {
		t.Errorf("the reader got %q", got)
	}
}

// Where others may write, no link is followed and no state is believed: neither
// under the file's own name nor as a folder on the way to it.
func TestFoldersOfOthers(t *testing.T) {
	t.Parallel()
	shared, own := t.TempDir(), t.TempDir()
	precious, trap := filepath.Join(own, "report.json"), filepath.Join(shared, "trap")
	if err := errors.Join(os.WriteFile(precious, []byte("precious"), 0o600), os.Symlink(own, trap),
		os.Symlink(precious, filepath.Join(shared, "link.json")), os.Symlink(trap, filepath.Join(own, "onward")),
		os.Symlink(filepath.Join(own, "nothing.json"), filepath.Join(shared, "dangling.json")),
		os.Chmod(shared, 0o777|os.ModeSticky)); err != nil {
		t.Fatal(err)
	}
	write := func(w io.Writer) error { _, err := io.WriteString(w, "report"); return err }
	for _, name := range []string{filepath.Join(shared, "link.json"), filepath.Join(trap, "report.json"),
		trap + "/../" + filepath.Base(own) + "//report.json", filepath.Join(own, "onward", "report.json"), filepath.Join(shared, "dangling.json")} {
		if err := writeFile(name, publicFile, write); err == nil {
			t.Errorf("%s: the link was followed", name)
		}
		if err := writable(name); err == nil {
			t.Errorf("%s: the link counts as writable", name)
		}
	}
	if got, _ := os.ReadFile(precious); string(got) != "precious" {
		t.Errorf("what the links lead to holds %q", got)
	}
	for _, dir := range []string{shared, trap, filepath.Join(trap, "deeper"), filepath.Join(own, "onward")} {
		if s, err := openState(dir); err == nil {
			t.Errorf("%s: a state that others may write was taken", dir)
			_ = s.close()
		}
	}
	if entries, err := os.ReadDir(own); err != nil || len(entries) != 2 {
		t.Errorf("behind the links are %v now (%v)", entries, err)
	}
	for _, name := range []string{precious, filepath.Join(shared, "new.json")} {
		if err := writeFile(name, publicFile, write); err != nil {
			t.Error(err)
		}
	}
}

// A folder is one's own or root's, and not everybody's; one that a group may
// write holds no state.
func TestFolderOfOthers(t *testing.T) {
	t.Parallel()
	const me, root, staff = 1000, 0, 50
	for _, test := range []struct {
		name           string
		folder         folder
		user           int
		others, shared bool
	}{
		{"own", folder{me, me, 0o755}, me, false, false},
		{"own, with the group of the same name", folder{me, me, 0o775}, me, false, false},
		{"own, shared with a group", folder{me, staff, 0o775}, me, false, true},
		{"own, read by a group", folder{me, staff, 0o750}, me, false, false},
		{"own, open to everybody", folder{me, me, 0o777}, me, true, false},
		{"root's", folder{root, root, 0o775}, me, false, false},
		{"root's, shared with a group", folder{root, staff, 0o2775}, root, false, true},
		{"/tmp", folder{root, root, 0o777 | fs.ModeSticky}, me, true, false},
		{"/tmp, for root", folder{root, root, 0o777 | fs.ModeSticky}, root, true, false},
		{"somebody else's", folder{1001, 1001, 0o700}, me, true, false},
		{"a user's, for root", folder{me, me, 0o700}, root, true, false},
	} {
		if got := test.folder.ofOthers(test.user); got != test.others {
			t.Errorf("%s: %v, want %v", test.name, got, test.others)
		}
		if got := test.folder.shared(test.user); got != test.shared {
			t.Errorf("%s: shared %v, want %v", test.name, got, test.shared)
		}
	}
}
