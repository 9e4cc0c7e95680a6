package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"edgecert/scanner/edge"
	"edgecert/scanner/mistake"

	"github.com/projectdiscovery/gologger"
	"github.com/projectdiscovery/gologger/formatter"
	"github.com/projectdiscovery/gologger/levels"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"edgecert/report"
)

// ui is every word to the user that is not the report: it alone writes to
// stderr. Its logger is gologger with three habits mended: warnings are shown
// by default, redirected output is not coloured, and control characters from
// the network do not pass.
type ui struct {
	w    io.Writer
	log  gologger.Logger
	json bool
	mute bool // --quiet: no info
	bar  *progressbar.ProgressBar
	live *screen
	mu   sync.Mutex

	running context.Context // of the command: a mistake in drawing ends it
}

// uiOptions are the flags that every command has.
type uiOptions struct {
	verbose    bool
	quiet      bool
	noColor    bool
	noProgress bool
	logFormat  string
}

func newUI(w io.Writer) *ui {
	u := &ui{w: w, running: context.Background()}
	u.configure(uiOptions{logFormat: "text"})
	return u
}

// configure sets the log up; it is called again once the flags are known.
func (u *ui) configure(o uiOptions) {
	u.mute, u.json = o.quiet, o.logFormat == "json"
	u.log.SetWriter(u)
	u.log.SetFormatter(formatter.NewCLI(o.noColor || !colorful(u.w)))
	if u.json {
		u.log.SetFormatter(&formatter.JSON{})
	}
	// gologger counts warnings as more talkative than info.
	u.log.SetMaxLevel(levels.LevelWarning)
	if o.verbose {
		u.log.SetMaxLevel(levels.LevelDebug)
	}
}

// Write puts one finished log line out; it makes ui gologger's writer.
func (u *ui) Write(line []byte, _ levels.Level) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.bar != nil {
		_ = u.bar.Clear()
	}
	if u.live != nil { // it is drawn again below the line
		_, _ = io.WriteString(u.w, u.live.back()+strings.ReplaceAll(string(line), "\n", clearRight+"\n")+clearRight+"\n"+clearBelow)
		return
	}
	_, _ = u.w.Write(append(line, '\n'))
}

func (u *ui) warnf(format string, args ...any) { u.log.Warning().Msg(u.clean(format, args)) }
func (u *ui) debugf(format string, args ...any) {
	u.log.Debug().Msg(u.clean(format, args))
}

func (u *ui) infof(format string, args ...any) {
	if !u.mute {
		u.log.Info().Msg(u.clean(format, args))
	}
}

// clean makes a message harmless for a terminal; JSON has its own escaping.
func (u *ui) clean(format string, args []any) string {
	s := fmt.Sprintf(format, args...)
	if u.json {
		return s
	}
	return report.Clean(s)
}

// fail says what went wrong, one line an error, and the way out where one is known.
func (u *ui) fail(err error) {
	for _, e := range flatten(err) {
		u.say(explain(e))
	}
}

// say prints one error and its hint.
func (u *ui) say(text, hint string) {
	if u.json {
		b, err := json.Marshal(map[string]string{"level": "ERR", "msg": text, "hint": hint})
		if err == nil {
			u.Write(b, levels.LevelError)
		}
		return
	}
	line := "error: " + report.Clean(text)
	if hint != "" {
		line += "\nhint: " + report.Clean(hint)
	}
	u.Write([]byte(line), levels.LevelError)
}

// progressText is the width of all beside the gauge: "scanning 100% ||
// (100000/100000) [59m59s:59m59s]".
const progressText = 50

