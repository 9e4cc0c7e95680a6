package targets

import (
	"fmt"
	"slices"
	"strings"

	"edgecert/scanner/edge"
)

// An Error is one thing that is wrong in the input, with its place and, where
// there is one, the way out.
type Error struct {
	File string // empty: the command line
	Line int    // 0: the input as a whole
	Msg  string // lower case, with the value; what came from the input is quoted
	Hint string // empty: none
}

// What is the place and the message without the hint: "targets.txt:12: port 99999 is none".
func (e *Error) What() string {
	switch {
	case e.File == "":
		return e.Msg
	case e.Line == 0:
		return e.File + ": " + e.Msg
	default:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
	}
}

// Error is What with the hint behind it, for whoever prints one line.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.What()
	}
	return e.What() + ": " + e.Hint
}

// Errors is everything that is wrong, in the order of the input.
type Errors []*Error

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

// orNil is e as an error, sorted by line, nil where nothing is wrong.
func (e Errors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	slices.SortStableFunc(e, func(a, b *Error) int { return a.Line - b.Line })
	if len(e) > maxErrors {
		e = append(e[:maxErrors:maxErrors], &Error{File: e[maxErrors].File, Msg: "more is wrong than is shown here"})
	}
	return e
}

// nameHint is the way out for a word that is no name, or no port, where it shows
// what was meant.
func nameHint(word string) string {
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

// didYouMean is a hint with the word of the list that is nearest to word, or
// empty where none is near.
func didYouMean(word string, list []string) string {
	best := edge.Nearest(word, list)
	if best == "" {
		return ""
	}
	return "did you mean `" + best + "`?"
}
