package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// markdown collects a report in GitHub Flavored Markdown. Names and numbers
// stand in code spans, in which nothing has a meaning; sentences are escaped.
type markdown struct {
	b   strings.Builder
	now time.Time
}

// Markdown writes the report for tickets and wikis: the terminal report's
// contents, with tables for matrix and certificates and with the fixes as code
// blocks.
func Markdown(w io.Writer, r Report) error {
	m := &markdown{now: r.Finished}
	m.line("# Edge certificates: %s", verdictWord(r.Verdict))
	c := r.Coverage
	source := r.source()
	for i, fact := range source {
		source[i] = code(fact)
	}
	m.line("%s of %s seen, %s from %s with %s.", thousands(c.Planned-c.Failed), plural(c.Planned, "endpoint"),
		r.Started.Format("2006-01-02 15:04 UTC"), code(r.Vantage.Host), strings.Join(source, ", "))
	if r.Interrupted {
		m.line("**Interrupted:** the scan ended early, and the report holds what was captured until then.")
	}
	m.changes(r)
	if len(r.Pools) > 1 {
		m.summary(r)
	}
	for _, p := range r.Pools {
		m.pool(p, r.Certificates)
	}
	_, err := io.WriteString(w, m.b.String())
	return err
}

// line writes a paragraph of its own.
func (m *markdown) line(format string, args ...any) {
	fmt.Fprintf(&m.b, format+"\n\n", args...)
}

