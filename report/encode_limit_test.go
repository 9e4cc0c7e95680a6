package report_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/edge"
)

// A document that could not be read back is not written, to the byte.
func TestJSONIsNotLargerThanWhatIsRead(t *testing.T) {
	t.Parallel()
	r := reporttest.Faulty(t).Report()
	size := int64(len(encode(t, r)))
	var out bytes.Buffer
	if err := report.JSONAtMost(&out, r, size); err != nil || int64(out.Len()) != size {
		t.Errorf("what fits: %d bytes, %v", out.Len(), err)
	}
	var hint *edge.HintError
	if err := report.JSONAtMost(&out, r, size-1); !errors.As(err, &hint) || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("one byte more: %v", err)
	}
}
