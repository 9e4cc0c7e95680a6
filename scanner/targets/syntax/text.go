package syntax

import (
	"bytes"
	"fmt"
	"strings"
	stdunicode "unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
)

// Decode turns the bytes of a file into UTF-8 text. Windows editors write a
// byte order mark before UTF-8, and PowerShell 5 writes UTF-16LE with one.
func Decode(name string, raw []byte) (string, error) {
	switch {
	case bytes.HasPrefix(raw, []byte{0xEF, 0xBB, 0xBF}):
		raw = raw[3:]
	case bytes.HasPrefix(raw, []byte{0xFF, 0xFE}), bytes.HasPrefix(raw, []byte{0xFE, 0xFF}):
		text, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(raw)
		if err != nil {
			return "", Fail(name, 0, "save the file as UTF-8", "not UTF-16: %v", err)
		}
		raw = text
	}
	if i := bytes.IndexByte(raw, 0); i >= 0 {
		return "", Fail(name, LineOf(raw, i), "a text file is expected: UTF-8, or UTF-16 with a byte order mark", "a NUL byte")
	}
	if !utf8.Valid(raw) {
		return "", Fail(name, LineOf(raw, firstInvalid(raw)), "save the file as UTF-8", "not UTF-8")
	}
	// CR alone ended a line on old Macs; left alone, a comment would swallow all.
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(raw)), nil
}

// LineOf is the number of the line that holds byte i.
func LineOf(raw []byte, i int) int { return 1 + bytes.Count(raw[:i], []byte{'\n'}) }

func firstInvalid(raw []byte) int {
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(raw)
}

// IsBlank is whatever looks like a space: word processors and web pages put
// other ones than ours between words.
func IsBlank(r rune) bool { return stdunicode.IsSpace(r) || r == '\ufeff' }

// CurlyQuotes are what word processors make of straight ones.
const CurlyQuotes = "“”„«»"

// Words splits a line at blanks and drops a comment. A word in double
// quotes may hold blanks and #; there are no escapes, since Windows paths are
// full of backslashes.
func Words(line string) ([]string, error) {
	var out []string
	for {
		line = strings.TrimLeftFunc(line, IsBlank)
		switch {
		case line == "" || line[0] == '#':
			return out, nil
		case line[0] == '"':
			word, rest, closed := strings.Cut(line[1:], `"`)
			if !closed {
				return nil, fmt.Errorf("a quote is not closed: %q", line)
			}
			if rest != "" && !IsBlank(firstRune(rest)) {
				return nil, fmt.Errorf("something follows the quote directly: %q", line)
			}
			out, line = append(out, word), rest
		default:
			end := strings.IndexFunc(line, IsBlank)
			if end < 0 {
				end = len(line)
			}
			if strings.Contains(line[:end], `"`) {
				return nil, fmt.Errorf("a quote within a word: %q", line[:end])
			}
			if strings.ContainsAny(line[:end], CurlyQuotes) {
				return nil, fmt.Errorf("a quote of a word processor: %q: straight ones are read", line[:end])
			}
			out, line = append(out, line[:end]), line[end:]
		}
	}
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// Printable is s fit for one line of a comment or a source: whatever does not
// print, line ends and bidirectional overrides among it, becomes a question mark.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !stdunicode.IsGraphic(r) || r == stdunicode.ReplacementChar {
			return '?'
		}
		return r
	}, s)
}

// PlainWord reports whether s can stand in a targets file, a report and a log
// without any escaping.
func PlainWord(s string) bool {
	if s == "" || len(s) > 253 || strings.ContainsAny(s, "\"#=") {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return !stdunicode.IsGraphic(r) || stdunicode.IsSpace(r) }) < 0
}

// CheckSize refuses an input that is larger than anybody's.
func CheckSize(name string, raw []byte, limit int) error {
	if len(raw) <= limit {
		return nil
	}
	return Fail(name, 0, "a targets file or a topology is expected", "larger than %d MiB", limit>>20)
}
