package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/audit/remedy"
	"edgecert/scanner/edge"
)

// A board shows how a watched renewal arrives: on a terminal in place, the
// matrix of every pool with its letters turning; elsewhere a line for each
// change.
type board struct {
	ui    *ui
	live  *screen // nil: a line for each change
	start time.Time
	until time.Time // the time is over then

	mu      sync.Mutex
	pools   []edge.Pool
	cells   []boardCell
	letters map[edge.Fingerprint]string
	leaves  []*edge.Certificate // by letter
	meant   []edge.Expectation
	stop    func()
}

// A boardCell is an endpoint as it was last seen.
type boardCell struct {
	at    edge.Endpoint
	mark  string // in the matrix: its letters, or what it does
	says  string // "presents 3F2A9C11, valid until …"
	there bool
	since time.Time // when it began to; zero: it was so at the first look
}

func newBoard(u *ui, o uiOptions, pools []edge.Pool, until time.Time) *board {
	b := &board{ui: u, start: time.Now(), until: until, pools: pools, letters: map[edge.Fingerprint]string{}, stop: func() {}}
	for _, p := range pools {
		for _, x := range p.Expect {
			if !slices.ContainsFunc(b.meant, func(o edge.Expectation) bool { return o.Thumbprint == x.Thumbprint }) {
				b.meant = append(b.meant, x)
			}
		}
	}
	for _, x := range b.meant { // the certificate that is meant is A, wherever it is known
		if x.Certificate != nil {
			b.letter(x.Certificate)
		}
	}
	if b.live = u.screen(o); b.live != nil {
		b.stop = b.live.every(time.Second, b.lines)
	}
	return b
}

// letter is a certificate's letter, which it keeps.
func (b *board) letter(c *edge.Certificate) string {
	if _, known := b.letters[c.Fingerprint]; !known {
		b.letters[c.Fingerprint] = audit.Letter(len(b.leaves))
		b.leaves = append(b.leaves, c)
	}
	return b.letters[c.Fingerprint]
}

// show takes what was seen, and tells the changes where no terminal shows them.
func (b *board) show(ev edge.Evidence, missing map[place]bool) {
	b.mu.Lock()
	now := time.Now()
	before := map[place]boardCell{}
	for _, c := range b.cells {
		before[placeOf(c.at)] = c
	}
	var changed []boardCell
	b.pools, b.cells = ev.Pools, nil
	for _, c := range ev.Captures {
		cell := b.cell(c, !missing[placeOf(c.Endpoint)])
		if old, known := before[placeOf(c.Endpoint)]; known {
			cell.since = old.since
			if old.says != cell.says || old.there != cell.there {
				cell.since = now
				changed = append(changed, cell)
			}
		}
		b.cells = append(b.cells, cell)
	}
	first := len(before) == 0
	there, of, silent := b.counts()
	b.mu.Unlock()
	if b.live != nil {
		b.live.draw(b.lines)
		return
	}
	if first {
		text := fmt.Sprintf("watching %s for %s: %d there; ", report.Plural(of, "endpoint"), b.awaited(), there)
		if silent > 0 {
			text += fmt.Sprintf("%d alive without a certificate; ", silent)
		}
		b.ui.infof("%slooking for up to %s", text, left(b.until.Sub(b.start).Round(100*time.Millisecond)))
	}
	for _, line := range grouped(changed, func(c boardCell) string { return fmt.Sprint(c.says, c.there) }) {
		c := line[0]
		text := fmt.Sprintf("%s %s: %s %s", c.at.Pool, nameOf(c.at), services(line), agree(c.says, len(line)))
		if c.there && len(b.meant) > 0 && c.mark != alive {
			text += ", as meant"
		}
		b.ui.infof("%s (%d of %d there)", text, there, of)
	}
}

// counts are the endpoints that are as meant, and those that could be. Where a
// certificate is waited for, an A/V Edge that is alive is neither: it shows none.
func (b *board) counts() (there, of, silent int) {
	for _, c := range b.cells {
		switch {
		case c.mark == alive && len(b.meant) > 0:
			silent++
		case c.there:
			there, of = there+1, of+1
		default:
			of++
		}
	}
	return there, of, silent
}

