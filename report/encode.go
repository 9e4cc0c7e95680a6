package report

import (
	"encoding"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// elementDepth is where a value becomes one line: the elements of the lists of
// a pool (document, pools, pool, endpoints, endpoint).
const elementDepth = 4

// An encoder writes values as JSON, piece by piece, by the tags that
// encoding/json reads them back by. It differs from that in what the document
// promises: a nil list is [] and a nil map {}, sequences are lists, an element
// is one line, and whatever is not ASCII stands as \uXXXX.
type encoder struct {
	w      io.Writer
	buf    []byte
	err    error
	fields map[reflect.Type][]field
}

// A field is one field of a struct or of what is embedded in it.
type field struct {
	name  string // with quotes
	index []int
	omit  bool // where it is empty
}

func newEncoder(w io.Writer) *encoder {
	return &encoder{w: w, fields: map[reflect.Type][]field{}}
}

// flush hands over what was written.
func (e *encoder) flush() error {
	if e.err == nil {
		_, e.err = e.w.Write(e.buf)
	}
	e.buf = e.buf[:0]
	return e.err
}

// value writes v, which stands depth containers deep.
func (e *encoder) value(v reflect.Value, depth int) {
	if len(e.buf) > 32<<10 && e.flush() != nil {
		return
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			e.text("null")
			return
		}
		if v.Type() != reflect.TypeFor[*edge.Certificate]() {
			e.value(v.Elem(), depth)
			return
		}
	}
	switch x := v.Interface().(type) {
	case *edge.Certificate:
		e.hex(x.Fingerprint[:])
		return
	case edge.Fingerprint:
		e.hex(x[:])
		return
	case time.Time:
		e.text(`"` + x.UTC().Format(time.RFC3339Nano) + `"`)
		return
	case []byte:
		e.text(`"` + base64.StdEncoding.EncodeToString(x) + `"`)
		return
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		if err != nil && e.err == nil {
			e.err = err
		}
		e.string(string(text))
		return
	}
	switch v.Kind() {
	case reflect.String:
		e.string(v.String())
	case reflect.Bool:
		e.buf = strconv.AppendBool(e.buf, v.Bool())
	case reflect.Int, reflect.Int64:
		e.buf = strconv.AppendInt(e.buf, v.Int(), 10)
	case reflect.Float64:
		e.buf = strconv.AppendFloat(e.buf, v.Float(), 'f', -1, 64)
	case reflect.Struct:
		e.object(v, depth)
	case reflect.Slice, reflect.Map, reflect.Func:
		e.list(v, depth)
	default:
		e.err = fmt.Errorf("no JSON for %s", v.Type())
	}
}

func (e *encoder) object(v reflect.Value, depth int) {
	e.text("{")
	n := 0
	for _, f := range e.fieldsOf(v.Type()) {
		x := v.FieldByIndex(f.index)
		if f.omit && (x.IsZero() || (x.Kind() == reflect.Slice || x.Kind() == reflect.Map) && x.Len() == 0) {
			continue
		}
		e.next(n, depth)
		e.text(f.name)
		e.colon(depth)
		e.value(x, depth+1)
		n++
	}
	e.close("}", n, depth)
}

