package text

import (
	"strings"

	"edgecert/report"
)

// matrix draws the matrix in the richest form that fits: words in the cells
// under one-line heads, under two-line heads, then marks instead of words, and
// at last a few columns at a time. It says whether marks stand for words.
func (p *page) matrix(m report.Matrix) (short bool, err error) {
	all := make([]int, len(m.Columns))
	for i := range all {
		all[i] = i
	}
	for _, form := range []matrixForm{{}, {twoLines: true}, {twoLines: true, short: true}} {
		if head, rows := p.draft(m, all, form); gridWidth(head, rows)+2 <= p.width {
			return form.short, p.draw(head, rows)
		}
	}
	form := matrixForm{twoLines: true}
	for len(all) > 0 {
		n := len(all)
		for n > 1 {
			if head, rows := p.draft(m, all[:n], form); gridWidth(head, rows)+2 <= p.width {
				break
			}
			n--
		}
		head, rows := p.draft(m, all[:n], form)
		if err := p.draw(head, rows); err != nil {
			return false, err
		}
		all = all[n:]
	}
	return false, nil
}

type matrixForm struct{ twoLines, short bool }

func (p *page) draw(head []string, rows [][]string) error {
	for _, row := range rows {
		for i := range row[1:] {
			row[i+1] = p.paintCell(row[i+1])
		}
	}
	if err := p.grid(head, rows, nil); err != nil {
		return err
	}
	p.blank()
	return nil
}

// draft lays some columns of the matrix out, unpainted.
func (p *page) draft(m report.Matrix, columns []int, form matrixForm) (head []string, rows [][]string) {
	head = []string{"member"}
	if form.twoLines {
		head[0] = "\nmember"
	}
	for _, c := range columns {
		head = append(head, m.Columns[c].Head(form.twoLines))
	}
	for r, name := range m.Rows {
		row := []string{p.elide(p.clean(name), p.width/2)}
		for _, c := range columns {
			text := m.Cell(r, c)
			if form.short {
				text = shortMarks(text)
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	return head, rows
}

// shortMarks puts one sign for a word: x for what failed, ~ for what is alive
// and shows nothing.
func shortMarks(cell string) string {
	marks := strings.Split(cell, "/")
	for i, mark := range marks {
		switch {
		case mark == "alive":
			marks[i] = "~"
		case !report.IsLetter(mark) && mark != report.NotPlanned:
			marks[i] = "x"
		}
	}
	return strings.Join(marks, "/")
}

// paintCell gives each letter its own colour, without judging: which of two
// certificates is the right one is for the findings to say. What failed stands
// out, what is as planned stays quiet.
func (p *page) paintCell(cell string) string {
	switch {
	case cell == "alive", cell == "~", cell == report.NotPlanned, cell == "not run":
		return p.paint(dim, cell)
	case !report.IsLetter(cell):
		return p.paint(red, cell)
	case len(cell) > 1:
		return p.paint(amber, cell)
	default:
		inks := []ink{plain, "38;5;130", "38;5;30", "38;5;133", "38;5;62"} // amber, teal, pink, violet
		return p.paint(inks[int(cell[0]-'A')%len(inks)], cell)
	}
}

// gridWidth is how wide renderGrid will draw, without its margin.
func gridWidth(head []string, rows [][]string) int {
	total := 0
	for i := range head {
		total += columnWidth(i, head, rows) + 2
	}
	return total - 2
}

func columnWidth(i int, head []string, rows [][]string) int {
	width := 0
	for l := range strings.SplitSeq(head[i], "\n") {
		width = max(width, report.TextWidth(l))
	}
	for _, row := range rows {
		width = max(width, report.TextWidth(row[i]))
	}
	return width
}
