package report

import (
	"regexp"
	"strings"
)

// command matches the start of a PowerShell command: Verb-Noun, the verb and
// the noun in capitals, as "Set-CsCertificate".
var command = regexp.MustCompile(`^[A-Z][a-z]+-[A-Z][A-Za-z]+( |;|$)`)

func isCommand(s string) bool { return command.MatchString(s) }

// fixSteps parts a fix at its semicolons and at the colon before a command. What
// stands in brackets or quotes stays together. A line end is no step: audit
// writes none, so it could only come from elsewhere.
func fixSteps(fix string) []string {
	var steps []string
	depth, quoted, from := 0, false, 0
	cut := func(to, next int) {
		if s := strings.TrimSpace(fix[from:to]); s != "" {
			steps = append(steps, s)
		}
		from = next
	}
	for i := 0; i < len(fix); i++ {
		switch c := fix[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(' || c == '{':
			depth++
		case c == ')' || c == '}':
			depth--
		case depth > 0:
		case c == ';':
			cut(i, i+1)
		case c == ':' && isCommand(strings.TrimSpace(fix[i+1:])):
			cut(i+1, i+1)
		}
	}
	cut(len(fix), len(fix))
	return steps
}

// A piece of a command; no line breaks in a whole one.
type piece struct {
	Text  string
	Whole bool
}

// hyphened matches the names in a command that have a hyphen, behind which a
// browser would break the line: "-Thumbprint", "Set-CsCertificate". Who copies
// it from paper must not wonder whether a blank belongs there.
var hyphened = regexp.MustCompile(`\B-[A-Za-z]{1,40}\b|\b[A-Za-z]{1,40}-[A-Za-z]{1,40}\b`)

func pieces(command string) []piece {
	var out []piece
	end := 0
	for _, m := range hyphened.FindAllStringIndex(command, -1) {
		out = append(out, piece{command[end:m[0]], false}, piece{command[m[0]:m[1]], true})
		end = m[1]
	}
	return append(out, piece{command[end:], false})
}