// awaited is what is waited for.
func (b *board) awaited() string {
	var words []string
	for _, x := range b.meant {
		words = append(words, strings.ToUpper(short(x.Thumbprint)))
		if c := x.Certificate; c != nil {
			words[len(words)-1] = strings.ToUpper(short(c.Thumbprint())) + " (" + filepath.Base(x.Text) + ")"
		}
	}
	if len(words) == 0 {
		return "every pool to be well"
	}
	return strings.Join(words, " and ")
}

// cell is how an endpoint is shown.
func (b *board) cell(c edge.Capture, there bool) boardCell {
	out := boardCell{at: c.Endpoint, there: there}
	var marks, says []string
	for _, leaf := range c.Leaves() {
		marks = append(marks, b.letter(leaf))
		says = append(says, fmt.Sprintf("%s (ends %s)", strings.ToUpper(short(leaf.Thumbprint())), leaf.NotAfter().Format(time.DateOnly)))
	}
	switch {
	case len(marks) > 0:
		out.mark, out.says = strings.Join(marks, "/"), "presents "+strings.Join(says, " and ")
	case c.Outcome == edge.NoCertificate:
		out.mark, out.says = alive, "answers"
	default:
		out.mark, out.says = "-", "presents nothing"
		if c.Fault != nil {
			out.mark, out.says = "down", faultWords(c.Fault.Class)
		}
	}
	return out
}

// alive is how the report marks what answers and by its protocol shows no
// certificate.
const alive = "alive"

func faultWords(class edge.ErrorClass) string {
	switch class {
	case edge.ClassRefused:
		return "refuses connections"
	case edge.ClassReset:
		return "resets connections"
	case edge.ClassTimeout, edge.ClassUnreachable:
		return "does not answer"
	case edge.ClassDNS:
		return "has no address"
	case edge.ClassInterrupted:
		return "was not asked yet"
	default:
		return "gives no certificate (" + string(class) + ")"
	}
}

// end takes the picture down to its last state and says how it ended.
func (b *board) end(arrived, interrupted bool) {
	b.close()
	took := left(time.Since(b.start).Round(time.Second))
	there, of, _ := b.counts()
	switch {
	case arrived && len(b.meant) > 0:
		b.ui.infof("arrived after %s: every endpoint that shows a certificate presents %s", took, b.awaited())
	case arrived:
		b.ui.infof("arrived after %s: every pool is well", took)
	case interrupted:
		b.ui.infof("interrupted after %s: %d of %d there", took, there, of)
	default:
		b.ui.infof("not arrived within %s: %d of %d there", took, there, of)
	}
}

// close stops drawing and leaves the last picture where it is.
func (b *board) close() {
	b.stop()
	b.stop = func() {}
}

// grouped puts the cells of one member that have the same key together, in
// their order.
func grouped(cells []boardCell, key func(boardCell) string) [][]boardCell {
	return edge.GroupBy(cells, func(c boardCell) string { return c.at.Pool + " " + nameOf(c.at) + " " + key(c) })
}

// nameOf is the row of an endpoint: its member, or itself where nobody named one.
func nameOf(e edge.Endpoint) string {
	if e.Role == edge.Other || e.Member == "" {
		return cmp.Or(e.FQDN, e.HostPort())
	}
	return e.Member
}

// service is the column of an endpoint.
func service(e edge.Endpoint) string {
	port := strconv.Itoa(cmp.Or(e.ServicePort, e.Port))
	if e.Role == edge.Other {
		return port
	}
	return string(e.Role) + ":" + port
}

func services(cells []boardCell) string {
	var out []string
	for _, c := range cells {
		if s := service(c.at); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}

// agree makes what one service does agree with n of them.
func agree(says string, n int) string {
	if n == 1 {
		return says
	}
	return remedy.Agree(says)
}

// short is what one recognises a thumbprint by.
func short(thumbprint string) string { return thumbprint[:min(8, len(thumbprint))] }

// left is a duration as one reads it off: "1h52m", "4m10s", "2h".
func left(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d >= time.Hour:
		d = d.Truncate(time.Minute)
	case d >= time.Second:
		d = d.Truncate(time.Second)
	}
	return inWhole(d)
}

// inWhole is a duration without the zeros at its end: "1m", not "1m0s".
func inWhole(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
