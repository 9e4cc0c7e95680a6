// Package syntax reads the words that every input of targets is made of: names,
// addresses, ports and text in its encodings, and says what is wrong with them.
package syntax

import (
	"fmt"
	"strings"

	"edgecert/scanner/edge"
)

// Errors is everything that is wrong with an input, in its order.
type Errors []*edge.HintError

// At is an error at a place of an input: in lower case, with the value, what
// came from the input quoted. Without a file it is the command line's, without a
// line the input's as a whole.
func At(file string, line int, hint, format string, args ...any) *edge.HintError {
	err := fmt.Errorf(format, args...)
	switch {
	case file != "" && line > 0:
		err = fmt.Errorf("%s:%d: %w", file, line, err)
	case file != "":
		err = fmt.Errorf("%s: %w", file, err)
	}
	return &edge.HintError{Err: err, Hint: hint}
}

// Fail is At as the only error of an input.
func Fail(file string, line int, hint, format string, args ...any) error {
	return Errors{At(file, line, hint, format, args...)}
}

// Error is every error on a line of its own.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives errors.As every single one.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

// OrNil is e as an error, nil where nothing is wrong.
func (e Errors) OrNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// NameHint is the way out for a word that is no name, or no port, where it shows
// what was meant.
func NameHint(word string) string {
	switch {
	case strings.Contains(word, ","):
		return "blanks divide the words of a line, not commas"
	case strings.Contains(word, ":"):
		return "a name has no scheme before it and no :PORT behind it"
	case strings.Contains(word, "#"):
		return "a comment has a blank before its #"
	case strings.Contains(word, "@"):
		return "the domain is what stands behind the @"
	}
	return ""
}

// DidYouMean is a hint with the word of the list that is nearest to word, or
// empty where none is near.
func DidYouMean(word string, list []string) string {
	best := edge.Nearest(word, list)
	if best == "" {
		return ""
	}
	return "did you mean `" + best + "`?"
}
