package html

import (
	"regexp"
)

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