// list writes slices, maps by their sorted keys, and sequences. Short lists, of
// what is no struct, stand on one line.
func (e *encoder) list(v reflect.Value, depth int) {
	n := 0
	element := func(x reflect.Value) {
		e.next(n, depth)
		e.value(x, depth+1)
		n++
	}
	entry := func(k string, x reflect.Value) {
		e.next(n, depth)
		e.string(k)
		e.colon(depth)
		e.value(x, max(depth+1, elementDepth))
		n++
	}
	switch t := v.Type(); {
	case v.Kind() == reflect.Slice:
		if t.Elem().Kind() != reflect.Struct {
			depth = elementDepth
		}
		e.text("[")
		for i := range v.Len() {
			element(v.Index(i))
		}
		e.close("]", n, depth)
	case v.Kind() == reflect.Map:
		if t.Elem().Kind() != reflect.Struct {
			depth = elementDepth
		}
		e.text("{")
		keys := make([]string, 0, v.Len())
		values := make(map[string]reflect.Value, v.Len())
		for it := v.MapRange(); it.Next(); {
			k := fmt.Sprint(it.Key().Interface())
			keys, values[k] = append(keys, k), it.Value()
		}
		slices.Sort(keys)
		for _, k := range keys {
			entry(k, values[k])
		}
		e.close("}", n, depth)
	case t.CanSeq2():
		e.text("{")
		for k, x := range v.Seq2() {
			entry(k.String(), x)
		}
		e.close("}", n, depth)
	default:
		e.text("[")
		for x := range v.Seq() {
			element(x)
		}
		e.close("]", n, depth)
	}
}

// next begins the i-th entry of a container, on a line of its own or on the
// element's.
func (e *encoder) next(i, depth int) {
	if i > 0 {
		e.text(",")
	}
	if depth < elementDepth {
		e.text("\n" + strings.Repeat("  ", depth+1))
	}
}

func (e *encoder) colon(depth int) {
	e.text(":")
	if depth < elementDepth {
		e.text(" ")
	}
}

func (e *encoder) close(bracket string, n, depth int) {
	if n > 0 && depth < elementDepth {
		e.text("\n" + strings.Repeat("  ", depth))
	}
	e.text(bracket)
}

// fieldsOf lists the fields of a struct, those of embedded structs in their
// place. As in Go, an outer one hides an embedded one of its name.
func (e *encoder) fieldsOf(t reflect.Type) []field {
	if fs, known := e.fields[t]; known {
		return fs
	}
	var fs []field
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "-" && name != "" {
			fs = append(fs, field{`"` + name + `"`, f.Index, options == "omitempty"})
		}
	}
	e.fields[t] = fs
	return fs
}

func (e *encoder) text(s string) { e.buf = append(e.buf, s...) }

func (e *encoder) hex(b []byte) {
	e.buf = append(e.buf, '"')
	e.buf = hex.AppendEncode(e.buf, b)
	e.buf = append(e.buf, '"')
}

// string writes text in printable ASCII. Bytes that are no UTF-8 stand as \xNN,
// in text: JSON knows no other way to hold them than U+FFFD, which would make
// all of them look alike; the exact bytes of a certificate stand in its PEM.
func (e *encoder) string(s string) {
	b := append(e.buf, '"')
	for i := 0; i < len(s); {
		if c := s[i]; c >= ' ' && c < 0x7f {
			if c == '"' || c == '\\' {
				b = append(b, '\\')
			}
			b = append(b, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = fmt.Appendf(b, `\\x%02x`, s[i])
		case r == '\n':
			b = append(b, `\n`...)
		case r > 0xffff: // a surrogate pair, RFC 8259 section 7
			b = fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
		i += size
	}
	e.buf = append(b, '"')
}

// JSON writes the document in ASCII: whatever is not ASCII stands as \uXXXX. The
// data stay exact, nothing in them can steer a terminal, and the text survives
// the code pages of a Windows console and its redirection. An endpoint, a
// finding or a certificate is one line, so that grep finds whole ones.
// What is larger than a saved scan may be is refused here: nobody could read it
// again.
func JSON(w io.Writer, r Report) error { return writeJSON(&bounded{w, limits.SavedScan}, r) }

func writeJSON(w io.Writer, r Report) error {
	e := newEncoder(w)
	e.value(reflect.ValueOf(r.document()), 0)
	e.text("\n")
	if err := e.flush(); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// bounded takes so many bytes.
type bounded struct {
	w    io.Writer
	left int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, edge.Hintf("scan it in shares (--shard), or write --format jsonl, which nothing reads back", "it is larger than %d MiB, the most that is read back", limits.SavedScan>>20)
	}
	return b.w.Write(p)
}
