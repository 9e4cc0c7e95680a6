//go:build unix

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// A jump host is shared. In a folder in which others may put files, such as
// /tmp, a link under the name of a report is a trap: it would have this program,
// maybe as root, write over what the link leads to.

// foreignLink says whether name is a link in a folder of somebody else's, or
// in one that others may write to.
func foreignLink(name string) bool {
	info, err := os.Lstat(name)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return false
	}
	return foreign(filepath.Dir(name))
}

// foreign says whether a folder belongs to neither this user nor root, or may be
// written by everybody.
func foreign(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return false // whoever opens it says why
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	mine := owner.Uid == 0 || int(owner.Uid) == os.Geteuid()
	return !mine || info.Mode().Perm()&0o002 != 0
}