func (m *markdown) row(cells ...string) {
	m.b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// head starts a table.
func (m *markdown) head(cells ...string) {
	m.row(cells...)
	m.row(strings.Split(strings.TrimSuffix(strings.Repeat("---,", len(cells)), ","), ",")...)
}

func (m *markdown) changes(r Report) {
	if r.Changes == nil {
		return
	}
	m.line("## Changes since the previous scan")
	if len(r.Changes) == 0 {
		m.line("Nothing changed.")
		return
	}
	for i, c := range r.Changes {
		if i == maxChanges {
			fmt.Fprintf(&m.b, "- and %s: see the JSON\n", plural(len(r.Changes)-i, "more change"))
			break
		}
		fmt.Fprintf(&m.b, "- %s: %s\n", code(c.Pool), escapeMarkdown(r.event(c)))
	}
	m.b.WriteByte('\n')
}

func (m *markdown) summary(r Report) {
	m.head("pool", "verdict", "errors", "warnings", "seen", "next expiry")
	for _, p := range r.Pools {
		c := p.Coverage()
		end := "not seen"
		if first := poolExpiry(p, r.Certificates); !first.IsZero() {
			end = first.Format(time.DateOnly)
		}
		m.row(code(p.Name), verdictWord(p.Verdict), thousands(countSeverity(p.Findings, audit.Error)),
			thousands(countSeverity(p.Findings, audit.Warning)), fmt.Sprintf("%d/%d", c.Planned-c.Failed, c.Planned), end)
	}
	m.b.WriteByte('\n')
}

func (m *markdown) pool(p Pool, certs map[string]Certificate) {
	m.line("## %s: %s", code(p.Name), verdictWord(p.Verdict))
	m.line("%s; %s.", strings.Join(counts(p.Findings), ", "), seenOf(p.Coverage()))
	byID, order := letters(p)
	if len(p.Endpoints) > 0 && p.Plan.Kind != edge.LoosePool && !tooTall(p) {
		m.matrix(newMatrix(p, byID))
	}
	m.findings(p, byID, m.certificates(byID, order, certs))
	for _, n := range p.Plan.Notes {
		m.line("*Note:* %s", escapeMarkdown(n))
	}
}

func (m *markdown) matrix(x matrix) {
	cells := []string{"member"}
	for _, c := range x.columns {
		cells = append(cells, c.head(false))
	}
	m.head(cells...)
	for r, name := range x.rows {
		cells := []string{code(name)}
		for c := range x.columns {
			text := x.cell(r, c)
			if isLetter(text) {
				text = "**" + text + "**"
			}
			cells = append(cells, text)
		}
		m.row(cells...)
	}
	m.b.WriteByte('\n')
	for _, mark := range x.marks {
		fmt.Fprintf(&m.b, "- %s: %s\n", code(mark), markMeaning(mark))
	}
	if len(x.marks) > 0 {
		m.b.WriteByte('\n')
	}
}

// certificates describes the certificates behind the letters, and says which.
func (m *markdown) certificates(byID map[string]string, order []string, certs map[string]Certificate) legend {
	l := legend{}
	if len(order) == 0 {
		return l
	}
	m.head("", "subject", "expires", "thumbprint (SHA-1)", "serial", "issuer")
	for i, id := range order {
		if i == maxLegend {
			break
		}
		c := certs[id]
		l[byID[id]] = c
		m.row(byID[id], code(elide(Clean(c.Subject), maxName, "…")), expiry(c.NotAfter, m.now), code(strings.ToUpper(c.ThumbprintSHA1)), code(c.Serial), code(elide(Clean(commonName(c.Issuer)), maxName, "…")))
	}
	m.b.WriteByte('\n')
	if len(order) > maxLegend {
		m.line("And %s: see the JSON.", plural(len(order)-maxLegend, "more certificate"))
	}
	return l
}

func (m *markdown) findings(p Pool, byID map[string]string, l legend) {
	for _, f := range l.tell(p) {
		m.finding(f.Finding, f.where(p), byID)
		if f.asFor != "" {
			m.line("  Fix: as for %s above.", code(f.asFor))
		} else {
			m.fix(f.Fix)
		}
		if f.more > 0 {
			m.line("- %s%s: see the JSON", f.andMore(), code(f.Rule))
		}
	}
}

func (m *markdown) finding(f Finding, where string, byID map[string]string) {
	word := strings.ToUpper(string(f.Severity))
	if f.Severity != audit.Info {
		word = "**" + word + "**"
	}
	fmt.Fprintf(&m.b, "- %s %s", word, code(f.Rule))
	if where != "" {
		m.b.WriteString(" on " + code(where))
	}
	if c := mark(f, byID); c != "" {
		m.b.WriteString(", " + c)
	}
	m.line(": %s", escapeMarkdown(f.Message))
}

// fix writes the way out, its commands as blocks to copy.
func (m *markdown) fix(fix string) {
	var block []string
	first := "Fix: "
	flush := func() {
		if len(block) > 0 {
			if first != "" {
				m.line("  Fix:")
				first = ""
			}
			m.line("  ```powershell\n  %s\n  ```", strings.Join(block, "\n  "))
			block = nil
		}
	}
	for _, s := range fixSteps(fix) {
		// A fence inside a command would end the block: such a one is shown as text.
		if isCommand(s) && !strings.Contains(s, "```") {
			block = append(block, Clean(s))
			continue
		}
		flush()
		m.line("  %s%s", first, escapeMarkdown(s))
		first = ""
	}
	flush()
}

// code is a code span: nothing in it has a meaning but a backtick, for which
// the fence is made longer, and in a table a pipe, which takes a backslash
// there and nowhere else. U+00A6 stands in for it, so that one form is right
// everywhere.
func code(s string) string {
	s = strings.ReplaceAll(bounded(s), "|", "¦")
	if strings.TrimSpace(s) == "" {
		return "\\-"
	}
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

// escapeMarkdown takes the meaning from everything that GitHub Flavored
// Markdown gives one: emphasis, code, links and bare addresses, HTML and
// entities, tables, mentions and mathematics.
func escapeMarkdown(s string) string {
	var b strings.Builder
	s = bounded(s)
	for i, c := range s {
		bare := c == ':' && strings.HasPrefix(s[i:], "://") || c == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www")
		if bare || strings.ContainsRune("\\`*_[]<>&#|~@!$", c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
