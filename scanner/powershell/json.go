package powershell

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"edgecert/scanner/limits"
)

// readJSON reads one document or several in a row. Values are read token by
// token: a decoder of its own copies what is nested once a level.
func readJSON(name, text string) ([]Object, error) {
	r := jsonReader{decoder: json.NewDecoder(strings.NewReader(text))}
	r.decoder.UseNumber()
	var out []Object
	for {
		v, err := r.value(0)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			offset := min(int(r.decoder.InputOffset()), len(text))
			return nil, fmt.Errorf("%s:%d: broken JSON: %w", name, 1+strings.Count(text[:offset], "\n"), err)
		}
		out = append(out, objects(v)...)
	}
	return out, nil
}

type jsonReader struct {
	decoder *json.Decoder
	values  int
}

// value reads one value. io.EOF says that the input ends before it.
func (r *jsonReader) value(depth int) (any, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	if r.values++; r.values > limits.Values {
		return nil, fmt.Errorf("more than %d values", limits.Values)
	}
	if depth > limits.ValueDepth {
		return nil, fmt.Errorf("nested deeper than %d", limits.ValueDepth)
	}
	switch token := token.(type) {
	case json.Delim:
		v, err := r.nested(token, depth)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return v, err
	case nil:
		return nil, nil
	default:
		return fmt.Sprint(token), nil
	}
}

func (r *jsonReader) nested(open json.Delim, depth int) (any, error) {
	var list []any
	o := Object{fields: map[string]any{}}
	for r.decoder.More() {
		key := ""
		if open == '{' {
			token, err := r.decoder.Token()
			if err != nil {
				return nil, err
			}
			key, _ = token.(string)
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if open == '[' {
			list = append(list, v)
			continue
		}
		// An enumeration is {"value": 1, "Value": "Internal"}: the word counts.
		if lower := strings.ToLower(key); key != "value" || !o.Has(key) {
			o.fields[lower] = v
		}
	}
	if _, err := r.decoder.Token(); err != nil {
		return nil, err
	}
	if open == '[' {
		return list, nil
	}
	return o, nil
}
