package remedy

import (
	"strings"
	"testing"

	"edgecert/scanner/audit/remedy/shelltest"
)

func TestQuote(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"plain", "a'b", "’; calc; ‘", "‚x‛", "$(calc)", "`n", "two\nlines", "\u2028", "''"} {
		q := Quote(text)
		if err := shelltest.Parses("Get-Item " + q); err != nil {
			t.Errorf("%q: %v", q, err)
		}
		if strings.ContainsAny(q, "\n\r") {
			t.Errorf("%q breaks the line", q)
		}
	}
	for _, bad := range []string{"Get-Item 'a", "Get-Item 'a'b'", "Get-Item \"a\"", "a\nb", "Get-Item (a"} {
		if shelltest.Parses(bad) == nil {
			t.Errorf("%q parses", bad)
		}
	}
}
