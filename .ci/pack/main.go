// Pack puts a folder into an archive, FILE.zip or FILE.tar.gz, that is the same
// bytes wherever and whenever it is made: sorted, of one time (Unix seconds),
// owned by nobody.
//
//	go run ./.ci/pack FOLDER FILE SECONDS
package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := pack(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1) // a program of its own, for .ci/release
	}
}

func pack(folder, name, seconds string) error {
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return err
	}
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	at := time.Unix(unix, 0).UTC()
	if strings.HasSuffix(name, ".zip") {
		err = intoZip(out, folder, at)
	} else {
		err = intoTar(out, folder, at)
	}
	if err != nil {
		return err
	}
	return out.Close()
}

// walk visits the files in the order of their names, which stand in the
// archive below the folder's.
func walk(folder string, visit func(name string, mode fs.FileMode, size int64, content io.Reader) error) error {
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		inside, err := filepath.Rel(filepath.Dir(folder), path)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(inside), mode, info.Size(), f)
	})
}

func intoZip(out io.Writer, folder string, at time.Time) error {
	z := zip.NewWriter(out)
	err := walk(folder, func(name string, mode fs.FileMode, _ int64, content io.Reader) error {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, content)
		return err
	})
	if err != nil {
		return err
	}
	return z.Close()
}

func intoTar(out io.Writer, folder string, at time.Time) error {
	g := gzip.NewWriter(out)
	t := tar.NewWriter(g)
	err := walk(folder, func(name string, mode fs.FileMode, size int64, content io.Reader) error {
		h := &tar.Header{Name: name, Mode: int64(mode), Size: size, ModTime: at, Format: tar.FormatPAX}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		_, err := io.Copy(t, content)
		return err
	})
	if err != nil {
		return err
	}
	if err := t.Close(); err != nil {
		return err
	}
	return g.Close()
}
