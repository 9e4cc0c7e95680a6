package report

import (
	"regexp"
	"strings"
)

// command matches the start of a PowerShell command: Verb-Noun, the verb and
// the noun in capitals, as "Set-CsCertificate".
var command = regexp.MustCompile(`^[A-Z][a-z]+-[A-Z][A-Za-z]+( |;|$)`)

// IsCommand says whether a step of a fix is a PowerShell command.
func IsCommand(s string) bool { return command.MatchString(s) }

// FixSteps parts a fix at its semicolons and at the colon before a command. What
// stands in brackets or quotes stays together. A line end is no step: audit
// writes none, so it could only come from elsewhere.
func FixSteps(fix string) []string {
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
		case c == ':' && IsCommand(strings.TrimSpace(fix[i+1:])):
			cut(i+1, i+1)
		}
	}
	cut(len(fix), len(fix))
	return steps
}
