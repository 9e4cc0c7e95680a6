package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"edgecert/report/text"
)

// helpWidth is how wide help is at most: what a window has that nobody widened.
const helpWidth = 80

// A flagGroup is flags that are about one thing. Forty in one alphabetic list
// help nobody.
type flagGroup struct {
	title string
	flags []string
}

// flagGroups lists the flags of all commands in the order of help. One that
// stands in no group is the command's own.
func flagGroups() []flagGroup {
	return []flagGroup{
		{"What to scan", []string{"targets", "topology", "pool", "shard", "resolver"}},
		{"How long", []string{"interval", "for"}},
		{"What was meant", []string{"expect", "service", "password-file", "password-env"}},
		{"How to dial", []string{"timeout", "retries", "quick", "samples", "udp", "client-cert", "client-key", "proxy",
			"proxy-password-file", "concurrency", "per-address", "rate"}},
		{"Judging", []string{"profile", "warn-days", "error-days", "allow", "severity", "roots", "only-roots", "revocation", "at", "fail-on"}},
		{"Output", []string{"output", "format", "csv-separator", "quiet", "previous", "find"}},
		{"Nightly", []string{"state", "remind", "webhook", "webhook-format"}},
		{"Mail", []string{"mail-to", "mail-from", "smtp", "smtp-user", "smtp-password-file", "smtp-clear"}},
	}
}

// everyCommands are the flags that every command has; they come last.
const everyCommands = "Every command has"

// help prints what cobra's own would, but with the flags in groups and in lines
// that fit the window and break between words.
func (a *app) help(c *cobra.Command, _ []string) {
	var b strings.Builder
	columns := min(width(a.out), helpWidth)
	about := c.Long
	if about == "" {
		about = c.Short
	}
	b.WriteString(flow(about, columns))
	fmt.Fprintf(&b, "\nUsage:\n  %s\n", usageLine(c))
	if c.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", c.Example)
	}
	if c.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				entry(&b, sub.Name(), sub.Short, sub.NamePadding(), columns)
			}
		}
	}
	writeFlags(&b, c, columns)
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n%s COMMAND --help tells more of one.\n", c.CommandPath())
	}
	_, _ = io.WriteString(c.OutOrStdout(), b.String())
}

// writeFlags prints a command's flags, group by group.
func writeFlags(b *strings.Builder, c *cobra.Command, columns int) {
	for _, g := range flagsOf(c) {
		b.WriteString("\n" + g.title + ":\n")
		for _, name := range g.flags {
			what, text := flagHelp(c.Flags().Lookup(name))
			entry(b, what, text, 26, columns)
		}
	}
}

// flagsOf are the flags that a command shows, in groups; no group is empty.
func flagsOf(c *cobra.Command) []flagGroup {
	groups := flagGroups()
	of := map[string]string{}
	for _, g := range groups {
		for _, name := range g.flags {
			of[name] = g.title
		}
	}
	c.InitDefaultHelpFlag()
	var own, every []string
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if c.Root().PersistentFlags().Lookup(f.Name) == nil && f.Name != "help" && of[f.Name] == "" {
			own = append(own, f.Name)
		}
	})
	c.Root().PersistentFlags().VisitAll(func(f *pflag.Flag) { every = append(every, f.Name) })
	groups = slices.Concat([]flagGroup{{"Flags", own}}, groups, []flagGroup{{everyCommands, append(every, "help")}})
	for i := range groups {
		groups[i].flags = slices.DeleteFunc(groups[i].flags, func(name string) bool {
			f := c.Flags().Lookup(name)
			return f == nil || f.Hidden
		})
	}
	return slices.DeleteFunc(groups, func(g flagGroup) bool { return len(g.flags) == 0 })
}

// flagHelp is a flag as help shows it, "-t, --targets FILE", and what it does.
func flagHelp(f *pflag.Flag) (what, text string) {
	value, text := pflag.UnquoteUsage(f)
	what = "    --" + f.Name
	if f.Shorthand != "" {
		what = "-" + f.Shorthand + ", --" + f.Name
	}
	if value != "" && f.Value.Type() != "bool" {
		what += " " + value
		text = strings.Replace(text, ", "+value, "", 1) // it stands beside it
	}
	if !slices.Contains([]string{"", "0", "[]", "false", "0s"}, f.DefValue) {
		text += " (default " + defaultOf(f) + ")"
	}
	return what, text
}

// entry prints a word and what it means beside it, or below it where the word
// is longer than its column.
func entry(b *strings.Builder, what, meaning string, column, columns int) {
	indent := strings.Repeat(" ", column+4)
	lead := fmt.Sprintf("  %-*s  ", column, what)
	if len(what) > column {
		b.WriteString("  " + what + "\n")
		lead = indent
	}
	for _, line := range text.Wrap(meaning, max(columns-len(indent), 20)) {
		b.WriteString(lead + line + "\n")
		lead = indent
	}
}

// usageLine is how a command is called.
func usageLine(c *cobra.Command) string {
	if c.HasAvailableSubCommands() {
		return c.CommandPath() + " COMMAND [flags]"
	}
	c.LocalFlags() // cobra adds the flags of every command when it is asked for them
	return c.UseLine()
}
