package text

import (
	"strings"

	"edgecert/report"
	"edgecert/scanner/edge"
)

// summary is one line a pool, for reports of several, in the richest form that
// fits.
func (p *page) summary(r report.Report) error {
	pools := p.paint(bold, report.Plural(len(r.Pools), "pool")) + "  " + p.paint(verdictInk(r.Verdict), report.VerdictWord(r.Verdict))
	p.para(plain, pools+p.dot(), report.Attention(r.Pools, len(report.Unwell(r.Pools))))
	if h := r.Headline(); h != "" {
		p.para(bold, "  ", p.clean(h))
	}
	p.blank()
	heads := [][]string{
		{"pool", "verdict", "problems", "seen", "next expiry"},
		{"pool", "verdict", "probl", "seen", "expires"},
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
	if err := p.grid(head, rows, []bool{false, false, len(head) > 3, len(head) > 3, false}[:len(head)]); err != nil {
		return err
	}
	well := report.Well(r.Pools)
	if untold := report.Untold(well); len(untold) > 0 && !p.verbose {
		p.para(dim, "  ", "could not tell of the pools that are well: "+strings.Join(edge.Map(untold, p.clean), "; "))
	}
	p.blank()
	if len(well) < len(r.Pools) || p.verbose {
		p.rule()
	}
	return nil
}

// summaryRows lays the pools out: whole, with short expiries, or with the
// verdict and the expiry alone.
func (p *page) summaryRows(r report.Report, form int) [][]string {
	rows := make([][]string, 0, len(r.Pools))
	for _, pool := range r.WorstFirst() {
		c := pool.Coverage()
		row := []string{p.clean(pool.Plan.Name), p.paint(verdictInk(pool.Verdict), report.VerdictWord(pool.Verdict))}
		if form < 2 {
			row = append(row,
				number(len(pool.Problems)),
				report.Thousands(c.Planned-c.Failed)+"/"+report.Thousands(c.Planned))
		}
		rows = append(rows, append(row, pool.NextExpiry(p.now, form == 0)))
	}
	return rows
}

// number leaves a zero out: what is there should be seen.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return report.Thousands(n)
}
