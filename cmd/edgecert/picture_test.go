package main

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"edgecert/report"
	"edgecert/report/text"
)

// pictures are the README's, by the colours of the page that they stand on.
func pictures() map[string]palette {
	return map[string]palette{
		"docs/report-light.svg": {back: "#ffffff", text: "#1f2328", sgr: map[string]string{"31": "#cf222e", "28": "#1a7f37", "130": "#9a6700", "30": "#0969da", "2": "#59636e", "90": "#59636e"}},
		"docs/report-dark.svg":  {back: "#0d1117", text: "#e6edf3", sgr: map[string]string{"31": "#ff7b72", "28": "#3fb950", "130": "#d29922", "30": "#58a6ff", "2": "#9198a1", "90": "#9198a1"}},
	}
}

// A palette has a colour for each code that a report has (SGR).
type palette struct {
	back, text string
	sgr        map[string]string
}

// pictureColumns is the width of the picture.
const pictureColumns = 100

// TestPicture runs the demo. make golden draws what it prints; without, the
// picture must have the demo's matrix and what stands around it: thumbprints,
// ports and days are others in every run.
func TestPicture(t *testing.T) {
	t.Parallel()
	var saved, table bytes.Buffer
	if status := run(t.Context(), []string{"demo", "--format", "json"}, strings.NewReader(""), &saved, io.Discard); status != exitOK {
		t.Fatalf("the demo ends with %d", status)
	}
	rep, err := report.Load(t.Context(), &saved)
	if err != nil {
		t.Fatal(err)
	}
	rep.Evidence.Host = "jump-host" // not the one of whoever runs this
	if err := text.Write(&table, rep, text.Options{Width: pictureColumns, Color: true}); err != nil {
		t.Fatal(err)
	}
	for name, colours := range pictures() {
		file := filepath.Join("..", "..", filepath.FromSlash(name))
		if *update {
			if err := os.WriteFile(file, draw(table.String(), colours), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		picture, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(string(picture), ""))
		for _, m := range regexp.MustCompile(`textLength="([0-9.]+)"`).FindAllStringSubmatch(string(picture), -1) {
			if wide, err := strconv.ParseFloat(m[1], 64); err != nil || wide > pictureColumns*pictureCell {
				t.Errorf("%s: a line of %s runs past the edge: run make golden", name, m[1])
			}
		}
		rows := 0
		for line := range strings.SplitSeq(sgr().ReplaceAllString(table.String(), ""), "\n") {
			if matrix := regexp.MustCompile(`^ +(member|edge[123])  +\S+  +\S+`); matrix.MatchString(line) {
				rows++
				if !strings.Contains(shown, strings.TrimRight(line, " ")) {
					t.Errorf("%s lacks the line %q: run make golden", name, line)
				}
			}
		}
		if rows < 4 {
			t.Errorf("the demo's report has %d rows of a matrix", rows)
		}
	}
}

func sgr() *regexp.Regexp { return regexp.MustCompile("\x1b\\[([0-9;]*)m") }

// pictureCell is how wide a character is drawn.
const pictureCell = 8.4

// fold breaks a line where a terminal of so many columns does: commands, which
// are never wrapped, go on in the next row.
func fold(l string, columns int) []string {
	var out []string
	row, ink, cells := "", "", 0
	for len(l) > 0 {
		if at := sgr().FindStringIndex(l); at != nil && at[0] == 0 {
			ink, l = l[:at[1]], l[at[1]:]
			row += ink
			continue
		}
		if cells == columns {
			out, row, cells = append(out, row), ink, 0
		}
		_, n := utf8.DecodeRuneInString(l)
		row, l, cells = row+l[:n], l[n:], cells+1
	}
	return append(out, row)
}

// draw sets the lines of a terminal as SVG, each as wide as its cells,
// whatever font there is.
func draw(text string, p palette) []byte {
	const cell, line, margin = pictureCell, 19, 16
	var lines []string
	for l := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		lines = append(lines, fold(l, pictureColumns)...)
	}
	var b bytes.Buffer
	width, height := pictureColumns*cell+2*margin, len(lines)*line+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" font-family="ui-monospace,'Cascadia Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" fill="%s">`+"\n",
		width, height, p.text)
	fmt.Fprintf(&b, "<title>What edgecert demo prints</title>\n<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"%s\"/>\n", p.back)
	for i, l := range lines {
		cells := len([]rune(sgr().ReplaceAllString(l, "")))
		if cells == 0 {
			continue
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" textLength="%.1f" lengthAdjust="spacingAndGlyphs" xml:space="preserve">%s</text>`+"\n",
			margin, margin+(i+1)*line-5, float64(cells)*cell, p.spans(l))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// spans has a line's coloured pieces.
func (p palette) spans(l string) string {
	var b strings.Builder
	open := false
	rest := l
	for {
		at := sgr().FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(html.EscapeString(rest[:at[0]]))
		if open {
			b.WriteString("</tspan>")
		}
		codes := strings.Split(rest[at[2]:at[3]], ";")
		if open = codes[0] != "" && codes[0] != "0"; open {
			b.WriteString("<tspan")
			for _, c := range codes {
				if c == "1" {
					b.WriteString(` font-weight="bold"`)
				} else if colour, ok := p.sgr[c]; ok {
					fmt.Fprintf(&b, ` fill="%s"`, colour)
				}
			}
			b.WriteString(">")
		}
		rest = rest[at[1]:]
	}
	b.WriteString(html.EscapeString(rest))
	if open {
		b.WriteString("</tspan>")
	}
	return b.String()
}
