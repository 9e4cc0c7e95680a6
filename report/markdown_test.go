package report_test

import (
	"regexp"
	"strings"
	"testing"

	"edgecert/report"
	"edgecert/report/reporttest"
	"edgecert/scanner/audit"
)

// meaning matches HTML, entities, links and bare addresses that no backslash
// takes the meaning from.
var meaning = regexp.MustCompile(`[^\\](<[a-zA-Z!/?]|\]\(|://|&#?[a-zA-Z0-9]+;)`)

// TestMarkdownStructure checks what can be broken: rows of a table have as many
// cells as their head, every fence is closed, and nothing hostile is bare.
func TestMarkdownStructure(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Reports(t) {
		text := render(t, "markdown", r)
		if strings.Count(text, "```")%2 != 0 {
			t.Errorf("%s: a fence is not closed", name)
		}
		cells := 0
		for l := range strings.Lines(text) {
			switch {
			case !strings.HasPrefix(l, "| "):
				cells = 0
			case cells == 0:
				cells = strings.Count(l, "|")
			case strings.Count(l, "|") != cells:
				t.Errorf("%s: %d cells in a table of %d: %s", name, strings.Count(l, "|"), cells, l)
			}
		}
		if m := meaning.FindString(withoutCode(text)); m != "" {
			t.Errorf("%s: %q has a meaning", name, m)
		}
	}
}

// withoutCode leaves code spans and blocks out: from a run of backticks to the
// next run of the same length (CommonMark 0.31, 6.1), an escaped one starting
// none.
func withoutCode(text string) string {
	var b strings.Builder
	runs := regexp.MustCompile("`+")
	for {
		at := runs.FindStringIndex(text)
		if at == nil {
			return b.String() + text
		}
		if at[0] > 0 && text[at[0]-1] == '\\' {
			b.WriteString(text[:at[0]])
			text = text[at[0]+1:]
			continue
		}
		b.WriteString(text[:at[0]])
		run, rest := text[at[0]:at[1]], text[at[1]:]
		text = ""
		for _, end := range runs.FindAllStringIndex(rest, -1) {
			if end[1]-end[0] == len(run) {
				text = rest[end[1]:]
				break
			}
		}
	}
}

func TestCodeSpans(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"CN=a": "`CN=a`", "": `\-`, " ": `\-`, "a`b": "``a`b``", "`": "`` ` ``", "a|b": "`a¦b`", "a\nb": "`a\\nb`"} {
		if got := report.Code(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

// TestMarkdownSaysAFixOnce: of a pool that is down every endpoint has the same.
func TestMarkdownSaysAFixOnce(t *testing.T) {
	t.Parallel()
	w := reporttest.New(t, 1)
	fix := "see whether the member is up: Get-CsWindowsService, and whether the firewall lets the port through"
	for range 3 {
		w.Find(audit.VerdictIncomplete, audit.Finding{Rule: "endpoint-unreachable", Severity: audit.Error, Message: "no answer", Fix: fix})
	}
	text := render(t, "markdown", w.Report())
	if n := strings.Count(text, "whether the firewall"); n != 1 {
		t.Errorf("the fix is told %d times", n)
	}
	if n := strings.Count(text, "Fix: as for `endpoint-unreachable` above."); n != 2 {
		t.Errorf("it is referred to %d times, want 2", n)
	}
}
