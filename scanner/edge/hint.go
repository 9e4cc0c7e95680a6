package edge

import "fmt"

// A HintError is an error with the way out of it, which is shown on a line of
// its own.
type HintError struct {
	Err  error
	Hint string // empty: none
}

// Hintf makes an error with a hint. The hint comes first because it is the
// constant part.
func Hintf(hint, format string, args ...any) error {
	return &HintError{fmt.Errorf(format, args...), hint}
}

// Error is the message alone.
func (e *HintError) Error() string { return e.Err.Error() }

func (e *HintError) Unwrap() error { return e.Err }
