package html

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"

	"edgecert/report"
	"edgecert/report/reporttest"
)

func renderHTML(t testing.TB, r report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// htmlNodes are all elements of a document.
func htmlNodes(t testing.TB, page []byte) []*html.Node {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			out = append(out, n)
		}
	}
	return out
}

func htmlAttribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// TestHTMLHoldsNothingActive: whatever the report says, the page is made of the
// elements and attributes of its own template.
func TestHTMLHoldsNothingActive(t *testing.T) {
	t.Parallel()
	elements := strings.Fields("html head meta title style body a header main footer section article div span p br b strong code pre " +
		"h1 h2 h3 h4 ul ol li dl dt dd table caption thead tbody tr th td details summary svg text line rect")
	attributes := strings.Fields("lang charset http-equiv content name class id href tabindex role scope " +
		"aria-labelledby aria-label aria-hidden focusable width height x y x1 x2 y1 y2 text-anchor overflow")
	for name, r := range htmlWorlds(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := renderHTML(t, r)
			for _, n := range htmlNodes(t, page) {
				if !slices.Contains(elements, n.Data) {
					t.Errorf("element <%s>", n.Data)
				}
				for _, a := range n.Attr {
					if !slices.Contains(attributes, a.Key) {
						t.Errorf("attribute %s of <%s>", a.Key, n.Data)
					}
					if a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
						t.Errorf("link to %q", a.Val)
					}
				}
			}
			for _, c := range string(page) {
				if c != '\n' && unicode.In(c, unicode.Cc, unicode.Cf) {
					t.Errorf("character %U reaches the page", c)
					break
				}
			}
			if len(page) > 400_000 {
				t.Errorf("%d bytes: unbounded", len(page))
			}
		})
	}
}

func TestHTMLPolicyMatchesStyle(t *testing.T) {
	t.Parallel()
	page := string(renderHTML(t, reporttest.New(t, 1).Report()))
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, ok := strings.Cut(rest, "</style>")
	if !ok {
		t.Fatal("no style")
	}
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	for _, n := range htmlNodes(t, []byte(page)) {
		if htmlAttribute(n, "http-equiv") == "Content-Security-Policy" {
			if got := htmlAttribute(n, "content"); got != want {
				t.Errorf("policy %q, want %q", got, want)
			}
			return
		}
	}
	t.Error("no policy")
}

// TestHTMLIsAccessible checks what can be checked without a browser: WCAG 1.3.1
// (headings, tables), 2.4.1 (skip link), 3.1.1 (language), 4.1.2 (names).
func TestHTMLIsAccessible(t *testing.T) {
	t.Parallel()
	for name, r := range htmlWorlds(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ids, level, h1 := map[string]bool{}, 0, 0
			all := htmlNodes(t, renderHTML(t, r))
			for _, n := range all {
				if id := htmlAttribute(n, "id"); id != "" {
					if ids[id] {
						t.Errorf("id %s twice", id)
					}
					ids[id] = true
				}
			}
			for _, n := range all {
				switch n.Data {
				case "html":
					if htmlAttribute(n, "lang") != "en" {
						t.Error("no language")
					}
				case "h1", "h2", "h3", "h4":
					now := int(n.Data[1] - '0')
					if now > level+1 {
						t.Errorf("heading %s after h%d", n.Data, level)
					}
					if level = now; now == 1 {
						h1++
					}
				case "table":
					if n.FirstChild.NextSibling.Data != "caption" {
						t.Error("a table without caption")
					}
				case "th":
					if s := htmlAttribute(n, "scope"); s != "row" && s != "col" {
						t.Error("a th without scope")
					}
				case "a":
					if id := htmlAttribute(n, "href")[1:]; !ids[id] {
						t.Errorf("link to #%s, which is nowhere", id)
					}
				case "svg":
					if p := n.Parent; p.Data != "svg" && htmlAttribute(p, "aria-hidden") != "true" {
						t.Error("a drawing without a name that is not hidden")
					}
				}
				if by := htmlAttribute(n, "aria-labelledby"); by != "" && !ids[by] {
					t.Errorf("<%s> named by #%s, which is nowhere", n.Data, by)
				}
			}
			if h1 != 1 {
				t.Errorf("%d h1", h1)
			}
		})
	}
}

// TestHTMLSaysWhatMatters reads the page as text.
func TestHTMLSaysWhatMatters(t *testing.T) {
	t.Parallel()
	worlds := htmlWorlds(t)
	for name, want := range map[string][]string{
		"faulty": {"Error", "11 of 12 endpoints seen", "edge2 webcon:443", "AccessEdgeExternal,DataEdgeExternal", "Since the last scan", "SIP domains contoso.com, fabrikam.com",
			"200-day rule", "Expires 2026-11-27, in 5 days", "seen from jump1"},
		"unchanged":   {"Nothing changed.", "OK", "all 12 endpoints seen"},
		"many":        {"1 of 4 pools needs attention", "edge-latam"},
		"loose":       {"300 endpoints: h0.example:443", "and 297 more of endpoint-unreachable", "2,850 more endpoints"},
		"interrupted": {"Interrupted.", "Incomplete"},
		"empty":       {"nothing was scanned", "Incomplete"},
	} {
		page := string(renderHTML(t, worlds[name]))
		for _, w := range want {
			if !strings.Contains(page, html.EscapeString(w)) {
				t.Errorf("%s: %q is missing", name, w)
			}
		}
	}
}

// TestHTMLContrast computes the contrast of every pair of text and ground that
// the style uses, in both schemes: WCAG 2.2, 1.4.3 wants 4.5:1.
func TestHTMLContrast(t *testing.T) {
	t.Parallel()
	style, err := os.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(style), "prefers-color-scheme: dark")
	if !ok {
		t.Fatal("no dark scheme")
	}
	dark, _, _ = strings.Cut(dark, "* {")
	pairs := [][2]string{{"ink", "code"}}
	for _, ground := range []string{"paper", "card"} {
		for _, text := range []string{"ink", "quiet", "link", "error", "warning"} {
			pairs = append(pairs, [2]string{text, ground})
		}
	}
	for _, v := range []string{"ok", "warning", "error", "incomplete", "info"} {
		pairs = append(pairs, [2]string{v, v + "-bg"})
	}
	for i := range chipColors {
		pairs = append(pairs, [2]string{"on-chip", "c" + strconv.Itoa(i)})
	}
	for scheme, text := range map[string]string{"light": light, "dark": dark} {
		colors := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(text, -1) {
			colors[m[1]] = m[2]
		}
		for _, p := range pairs {
			if c := contrast(t, colors[p[0]], colors[p[1]]); c < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f:1", scheme, p[0], p[1], c)
			}
		}
	}
}

// contrast is the ratio of WCAG 2.2 for two colours #rrggbb.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(hex string) float64 {
		if len(hex) != 7 {
			t.Fatalf("colour %q is not in the style", hex)
		}
		var l float64
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			c := float64(n) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			l += weight * c
		}
		return l
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
