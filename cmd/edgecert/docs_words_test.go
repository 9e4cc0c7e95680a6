package main

import (
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// powerShell says why a line is none that a person could run: its quotes and
// brackets must close, each command of it be a cmdlet or a program of Windows,
// and the files of the archive that it names be there.
func powerShell(t *testing.T, line string) error {
	t.Helper()
	line, _, _ = strings.Cut(line, "  # ")
	open := regexp.MustCompile("'[^']*'|\"([^\"`]|`.)*\"").ReplaceAllString(line, "''")
	if strings.ContainsAny(open, "\"`") || strings.Count(open, "'")%2 != 0 {
		return errors.New("a quote is not closed")
	}
	for _, pair := range []string{"()", "{}", "[]"} {
		if strings.Count(open, pair[:1]) != strings.Count(open, pair[1:]) {
			return fmt.Errorf("%s do not match", pair)
		}
	}
	command := regexp.MustCompile(`^(\$\w+ +=|\(?[A-Z][A-Za-z]+-[A-Z]\w+\b|icacls |edgecert )`)
	for part := range strings.SplitSeq(open, "|") {
		if !command.MatchString(strings.TrimSpace(part)) {
			return fmt.Errorf("no cmdlet: %s", part)
		}
	}
	for _, m := range regexp.MustCompile(`\bdocs\\[\w\\.]+`).FindAllString(open, -1) {
		document(t, strings.ReplaceAll(m, `\`, "/"))
	}
	return nil
}

func isCommand(name string) bool {
	root := (&app{ui: newUI(io.Discard)}).root()
	return slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
}

// edgecerts are the arguments of every edgecert that a line starts, also within
// a text that another program is given to run.
func edgecerts(line string) [][]string {
	return edgecertsOf(posixWords(line))
}

func edgecertsOf(line [][]string) [][]string {
	var all [][]string
	for _, words := range line {
		for i, w := range words {
			if strings.Contains(w, `edgecert.exe" `) {
				all = append(all, edgecertsOf(powerShellWords(w))...)
			}
			w = strings.TrimSuffix(path.Base(strings.ReplaceAll(w, `\`, "/")), ".exe")
			if w == "edgecert" && i+1 < len(words) && regexp.MustCompile(`^[a-z]+$`).MatchString(words[i+1]) {
				all = append(all, words[i+1:])
				break
			}
		}
	}
	return all
}

// posixWords splits a line into commands and these into words as sh does;
// redirections are left out.
func posixWords(line string) [][]string {
	return split(line, func(s *splitter, c byte) bool {
		switch {
		case c == '\'':
			s.quoted('\'', 0, true)
		case c == '"':
			s.quoted('"', '\\', true)
		case c == '\\' && s.i+1 < len(s.text):
			s.i++
			s.add(s.text[s.i])
		default:
			return false
		}
		return true
	})
}

// powerShellWords does it as PowerShell: a backslash is nothing special, a
// backtick is, and a comma, a brace or a dollar sign outside quotes means
// something else than itself: the word that has one is marked as changed.
func powerShellWords(line string) [][]string {
	return split(line, func(s *splitter, c byte) bool {
		switch {
		case c == '\'':
			s.quoted('\'', 0, true)
		case c == '"':
			s.quoted('"', '`', true)
		case c == '`' && s.i+1 < len(s.text):
			s.i++
			s.add(s.text[s.i])
		case strings.IndexByte(",{}()$@", c) >= 0 && (c != '@' || !s.open):
			s.add(c)
			s.add('?')
		default:
			return false
		}
		return true
	})
}

// A splitter takes a line apart.
type splitter struct {
	text string
	i    int
	word []byte
	open bool // a word has begun
	drop bool // it is where a redirection goes
	out  [][]string
}

func split(line string, special func(*splitter, byte) bool) [][]string {
	s := &splitter{text: line, out: [][]string{nil}}
	for ; s.i < len(s.text); s.i++ {
		switch c := s.text[s.i]; {
		case special(s, c):
		case c == ' ' || c == '\t':
			s.end()
		case c == '#' && !s.open:
			s.i = len(s.text)
		case c == '|' || c == ';' || c == '&':
			s.end()
			s.out = append(s.out, nil)
		case c == '>' || c == '<':
			if string(s.word) == "2" {
				s.word, s.open = nil, false
			}
			s.end()
			s.drop = true
		default:
			s.add(c)
		}
	}
	s.end()
	return s.out
}

func (s *splitter) add(c byte) { s.word, s.open = append(s.word, c), true }

func (s *splitter) end() {
	if s.open && !s.drop {
		last := len(s.out) - 1
		s.out[last] = append(s.out[last], string(s.word))
	}
	if s.open {
		s.drop = false
	}
	s.word, s.open = nil, false
}

// quoted reads to the closing mark.
func (s *splitter) quoted(mark, escape byte, open bool) {
	s.open = open
	for s.i++; s.i < len(s.text) && s.text[s.i] != mark; s.i++ {
		if s.text[s.i] == escape && s.i+1 < len(s.text) {
			s.i++
		}
		s.word = append(s.word, s.text[s.i])
	}
}

func TestWordsOfShells(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ line, posix, powerShell string }{
		{`edgecert scan -t 'my targets.txt' > out.txt`, "edgecert|scan|-t|my targets.txt", "edgecert|scan|-t|my targets.txt"},
		{`edgecert scan -t C:\new\targets.txt`, "edgecert|scan|-t|C:newtargets.txt", `edgecert|scan|-t|C:\new\targets.txt`},
		{`edgecert scan -t "a b" # why`, "edgecert|scan|-t|a b", "edgecert|scan|-t|a b"},
		{`edgecert check $pfx`, "edgecert|check|$pfx", "edgecert|check|$?pfx"},
		{`edgecert report a.json,b.json`, "edgecert|report|a.json,b.json", "edgecert|report|a.json,?b.json"},
	} {
		if got := strings.Join(posixWords(tt.line)[0], "|"); got != tt.posix {
			t.Errorf("%s: sh: %s", tt.line, got)
		}
		if got := strings.Join(powerShellWords(tt.line)[0], "|"); got != tt.powerShell {
			t.Errorf("%s: PowerShell: %s", tt.line, got)
		}
	}
}
