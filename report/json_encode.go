package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// elementDepth is where a value becomes one line: the elements of the lists of
// a pool (document, pools, pool, endpoints, endpoint).
const elementDepth = 4

// An encoder writes the document piece by piece, since the JSON of ten
// thousand endpoints should not stand in memory at once. What makes a value
// JSON is encoding/json's; the encoder lays out the containers above.
type encoder struct {
	w   io.Writer
	err error
	buf bytes.Buffer
}

// value writes v, which stands depth containers deep.
func (e *encoder) value(v reflect.Value, depth int) {
	t := v.Type()
	switch {
	case depth >= elementDepth, v.Kind() == reflect.Slice && (v.Len() == 0 || t.Elem().Kind() != reflect.Struct),
		v.Kind() == reflect.Map && (v.Len() == 0 || t.Elem().Kind() != reflect.Struct):
		e.leaf(v)
	case v.Kind() == reflect.Struct && !t.Implements(reflect.TypeFor[json.Marshaler]()):
		e.open("{")
		for i := range v.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			e.next(i, depth)
			e.key(name)
			e.value(v.Field(i), depth+1)
		}
		e.close("}", depth)
	case v.Kind() == reflect.Slice:
		e.open("[")
		for i := range v.Len() {
			e.next(i, depth)
			e.value(v.Index(i), depth+1)
		}
		e.close("]", depth)
	case v.Kind() == reflect.Map:
		e.open("{")
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for i, k := range keys {
			e.next(i, depth)
			e.key(k.String())
			e.value(v.MapIndex(k), elementDepth)
		}
		e.close("}", depth)
	default:
		e.leaf(v)
	}
}

func (e *encoder) open(bracket string) { e.text(bracket) }

// next begins the i-th entry of a container on a line of its own.
func (e *encoder) next(i, depth int) {
	if i > 0 {
		e.text(",")
	}
	e.text("\n" + strings.Repeat("  ", depth+1))
}

func (e *encoder) close(bracket string, depth int) {
	e.text("\n" + strings.Repeat("  ", depth) + bracket)
}

func (e *encoder) key(name string) {
	e.leaf(reflect.ValueOf(name))
	e.text(": ")
}

// leaf writes v on the line.
func (e *encoder) leaf(v reflect.Value) {
	if e.err != nil {
		return
	}
	e.buf.Reset()
	enc := json.NewEncoder(&e.buf)
	enc.SetEscapeHTML(false)
	if e.err = enc.Encode(v.Interface()); e.err == nil {
		_, e.err = e.w.Write(bytes.TrimSuffix(e.buf.Bytes(), []byte("\n")))
	}
}

func (e *encoder) text(s string) {
	if e.err == nil {
		_, e.err = io.WriteString(e.w, s)
	}
}

// An asciiWriter writes JSON text with everything that is not printable ASCII
// escaped. Outside strings JSON is ASCII, so no context is needed; DEL is the
// one control that JSON leaves alone. Every Write holds whole characters.
type asciiWriter struct {
	w   io.Writer
	out []byte
}

func (a *asciiWriter) Write(text []byte) (int, error) {
	a.out = a.out[:0]
	for i := 0; i < len(text); {
		if text[i] < 0x7f {
			a.out = append(a.out, text[i])
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r > 0xffff { // a surrogate pair, RFC 8259 section 7
			r -= 0x10000
			a.out = fmt.Appendf(a.out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		} else {
			a.out = fmt.Appendf(a.out, `\u%04x`, r)
		}
		i += size
	}
	if _, err := a.w.Write(a.out); err != nil {
		return 0, err
	}
	return len(text), nil
}
