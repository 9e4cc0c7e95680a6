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

// TestMarkdownTellsThePlan: problems worst first, each step once with its
// commands as a block to copy.
func TestMarkdownTellsThePlan(t *testing.T) {
	t.Parallel()
	r := reporttest.Faulty(t).Report()
	p := &r.Pools[0]
	p.Problems = []audit.Problem{{Severity: audit.Error, Headline: "edge2 still presents the old certificate", Impact: "It ends in 5 days", Findings: []int{0, 2}}}
	p.Findings[0].Problem, p.Findings[2].Problem = 0, 0
	p.Steps = []audit.Step{{On: []string{"edge2"}, Text: "assign the right one", Commands: []string{"Set-CsCertificate -Type A", "Restart-X"}, Problems: []int{0}}}
	text := render(t, "markdown", r)
	for want, times := range map[string]int{"**ERROR** edge2 still presents": 1, "  It ends in 5 days": 1, "1. on edge2: assign the right one": 1, "**edge2 still presents": 1, "`edgecert explain RULE`": 1,
		"   Set-CsCertificate -Type A\n   Restart-X\n": 1, "`differs-across-members`": 1, "`expires-soon`": 1} {
		if n := strings.Count(text, want); n != times {
			t.Errorf("%q stands %d times:\n%s", want, n, text)
		}
	}
}
