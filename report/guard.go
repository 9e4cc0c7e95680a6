package report

import (
	"fmt"
	"io"
	"slices"

	"edgecert/scanner/limits"
)

// A guard looks at every byte of a document before it is decoded, so that
// nothing has to be held to be refused: texts and numbers without end, nesting
// without end, and what decoders read differently, a key that stands twice or
// in capitals. Whether it is JSON at all is the decoder's business.
type guard struct {
	in     io.Reader
	read   int64
	stack  []container
	key    []byte // of the string that is being read, where it is a key
	length int    // of the string or number that is being read
	blanks int    // in a row
	state  state
	err    error
}

type state byte

const (
	between state = iota
	inString
	inKey
	escaped
	inNumber
)

// A container is an object or, without keys, a list.
type container struct {
	keys    map[string]bool
	wantKey bool
}

func (g *guard) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.in.Read(p)
	for i, c := range p[:n] {
		if g.err = g.look(c); g.err != nil {
			return i, g.err
		}
	}
	if g.read += int64(n); g.read > limits.SavedScan {
		g.err = refusal{fmt.Errorf("the report is larger than %d MiB", limits.SavedScan>>20)}
		return n, g.err
	}
	if err != nil && err != io.EOF {
		g.err = refusal{fmt.Errorf("reading the report: %w", err)}
		return n, g.err
	}
	return n, err
}

func (g *guard) look(c byte) error {
	switch g.state {
	case escaped:
		g.state = inString
	case inString:
		if g.length++; g.length > limits.JSONText {
			return damaged("a text of more than %d MiB", limits.JSONText>>20)
		}
		switch c {
		case '\\':
			g.state = escaped
		case '"':
			g.state = between
		}
	case inKey:
		return g.lookKey(c)
	case inNumber:
		if c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E' {
			if g.length++; g.length > limits.JSONNumber {
				return damaged("a number of more than %d digits", limits.JSONNumber)
			}
			return nil
		}
		g.state = between
		return g.structure(c)
	default:
		return g.structure(c)
	}
	return nil
}

// lookKey takes the letters of which all keys of the document are made.
func (g *guard) lookKey(c byte) error {
	if c != '"' {
		if g.key = append(g.key, c); !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-') || len(g.key) > limits.JSONNumber {
			return damaged("key %.70q: keys are lower-case letters, digits, _ and -, %d at most", g.key, limits.JSONNumber)
		}
		return nil
	}
	g.state = between
	top := &g.stack[len(g.stack)-1]
	if top.keys[string(g.key)] {
		return damaged("key %q stands twice", g.key)
	}
	top.keys[string(g.key)], top.wantKey = true, false
	return nil
}

func (g *guard) structure(c byte) error {
	if c == ' ' || c == '\n' || c == '\r' || c == '\t' {
		if g.blanks++; g.blanks > limits.JSONBlanks { // the decoder holds them, and looks at all again
			return damaged("more than %d blanks", limits.JSONBlanks)
		}
		return nil
	}
	g.blanks = 0
	inObject := len(g.stack) > 0 && g.stack[len(g.stack)-1].keys != nil
	switch {
	case c == '"' && inObject && g.stack[len(g.stack)-1].wantKey:
		g.state, g.key = inKey, g.key[:0]
	case c == '"':
		g.state, g.length = inString, 0
	case c == '-', c >= '0' && c <= '9':
		g.state, g.length = inNumber, 1
	case c == '{', c == '[':
		if len(g.stack) == limits.JSONDepth {
			return damaged("more than %d levels of nesting", limits.JSONDepth)
		}
		g.open(c)
	case (c == '}' || c == ']') && len(g.stack) > 0:
		g.stack = g.stack[:len(g.stack)-1]
	case c == ',' && inObject:
		g.stack[len(g.stack)-1].wantKey = true
	}
	return nil
}

// open begins a container, with the memory of one that stood as deep before.
func (g *guard) open(c byte) {
	g.stack = slices.Grow(g.stack, 1)[:len(g.stack)+1]
	top := &g.stack[len(g.stack)-1]
	switch {
	case c == '[':
		*top = container{}
	case len(top.keys) > 1000 || top.keys == nil: // clearing costs what the largest held
		*top = container{keys: map[string]bool{}, wantKey: true}
	default:
		clear(top.keys)
		top.wantKey = true
	}
}
