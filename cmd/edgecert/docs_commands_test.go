package main

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"edgecert/scanner/audit"
	"edgecert/scanner/targets"
)

// A block is a piece of a document that is set as code.
type block struct {
	file, language, text string
}

// blocks are all of them. A span may go over the end of a line, and a line of
// a block over several: with a backslash in a shell, with a plus in PowerShell.
func blocks(t *testing.T) []block {
	t.Helper()
	fence := regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```$")
	inline := regexp.MustCompile("`([^`]+)`")
	var all []block
	for _, name := range documents(t) {
		text := document(t, name)
		for _, m := range fence.FindAllStringSubmatch(text, -1) {
			joined := regexp.MustCompile(`\\\n|' \+\s*\n\s*'`).ReplaceAllString(m[2], "")
			all = append(all, block{name, m[1], joined})
		}
		for paragraph := range strings.SplitSeq(fence.ReplaceAllString(text, ""), "\n\n") {
			for _, m := range inline.FindAllStringSubmatch(paragraph, -1) {
				all = append(all, block{name, "inline", strings.Join(strings.Fields(m[1]), " ")})
			}
		}
	}
	return all
}

// TestCommandsInDocs has every line of the documents' blocks of commands held
// against what it would start: by a shell's rules and by PowerShell's, which must
// agree on what is edgecert's. What neither dials nor reads a file is run.
func TestCommandsInDocs(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, b := range blocks(t) {
		switch b.language {
		case "sh", "console", "cron", "powershell", "inline":
		case "text", "json", "": // pictures, and what TestFilesInDocs parses
			continue
		default:
			t.Errorf("%s: no test knows what a block of %q is", b.file, b.language)
		}
		for line := range strings.Lines(b.text) {
			line = strings.TrimSpace(line)
			found := edgecerts(line)
			seen += len(found)
			for _, argv := range found {
				if err := understood(b, line, argv); err != nil {
					t.Errorf("%s: edgecert %q: %v", b.file, argv, err)
				}
			}
			if err := starts(t, b.language, line); err != nil {
				t.Errorf("%s: %s\n%v", b.file, line, err)
			}
		}
	}
	if seen < 70 {
		t.Errorf("the documents have %d commands", seen)
	}
}

// understood says whether edgecert would take a command, and whether it is the
// same in both shells.
func understood(b block, line string, argv []string) error {
	if len(argv) == 1 && b.language == "inline" && isCommand(argv[0]) {
		return nil // no more than named
	}
	if err := parses(argv); err != nil {
		return err
	}
	ps := edgecertsOf(powerShellWords(line))
	if b.language != "cron" && !slices.ContainsFunc(ps, func(other []string) bool { return slices.Equal(other, argv) }) {
		return fmt.Errorf("a shell makes of it %q, PowerShell %q", argv, ps)
	}
	if !slices.Contains([]string{"version", "rules", "explain", "help"}, argv[0]) || slices.Contains(argv, "RULE") || slices.Contains(argv, "…") {
		return nil
	}
	if status := run(context.Background(), argv, strings.NewReader(""), io.Discard, io.Discard); status != exitOK {
		return fmt.Errorf("ends with %d", status)
	}
	return nil
}

// starts says whether what a line of a block starts is there: a target of the
// Makefile, a package, a unit, a file. Lines of programs that no test knows are
// refused, so that none is overlooked.
func starts(t *testing.T, language, line string) error {
	t.Helper()
	if language == "powershell" {
		return powerShell(t, line)
	}
	if language == "cron" {
		if ok, _ := regexp.MatchString(`^([A-Z]+=\S+|([\d*/,-]+ +){5}edgecert .*)$`, line); !ok {
			return errors.New("no line of a crontab")
		}
		return nil
	}
	for _, words := range posixWords(line) {
		for len(words) > 0 && (strings.Contains(words[0], "=") || strings.HasSuffix(words[0], "$")) {
			words = words[1:] // the environment; who is asked
		}
		if len(words) == 0 || language == "inline" && words[0] != "make" {
			continue
		}
		if err := startsOne(t, words); err != nil {
			return err
		}
	}
	return nil
}

func startsOne(t *testing.T, words []string) error {
	t.Helper()
	there := func(name string) error {
		_, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(name)))
		return err
	}
	switch words[0] {
	case "edgecert", "echo":
		return nil
	case "make":
		for _, target := range words[1:] {
			if !strings.Contains(target, "=") && !regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(target)+`:`).MatchString(document(t, "Makefile")) {
				return fmt.Errorf("the Makefile has no target %s", target)
			}
		}
		return nil
	case "go":
		return there(words[2])
	case "docs/shards/parallel.sh":
		return there(words[0])
	case "sbatch", "kubectl", "ansible-playbook":
		return there(words[len(words)-1])
	case "systemctl", "journalctl", "systemd-analyze":
		return there("docs/systemd/" + words[len(words)-1])
	case "jq":
		return asksJSON(words[1:])
	default:
		return fmt.Errorf("no test knows what %s is", words[0])
	}
}

// asksJSON runs a question to the JSON where jq is installed: the fields that it
// names must be there, and something must answer.
func asksJSON(args []string) error {
	program, err := exec.LookPath("jq")
	if err != nil {
		return nil
	}
	args = slices.Clone(args)
	args[len(args)-1] = filepath.Join("..", "..", "report", "formats", "testdata", "faulty.json")
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		return err
	}
	if answer := strings.TrimSpace(string(out)); answer == "" || strings.Contains(answer, "null") {
		return fmt.Errorf("the document's answer: %q", answer)
	}
	return nil
}

// TestCommandsInRules has the commands in the rules' texts understood.
func TestCommandsInRules(t *testing.T) {
	t.Parallel()
	for _, r := range audit.Rules() {
		for _, m := range regexp.MustCompile(`\bedgecert ([a-z]+)(?: ([a-z]+(?:-[a-z]+)+))?`).FindAllStringSubmatch(r.Doc, -1) {
			if !isCommand(m[1]) {
				t.Errorf("%s: %s: no such command", r.ID, m[0])
			}
			if _, ok := audit.Find(m[2]); m[1] == "explain" && !ok {
				t.Errorf("%s: %s: no such rule", r.ID, m[0])
			}
		}
	}
}

// TestFilesInDocs has every targets file and every JSON of the documents
// parsed, and the commands that service units and tasks start.
func TestFilesInDocs(t *testing.T) {
	t.Parallel()
	lists := 0
	for _, b := range blocks(t) {
		switch {
		case b.language == "json" && !json.Valid([]byte(b.text)):
			t.Errorf("%s: no JSON: %s", b.file, b.text)
		case b.language == "":
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
	if lists < 1 {
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
		all := edgecerts(line)
		if len(all) != 1 {
			t.Fatalf("%d commands in %s", len(all), line)
		}
		if err := parses(all[0]); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}
