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
	owner, group int
	mode         fs.FileMode
}

// ofOthers says whether a folder belongs to neither the user nor root, or may
// be written by everybody.
func (f folder) ofOthers(user int) bool {
	return f.owner != 0 && f.owner != user || f.mode.Perm()&0o002 != 0
}

// shared says whether a group may write to a folder, unless it is root's or, as
// Debian has them, the user's own.
func (f folder) shared(user int) bool {
	return f.mode.Perm()&0o020 != 0 && f.group != 0 && f.group != user
}

// look is false where a folder cannot be looked at: whoever opens it says why.
func look(dir string) (folder, bool) {
	info, err := os.Stat(dir)
	if err != nil {
		return folder{}, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return folder{}, false
	}
	return folder{int(stat.Uid), int(stat.Gid), info.Mode()}, true
}

// foreign says whether others may put files into a folder.
func foreign(dir string) bool {
	f, ok := look(dir)
	return ok && f.ofOthers(os.Geteuid())
}

// believable says whether nobody else may have written what is in a folder.
func believable(dir string) bool {
	f, ok := look(dir)
	return !ok || !f.ofOthers(os.Geteuid()) && !f.shared(os.Geteuid())
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
