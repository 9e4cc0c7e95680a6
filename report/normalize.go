package report

import (
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"edgecert/scanner/edge"
)

// normalize brings r into the one form that JSON can carry and give back
// unchanged: no nil slices or maps (the three that mean something excepted),
// UTC times without a monotonic part, text in valid UTF-8. It goes by
// reflection so that a field added to the nouns of scanner/edge, which the
// document embeds, is covered on the day it is added.
//
// What r shares with the evidence is not changed, and what is in that form
// already is not copied: ten thousand endpoints need not stand in memory twice.
func normalize(r Report) Report {
	changes, revocation := r.Changes, r.Trust.Revocation
	v, _ := normal(reflect.ValueOf(r))
	out := v.Interface().(Report)
	// nil is an answer here: not compared, not asked.
	if changes == nil {
		out.Changes = nil
	}
	if revocation == nil {
		out.Trust.Revocation = nil
	}
	return out
}

// normal returns the normal form of v: itself, or a copy that differs.
func normal(v reflect.Value) (out reflect.Value, differs bool) {
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		t := v.Interface().(time.Time)
		utc := t.Round(0).UTC()
		return reflect.ValueOf(utc), utc != t
	case reflect.TypeFor[*edge.Certificate](), reflect.TypeFor[[]byte]():
		return v, false
	}
	switch v.Kind() {
	case reflect.String:
		if utf8.ValidString(v.String()) {
			return v, false
		}
		return reflect.ValueOf(validText(v.String())).Convert(v.Type()), true
	case reflect.Pointer:
		return normalPointer(v)
	case reflect.Slice:
		if v.IsNil() {
			return reflect.MakeSlice(v.Type(), 0, 0), true
		}
		return normalParts(v, v.Len(), reflect.Value.Index)
	case reflect.Struct:
		return normalParts(v, v.NumField(), reflect.Value.Field)
	case reflect.Map:
		return normalMap(v)
	default:
		return v, false
	}
}

func normalPointer(v reflect.Value) (reflect.Value, bool) {
	if v.IsNil() {
		return v, false
	}
	to, differs := normal(v.Elem())
	if !differs {
		return v, false
	}
	out := reflect.New(v.Type().Elem())
	out.Elem().Set(to)
	return out, true
}

// normalParts is for slices and structs. Unexported fields are those of
// netip.Addr, which is immutable.
func normalParts(v reflect.Value, n int, part func(reflect.Value, int) reflect.Value) (reflect.Value, bool) {
	out, copied := v, false
	for i := range n {
		if !part(v, i).CanInterface() {
			continue
		}
		to, differs := normal(part(v, i))
		if !differs {
			continue
		}
		if !copied {
			out, copied = reflect.New(v.Type()).Elem(), true
			out.Set(v)
			if v.Kind() == reflect.Slice {
				out.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, n), v))
			}
		}
		part(out, i).Set(to)
	}
	return out, copied
}

func normalMap(v reflect.Value) (reflect.Value, bool) {
	out, differs := reflect.MakeMapWithSize(v.Type(), v.Len()), v.IsNil()
	for it := v.MapRange(); it.Next(); {
		key, keyDiffers := normal(it.Key())
		value, valueDiffers := normal(it.Value())
		out.SetMapIndex(key, value)
		differs = differs || keyDiffers || valueDiffers
	}
	if differs {
		return out, true
	}
	return v, false
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
