package syntax

import (
	"strings"
	"testing"
)

func TestCleanName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"SIP.Contoso.COM.":  "sip.contoso.com",
		"bücher.example":    "xn--bcher-kva.example",
		"BÜCHER。Example":    "xn--bcher-kva.example", // the ideographic full stop is a dot too
		"straße.example":    "xn--strae-oqa.example", // IDNA 2008 keeps the sharp s, 2003 made it ss
		"web_con.contoso.x": "web_con.contoso.x",
		"localhost":         "localhost",
	} {
		got, err := CleanName(in)
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", ".", "a..b", "-a.b", "a-.b", "192.0.2.1", "[::1]", "1.2.3", "*.a.b", "a b.c", "a/b.c", "a\x1b.b",
		strings.Repeat("a", 64) + ".b", strings.Repeat("a.", 130) + "b", "\u202ea.b", "xn--\u00fc.b"} {
		if got, err := CleanName(in); err == nil {
			t.Errorf("%q: got %q", in, got)
		}
	}
}
