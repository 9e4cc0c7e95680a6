package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
	"github.com/spf13/cobra"

	"edgecert/report/text"
	"edgecert/report/vantage"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

func (a *app) rulesCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "rules",
		Short: "List every rule with its severity",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return hintf("edgecert explain "+args[0]+" explains one", "rules takes no arguments: %d given", len(args))
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			if err := oneOf("--format", format, "table", "markdown"); err != nil {
				return err
			}
			return writeRules(a.out, format == "markdown")
		},
	}
	c.Flags().StringVar(&format, "format", "table", "`table|markdown`")
	return c
}

// writeRules prints the catalogue.
func writeRules(w io.Writer, markdown bool) error {
	opts := []tablewriter.Option{
		tablewriter.WithEastAsian(tw.Off), tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft), tablewriter.WithRowAutoWrap(tw.WrapNone),
	}
	if markdown {
		opts = append(opts, tablewriter.WithRenderer(renderer.NewMarkdown()))
	} else {
		opts = append(opts, tablewriter.WithRendition(tw.Rendition{Borders: tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone}}))
	}
	var b strings.Builder
	table := tablewriter.NewTable(&b, opts...)
	table.Header("rule", "severity", "finding when")
	for _, r := range audit.Rules() {
		id := r.ID
		if markdown {
			id = "`" + id + "`"
		}
		if err := table.Append(id, severity(r), r.Title); err != nil {
			return fmt.Errorf("writing the rules: %w", err)
		}
	}
	if err := table.Render(); err != nil {
		return fmt.Errorf("writing the rules: %w", err)
	}
	text := b.String()
	for strings.Contains(text, " \n") { // padding would wrap into empty lines
		text = strings.ReplaceAll(text, " \n", "\n")
	}
	_, err := io.WriteString(w, text)
	return err
}

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain RULE | EVENT-ID | ERROR-CODE",
		Short: "Explain a rule, or name the rules that find the cause of an event or error code",
		Long: "Explain a rule: what it means, why it matters, how to fix it. A number from an event log (14559,\n" +
			"Schannel's 36885) or an error code (0x80090322) finds the rules that find its cause.",
		Args: takes("one RULE", 1, 1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return describedRules(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			of := strings.ToLower(strings.TrimSpace(args[0]))
			if of == vantage.Differs {
				_, err := io.WriteString(a.out, flow(vantage.Differs+" (error, warning or info)\n\n"+vantage.Doc, min(width(a.out), 100)))
				return err
			}
			text, err := explanation(of)
			if err != nil {
				return err
			}
			_, err = io.WriteString(a.out, flow(text, min(width(a.out), 100)))
			return err
		},
	}
}

// explanation is what there is to say of a rule, an event or an error code.
func explanation(of string) (string, error) {
	if e, ok := eventOf(of); ok {
		return e.text(of), nil
	}
	if isNumber(of) {
		return "", hintf("edgecert rules lists what is found; known are the numbers of certificates and TLS in the logs of an Edge Server and of Schannel",
			"explain %q: no event or error code that a rule is known to find", of)
	}
	r, err := ruleNamed("explain", of)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s (%s)\n\n%s\n\n%s\n\nSource: %s", r.ID, severities(r), r.Title, strings.TrimSpace(r.Doc), r.Source), nil
}

// describedRules are what a shell offers for a rule: ID, tab, title.
func describedRules() []string {
	return edge.Map(audit.Rules(), func(r audit.Rule) string { return r.ID + "\t" + r.Title })
}

// severity is a rule's severity in one cell, with the profiles that raise it.
func severity(r audit.Rule) string {
	if len(r.Raised) == 0 {
		return string(r.Severity)
	}
	return fmt.Sprintf("%s (%s: %s)", r.Severity, audit.Error, strings.Join(r.Raised, ", "))
}

// severities are the severities that a rule's findings have, and why.
func severities(r audit.Rule) string {
	all := string(r.Severity)
	if r.Varies != "" {
		all += "; " + r.Varies
	}
	for _, profile := range r.Raised {
		all += "; " + string(audit.Error) + " with --profile " + profile
	}
	return all
}

// flow lays paragraphs out anew for a window of width columns. Indented lines
// are commands to copy, and stay whole.
func flow(all string, width int) string {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(all, "\n\n") {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		var prose []string
		end := func() {
			if len(prose) > 0 {
				b.WriteString(strings.Join(text.Wrap(strings.Join(prose, " "), width), "\n") + "\n")
			}
			prose = nil
		}
		for line := range strings.SplitSeq(paragraph, "\n") {
			if !strings.HasPrefix(line, " ") {
				prose = append(prose, line)
				continue
			}
			end()
			b.WriteString(line + "\n")
		}
		end()
	}
	return b.String()
}
