package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"edgecert/scanner/edge"
)

// object reads an object, calling value at the value of each key.
func (l *loader) object(value func(key string) error) error {
	return l.container('{', func() error {
		key, err := l.dec.Token()
		if err != nil {
			return err
		}
		name, ok := key.(string)
		if !ok {
			return fmt.Errorf("%v where a key was expected", key)
		}
		return value(name)
	})
}

// list reads a list, calling element at each element.
func (l *loader) list(element func() error) error { return l.container('[', element) }

func (l *loader) container(bracket json.Delim, next func() error) error {
	begin, err := l.dec.Token()
	if err != nil {
		return err
	}
	if _, ok := begin.(json.Delim); !ok {
		return errScalar
	}
	if begin != bracket {
		return errShape
	}
	for l.dec.More() {
		if err := next(); err != nil {
			return err
		}
	}
	_, err = l.dec.Token()
	return err
}

// skip reads past a value.
func (l *loader) skip() error {
	for depth := 0; ; {
		token, err := l.dec.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// errShape says that a list stands for an object, or the like.
var errShape = errors.New("it is JSON of another shape")

var errScalar = errors.New("a value stands where a list or an object is due")

// A refusal is an error that needs no words about where it is.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// explain says what is wrong with the file as a whole.
func (l *loader) explain(err error) error {
	var syntax *json.SyntaxError
	var refused refusal
	switch {
	case errors.As(err, &refused):
		return refused.error
	case errors.Is(err, io.EOF) && l.dec.InputOffset() == 0:
		return edge.Hintf(aScanSavesOne, "the report is empty")
	case l.doc.Schema != "":
	case errors.As(err, &syntax), errors.Is(err, errScalar): // a PFX begins with the digit 0
		return notOurs("it is not JSON")
	case errors.Is(err, errShape):
		return notOurs(err.Error())
	default:
		return notOurs(`it has no "schema"`)
	}
	return damaged("at byte %d: %s", l.dec.InputOffset(), Clean(err.Error()))
}

var schemaForm = regexp.MustCompile(`^edgecert\.scan/[0-9]+$`)

func checkSchema(schema string) error {
	switch {
	case schema == Schema:
		return nil
	case schema == "":
		return refusal{notOurs(`it has no "schema"`)}
	case schemaForm.MatchString(schema):
		return refusal{edge.Hintf("read it with the edgecert that wrote it, or a later one",
			"the report has schema %s, and this edgecert reads %s", schema, Schema)}
	default:
		return refusal{notOurs(fmt.Sprintf("its schema is %.60q", schema))}
	}
}

const aScanSavesOne = "a scan saves one with -o SCAN.json"

func notOurs(why string) error {
	return edge.Hintf(aScanSavesOne, "this is no report of edgecert: %s, where schema %s was expected", why, Schema)
}

func damaged(format string, args ...any) error {
	return refusal{fmt.Errorf("the report is damaged: "+format, args...)}
}
