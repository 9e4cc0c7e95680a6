//go:build unix

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A jump host is shared. In a folder in which others may put files, such as
// /tmp, a link under the name of a report, or of a folder on the way to it, is a
// trap: it would have this program, maybe as root, write over what it leads to.

// maxLinks bounds the links on the way to a file, as the kernel does.
const maxLinks = 40

// A folder is what it takes to say who may put files into one.
type folder struct {
	owner int
	mode  fs.FileMode
}

// ofOthers says whether a folder belongs to neither the user nor root, or may
// be written by everybody.
func (f folder) ofOthers(user int) bool {
	return f.owner != 0 && f.owner != user || f.mode.Perm()&0o002 != 0
}

// foreign says whether others may put files into a folder. One that cannot be
// looked at is not: whoever opens it says why.
func foreign(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return false
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && folder{int(owner.Uid), info.Mode()}.ofOthers(os.Geteuid())
}

// foreignLink is the first link on the way to name, name included, that stands
// in a folder of others; empty where there is none. It goes the way step by
// step, as the kernel does: at holds no link, rest is still to go.
func foreignLink(name string) string {
	at, rest := ".", name
	for links := 0; rest != "" && links <= maxLinks; {
		if strings.HasPrefix(rest, "/") {
			at = "/"
		}
		next, after, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
		rest = strings.TrimLeft(after, "/")
		step := filepath.Join(at, next)
		info, err := os.Lstat(step)
		if err != nil {
			return "" // whoever opens it says why
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at = step
			continue
		}
		if foreign(at) {
			return step
		}
		links++
		to, err := os.Readlink(step)
		if err != nil {
			return ""
		}
		rest = to + "/" + rest
	}
	return ""
}
