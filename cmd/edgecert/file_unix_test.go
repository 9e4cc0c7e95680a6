//go:build unix

package main

import (
	"errors"
	"io"
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

// Where others may write, no link is followed and no state is believed.
func TestFoldersOfOthers(t *testing.T) {
	t.Parallel()
	dir, own := t.TempDir(), filepath.Join(t.TempDir(), "precious")
	link := filepath.Join(dir, "report.json")
	if err := errors.Join(os.WriteFile(own, []byte("precious"), 0o600), os.Symlink(own, link), os.Chmod(dir, 0o777|os.ModeSticky)); err != nil {
		t.Fatal(err)
	}
	write := func(w io.Writer) error { _, err := io.WriteString(w, "report"); return err }
	if err := writeFile(link, publicFile, write); err == nil {
		t.Error("the link was followed")
	}
	if err := writable(link); err == nil {
		t.Error("the link counts as writable")
	}
	if got, _ := os.ReadFile(own); string(got) != "precious" {
		t.Errorf("what it leads to holds %q", got)
	}
	if s, err := openState(dir); err == nil {
		t.Error("a state that others may write was taken")
		_ = s.close()
	}
}
