package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"edgecert/scanner/edge"
)

// However low the window is, what is missing stays in the picture, in the
// shortest words that fit, and says of which pool it is where there are several.
func TestBoardFits(t *testing.T) {
	t.Parallel()
	b := &board{until: time.Now().Add(time.Hour), pools: []edge.Pool{{Name: "emea"}, {Name: "apac"}}}
	for _, p := range b.pools {
		for n := range 8 {
			cell := boardCell{at: edge.Endpoint{Pool: p.Name, Member: fmt.Sprintf("edge%d", n+1), Role: edge.WebConf, Port: 443}, mark: "B", says: "presents OLD"}
			cell.there = n > 2
			b.cells = append(b.cells, cell)
		}
	}
	picture := func(height int) (text string, rows int) {
		for _, l := range b.lines(100, height) {
			line, _ := l.paint(100, false)
			text, rows = text+line+"\n", rows+1
		}
		return text, rows
	}
	for _, c := range []struct {
		height     int
		want, none string
	}{
		{28, "  edge8  B\n", "more, all there"},
		{20, "  5 more, all there\n\nmissing: emea edge1 webcon:443 presents B from the start\n", "edge8"},
		{16, "  5 more, all there\n\nmissing: emea edge1, edge2, edge3 webcon:443 presents B from the start\n", "edge8"},
		{5, "missing: apac edge1, edge2, edge3 webcon:443 presents B from the start\n", "  edge2  B"},
	} {
		got, rows := picture(c.height)
		if rows > c.height || !strings.Contains(got, c.want) || strings.Contains(got, c.none) {
			t.Errorf("%d of %d rows, want %q and not %q:\n%s", rows, c.height, c.want, c.none, got)
		}
	}
}
