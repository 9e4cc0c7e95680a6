package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"edgecert/report"
)

// A screen is lines on a terminal that are drawn again in place.
type screen struct {
	ui     *ui
	colour bool
	drawn  []int // the width of each, as they stand there
}

// screen is nil where nobody watches, or where the cursor cannot be moved.
func (u *ui) screen(o uiOptions) *screen {
	f, ok := u.w.(*os.File)
	if o.noProgress || o.quiet || u.json || !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" || !takesEscapes(f) {
		return nil
	}
	return &screen{ui: u, colour: !o.noColor && colorful(u.w)}
}

// every draws again and again, until the function that it returns is called.
func (s *screen) every(d time.Duration, lines func(columns, rows int) []line) func() {
	s.ui.mu.Lock()
	s.ui.live = s
	s.ui.mu.Unlock()
	s.draw(lines)
	stop := s.ui.every(d, func() { s.draw(lines) })
	return func() {
		stop()
		s.draw(lines)
		s.ui.mu.Lock()
		s.ui.live = nil
		s.ui.mu.Unlock()
	}
}

// draw puts new lines in the place of the old ones, cut to the window, of which
// the last row is the cursor's.
func (s *screen) draw(lines func(columns, rows int) []line) {
	columns, rows := windowSize(s.ui.w)
	next := lines(columns-1, rows-1)
	if len(next) > rows-1 {
		next = append(next[:max(rows-2, 0):max(rows-2, 0)], line{{text: "..."}})
	}
	var b strings.Builder
	var drawn []int
	for _, l := range next {
		text, width := l.paint(columns-1, s.colour)
		drawn = append(drawn, width)
		b.WriteString(text + clearRight + "\r\n")
	}
	s.ui.mu.Lock()
	defer s.ui.mu.Unlock()
	_, _ = io.WriteString(s.ui.w, s.back()+b.String()+clearBelow)
	s.drawn = drawn
}

// A line is made of spans, each in one colour.
type line []span

type span struct{ text, ink string }

// The inks: SGR parameters, of which report/text says why. Words and letters
// carry the meaning.
const (
	inkBold  = "1"
	inkDim   = "2"
	inkRed   = "1;31"
	inkGreen = "1;38;5;28"
	inkAmber = "1;38;5;130"
)

// paint makes a line fit for the terminal, and returns how wide it is there.
func (l line) paint(columns int, colour bool) (text string, width int) {
	var b strings.Builder
	for _, s := range l {
		shown := []rune(report.Clean(s.text))
		shown = shown[:min(len(shown), max(columns-width, 0))]
		width += len(shown)
		if colour && s.ink != "" && len(shown) > 0 {
			b.WriteString("\x1b[" + s.ink + "m" + string(shown) + "\x1b[0m")
			continue
		}
		b.WriteString(string(shown))
	}
	return b.String(), width
}

// Clearing follows what is written: a screen that is cleared from its first row
// on goes into the history of some terminals, once for each picture.
const (
	clearRight = "\x1b[K"
	clearBelow = "\x1b[J"
)

// back moves the cursor to the first of the lines. A window that was made
// narrower meanwhile has wrapped them.
func (s *screen) back() string {
	columns, _ := windowSize(s.ui.w)
	rows := 0
	for _, width := range s.drawn {
		rows += max(1, (width+columns-1)/columns)
	}
	s.drawn = nil
	if rows == 0 {
		return ""
	}
	return fmt.Sprintf("\r\x1b[%dA", rows)
}

func windowSize(w io.Writer) (columns, rows int) {
	if f, ok := w.(*os.File); ok {
		if columns, rows, err := term.GetSize(int(f.Fd())); err == nil && columns > 1 && rows > 1 {
			return columns, rows
		}
	}
	return 80, 24
}
