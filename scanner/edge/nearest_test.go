package edge

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	list := []string{"av", "access", "webcon", "member", "expires-soon"}
	for _, tt := range []struct{ name, word, want string }{
		{"a letter left out", "acess", "access"},
		{"upper case", "MEMBER", "member"},
		{"two letters swapped", "epxires-soon", "expires-soon"},
		{"nothing like it", "publisher", ""},
		{"a short word like none", "xy", ""},
		{"a line of garbage", strings.Repeat("access", 1000), ""},
		{"two letters that are in none", "//", ""},
		{"nothing typed", "", ""},
	} {
		if got := Nearest(tt.word, list); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