// progress returns a callback for scanner.Options and a function that takes
// the bar away again. Both do nothing where nobody watches, and where the bar
// would be wider than the window: it would leave a trail of itself.
func (u *ui) progress(total int, o uiOptions) (func(done, total int), func()) {
	f, ok := u.w.(*os.File)
	gauge := min(24, width(u.w)-progressText)
	if o.noProgress || o.quiet || u.json || !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" || gauge < 4 {
		return nil, func() {}
	}
	bar := progressbar.NewOptions(total,
		progressbar.OptionSetWriter(u.w), progressbar.OptionSetDescription("scanning"),
		progressbar.OptionShowCount(), progressbar.OptionSetWidth(gauge),
		progressbar.OptionThrottle(100*time.Millisecond)) // it stays for DNS, until finish
	u.mu.Lock()
	u.bar = bar
	_ = bar.RenderBlank() // the first answer may be a timeout away
	u.mu.Unlock()
	done := 0
	set := func(to int) {
		u.mu.Lock()
		defer u.mu.Unlock()
		if done = max(done, to); u.bar != nil {
			_ = bar.Set(done)
		}
	}
	stop := u.every(progressTick, func() { set(0) })
	return func(done, _ int) { set(done) }, func() {
		stop()
		u.mu.Lock()
		defer u.mu.Unlock()
		_ = bar.Clear()
		u.bar = nil
	}
}

// progressTick is how often the clock of the bar moves where nobody answers.
const progressTick = 500 * time.Millisecond

// every calls do again and again until stop, which waits for the last call.
func (u *ui) every(d time.Duration, do func()) (stop func()) {
	var running sync.WaitGroup
	done := make(chan struct{})
	running.Go(func() {
		defer mistake.Caught(u.running)
		tick := time.NewTicker(d)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				do()
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		running.Wait()
	}
}

// colorful says whether w is a terminal that wants colour.
func colorful(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd())) && takesEscapes(f)
}

// asciiOnly says whether w may not show what is beyond ASCII: a dumb terminal,
// a locale that says so, a program behind a pipe that has none, as under cron,
// which mails it as US-ASCII, or a Windows program behind a pipe, which takes
// the bytes for its own code page.
func asciiOnly(w io.Writer) bool {
	f, ok := w.(*os.File)
	terminal := ok && term.IsTerminal(int(f.Fd()))
	if ok && runtime.GOOS == "windows" {
		return !terminal
	}
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG"))
	utf8 := strings.Contains(strings.ToLower(strings.ReplaceAll(locale, "-", "")), "utf8")
	return os.Getenv("TERM") == "dumb" || !utf8 && (locale != "" || !terminal)
}

// width is the window's width in columns; a file or a pipe gets one that
// mails and pagers show whole.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 100
}

// ask puts a question out and leaves the cursor behind it.
func (u *ui) ask(question string) { _, _ = io.WriteString(u.w, question) }

// hintf makes an error with a hint.
func hintf(hint, format string, args ...any) error { return edge.Hintf(hint, format, args...) }

// explain takes an error's hint apart from its text.
func explain(err error) (text, hint string) {
	var own *edge.HintError
	if errors.As(err, &own) {
		hint = own.Hint
	}
	return pathWords(err), hint
}

// pathWords is an error's text, in which a file that is not there, or a folder
// where a file was due, is said in our words: the system's are "read C:\\temp:
// Incorrect function".
func pathWords(err error) string {
	var of *fs.PathError
	if !errors.As(err, &of) {
		return err.Error()
	}
	info, statErr := os.Stat(of.Path)
	var words string
	switch {
	case of.Path == "":
		words = "the name of a file is empty"
	case of.Op == "create":
		words = fmt.Sprintf("no file can be made in the folder %s: %v", of.Path, of.Err)
	case of.Op != "mkdir" && errors.Is(of.Err, fs.ErrNotExist):
		words = "there is no file " + of.Path
	case of.Op != "mkdir" && statErr == nil && info.IsDir():
		words = of.Path + " is a folder, not a file"
	case of.Op == "mkdir" && statErr == nil && !info.IsDir():
		words = of.Path + " is a file, not a folder"
	default:
		return err.Error()
	}
	before, after, found := strings.Cut(err.Error(), of.Error())
	if !found {
		return err.Error()
	}
	if of.Path != "" && strings.HasSuffix(before, of.Path+": ") {
		words = strings.Replace(words, of.Path+" is", "it is", 1)
	}
	return before + words + after
}

// flatten takes joined errors apart, so that each gets its own line.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}
