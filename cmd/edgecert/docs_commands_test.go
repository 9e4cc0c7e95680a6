package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"edgecert/scanner/targets"
)

// A block is a piece of a document that is set as code.
type block struct {
	file, language, text string
}

func blocks(t *testing.T) []block {
	t.Helper()
	fence := regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```$")
	inline := regexp.MustCompile("`([^`\n]+)`")
	var all []block
	for _, name := range documents(t) {
		text := document(t, name)
		for _, m := range fence.FindAllStringSubmatch(text, -1) {
			all = append(all, block{name, m[1], m[2]})
		}
		for _, m := range inline.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			if strings.HasPrefix(m[1], "edgecert ") && name != "docs/rules.md" && name != "docs/commands.md" {
				all = append(all, block{name, "inline", m[1]})
			}
		}
	}
	return all
}

// TestCommandsInDocs has every command of the documents parsed as a shell and
// as PowerShell would, which must agree, and then by edgecert. Those that
// neither dial nor read a file are run.
func TestCommandsInDocs(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, b := range blocks(t) {
		for line := range strings.SplitSeq(strings.ReplaceAll(b.text, "\\\n", " "), "\n") {
			for _, argv := range commands(posixWords(line)) {
				seen++
				if len(argv) == 1 && b.language == "inline" && isCommand(argv[0]) {
					continue // no more than named
				}
				if err := parses(argv); err != nil {
					t.Errorf("%s: edgecert %q: %v", b.file, argv, err)
					continue
				}
				if b.language == "powershell" || b.language == "sh" || b.language == "inline" {
					if ps := commands(powerShellWords(line)); !slices.ContainsFunc(ps, func(other []string) bool { return slices.Equal(other, argv) }) {
						t.Errorf("%s: %s\na shell makes of it %q, PowerShell %q", b.file, line, argv, ps)
					}
				}
				if slices.Contains([]string{"version", "rules", "explain", "help"}, argv[0]) && !slices.Contains(argv, "RULE") {
					if status := run(t.Context(), argv, strings.NewReader(""), io.Discard, io.Discard); status != exitOK {
						t.Errorf("%s: edgecert %q ends with %d", b.file, argv, status)
					}
				}
			}
		}
	}
	if seen < 40 {
		t.Errorf("the documents have %d commands", seen)
	}
}

func isCommand(name string) bool {
	root := (&app{ui: newUI(io.Discard)}).root()
	return slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
}

// commands are the arguments of every edgecert among the commands of a line.
func commands(line [][]string) [][]string {
	var all [][]string
	for _, words := range line {
		for i, w := range words {
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

// TestFilesInDocs has every targets file and every JSON of the documents
// parsed, and the commands that service units and tasks start.
func TestFilesInDocs(t *testing.T) {
	t.Parallel()
	lists := 0
	for _, b := range blocks(t) {
		first, _, _ := strings.Cut(strings.TrimSpace(b.text), " ")
		switch {
		case b.language == "json" && !json.Valid([]byte(b.text)):
			t.Errorf("%s: no JSON: %s", b.file, b.text)
		case b.language == "" && (first == "pool" || first == "domain"):
			lists++
			file := filepath.Join(t.TempDir(), "targets.txt")
			if err := os.WriteFile(file, []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := targets.Load([]string{file}, strings.NewReader(""), ruleIDs()); err != nil {
				t.Errorf("%s: %v\n%s", b.file, err, b.text)
			}
		}
	}
	if lists == 0 {
		t.Error("the documents show no targets file")
	}
	unit := document(t, "docs/systemd/edgecert.service")
	start := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(unit)
	if start == nil {
		t.Fatal("the service starts nothing")
	}
	var task struct {
		Command   string `xml:"Actions>Exec>Command"`
		Arguments string `xml:"Actions>Exec>Arguments"`
	}
	if err := xml.Unmarshal([]byte(document(t, "docs/windows/edgecert.xml")), &task); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{strings.TrimSuffix(start[1], " $OPTIONS"), "edgecert.exe " + strings.ReplaceAll(task.Arguments, `\`, "/")} {
		all := commands(posixWords(line))
		if len(all) != 1 {
			t.Fatalf("%d commands in %s", len(all), line)
		}
		if err := parses(all[0]); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}
