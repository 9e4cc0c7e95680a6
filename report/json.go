package report

import (
	"fmt"
	"io"
	"reflect"
)

// JSON writes the document in ASCII: whatever is not ASCII stands as \uXXXX. The
// data stay exact, nothing in them can steer a terminal, and the text survives
// the code pages of a Windows console and its redirection. An endpoint, a
// finding or a certificate is one line, so that grep finds whole ones.
func JSON(w io.Writer, r Report) error {
	e := newEncoder(w)
	e.value(reflect.ValueOf(r.document()), 0)
	e.text("\n")
	if err := e.flush(); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}
