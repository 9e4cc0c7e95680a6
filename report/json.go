package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"edgecert/scanner/edge"
)

// maxDocument bounds what Load reads: a hundred thousand endpoints take some
// 300 MB, and a file given by mistake must not take all memory.
const maxDocument = 1 << 30

// JSON writes the document in ASCII: whatever is not ASCII stands as \uXXXX. The
// data stay exact, nothing in them can steer a terminal, and the text survives
// the code pages of a Windows console and its redirection. An endpoint, a
// finding or a certificate is one line, so that grep finds whole ones.
func JSON(w io.Writer, r Report) error {
	out := bufio.NewWriterSize(w, 64<<10)
	e := encoder{w: &asciiWriter{w: out}}
	e.value(reflect.ValueOf(r), 0)
	e.text("\n")
	if e.err == nil {
		e.err = out.Flush()
	}
	if e.err != nil {
		return fmt.Errorf("writing JSON: %w", e.err)
	}
	return nil
}

// Load reads a document that JSON wrote. UTF-16 is read too, as PowerShell's
// redirection writes it. What is not this program's, was cut off, contradicts
// itself or comes from a later schema is refused, with a hint where there is
// one: a damaged file is never half believed.
func Load(in io.Reader) (Report, error) {
	text, err := io.ReadAll(io.LimitReader(
		transform.NewReader(in, unicode.BOMOverride(encoding.Nop.NewDecoder())), maxDocument+1))
	if err != nil {
		return Report{}, fmt.Errorf("reading the report: %w", err)
	}
	if len(text) > maxDocument {
		return Report{}, fmt.Errorf("the report is larger than %d MiB", maxDocument>>20)
	}
	if err := checkSchema(text); err != nil {
		return Report{}, err
	}
	var r Report
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return Report{}, damaged("%s", atLine(text, dec.InputOffset(), err))
	}
	if rest := bytes.TrimSpace(text[dec.InputOffset():]); len(rest) > 0 {
		return Report{}, damaged("line %d: more follows after the end of the report", lineOf(text, dec.InputOffset()))
	}
	if err := verify(r); err != nil {
		return Report{}, err
	}
	return normalize(r), nil
}

var schemaForm = regexp.MustCompile(`^edgecert\.scan/[0-9]+$`)

// checkSchema looks at the schema alone, before a strict reading would stumble
// over a field of a later version and blame the file.
func checkSchema(text []byte) error {
	var head struct {
		Schema *string `json:"schema"`
	}
	err := json.Unmarshal(text, &head)
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return edge.Hintf(aScanSavesOne, "the report is empty")
	case errors.As(err, &syntax):
		if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
			return damaged("%s", atLine(text, syntax.Offset, err))
		}
		return notOurs("it is not JSON")
	case err != nil:
		return notOurs("it is JSON of another shape")
	case head.Schema == nil:
		return notOurs(`it has no "schema"`)
	case *head.Schema == Schema:
		return nil
	case schemaForm.MatchString(*head.Schema):
		return edge.Hintf("read it with the edgecert that wrote it, or a later one", "the report has schema %s, and this edgecert reads %s",
			*head.Schema, Schema)
	default:
		return notOurs(fmt.Sprintf("its schema is %.60q", *head.Schema))
	}
}

const aScanSavesOne = "a scan saves one with -o SCAN.json"

func notOurs(why string) error {
	return edge.Hintf(aScanSavesOne, "this is no report of edgecert: %s, where schema %s was expected", why, Schema)
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("the report is damaged: "+format, args...)
}

// atLine puts the line in front of what the decoder has to say.
func atLine(text []byte, offset int64, err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		offset = kind.Offset
	}
	return fmt.Sprintf("line %d: %s", lineOf(text, offset), Clean(err.Error()))
}

func lineOf(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(offset, int64(len(text)))], []byte("\n"))
}
