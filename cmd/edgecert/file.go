package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"edgecert/scanner/limits"
)

// publicFile is the mode of reports: the umask decides, as it does for any
// program's output, so that a monitoring agent of another user can read them.
const publicFile fs.FileMode = 0o666

// staleAfter is the age at which a temporary file is surely a killed run's:
// no report takes that long to write.
const staleAfter = time.Hour

// writeFile replaces name by what write produces, at one stroke: at every
// moment there is the old file or the whole new one, also after a kill, a full
// disk or a power cut. An existing file keeps its mode, a new one gets mode
// under the umask. What is no regular file (/dev/stdout, a pipe) is written to
// as it is.
func writeFile(name string, mode fs.FileMode, write func(io.Writer) error) error {
	existed := false
	if err := trusted(name); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real // replace what the link points to, not the link
	}
	if info, err := os.Stat(name); err == nil {
		if !info.Mode().IsRegular() {
			return writeThrough(name, write)
		}
		mode, existed = info.Mode().Perm(), true
	}
	sweepTemps(name, staleAfter)
	temp, err := writeTemp(name, mode, write)
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if existed {
		err = os.Chmod(temp, mode) // past the umask
	}
	if err == nil {
		err = replace(temp, name)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, errors.Join(err, os.Remove(temp)))
	}
	return nil
}

// writeTemp writes a new file beside name, on the same disk, down to the
// platter. Where that fails nothing is left behind.
func writeTemp(name string, mode fs.FileMode, write func(io.Writer) error) (string, error) {
	temp := tempPrefix(name) + rand.Text()
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	var of *fs.PathError
	if errors.As(err, &of) { // of a file that nobody knows
		return "", &fs.PathError{Op: "create", Path: filepath.Dir(name), Err: of.Err}
	}
	if err != nil {
		return "", err
	}
	w := bufio.NewWriter(f)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync() // else a power cut may leave the new name on an empty file
	}
	err = errors.Join(err, f.Close())
	if err != nil {
		return "", errors.Join(err, os.Remove(temp))
	}
	return temp, nil
}

// replace renames temp to name. On Windows that fails while somebody reads
// name, as monitoring agents and virus scanners do for moments.
func replace(temp, name string) error {
	err := os.Rename(temp, name)
	for tries := 0; err != nil && runtime.GOOS == "windows" && tries < 10; tries++ {
		time.Sleep(100 * time.Millisecond)
		err = os.Rename(temp, name)
	}
	if err != nil || runtime.GOOS == "windows" {
		return err
	}
	// The rename itself is on the disk once the directory is. Some file
	// systems cannot sync a directory; the file is whole all the same.
	if dir, err := os.Open(filepath.Dir(name)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}

// A pipe that nobody reads would hold the run, and the reports after it.
const (
	pipeOpen  = 5 * time.Second  // for a reader to come
	pipeWrite = 30 * time.Second // for all of a report
)

func writeThrough(name string, write func(io.Writer) error) error {
	f, err := openThrough(name, pipeOpen)
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	_ = f.SetWriteDeadline(time.Now().Add(pipeWrite)) // not everything has one
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// openThrough opens what is no regular file. A named pipe is opened without
// waiting, again and again until somebody reads it.
func openThrough(name string, patience time.Duration) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		return os.OpenFile(name, os.O_WRONLY, 0)
	}
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		f, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil || !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("nobody reads this pipe: waited %v", patience)
		}
	}
}

// trusted refuses a name that a link of somebody else's may lead elsewhere.
func trusted(name string) error {
	if link := foreignLink(name); link != "" {
		return hintf("name one in a folder of your own", "%s is a link in a folder that others may write to", link)
	}
	return nil
}

// writable proves that name can be written before the scan: what has taken
// minutes is not to be lost to a full or read-only folder.
func writable(name string) error {
	if err := trusted(name); err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil
	}
	temp, err := writeTemp(name, publicFile, func(io.Writer) error { return nil })
	if err != nil {
		return err
	}
	return os.Remove(temp)
}

// tempPrefix begins the names of name's temporary files: hidden, beside it,
// and of no suffix that a collector of reports would pick up.
func tempPrefix(name string) string {
	dir, base := filepath.Split(name)
	return filepath.Join(dir, "."+base+".tmp-")
}

// sweepTemps removes temporary files of name that killed runs left, if older
// than age. What cannot be removed does no harm.
func sweepTemps(name string, age time.Duration) {
	prefix := filepath.Base(tempPrefix(name))
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		return
	}
	for _, e := range entries {
		if len(e.Name()) <= len(prefix) || e.Name()[:len(prefix)] != prefix {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) >= age {
			_ = os.Remove(filepath.Join(filepath.Dir(name), e.Name()))
		}
	}
}

// firstLine reads a password from the first line of a file.
func firstLine(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	// PowerShell and Notepad write a byte order mark, PowerShell 5 even UTF-16.
	text, err := io.ReadAll(transform.NewReader(io.LimitReader(f, limits.PasswordFile), unicode.BOMOverride(transform.Nop)))
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(line, "\r"), err
}
