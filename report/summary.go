package report

import (
	"fmt"
	"time"

	"edgecert/scanner/audit"
)

// summary is one line a pool, for reports of several, in the richest form that
// fits.
func (p *page) summary(r Report) error {
	p.line(p.paint(bold, plural(len(r.Pools), "pool")), "  ", p.paint(verdictInk(r.Verdict), verdictWord(r.Verdict)))
	p.blank()
	heads := [][]string{
		{"pool", "verdict", "errors", "warnings", "seen", "next expiry"},
		{"pool", "verdict", "err", "warn", "seen", "expires"},
		{"pool", "verdict", "expires"},
	}
	var head []string
	var rows [][]string
	for form := range heads {
		head, rows = heads[form], p.summaryRows(r, form)
		over := gridWidth(head, rows) + 2 - p.width
		if over <= 0 {
			break
		}
		// The name gives way first: what makes a pool is told again below.
		for _, row := range rows {
			row[0] = p.elide(row[0], max(columnWidth(0, head, rows)-over, 14))
		}
		if gridWidth(head, rows)+2 <= p.width {
			break
		}
	}
	if err := p.grid(head, rows, []bool{false, false, len(head) > 3, len(head) > 3, len(head) > 3, false}[:len(head)]); err != nil {
		return err
	}
	p.blank()
	p.rule()
	return nil
}

// summaryRows lays the pools out: whole, with short expiries, or with the
// verdict and the expiry alone.
func (p *page) summaryRows(r Report, form int) [][]string {
	rows := make([][]string, 0, len(r.Pools))
	for _, pool := range r.Pools {
		c := pool.Coverage()
		row := []string{p.clean(pool.Name), p.paint(verdictInk(pool.Verdict), verdictWord(pool.Verdict))}
		if form < 2 {
			row = append(row,
				number(countSeverity(pool.Findings, audit.Error)),
				number(countSeverity(pool.Findings, audit.Warning)),
				thousands(c.Planned-c.Failed)+"/"+thousands(c.Planned))
		}
		rows = append(rows, append(row, p.nextExpiry(pool, r.Certificates, form == 0)))
	}
	return rows
}

// unwell are the names of the pools that are not well.
func unwell(pools []Pool) []string {
	var names []string
	for _, p := range pools {
		if p.Verdict != audit.VerdictOK {
			names = append(names, p.Name)
		}
	}
	return names
}

// attention says how many of several pools are not well.
func attention(pools []Pool, unwell int) string {
	switch unwell {
	case 0:
		return fmt.Sprintf("all %d pools are well", len(pools))
	case 1:
		return fmt.Sprintf("1 of %d pools needs attention", len(pools))
	default:
		return fmt.Sprintf("%d of %d pools need attention", unwell, len(pools))
	}
}

// number leaves a zero out: what is there should be seen.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return thousands(n)
}

// nextExpiry is the first end among the pool's leaves in words.
func (p *page) nextExpiry(pool Pool, certs map[string]Certificate, withDate bool) string {
	first := poolExpiry(pool, certs)
	if first.IsZero() {
		return "not seen"
	}
	left := "over"
	if first.After(p.now) {
		left = span(first.Sub(p.now))
	}
	if withDate {
		left = first.Format(time.DateOnly) + ", " + left
	}
	return left
}

// poolExpiry is the first end among the pool's leaves, zero where none is
// known.
func poolExpiry(pool Pool, certs map[string]Certificate) time.Time {
	var first time.Time
	for _, e := range pool.Endpoints {
		if e.Certificate == nil {
			continue
		}
		if end := certs[*e.Certificate].NotAfter; !end.IsZero() && (first.IsZero() || end.Before(first)) {
			first = end
		}
	}
	return first
}

// span tells a duration in days, or in hours and minutes where it is short.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return plural(int(d.Hours()/24), "day")
	case d >= time.Hour:
		return plural(int(d.Hours()), "hour")
	default:
		return plural(int(d.Minutes()), "minute")
	}
}

// expiry says when a certificate ends, seen from the end of the scan.
func expiry(end, now time.Time) string {
	switch left := end.Sub(now); {
	case end.IsZero():
		return "end unknown"
	case left < 0:
		return fmt.Sprintf("expired %s, %s ago", end.Format(time.DateOnly), span(-left))
	default:
		return fmt.Sprintf("expires %s, in %s", end.Format(time.DateOnly), span(left))
	}
}
