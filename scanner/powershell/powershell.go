// Package powershell reads objects as PowerShell has written them:
//
//	ConvertTo-Json, Export-Csv, Export-Clixml, printed lists and tables, transcripts ─ Read ─→ []Object ─→ inventory, topology
//
// Versions and cultures write the same object in several ways, with several
// encodings. All of it comes by mail and from shares, so everything has a limit.
// The bytes are given: the package opens no file.
package powershell

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An Object is a PowerShell object by its properties, whose names have no case.
type Object struct {
	Place  string         // "certs.json: record 2", "certs.csv:3"
	fields map[string]any // lower-case name to a string, []any, Object or nil
}

// Read finds the objects of an input, which name names in errors and places. A
// list is its elements. No object is no error.
func Read(name, text string) ([]Object, error) {
	text = strings.TrimSpace(text)
	var out []Object
	var err error
	switch {
	case text == "":
		return nil, nil
	case text[0] == '{' || text[0] == '[':
		out, err = readJSON(name, text)
	case text[0] == '<':
		out, err = readCLIXML(name, text)
	case isCSV(text):
		return readCSV(name, text)
	default:
		return readPrinted(name, text), nil
	}
	for i := range out { // which have no lines
		out[i].Place = fmt.Sprintf("%s: record %d", name, i+1)
	}
	return out, err
}

// Has reports whether o has a property, be it empty.
func (o Object) Has(key string) bool {
	_, ok := o.fields[strings.ToLower(key)]
	return ok
}

// Text is a property as text; of a list its elements, joined by commas.
func (o Object) Text(key string) string { return strings.Join(o.List(key), ",") }

// First is the text of the first property of the list that is not empty.
func (o Object) First(keys ...string) string {
	for _, k := range keys {
		if s := o.Text(k); s != "" {
			return s
		}
	}
	return ""
}

// List is the texts of a property.
func (o Object) List(key string) []string { return texts(o.fields[strings.ToLower(key)]) }

// Objects are the objects of a property, itself or in a list, at any depth.
func (o Object) Objects(key string) []Object { return objects(o.fields[strings.ToLower(key)]) }

// Children are the objects of all properties.
func (o Object) Children() []Object {
	var out []Object
	for _, key := range slices.Sorted(maps.Keys(o.fields)) {
		out = append(out, objects(o.fields[key])...)
	}
	return out
}

func objects(v any) []Object {
	switch v := v.(type) {
	case Object:
		if list, ok := v.wrapped(); ok {
			return objects(list)
		}
		return []Object{v}
	case []any:
		var out []Object
		for _, each := range v {
			out = append(out, objects(each)...)
		}
		return out
	}
	return nil
}

// texts are the words of a value. An enumeration and a date may be an object
// with value and Value or DateTime beside it.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		if v = strings.TrimSpace(v); v != "" {
			return []string{v}
		}
	case []any:
		var out []string
		for _, each := range v {
			out = append(out, texts(each)...)
		}
		return out
	case Object:
		return texts(v.fields["value"])
	}
	return nil
}

// wrapped is the list in an object that PowerShell 5 made of a list that went
// through a pipeline: {"value": [...], "Count": n}.
func (o Object) wrapped() (any, bool) {
	list, ok := o.fields["value"].([]any)
	return list, ok && o.Has("Count")
}

// SplitList reads "{a, b}", "a,b" and "a b" as printed. cut says that the list
// goes on, or that only the name of its .NET type was written: what is further
// in it is not known.
func SplitList(s string) (words []string, cut bool) {
	if strings.HasPrefix(s, "System.") {
		return nil, true
	}
	words = strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("{}, ;\t\r\n", r) })
	for i, w := range words {
		if short := strings.TrimRight(strings.TrimSuffix(w, "…"), "."); strings.HasSuffix(w, "...") || strings.HasSuffix(w, "…") {
			words[i], cut = short, true
		}
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" }), cut
}

// errLimit tells that an input goes beyond what anybody has.
func errLimit(name, what string) error { return fmt.Errorf("%s: %s", name, what) }
