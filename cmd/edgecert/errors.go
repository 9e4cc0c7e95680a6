package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"edgecert/scanner/edge"
)

// hintf makes an error with a hint.
func hintf(hint, format string, args ...any) error { return edge.Hintf(hint, format, args...) }

// explain takes an error's hint apart from its text.
func explain(err error) (text, hint string) {
	var own *edge.HintError
	if errors.As(err, &own) {
		hint = own.Hint
	}
	return pathWords(err), hint
}

// pathWords is an error's text, in which a file that is not there, or a folder
// where a file was due, is said in our words: the system's are "read C:\\temp:
// Incorrect function".
func pathWords(err error) string {
	var of *fs.PathError
	if !errors.As(err, &of) {
		return err.Error()
	}
	info, statErr := os.Stat(of.Path)
	var words string
	switch {
	case of.Path == "":
		words = "the name of a file is empty"
	case of.Op == "create":
		words = fmt.Sprintf("no file can be made in the folder %s: %v", of.Path, of.Err)
	case of.Op != "mkdir" && errors.Is(of.Err, fs.ErrNotExist):
		words = "there is no file " + of.Path
	case of.Op != "mkdir" && statErr == nil && info.IsDir():
		words = of.Path + " is a folder, not a file"
	case of.Op == "mkdir" && statErr == nil && !info.IsDir():
		words = of.Path + " is a file, not a folder"
	default:
		return err.Error()
	}
	before, after, found := strings.Cut(err.Error(), of.Error())
	if !found {
		return err.Error()
	}
	if of.Path != "" && strings.HasSuffix(before, of.Path+": ") {
		words = strings.Replace(words, of.Path+" is", "it is", 1)
	}
	return before + words + after
}

// flatten takes joined errors apart, so that each gets its own line.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}
