package edge

import "strings"

// Nearest is the word of the list that somebody who typed word most likely
// meant: the one with the fewest letters put in, taken out or changed, at most
// two or a third of them. Empty where none is near.
func Nearest(word string, list []string) string {
	if len(word) > 64 { // a line of garbage is like no word, and costs no time
		return ""
	}
	word = strings.ToLower(word)
	best, least := "", min(max(2, len(word)/3)+1, len(word)) // not a word that shares no letter
	for _, w := range list {
		if d := distance(word, w); d < least {
			best, least = w, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
