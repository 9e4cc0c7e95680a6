package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"edgecert/report/formats"
)

// bareUsage takes the marks out of what the flags say of themselves, which
// shells show as they stand.
func bareUsage(c *cobra.Command) {
	bare := func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") }
	c.LocalFlags().VisitAll(bare)
	for _, sub := range c.Commands() {
		bareUsage(sub)
	}
}

// completeValues has shells offer what a flag takes, by the word that its help
// has for the value: a rule, a format, or one of a closed set (a|b|c).
func completeValues(c *cobra.Command) {
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		values, then := []string(nil), cobra.ShellCompDirectiveNoFileComp
		switch what, _ := pflag.UnquoteUsage(f); {
		case what == "RULE":
			values = describedRules()
		case strings.HasPrefix(what, "RULE="):
			for _, id := range ruleIDs() {
				values = append(values, id+"=")
			}
			then |= cobra.ShellCompDirectiveNoSpace
		case what == "F":
			for _, f := range formats.All() {
				values = append(values, f.Name+"\t"+f.Title)
			}
		case strings.Contains(what, "|"):
			values = strings.Split(what, "|")
		default:
			return
		}
		_ = c.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(values, then)) // fails for a flag that c has not
	})
	for _, sub := range c.Commands() {
		completeValues(sub)
	}
}

// shellsOnly makes cobra's completion command refuse a shell that it does not
// know, instead of printing its help as if all were well.
func shellsOnly(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args = knownCommand
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
			for _, shell := range c.Commands() {
				shell.Args = takes("no arguments", 0, 0)
				switch shell.Name() {
				case "bash":
					shell.Long = strings.Replace(shell.Long, "This script depends on the 'bash-completion' package.\nIf it is not installed already, you can install it via your OS's package manager.",
						"With the package bash-completion it knows quoted words, too.", 1)
					shell.RunE = script((*cobra.Command).GenBashCompletionV2, "    "+wordsOfBash, withoutPackage)
				case "zsh":
					shell.RunE = script(zsh, "\ncompdef _", "\n(( $+functions[compdef] )) && compdef _")
				}
			}
		}
	}
}

// wordsOfBash is how cobra's script has the package bash-completion take the
// line apart, and withoutPackage what does where that is not loaded, so that no
// TAB says "command not found".
const (
	wordsOfBash    = `_get_comp_words_by_ref "$@" cur prev words cword`
	withoutPackage = `    if declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
        ` + wordsOfBash + `
        return
    fi
    read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
    [[ ${COMP_LINE:0:COMP_POINT} != *[[:space:]] ]] || words+=("")
    cword=$((${#words[@]} - 1))
    cur=${words[cword]}
    prev=${words[cword - 1]}`
)

func zsh(c *cobra.Command, w io.Writer, describe bool) error {
	if describe {
		return c.GenZshCompletion(w)
	}
	return c.GenZshCompletionNoDesc(w)
}

// script prints what cobra generates, with old replaced by better.
func script(generate func(c *cobra.Command, w io.Writer, describe bool) error, old, better string) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, _ []string) error {
		bare, err := c.Flags().GetBool("no-descriptions")
		if err != nil {
			return err
		}
		var b strings.Builder
		if err := generate(c.Root(), &b, !bare); err != nil {
			return err
		}
		_, err = io.WriteString(c.OutOrStdout(), strings.Replace(b.String(), old, better, 1))
		return err
	}
}
