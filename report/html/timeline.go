package html

import (
	"fmt"
	"slices"
	"time"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// htmlTimeline is the validity of all leaves on one axis. Each row is a line
// of text, which says everything, and a drawing, which says it at a glance.
// Places on the axis are percentages, so that the drawing follows the width of
// the window while its text keeps its size.
type htmlTimeline struct {
	Ticks []htmlTick
	Rules []htmlTick // from when public CAs issue for fewer days
	Now   htmlTick
	Rows  []htmlSpan
	More  string
}

type htmlTick struct {
	X      string
	Label  string
	Anchor string // text-anchor: start, middle or end, to stay inside
}

// htmlSpan is one certificate. Valid, Warn and Fail are the lengths up to the
// warning, from there to the error, and from there to the end: each is drawn
// narrower than the one before, so that colour is not needed.
type htmlSpan struct {
	Pool, Subject, Expiry, Class string
	Chip                         *chip // nil with several pools: each has its own letters
	Valid, Warn, Fail            htmlBar
}

type htmlBar struct{ X, Width string }

const maxTimeline = 40

// axis maps times to percentages.
type axis struct{ from, to time.Time }

func (a axis) at(t time.Time) float64 {
	x := 100 * float64(t.Sub(a.from)) / float64(a.to.Sub(a.from))
	return min(max(x, 0), 100)
}

func (a axis) within(t time.Time) bool { return !t.Before(a.from) && !t.After(a.to) }

func (a axis) bar(from, to time.Time) htmlBar {
	x := a.at(from)
	return htmlBar{percent(x), percent(max(a.at(to)-x, 0))}
}

func (a axis) tick(t time.Time, label string) htmlTick {
	x := a.at(t)
	anchor := "middle"
	if x < 9 {
		anchor = "start"
	} else if x > 91 {
		anchor = "end"
	}
	return htmlTick{percent(x), label, anchor}
}

func percent(x float64) string { return fmt.Sprintf("%.2f%%", x) }

// timelineLeaf is a leaf with the pools that present it.
type timelineLeaf struct {
	cert  *edge.Certificate
	chip  chip
	pools []string
}

func (b *htmlBuilder) timeline() *htmlTimeline {
	leaves := b.datedLeaves()
	if len(leaves) == 0 {
		return nil
	}
	t := &htmlTimeline{}
	if more := len(leaves) - maxTimeline; more > 0 {
		t.More = "and " + report.Plural(more, "more certificate") + " that end later: see the JSON report"
		leaves = leaves[:maxTimeline]
	}
	a := b.axis(leaves)
	t.Now = a.tick(b.now, "scan")
	for _, r := range audit.LifetimeLimits() {
		if a.within(r.From) {
			t.Rules = append(t.Rules, a.tick(r.From, fmt.Sprintf("%d-day rule", r.Days)))
		}
	}
	t.Ticks = a.ticks()
	for _, l := range leaves {
		t.Rows = append(t.Rows, b.span(a, l))
	}
	return t
}

// datedLeaves are all distinct leaves whose end is known, the first to end
// first.
func (b *htmlBuilder) datedLeaves() []timelineLeaf {
	var out []timelineLeaf
	at := edge.Places[edge.Fingerprint]{}
	for _, p := range b.r.Pools {
		for _, c := range p.Leaves() {
			if c.NotAfter().IsZero() {
				continue
			}
			i, first := at.Of(c.Fingerprint)
			if first {
				out = append(out, timelineLeaf{cert: c, chip: newChip(p.Letters[c.Fingerprint])})
			}
			out[i].pools = append(out[i].pools, b.clean(p.Plan.Name))
		}
	}
	slices.SortStableFunc(out, func(x, y timelineLeaf) int { return x.cert.NotAfter().Compare(y.cert.NotAfter()) })
	return out
}

// axis spans the certificates' lives, as far as they are near enough to now to
// leave the rest room.
func (b *htmlBuilder) axis(leaves []timelineLeaf) axis {
	const past, future, least = 400, 830, 30 // days
	a := axis{b.now.AddDate(0, 0, -least), b.now.AddDate(0, 0, 2*least)}
	for _, l := range leaves {
		if l.cert.NotBefore().Before(a.from) {
			a.from = l.cert.NotBefore()
		}
		if l.cert.NotAfter().After(a.to) {
			a.to = l.cert.NotAfter()
		}
	}
	if first := b.now.AddDate(0, 0, -past); a.from.Before(first) {
		a.from = first
	}
	if last := b.now.AddDate(0, 0, future); a.to.After(last) {
		a.to = last
	}
	margin := a.to.Sub(a.from) / 50
	return axis{a.from.Add(-margin), a.to.Add(margin)}
}

// ticks are firsts of months, at most six of them.
func (a axis) ticks() []htmlTick {
	months := int(a.to.Sub(a.from).Hours()/24/30) + 1
	step := 12
	for _, s := range []int{1, 2, 3, 4, 6} {
		if months/s <= 5 {
			step = s
			break
		}
	}
	var out []htmlTick
	for t := time.Date(a.from.Year(), 1, 1, 0, 0, 0, 0, time.UTC); !t.After(a.to); t = t.AddDate(0, step, 0) {
		if a.within(t) {
			out = append(out, a.tick(t, t.Format("Jan 2006")))
		}
	}
	return out
}

func (b *htmlBuilder) span(a axis, l timelineLeaf) htmlSpan {
	c := l.cert
	warn, fail := b.thresholds(c)
	later := func(t, than time.Time) time.Time {
		if t.Before(than) {
			return than
		}
		return t
	}
	// Long thresholds may reach back behind the start, or cross.
	warn = later(warn, c.NotBefore())
	fail = later(fail, warn)
	s := htmlSpan{Subject: b.subject(c), Expiry: report.Expiry(c.NotAfter(), b.now), Class: b.urgency(c),
		Valid: a.bar(c.NotBefore(), warn), Warn: a.bar(warn, fail), Fail: a.bar(fail, c.NotAfter())}
	if len(b.r.Pools) > 1 {
		s.Pool = report.FirstFew(l.pools, 3)
	} else {
		s.Chip = &l.chip
	}
	return s
}

// thresholds are from when a certificate's end is a warning, and an error.
func (b *htmlBuilder) thresholds(c *edge.Certificate) (warn, fail time.Time) {
	p := audit.Policy{WarnDays: b.r.Policy.WarnDays, ErrorDays: b.r.Policy.ErrorDays}
	return p.Thresholds(c.NotBefore(), c.NotAfter())
}
