package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"edgecert/report"
	"edgecert/report/text"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// lines is the picture: head, matrices, legend, what is missing.
func (b *board) lines(columns, height int) []line {
	b.mu.Lock()
	defer b.mu.Unlock()
	there, of, _ := b.counts()
	head := fmt.Sprintf("waiting for %s: %d of %d there, %s left, Ctrl-C ends it with a report",
		b.awaited(), there, of, left(time.Until(b.until).Truncate(time.Second)))
	out := append(wrapped(head, columns, inkBold), nil)
	if len(b.cells) == 0 {
		return append(out, line{{text: "looking"}})
	}
	var legend []line
	for i, c := range b.leaves {
		l := line{{audit.Letter(i), b.ink(c)}, {text: fmt.Sprintf("  %s, ends %s", strings.ToUpper(short(c.Thumbprint())), c.NotAfter().Format(time.DateOnly))}}
		if b.means(c) {
			l[1].text += ", as meant"
		}
		legend = append(legend, l)
	}
	// Pools that are too tall show those alone that are not there, then these in
	// fewer words, without the legend, at last without a matrix: what is missing is
	// what one waits for.
	short := b.missing(columns, true)
	whole := slices.Concat(legend, b.missing(columns, false))
	for n, below := range [][]line{whole, whole, slices.Concat(legend, short), short} {
		picture := slices.Clone(out)
		for _, p := range b.pools {
			picture = append(picture, b.matrix(p.Name, n > 0)...)
		}
		if picture = append(picture, below...); len(picture) <= height {
			return picture
		}
	}
	return slices.Concat(out, short, []line{nil}, legend)
}

// missing says what is not there yet, a sentence for each member, or in short
// for all members of a pool that are alike.
func (b *board) missing(columns int, short bool) []line {
	absent := slices.DeleteFunc(slices.Clone(b.cells), func(c boardCell) bool { return c.there })
	members := grouped(absent, func(c boardCell) string { return c.mark + c.says })
	var out []line
	for _, alike := range edge.GroupBy(members, func(g []boardCell) string {
		if short {
			return b.lacks(g, "")
		}
		return b.lacks(g, nameOf(g[0].at))
	}) {
		names := edge.Map(alike, func(g []boardCell) string { return nameOf(g[0].at) })
		out = append(out, wrapped(b.lacks(alike[0], report.FirstFew(names, 3)), columns, "")...)
	}
	return out
}

// lacks says what cells of one member do instead, the member called as given.
func (b *board) lacks(g []boardCell, name string) string {
	if len(b.pools) > 1 {
		name = g[0].at.Pool + " " + name
	}
	says, since := g[0].says, "from the start"
	if strings.HasPrefix(says, "presents ") {
		says = "presents " + g[0].mark
	}
	if !g[0].since.IsZero() {
		since = "since " + g[0].since.Format(time.TimeOnly)
	}
	return fmt.Sprintf("missing: %s %s %s %s", name, services(g), agree(says, len(g)), since)
}

// means says whether a certificate is one that was meant.
func (b *board) means(c *edge.Certificate) bool {
	return slices.ContainsFunc(b.meant, func(x edge.Expectation) bool { return x.Matches(c) })
}

// ink is a certificate's colour: what was meant is green, what was not is not.
func (b *board) ink(c *edge.Certificate) string {
	switch {
	case len(b.meant) == 0:
		return ""
	case b.means(c):
		return inkGreen
	default:
		return inkAmber
	}
}

// ink is a cell's colour.
func (c boardCell) ink() string {
	switch {
	case c.mark == alive:
		return inkDim
	case c.there:
		return inkGreen
	case c.mark == "down", c.mark == "-":
		return inkRed
	default:
		return inkAmber
	}
}

// wrapped is a sentence in lines of at most columns, further ones indented.
func wrapped(sentence string, columns int, ink string) []line {
	var out []line
	for i, l := range text.Wrap(sentence, max(columns-4, 16)) {
		if i > 0 {
			l = "    " + l
		}
		out = append(out, line{{l, ink}})
	}
	return out
}

// matrix is a pool: members down, services across.
func (b *board) matrix(pool string, missingOnly bool) []line {
	var rows, columns []string
	cells, there := map[string]boardCell{}, map[string]bool{}
	for _, c := range b.cells {
		if c.at.Pool != pool {
			continue
		}
		row, column := nameOf(c.at), service(c.at)
		if !slices.Contains(rows, row) {
			rows = append(rows, row)
			there[row] = true
		}
		if !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
		there[row] = there[row] && c.there
		if old, several := cells[row+" "+column]; several {
			if old.mark != c.mark {
				c.mark = old.mark + "/" + c.mark
			}
			c.there = c.there && old.there
		}
		cells[row+" "+column] = c
	}
	wide := len(pool)
	for _, r := range rows {
		wide = max(wide, len(r)+2)
	}
	head := line{{fmt.Sprintf("%-*s", wide, report.Clean(pool)), inkBold}}
	for _, c := range columns {
		head = append(head, span{text: "  " + c})
	}
	out := []line{head}
	for _, r := range rows {
		if missingOnly && there[r] {
			continue
		}
		row := line{{text: fmt.Sprintf("%-*s", wide, "  "+report.Clean(r))}}
		for i, c := range columns {
			cell := cells[r+" "+c]
			row = append(row, span{text: "  "}, span{cell.mark, cell.ink()})
			if i < len(columns)-1 {
				row = append(row, span{text: strings.Repeat(" ", max(len(c)-len(cell.mark), 0))})
			}
		}
		out = append(out, row)
	}
	if hidden := len(rows) + 1 - len(out); hidden > 0 {
		out = append(out, line{{text: fmt.Sprintf("  %d more, all there", hidden)}})
	}
	return append(out, nil)
}
