package main

import (
	"errors"

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
	return err.Error(), hint
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
