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
	m := &markdown{now: r.Now()}
	m.line("# Edge certificates: %s", VerdictWord(r.Verdict))
	if h := r.Headline(); h != "" {
		m.line("**%s**", escapeMarkdown(h))
	}
	if first := r.FirstStep(); first != "" {
		m.line("First: %s", escapeMarkdown(first))
	}
	m.facts(r)
	if r.Evidence.Interrupted {
		m.line("**Interrupted:** the scan ended early, and the report holds what was captured until then.")
	}
	m.changes(r)
	if len(r.Pools) > 1 {
		m.summary(r)
	}
	for _, p := range r.WorstFirst() {
		if len(r.Pools) == 1 || p.Verdict != audit.VerdictOK { // of a good one its row says all
			m.pool(p)
		}
	}
	m.line("`edgecert explain RULE` says why a rule matters, who says so, and the fix.")
	_, err := io.WriteString(w, m.b.String())
	return err
}

// facts says what was looked at, when, from where and with what.
func (m *markdown) facts(r Report) {
	what, from := r.Coverage.Seen(), " from "+code(r.Evidence.Host)
	if p := r.OfFile(); p != nil {
		what, from = escapeMarkdown(p.FileVerdict()), ""
	}
	source := r.Source()
	for i, fact := range source {
		source[i] = code(fact)
	}
	m.line("%s, %s%s with %s.", what, r.Evidence.Started.Format("2006-01-02 15:04 UTC"), from, strings.Join(source, ", "))
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
	changes, more := Cut(r.Happened(), MaxChanges, "change")
	for _, c := range changes {
		fmt.Fprintf(&m.b, "- %s: %s\n", code(c.Pool), escapeMarkdown(c.Message))
	}
	if more != "" {
		m.b.WriteString("- " + more + "\n")
	}
	m.b.WriteByte('\n')
}

func (m *markdown) summary(r Report) {
	m.head("pool", "verdict", "problems", "seen", "next expiry")
	for _, p := range r.WorstFirst() {
		c := p.Coverage()
		end := "not seen"
		if first := p.FirstExpiry(); !first.IsZero() {
			end = first.Format(time.DateOnly)
		}
		m.row(code(p.Plan.Name), VerdictWord(p.Verdict), Thousands(len(p.Problems)), fmt.Sprintf("%d/%d", c.Planned-c.Failed, c.Planned), end)
	}
	m.b.WriteByte('\n')
	if untold := Untold(Well(r.Pools)); len(untold) > 0 {
		m.line("*Could not tell* of the pools that are well: %s.", escapeMarkdown(strings.Join(untold, "; ")))
	}
}

func (m *markdown) pool(p Pool) {
	m.line("## %s: %s", code(p.Plan.Name), VerdictWord(p.Verdict))
	facts := p.ProblemCount()
	if p.Plan.File == nil {
		facts += "; " + p.Coverage().Seen()
	}
	m.line("%s.", facts)
	if len(p.Captures) > 0 && p.Plan.Kind != edge.LoosePool && !p.TooTall() {
		m.matrix(NewMatrix(p))
	}
	m.certificates(p)
	m.problems(p)
	m.plan(p)
	m.findings(p)
	for _, u := range p.Untold {
		m.line("*Could not tell*, since %s: %s.", escapeMarkdown(u.Reason), Plural(len(u.Rules), "rule"))
	}
	for _, n := range p.Plan.Notes {
		m.line("*Note:* %s", escapeMarkdown(n))
	}
}

func (m *markdown) matrix(x Matrix) {
	cells := []string{"member"}
	for _, c := range x.Columns {
		cells = append(cells, c.Head(false))
	}
	m.head(cells...)
	for r, name := range x.Rows {
		cells := []string{code(name)}
		for c := range x.Columns {
			text := x.Cell(r, c)
			if IsLetter(text) {
				text = "**" + text + "**"
			}
			cells = append(cells, text)
		}
		m.row(cells...)
	}
	m.b.WriteByte('\n')
	for _, mark := range x.Marks {
		fmt.Fprintf(&m.b, "- %s: %s\n", code(mark), MarkMeaning(mark))
	}
	if len(x.Marks) > 0 {
		m.b.WriteByte('\n')
	}
}

