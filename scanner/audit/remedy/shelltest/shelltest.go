// Package shelltest reads command lines as PowerShell does, as far as the
// commands of a plan go. Tests alone import it.
package shelltest

import (
	"errors"
	"fmt"
	"strings"
)

// Parses says why a line is no PowerShell command that a plan may hold: one line
// of words, text in single quotes, variables, sub-expressions in parentheses and
// pipes. PowerShell takes ‘ ’ ‚ ‛ for the single quote, too
// (about_Quoting_Rules).
func Parses(line string) error {
	_, err := Unquoted(line)
	return err
}

// Unquoted is a line without its texts in single quotes, or why it does not
// parse.
func Unquoted(line string) (string, error) {
	if strings.ContainsAny(line, "\n\r\u0085\u2028\u2029") {
		return "", errors.New("more than one line")
	}
	var open strings.Builder
	depth := 0
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case quote(r):
			end, err := text(runes, i)
			if err != nil {
				return "", err
			}
			i = end
			continue
		case r == '(' || r == '{':
			depth++
		case r == ')' || r == '}':
			depth--
		case strings.ContainsRune("`\"&<>", r):
			return "", fmt.Errorf("%q outside quotes", r)
		case r == '$' && (i+1 == len(runes) || runes[i+1] == '('):
			return "", errors.New("an expression in a string")
		case r > '~':
			return "", fmt.Errorf("%q outside quotes", r)
		}
		if depth < 0 {
			return "", errors.New("a parenthesis is closed that was not opened")
		}
		open.WriteRune(runes[i])
	}
	if depth != 0 {
		return "", errors.New("a parenthesis is not closed")
	}
	return open.String(), nil
}

func quote(r rune) bool { return r == '\'' || r >= '\u2018' && r <= '\u201b' }

// text is where a text in single quotes ends: at a quote that is not doubled.
func text(runes []rune, start int) (int, error) {
	for i := start + 1; i < len(runes); i++ {
		if !quote(runes[i]) {
			continue
		}
		if i+1 < len(runes) && quote(runes[i+1]) {
			i++
			continue
		}
		return i, nil
	}
	return 0, errors.New("a quote is not closed")
}
