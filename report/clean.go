package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes a string from the network harmless for one line of a terminal or
// a log. What could move the cursor, colour, hide, reorder or end the line is
// shown instead as Go would write it: \n, \x1b, \u202e. A backslash itself
// stays as it is (DOMAIN\user), so cleaning twice changes nothing.
func Clean(s string) string {
	if !strings.ContainsFunc(s, Unsafe) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			escapeByte(&b, s[i])
		case Unsafe(r):
			EscapeRune(&b, r)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// Unsafe says whether a rune may not reach a terminal as it is. IsPrint leaves
// out controls (C0, C1, DEL), format characters (bidi overrides and isolates,
// zero-width ones, tags), line and paragraph separators, unusual spaces and
// what is unassigned. What it lets pass and yet cannot be seen is in Unicode's
// own lists (UAX #44: Default_Ignorable_Code_Point, Variation_Selector).
func Unsafe(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return !strconv.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func escapeByte(b *strings.Builder, c byte) { fmt.Fprintf(b, `\x%02x`, c) }

// EscapeRune writes a rune as Go would.
func EscapeRune(b *strings.Builder, r rune) {
	switch {
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case r < utf8.RuneSelf:
		escapeByte(b, byte(r))
	case r <= 0xffff:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}

// maxText bounds one text of a report for people. A certificate can carry
// megabytes in a name; the JSON has all of it.
const maxText = 2000

// Bounded is Clean for texts of people's reports.
func Bounded(s string) string {
	s = Clean(s)
	if len(s) <= maxText {
		return s
	}
	return fmt.Sprintf("%s… (cut, %d bytes: see the JSON)", strings.ToValidUTF8(s[:maxText], ""), len(s))
}
