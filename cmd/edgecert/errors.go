package main

import (
	"errors"
	"fmt"
	"strings"

	"edgecert/scanner/targets"
)

// hintError is a mistake of the user's, with the way out.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// hintf makes an error with a hint. The hint comes first because it is the
// constant part.
func hintf(hint, format string, args ...any) error {
	return &hintError{fmt.Errorf(format, args...), hint}
}

// explain takes an error's hint apart from its text. Below the command an
// error carries its way out as text; the command knows better.
func explain(err error) (text, hint string) {
	text, hint, _ = strings.Cut(err.Error(), "; hint: ")
	var own *hintError
	var input *targets.Error
	switch {
	case errors.As(err, &own):
		return text, own.hint
	case errors.As(err, &input):
		return input.What(), input.Hint
	}
	return text, hint
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
