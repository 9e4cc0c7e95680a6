package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"edgecert/report/formats"
	"edgecert/scanner/audit"
)

// fromCode are the parts of the documents that the code knows: make golden
// writes them between marks that bear their names.
func fromCode() map[string]func(*bytes.Buffer) error {
	return map[string]func(*bytes.Buffer) error{
		"rules":    writeRulesPage,
		"formats":  writeFormats,
		"commands": writeCommands,
		"limits":   writeLimits,
	}
}

// TestWritten holds those parts against the code.
func TestWritten(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, name := range documents(t) {
		text := document(t, name)
		want := text
		for part, write := range fromCode() {
			begin, end := "<!-- "+part+": written by make golden -->\n", "<!-- end of "+part+" -->"
			head, rest, ok := strings.Cut(want, begin)
			_, tail, ok2 := strings.Cut(rest, end)
			if !ok || !ok2 {
				continue
			}
			found[part] = true
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			want = head + begin + "\n" + b.String() + "\n" + end + tail
		}
		if want == text {
			continue
		}
		if !*update {
			t.Errorf("%s is not what the code says: run make golden", name)
		} else if err := os.WriteFile(filepath.Join("..", "..", name), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for part := range fromCode() {
		if !found[part] {
			t.Errorf("no document has the marks around %s", part)
		}
	}
}

// writeRulesPage is the catalogue: a table, and what explain says of each.
func writeRulesPage(b *bytes.Buffer) error {
	if err := writeRules(b, true); err != nil {
		return err
	}
	for _, r := range audit.Rules() {
		fmt.Fprintf(b, "\n## %s\n\n%s: %s.\n\n%s\n\nSource: %s\n", r.ID, severities(r), markdown(r.Title), prose(r.Doc), markdown(r.Source))
	}
	return nil
}

// prose is a rule's text as Markdown: its indented lines are commands.
func prose(doc string) string {
	lines := strings.Split(strings.TrimSpace(doc), "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, " ") {
			lines[i] = markdown(line)
		}
	}
	commands := regexp.MustCompile(`(?m)(^ +\S.*\n?)+`)
	return commands.ReplaceAllStringFunc(strings.Join(lines, "\n"), func(s string) string {
		return "\n" + strings.TrimRight(s, "\n") + "\n\n" // a paragraph of its own, or it were none
	})
}

// markdown keeps angle brackets and stars from being taken for markup.
func markdown(s string) string {
	return strings.NewReplacer("<", `\<`, "*", `\*`, "_", `\_`).Replace(s)
}

func writeFormats(b *bytes.Buffer) error {
	b.WriteString("| `--format` | `-o` suffix | |\n|---|---|---|\n")
	for _, f := range formats.All() {
		suffixes := ""
		for _, s := range f.Suffixes {
			suffixes += " `" + s + "`"
		}
		fmt.Fprintf(b, "| `%s` |%s | %s |\n", f.Name, suffixes, f.Title)
	}
	return nil
}

// writeCommands lists every command with its flags.
func writeCommands(b *bytes.Buffer) error {
	root := (&app{ui: newUI(b)}).root()
	for _, c := range root.Commands() {
		if c.Hidden || c.Name() == "completion" || c.Name() == "help" {
			continue
		}
		fmt.Fprintf(b, "## edgecert %s\n\n%s.\n\n    %s\n\n", c.Name(), c.Short, usageLine(c))
		flagTables(b, c, false)
	}
	b.WriteString("## Flags of every command\n\n")
	flagTables(b, root, true)
	return nil
}

// flagTables have the flags in the groups of the help.
func flagTables(b *bytes.Buffer, c *cobra.Command, every bool) {
	for _, g := range flagsOf(c) {
		if (g.title == everyCommands) != every {
			continue
		}
		fmt.Fprintf(b, "%s:\n\n| flag | |\n|---|---|\n", g.title)
		for _, name := range g.flags {
			what, text := flagHelp(c.Flags().Lookup(name))
			fmt.Fprintf(b, "| `%s` | %s |\n", cell(strings.TrimSpace(what)), cell(markdown(text)))
		}
		b.WriteString("\n")
	}
}

// writeLimits is the table of limits: its constants with what their comments say.
func writeLimits(b *bytes.Buffer) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, filepath.Join("..", "..", "scanner", "limits", "limits.go"), nil, parser.ParseComments)
	if err != nil {
		return err
	}
	pkg, err := new(types.Config).Check("limits", set, []*ast.File{file}, nil)
	if err != nil {
		return err
	}
	for _, d := range file.Decls {
		title, more, _ := strings.Cut(strings.TrimSpace(d.(*ast.GenDecl).Doc.Text()), ".")
		fmt.Fprintf(b, "## %s\n\n%s| | limit | |\n|---|---|---|\n", title, strings.TrimLeft(more+"\n\n", " \n"))
		for _, spec := range d.(*ast.GenDecl).Specs {
			line := spec.(*ast.ValueSpec)
			what, why, _ := strings.Cut(strings.TrimSpace(line.Comment.Text()), ": ")
			value, _ := constant.Int64Val(pkg.Scope().Lookup(line.Names[0].Name).(*types.Const).Val())
			limit := size(value, strings.HasPrefix(what, "bytes "))
			fmt.Fprintf(b, "| %s | %s | %s |\n", cell(markdown(strings.TrimPrefix(what, "bytes of "))), limit, cell(markdown(why)))
		}
		b.WriteString("\n")
	}
	return nil
}

func size(n int64, bytes bool) string {
	switch {
	case bytes && n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case bytes && n%1024 == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	case bytes:
		return fmt.Sprintf("%d B", n)
	case n < 10_000:
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("%s,%03d", size(n/1000, false), n%1000)
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
