package powershell

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"edgecert/scanner/limits"
)

// isCSV tells Export-Csv, whose first line quotes its titles or names their type.
func isCSV(text string) bool {
	line, _, _ := strings.Cut(text, "\n")
	if strings.HasPrefix(line, "#TYPE") {
		return true
	}
	if strings.Contains(line, ": ") || strings.ContainsAny(line, "{}*>") {
		return false
	}
	return strings.ContainsRune(line, delimiter(line))
}

func delimiter(header string) rune {
	for _, d := range ";\t" {
		if strings.ContainsRune(header, d) {
			return d
		}
	}
	return ','
}

// readCSV reads Export-Csv with the delimiter of its culture.
func readCSV(name, text string) ([]Object, error) {
	offset := 0
	if strings.HasPrefix(text, "#TYPE") {
		_, text, _ = strings.Cut(text, "\n")
		offset = 1
	}
	header, _, _ := strings.Cut(text, "\n")
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = delimiter(header), -1
	titles, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: reading CSV: %w", name, err)
	}
	if len(titles) > limits.Columns {
		return nil, errLimit(name, fmt.Sprintf("%d columns", len(titles)))
	}
	var out []Object
	for values := 0; ; {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: reading CSV: %w", name, err)
		}
		line, _ := r.FieldPos(0)
		o := Object{Place: fmt.Sprintf("%s:%d", name, line+offset), fields: map[string]any{}}
		for i, title := range titles {
			if i < len(row) {
				o.fields[strings.ToLower(strings.TrimSpace(title))] = row[i]
			}
		}
		if values += len(row); values > limits.Values {
			return nil, errLimit(name, fmt.Sprintf("more than %d values", limits.Values))
		}
		out = append(out, o)
	}
}

// A property of a printed list; a further line of its value is indented.
var property = regexp.MustCompile(`^([A-Za-z_]\w*) *: ?(.*)$`)

// readPrinted finds the lists and tables in what a console showed. Whatever
// else stands there, prompts and the head of a transcript, is passed over.
func readPrinted(name, text string) []Object {
	p := printed{name: name}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRightFunc(lines[i], unicode.IsSpace)
		switch {
		case i+1 < len(lines) && isRuler(lines[i+1]):
			p.end()
			i = p.table(lines, i)
		case line == "":
			p.end()
		default:
			p.line(line, i+1)
		}
		if p.values > limits.Values {
			break
		}
	}
	p.end()
	return p.out
}

type printed struct {
	name   string
	out    []Object
	open   Object // the object that is being read
	last   string // its last property
	values int
}

func (p *printed) end() {
	if len(p.open.fields) > 0 {
		p.out = append(p.out, p.open)
	}
	p.open, p.last = Object{}, ""
}

// line reads a line of a list. A property that comes again begins another object.
func (p *printed) line(line string, number int) {
	if unicode.IsSpace(rune(line[0])) {
		if p.last != "" {
			p.open.fields[p.last] = fmt.Sprint(p.open.fields[p.last], " ", strings.TrimSpace(line))
		}
		return
	}
	m := property.FindStringSubmatch(line)
	if m == nil || !strings.Contains(line, " :") {
		p.end()
		return
	}
	key := strings.ToLower(m[1])
	if p.open.Has(key) {
		p.end()
	}
	if p.open.fields == nil {
		p.open = Object{Place: fmt.Sprintf("%s:%d", p.name, number), fields: map[string]any{}}
	}
	p.open.fields[key], p.last = strings.TrimSpace(m[2]), key
	p.values++
}

// isRuler tells the dashes below the titles of a table.
func isRuler(line string) bool {
	return strings.Contains(line, "---") && strings.Trim(line, "- \t\r") == ""
}

// table reads a table whose titles stand in line i, and returns the last line
// that belongs to it. A column reaches from its dashes to the next ones.
func (p *printed) table(lines []string, i int) int {
	ruler := []rune(lines[i+1])
	var starts []int
	for n, r := range ruler {
		if r == '-' && (n == 0 || ruler[n-1] != '-') {
			starts = append(starts, n)
		}
	}
	if len(starts) > limits.Columns {
		return i + 1
	}
	cells := func(line string) []string {
		row, out := []rune(strings.TrimRight(line, "\r")), make([]string, len(starts))
		for n, start := range starts {
			end := len(row)
			if n+1 < len(starts) {
				end = min(end, starts[n+1])
			}
			if start < end {
				out[n] = strings.TrimSpace(string(row[start:end]))
			}
		}
		return out
	}
	titles := cells(lines[i])
	at := i + 2
	for ; at < len(lines) && strings.TrimSpace(lines[at]) != ""; at++ {
		o := Object{Place: fmt.Sprintf("%s:%d", p.name, at+1), fields: map[string]any{}}
		for n, text := range cells(lines[at]) {
			o.fields[strings.ToLower(titles[n])] = text
		}
		if p.values += len(titles); p.values > limits.Values {
			break
		}
		p.out = append(p.out, o)
	}
	return at - 1
}