// certificates describes the certificates behind the letters.
func (m *markdown) certificates(p Pool) {
	leaves := p.Leaves()
	if len(leaves) == 0 {
		return
	}
	m.head("", "subject", "expires", "thumbprint (SHA-1)", "serial", "issuer")
	for _, c := range leaves[:min(len(leaves), MaxLegend)] {
		m.row(p.Letters[c.Fingerprint], code(Elide(Clean(c.Subject()), MaxName, "…")), Expiry(c.NotAfter(), m.now),
			code(strings.ToUpper(c.Thumbprint())), code(c.Serial()), code(Elide(Clean(CommonName(c.Issuer())), MaxName, "…")))
	}
	m.b.WriteByte('\n')
	if more := len(leaves) - MaxLegend; more > 0 {
		m.line("And %s: see the JSON.", Plural(more, "more certificate"))
	}
}

// problems lists what one act mends, worst first, each with the findings that
// it is made of.
func (m *markdown) problems(p Pool) {
	for _, problem := range p.Problems {
		m.line("- **%s** %s", strings.ToUpper(string(problem.Severity)), escapeMarkdown(problem.Headline))
		if problem.Impact != "" {
			m.line("  %s", escapeMarkdown(problem.Impact))
		}
		findings, more := Cut(problem.Findings, maxPerRule, "finding")
		for _, at := range findings {
			f := p.Findings[at]
			m.line("  - %s%s: %s", code(f.Rule), on(p.Where(f)), escapeMarkdown(f.Message))
		}
		if more != "" {
			m.line("  - %s", more)
		}
	}
}

// on names a place, where there is one.
func on(where string) string {
	if where == "" {
		return ""
	}
	return " on " + code(where)
}

// plan lists the steps in order, their commands as blocks to copy.
func (m *markdown) plan(p Pool) {
	if len(p.Steps) > 0 {
		m.line("### What to do")
	}
	for i, s := range p.Steps {
		m.line("%d. %s", i+1, escapeMarkdown(StepText(s)))
		m.block(s.Commands)
	}
}

// block shows commands as they are to be run. A fence inside one would end the
// block: such a one is shown as text.
func (m *markdown) block(commands []string) {
	var fit []string
	for _, c := range commands {
		if strings.Contains(c, "```") {
			m.line("   %s", escapeMarkdown(c))
			continue
		}
		fit = append(fit, Clean(c))
	}
	if len(fit) > 0 {
		m.line("   ```powershell\n   %s\n   ```", strings.Join(fit, "\n   "))
	}
}

// findings lists those that belong to no problem: they are to be known of.
func (m *markdown) findings(p Pool) {
	for _, f := range p.Listed() {
		if f.Problem >= 0 {
			continue
		}
		m.finding(p, f.Finding)
		if f.Severity != audit.Info && f.Fix != "" {
			m.line("  Fix: %s", escapeMarkdown(f.Fix))
		}
		if f.More > 0 {
			m.line("- %s%s: see the JSON", f.AndMore(), code(f.Rule))
		}
	}
}

func (m *markdown) finding(p Pool, f audit.Finding) {
	word := strings.ToUpper(string(f.Severity))
	if f.Severity != audit.Info {
		word = "**" + word + "**"
	}
	fmt.Fprintf(&m.b, "- %s %s%s", word, code(f.Rule), on(p.Where(f)))
	if c := p.Letter(f); c != "" {
		m.b.WriteString(", " + c)
	}
	m.line(": %s", escapeMarkdown(f.Message))
}

// code is a code span: nothing in it has a meaning but a backtick, for which
// the fence is made longer, and in a table a pipe, which takes a backslash
// there and nowhere else. U+00A6 stands in for it, so that one form is right
// everywhere.
func code(s string) string {
	s = strings.ReplaceAll(Bounded(s), "|", "¦")
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
	s = Bounded(s)
	for i, c := range s {
		bare := c == ':' && strings.HasPrefix(s[i:], "://") || c == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www")
		if bare || strings.ContainsRune("\\`*_[]<>&#|~@!$", c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
