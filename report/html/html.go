package html

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"edgecert/report"
)

// The page and its style. The style is a file of its own so that its hash can
// be computed over exactly what stands between the style tags.
//
//go:embed page.tmpl style.css
var htmlFiles embed.FS

// Write writes the report as one file for people: no script, nothing loaded
// from anywhere, and a Content-Security-Policy that allows nothing but its own
// style, so that a string out of a certificate can do no harm even if it got
// past the escaping. It reads on a phone and on paper, in light and in dark,
// and by a screen reader; no meaning is in a colour alone.
//
// Days left are counted from the end of the scan, as in text.
func Write(w io.Writer, r report.Report) error {
	style, err := htmlFiles.ReadFile("style.css")
	if err != nil {
		return fmt.Errorf("reading the style: %w", err)
	}
	t, err := template.New("page.tmpl").Funcs(template.FuncMap{"dict": dict, "pieces": pieces}).ParseFS(htmlFiles, "page.tmpl")
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	page := newHTMLPage(r)
	page.Style = template.CSS(style) // our own file, no value in it
	sum := sha256.Sum256(style)
	page.Policy = fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'",
		base64.StdEncoding.EncodeToString(sum[:]))
	var b bytes.Buffer // nothing is written where the template fails
	if err := t.Execute(&b, page); err != nil {
		return fmt.Errorf("drawing the page: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// dict lets a template hand several values to another: "key", value, ….
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: key %v is no string", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

// chip is a certificate's letter, or a word where there is none. Eight colours
// repeat from the ninth certificate on: the letter tells them apart.
type chip struct {
	Letter string
	Color  int
	Word   string // instead of a letter
	Kind   string // of the word: "alive", "failed", "none"
}

const chipColors = 8

// newChip takes a mark of the matrix.
func newChip(mark string) chip {
	switch {
	case report.IsLetter(mark):
		return chip{Letter: mark, Color: colorOf(mark)}
	case mark == report.NotPlanned:
		return chip{Word: "not planned", Kind: "none"}
	case mark == "alive" || mark == "not run" || mark == "other":
		return chip{Word: mark, Kind: "alive"}
	default:
		return chip{Word: mark, Kind: "failed"}
	}
}

// colorOf counts letters through, Z before AA, as audit gives them out.
func colorOf(letter string) int {
	n := 0
	for _, c := range letter {
		n = 26*n + int(c-'A') + 1
	}
	return (n - 1) % chipColors
}

// cut is report.Cut, from where the JSON is another report.
func cut[T any](list []T, atMost int, noun string) ([]T, string) {
	shown, more := report.Cut(list, atMost, noun)
	if more != "" {
		more += " report"
	}
	return shown, more
}

// sentence puts the first letter of a text into upper case.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
