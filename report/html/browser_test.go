package html

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"edgecert/report"
	"edgecert/report/reporttest"
)

// chromium is the browser's path, empty where this machine has none. Plain
// tests say so and leave it out; the tests against real programs insist.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("EDGECERT_REAL") == "1" {
		t.Fatal("no Chromium, and EDGECERT_REAL=1 asks for it")
	}
	t.Log("no Chromium on this machine: the page was not looked at in a browser")
	return ""
}

// browse starts a headless browser that contacts nobody but us.
func browse(t *testing.T, path string) context.Context {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir())}
	for _, flag := range []string{"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "no-default-browser-check",
		"disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil { // the browser lives as long as this context
		t.Fatal(err)
	}
	ctx, stop = context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(stop)
	return ctx
}

// serve hands out the reports by name and keeps every other request.
func serve(t *testing.T, reports map[string]report.Report) (url string, strays func() []string) {
	t.Helper()
	var mu sync.Mutex
	var others []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rep, known := reports[strings.TrimPrefix(r.URL.Path, "/")]
		if !known {
			mu.Lock()
			defer mu.Unlock()
			others = append(others, r.URL.Path)
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := Write(w, rep); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/", func() []string { mu.Lock(); defer mu.Unlock(); return others }
}

// overflow is by how many pixels the page is wider than its window, and by
// what.
const overflow = `(() => {
	const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
	if (wide <= 0) return "";
	const by = [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll") && e.getBoundingClientRect().right > innerWidth + 1)
		.map(e => e.tagName + "." + e.getAttribute("class"));
	return wide + " px too wide: " + by.slice(0, 5).join(", ");
})()`

// lowContrast lists texts whose colour, as laid out, is too near to what is
// painted behind them (WCAG 2.2, 1.4.3).
const lowContrast = `(() => {
	const rgb = s => (s.match(/[\d.]+/g) || []).map(Number);
	const lum = c => [0.2126, 0.7152, 0.0722].reduce((l, w, i) => { const x = c[i] / 255; return l + w * (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4) }, 0);
	const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c } return [255, 255, 255] };
	const bad = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	let seen = 0;
	for (let n; n = walk.nextNode();) {
		const e = n.parentElement, s = getComputedStyle(e);
		if (!n.data.trim() || e.closest(".sr, .skip") || !e.getClientRects().length) continue;
		const svg = e.closest("svg"), a = lum(rgb(svg ? s.fill : s.color)), b = lum(ground(svg ? svg.parentElement : e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		seen++;
		if (ratio < 4.5) bad.push(ratio.toFixed(2) + " " + n.data.trim().slice(0, 40));
	}
	return seen < 10 ? "only " + seen + " texts" : bad.slice(0, 5).join("; ");
})()`

// intruders lists what no report of ours holds, and what ran.
const intruders = `[...document.querySelectorAll("script, img, iframe, object, embed, link, form, base, [onload], [onerror], [style], a:not([href^='#'])")]
	.map(e => e.tagName).concat(document.title === "pwned" ? ["a script ran"] : [], performance.getEntriesByType("resource").map(r => r.name)).join(", ")`

// TestHTMLInBrowser looks at every shape of the page in a real browser.
func TestHTMLInBrowser(t *testing.T) {
	t.Parallel()
	path := chromium(t)
	if path == "" {
		return
	}
	reports := htmlWorlds(t)
	url, strays := serve(t, reports)
	ctx := browse(t, path)
	for name := range reports {
		var scheme string
		check := func(what, script string) {
			t.Helper()
			got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
			if err != nil {
				t.Fatalf("%s: %s: %v", name, what, err)
			}
			if got != "" {
				t.Errorf("%s: %s: %s", name, what, got)
			}
		}
		open := "document.querySelectorAll('details').forEach(d => d.open = true)"
		for i, width := range []int64{1280, 360} {
			scheme = []string{"light", "dark"}[i]
			err := chromedp.Do(ctx, look(width, scheme, "screen"), chromedp.Navigate(url+name), shot(name, width, scheme))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			check(fmt.Sprintf("%d px wide", width), overflow)
			if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](open)); err != nil {
				t.Fatal(err)
			}
			check(fmt.Sprintf("%d px wide, unfolded", width), overflow)
			check("contrast in "+scheme, lowContrast)
		}
		check("intruders", intruders)
		err := chromedp.Do(ctx, look(800, "dark", "print"), shot(name, 800, "print"))
		if err != nil {
			t.Fatal(err)
		}
		check("contrast in print", lowContrast)
	}
	for _, path := range strays() {
		if path != "/favicon.ico" { // the browser's own idea, not the page's
			t.Errorf("the page asked for %s", path)
		}
	}
}

// TestHTMLByKeyboard: the first thing that Tab reaches leads past the header,
// and what has the focus shows it.
func TestHTMLByKeyboard(t *testing.T) {
	t.Parallel()
	path := chromium(t)
	if path == "" {
		return
	}
	url, _ := serve(t, map[string]report.Report{"faulty": reporttest.Faulty(t).Report()})
	ctx := browse(t, path)
	if err := chromedp.Do(ctx, chromedp.Navigate(url+"faulty"), chromedp.KeyEvent("\t")); err != nil {
		t.Fatal(err)
	}
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(() => { const e = document.activeElement;
		return [e.textContent, getComputedStyle(e).outlineStyle, e.getBoundingClientRect().left >= 0].join(", ") })()`))
	if err != nil {
		t.Fatal(err)
	}
	if want := "Skip to the report, solid, true"; got != want {
		t.Errorf("Tab leads to %q, want %q", got, want)
	}
}

// look sets the window, the colour scheme and the medium.
func look(width int64, scheme, medium string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(chromedp.EmulateViewport(width, 800), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}

// shot saves what the browser shows into EDGECERT_SHOTS, for eyes; it does
// nothing where that is not set.
func shot(name string, width int64, scheme string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		dir := os.Getenv("EDGECERT_SHOTS")
		if dir == "" {
			return chromedp.Void{}, nil
		}
		png, err := chromedp.FullScreenshot(100)(ctx, t)
		if err != nil {
			return chromedp.Void{}, err
		}
		return chromedp.Void{}, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)), png, 0o644)
	}
}
