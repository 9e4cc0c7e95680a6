package html

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"edgecert/report"
	"edgecert/scanner/audit"
)

// htmlPage is the report as its template wants it: every string is clean and
// bounded here, and escaped there.
type htmlPage struct {
	Policy string
	Style  template.CSS

	Title, Heading string
	Verdict        htmlVerdict
	Headline       string
	First          string // what to do first
	Facts          []string
	Interrupted    bool
	Changes        *htmlChanges  // nil: nothing to compare with
	Timeline       *htmlTimeline // nil: no certificate has dates
	Pools          []htmlPool
	Single         bool
	Coverage       []string
}

// htmlVerdict is a verdict as a class of the style and as a word.
type htmlVerdict struct{ Class, Word string }

func newHTMLVerdict(v audit.Verdict) htmlVerdict {
	switch v {
	case audit.VerdictOK:
		return htmlVerdict{"ok", "OK"}
	case audit.VerdictWarning, audit.VerdictError:
		return htmlVerdict{string(v), sentence(string(v))}
	default:
		return htmlVerdict{"incomplete", "Incomplete"}
	}
}

// htmlChanges is what happened; beyond the first few it folds, so that the
// matrix stays in sight.
type htmlChanges struct {
	First, Rest []htmlChange
	More        string
}

const maxFirstChanges = 8

type htmlChange struct{ Kind, Pool, Message string }

// htmlBuilder holds what all parts of the page share.
type htmlBuilder struct {
	r   report.Report
	now time.Time
}

func (b *htmlBuilder) clean(s string) string { return report.Bounded(s) }

// name makes a name fit that has only to be recognised.
func (b *htmlBuilder) name(s string) string { return report.Elide(b.clean(s), report.MaxName, "…") }

func newHTMLPage(r report.Report) htmlPage {
	b := &htmlBuilder{r: r, now: r.Now()}
	h := htmlPage{Verdict: newHTMLVerdict(r.Verdict), Interrupted: r.Evidence.Interrupted, Single: len(r.Pools) == 1,
		Changes: b.changeList(), Timeline: b.timeline()}
	for i, p := range r.WorstFirst() {
		h.Pools = append(h.Pools, b.pool(p, fmt.Sprintf("pool-%d", i+1)))
	}
	h.Heading = b.heading()
	h.Headline, h.First = b.clean(r.Headline()), b.clean(r.FirstStep())
	h.Title = h.Verdict.Word + ": " + h.Heading
	if h.Headline != "" && h.Single {
		h.Title += ": " + b.clean(r.Headline())
	} else if h.Headline != "" && len(r.Pools) > 1 {
		h.Title = h.Verdict.Word + ": " + b.clean(r.Headline())
	}
	h.Title += ", " + r.Evidence.Finished.Format("2006-01-02")
	h.Facts = []string{r.Evidence.Started.Format("2 January 2006, 15:04 UTC")}
	if r.OfFile() == nil {
		h.Facts = append(h.Facts, "took "+report.Took(r.Evidence.Finished.Sub(r.Evidence.Started)))
	}
	if r.OfFile() == nil && r.Evidence.Host != "" {
		h.Facts = append(h.Facts, "seen from "+b.clean(r.Evidence.Host))
	}
	for _, fact := range r.Source() {
		h.Facts = append(h.Facts, b.clean(fact))
	}
	h.Coverage = b.coverage()
	return h
}

// heading says in one line what the report is about.
func (b *htmlBuilder) heading() string {
	switch {
	case len(b.r.Pools) == 0:
		return "nothing was scanned"
	case b.r.OfFile() != nil:
		return b.clean(b.r.OfFile().FileVerdict())
	case len(b.r.Pools) == 1:
		return b.clean(b.r.Pools[0].Plan.Name)
	default:
		return report.Attention(b.r.Pools, len(report.Unwell(b.r.Pools)))
	}
}

// coverage says what was seen of what was planned, in words: absence must
// never look like success.
func (b *htmlBuilder) coverage() []string {
	if b.r.OfFile() != nil {
		return nil
	}
	c := b.r.Coverage
	out := []string{report.Plural(c.Planned, "endpoint") + " planned", report.Thousands(c.Captured) + " with a certificate"}
	if c.NoCertificate > 0 {
		out = append(out, report.Thousands(c.NoCertificate)+" alive without one")
	}
	return append(out, report.Thousands(c.Failed)+" failed")
}

// changeList is what happened since the previous scan.
func (b *htmlBuilder) changeList() *htmlChanges {
	if b.r.Changes == nil {
		return nil
	}
	out := &htmlChanges{}
	changes, more := cut(b.r.Happened(), report.MaxChanges, "change")
	out.More = more
	for i, c := range changes {
		change := htmlChange{Kind: b.clean(strings.ReplaceAll(c.Kind, "-", " ")), Pool: b.clean(b.r.PoolOf(c)), Message: b.clean(c.Message)}
		if i < maxFirstChanges {
			out.First = append(out.First, change)
		} else {
			out.Rest = append(out.Rest, change)
		}
	}
	return out
}
