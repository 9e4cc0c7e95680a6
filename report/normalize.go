package report

import (
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"edgecert/scanner/edge"
)

// normalize copies r into the one form that JSON can carry and give back
// unchanged: no nil slices or maps (the three that mean something excepted),
// UTC times without a monotonic part, text in valid UTF-8. It goes by
// reflection so that a field added to the nouns of scanner/edge, which the
// document embeds, is covered on the day it is added.
func normalize(r Report) Report {
	n := reflect.New(reflect.TypeOf(r)).Elem()
	copyNormal(n, reflect.ValueOf(r))
	out := n.Interface().(Report)
	// nil is an answer here: not compared, not asked.
	if r.Changes == nil {
		out.Changes = nil
	}
	if r.Trust.Revocation == nil {
		out.Trust.Revocation = nil
	}
	return out
}

// copyNormal sets dst to the normal form of src, which has the same type, and
// shares nothing with it but immutable certificates.
func copyNormal(dst, src reflect.Value) {
	switch v := src.Interface().(type) {
	case time.Time:
		dst.Set(reflect.ValueOf(v.Round(0).UTC()))
		return
	case *edge.Certificate, []byte:
		dst.Set(src)
		return
	}
	switch src.Kind() {
	case reflect.String:
		dst.SetString(validText(src.String()))
	case reflect.Pointer:
		if !src.IsNil() {
			dst.Set(reflect.New(src.Type().Elem()))
			copyNormal(dst.Elem(), src.Elem())
		}
	case reflect.Slice:
		dst.Set(reflect.MakeSlice(src.Type(), src.Len(), src.Len()))
		for i := range src.Len() {
			copyNormal(dst.Index(i), src.Index(i))
		}
	case reflect.Map:
		dst.Set(reflect.MakeMapWithSize(src.Type(), src.Len()))
		for it := src.MapRange(); it.Next(); {
			key, value := reflect.New(src.Type().Key()).Elem(), reflect.New(src.Type().Elem()).Elem()
			copyNormal(key, it.Key())
			copyNormal(value, it.Value())
			dst.SetMapIndex(key, value)
		}
	case reflect.Struct:
		dst.Set(src) // unexported fields: those of netip.Addr, which is immutable
		for i := range src.NumField() {
			if src.Type().Field(i).IsExported() {
				copyNormal(dst.Field(i), src.Field(i))
			}
		}
	default:
		dst.Set(src)
	}
}

// validText shows bytes that are no UTF-8 as \xNN. JSON knows no other way to
// hold them than U+FFFD, which would make all of them look alike; the exact
// bytes of a certificate stand in its PEM.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			escapeByte(&b, s[i])
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}
