package powershell

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
)

// readCLIXML reads Export-Clixml ([MS-PSRP] 2.2.5). Another document has no
// objects.
func readCLIXML(name, text string) ([]Object, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // decoded already
	r := xmlReader{decoder: d}
	fail := func(err error) ([]Object, error) {
		line, _ := d.InputPos()
		return nil, fmt.Errorf("%s:%d: broken XML: %w", name, line, err)
	}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return fail(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local != "Objs" {
			return nil, nil
		}
		v, err := r.value(start, 0)
		if err != nil {
			return fail(err)
		}
		return objects(v), nil
	}
}

type xmlReader struct {
	decoder *xml.Decoder
	values  int
}

// value reads an element to its end: a list, an object, or text. An enumeration
// is an object whose ToString is its word.
func (r *xmlReader) value(start xml.StartElement, depth int) (any, error) {
	if r.values++; r.values > limits.Values {
		return nil, fmt.Errorf("more than %d values", limits.Values)
	}
	if depth > limits.ValueDepth {
		return nil, fmt.Errorf("nested deeper than %d", limits.ValueDepth)
	}
	var text strings.Builder
	var list []any
	var word any
	isList := start.Name.Local == "Objs" || start.Name.Local == "LST" || start.Name.Local == "IE"
	o := Object{fields: map[string]any{}}
	for {
		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, errors.New("a document type definition")
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			v, err := r.value(token, depth+1)
			if err != nil {
				return nil, err
			}
			inner, isObject := v.(Object)
			switch element := token.Name.Local; {
			case element == "TN" || element == "TNRef":
			case element == "ToString":
				word = v
			case isList:
				list = append(list, v)
			case (element == "Props" || element == "MS") && isObject:
				for k, p := range inner.fields {
					o.fields[k] = p
				}
			case element == "LST" || element == "IE":
				word = v
			default:
				o.fields[strings.ToLower(unescape(attribute(token, "N")))] = v
			}
		case xml.EndElement:
			return pick(start.Name.Local, isList, list, o, word, text.String()), nil
		}
	}
}

// pick is what an element stands for.
func pick(element string, isList bool, list []any, o Object, word any, text string) any {
	switch {
	case isList:
		return list
	case element == "Props" || element == "MS":
		return o
	case word != nil && (len(o.fields) == 0 || o.fields[""] != nil): // a list, or an enumeration beside its number
		return word
	case element == "Obj":
		return o
	case element == "Nil" || element == "Ref": // a reference to another object would let a few lines stand for millions
		return nil
	}
	return unescape(text)
}

func attribute(e xml.StartElement, name string) string {
	a, _ := edge.Find(e.Attr, func(a xml.Attr) bool { return a.Name.Local == name })
	return a.Value
}

// escaped is a character that XML cannot hold: _x000A_.
var escaped = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escaped.ReplaceAllStringFunc(s, func(m string) string {
		n, err := strconv.ParseUint(m[2:6], 16, 16)
		if err != nil {
			return m
		}
		return string(rune(n))
	})
}
