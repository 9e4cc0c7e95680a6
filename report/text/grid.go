package text

import (
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// grid writes a table with nothing but a line under its head, two columns in.
// Numbers are set right. It returns an error only where tablewriter does.
func (p *page) grid(head []string, rows [][]string, right []bool) error {
	text, err := p.renderGrid(head, rows, right)
	if err != nil {
		return err
	}
	for _, l := range text {
		p.line("  ", l)
	}
	return nil
}

func (p *page) renderGrid(head []string, rows [][]string, right []bool) ([]string, error) {
	var b strings.Builder
	symbols := tw.NewSymbols(tw.StyleLight)
	if p.ascii {
		symbols = tw.NewSymbols(tw.StyleASCII)
	}
	cell := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
		Alignment:  tw.CellAlignment{Global: tw.AlignLeft, PerColumn: alignments(len(head), right)},
		Padding:    tw.CellPadding{PerColumn: paddings(len(head))},
	}
	t := tablewriter.NewTable(&b,
		tablewriter.WithEastAsian(tw.Off),
		tablewriter.WithConfig(tablewriter.Config{Header: cell, Row: cell, Behavior: tw.Behavior{TrimSpace: tw.Off}}),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: symbols,
			Settings: tw.Settings{
				Lines:      tw.Lines{ShowTop: tw.Off, ShowBottom: tw.Off, ShowHeaderLine: tw.On, ShowFooterLine: tw.Off},
				Separators: tw.SeparatorsNone,
			},
		})))
	t.Header(head)
	for _, r := range rows {
		if err := t.Append(r); err != nil {
			return nil, err
		}
	}
	if err := t.Render(); err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return lines, nil
}

// paddings parts columns by two blanks; the last needs none.
func paddings(columns int) []tw.Padding {
	ps := slices.Repeat([]tw.Padding{{Right: "  ", Overwrite: true}}, columns)
	ps[columns-1] = tw.PaddingNone
	return ps
}

func alignments(columns int, right []bool) []tw.Align {
	as := slices.Repeat([]tw.Align{tw.AlignLeft}, columns)
	for i, r := range right {
		if r {
			as[i] = tw.AlignRight
		}
	}
	return as
}
