package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"edgecert/scanner/audit"
)

// manCommand writes man pages for packagers; the rules are a page of their own.
// cobra's own writer would bring readers of Markdown and YAML into the program.
func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the man pages into DIR",
		Hidden: true,
		Args:   takes("one folder", 1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("making the folder for man pages: %w", err)
			}
			pages := map[string]string{"edgecert.1": manPage(c.Root()), "edgecert-rules.7": rulesPage()}
			for _, sub := range c.Root().Commands() {
				if sub.IsAvailableCommand() {
					pages["edgecert-"+sub.Name()+".1"] = manPage(sub)
				}
			}
			for name, text := range pages {
				if err := os.WriteFile(filepath.Join(args[0], name), []byte(text), 0o644); err != nil {
					return fmt.Errorf("writing a man page: %w", err)
				}
			}
			return nil
		},
	}
}

// manPage is a command's help as roff.
func manPage(c *cobra.Command) string {
	var b strings.Builder
	name := strings.ReplaceAll(c.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"edgecert %s\"\n.nh\n.ad l\n.SH NAME\n%s \\- %s", strings.ToUpper(roffWord(name)), toolVersion(), roffWord(name), roff(c.Short))
	b.WriteString(".SH SYNOPSIS\n" + roff(usageLine(c)) + ".SH DESCRIPTION\n" + roff(cmp.Or(c.Long, c.Short)))
	for _, g := range flagsOf(c) {
		b.WriteString(".SH " + strings.ToUpper(g.title) + "\n")
		for _, flag := range g.flags {
			what, text := flagHelp(c.Flags().Lookup(flag))
			b.WriteString(".TP\n.B " + roff(strings.TrimSpace(what)) + roff(text))
		}
	}
	if c.Example != "" {
		b.WriteString(".SH EXAMPLES\n" + roff(c.Example))
	}
	if c.HasAvailableSubCommands() {
		b.WriteString(".SH COMMANDS\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				b.WriteString(".TP\n.B " + roff(sub.Name()) + roff(sub.Short))
			}
		}
	}
	b.WriteString(".SH EXIT STATUS\n" + roff("0 all well, 1 warnings only, 2 an error finding or coverage incomplete, "+
		"3 usage, bad input or internal failure, 130 interrupted.") + ".SH SEE ALSO\n" + roff("edgecert(1), edgecert-rules(7)"))
	return b.String()
}

// roffWord is a word in which hyphens stay hyphens.
func roffWord(s string) string { return strings.ReplaceAll(s, "-", `\-`) }

// rulesPage renders the catalogue as roff, without hyphens of roff's own.
func rulesPage() string {
	var b strings.Builder
	b.WriteString(".TH EDGECERT-RULES 7\n.nh\n.ad l\n.SH NAME\nedgecert\\-rules \\- what edgecert checks\n")
	for _, r := range audit.Rules() {
		b.WriteString(".SH " + roff(r.ID+" ("+severities(r)+")") + roff(r.Title) + ".PP\n" +
			roff(strings.TrimSpace(r.Doc)) + ".PP\n" + roff("Source: "+r.Source))
	}
	return b.String()
}

// roff is text as lines of a man page. Indented lines are commands to copy,
// and stay whole.
func roff(text string) string {
	escape := strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace
	var b strings.Builder
	whole := false
	for line := range strings.SplitSeq(text, "\n") {
		command := strings.HasPrefix(line, " ")
		if command && !whole {
			b.WriteString(".nf\n")
		} else if whole && !command {
			b.WriteString(".fi\n")
		}
		whole = command
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			b.WriteString(`\&`) // no request of roff's
		}
		b.WriteString(escape(line) + "\n")
	}
	if whole {
		b.WriteString(".fi\n")
	}
	return b.String()
}
