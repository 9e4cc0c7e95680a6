package report

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"plain name":                {"CN=sip.contoso.com", "CN=sip.contoso.com"},
		"other scripts":             {"Zürich 東京 Αθήνα 😀", "Zürich 東京 Αθήνα 😀"},
		"windows path":              {`C:\certs\new.pfx`, `C:\certs\new.pfx`},
		"colour escape":             {"\x1b[31mred", `\x1b[31mred`},
		"C1 control sequence":       {"\u009b31m", `\u009b31m`},
		"line breaks":               {"a\r\nb\tc\u2028d\u2029e", `a\r\nb\tc\u2028d\u2029e`},
		"delete and backspace":      {"\x7f\b", `\x7f\x08`},
		"right-to-left override":    {"moc.\u202egro.elpmaxe", `moc.\u202egro.elpmaxe`},
		"isolates":                  {"\u2066x\u2069", `\u2066x\u2069`},
		"zero width":                {"con\u200btoso\ufeff\u00ad", `con\u200btoso\ufeff\u00ad`},
		"invisible letter":          {"a\u3164b\u115f", `a\u3164b\u115f`},
		"tag characters":            {"a\U000e0041", `a\U000e0041`},
		"no-break space":            {"a\u00a0b", `a\u00a0b`},
		"bytes that are no UTF-8":   {"a\xffb\xc3", `a\xffb\xc3`},
		"replacement char as given": {"a\ufffdb", "a\ufffdb"},
		"nul":                       {"a\x00b", `a\x00b`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "sip.contoso.com", "\x1b]0;title\a", "\u202e\u2066", "\xff\xfe", "a\u0301\u0301", `\x1b`, "\u00a0\u3000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) {
			t.Errorf("%q: not UTF-8: %q", s, got)
		}
		if i := strings.IndexFunc(got, Unsafe); i >= 0 {
			t.Errorf("%q: unsafe rune left: %q", s, got[i:])
		}
		if Clean(got) != got {
			t.Errorf("%q: cleaning twice differs", s)
		}
		if !strings.ContainsFunc(s, Unsafe) && utf8.ValidString(s) && got != s {
			t.Errorf("%q: changed without need: %q", s, got)
		}
	})
}
