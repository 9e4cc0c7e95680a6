package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"edgecert/report/formats"
	"edgecert/scanner/edge"
	"edgecert/scanner/targets"
)

// takes demands between least and most arguments (most < 0: any number),
// which are called what.
func takes(what string, least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) >= least && (most < 0 || len(args) <= most) {
			return nil
		}
		return hintf("write it as "+c.UseLine(), "%s takes %s: %d given", c.Name(), what, len(args))
	}
}

// knownCommand refuses a word that is no command, with the nearest that is.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("%s --help lists the commands", c.CommandPath())
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + near[0] + "?"
	} else if !c.HasParent() {
		hint = cmp.Or(scanHint(args[0]), hint)
	}
	return hintf(hint, "%q: no such command", args[0])
}

// scanHint says how what stands where a command should is scanned: a host, a
// domain, a targets file.
func scanHint(word string) string {
	file, err := targets.CommandLine([]string{word})
	var mistake *edge.HintError
	switch {
	case err == nil && len(file.Pools)+len(file.Domains) > 0:
		return "edgecert scan " + word + " scans it"
	case errors.As(err, &mistake) && strings.ContainsAny(word, ".:") && mistake.Hint != "":
		return mistake.Hint
	}
	return ""
}

// wordFirst refuses a first word that is no command, before the flags behind it
// are blamed that the command would have.
func wordFirst(root *cobra.Command, args []string) error {
	root.InitDefaultHelpCmd()
	if err := plainDashes(root, args); err != nil {
		return err
	}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return nil
	}
	if strings.HasPrefix(args[0], "__") { // cobra's own, for completion
		bareUsage(root)
		return nil
	}
	if c, _, err := root.Find(args[:1]); err == nil && c != root {
		return nil
	}
	return knownCommand(root, args[:1])
}

// plainDashes refuses what was meant for a flag: one dash before its name, of
// which pflag would make -t with a file, or the dash of a word processor, which
// would be a host.
func plainDashes(root *cobra.Command, args []string) error {
	c, _, err := root.Find(args)
	if err != nil {
		return nil
	}
	for i, arg := range args {
		bare := strings.TrimLeft(arg, "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
		dashes := strings.TrimSuffix(arg, bare)
		name, _, _ := strings.Cut(bare, "=")
		long := len(name) > 1
		switch {
		case arg == "--":
			return nil
		case strings.Trim(dashes, "-") != "" && long:
			return hintf("a flag of several letters has two hyphens of the keyboard: --"+name, "%q begins with the dash of a word processor", arg)
		case strings.Trim(dashes, "-") != "":
			return hintf("a flag begins with the hyphen of the keyboard: -"+name, "%q begins with the dash of a word processor", arg)
		case dashes == "-" && long && c.Flag(strings.ToLower(name)) != nil && !takesValue(c, args[:i]):
			return hintf("a flag of several letters has two dashes: --"+strings.ToLower(name), "%s: no such flag", arg)
		}
	}
	return nil
}

// takesValue says whether the last of args is a flag whose value comes next.
func takesValue(c *cobra.Command, args []string) bool {
	if len(args) == 0 || strings.Contains(args[len(args)-1], "=") {
		return false
	}
	last := args[len(args)-1]
	var f *pflag.Flag
	if name, long := strings.CutPrefix(last, "--"); long {
		f = c.Flag(name)
	} else if len(last) == 2 && last[0] == '-' {
		f = c.Flags().ShorthandLookup(last[1:])
	}
	return f != nil && f.NoOptDefVal == ""
}

// flagError gives pflag's errors a hint, and its conversion errors, which are
// about Go functions, a sentence.
func flagError(c *cobra.Command, err error) error {
	hint := c.CommandPath() + " --help lists the flags"
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		hint = cmp.Or(likely(c, unknown.GetSpecifiedName()), hint)
		err = fmt.Errorf("%s: no such flag", dashed(unknown.GetSpecifiedName()))
	}
	var missing *pflag.ValueRequiredError
	if errors.As(err, &missing) {
		err = fmt.Errorf("%s: its value is missing", dashed(missing.GetSpecifiedName()))
	}
	var value *pflag.InvalidValueError
	if !errors.As(err, &value) {
		return hintf(hint, "%w", err)
	}
	f := value.GetFlag()
	switch f.Value.Type() {
	case "int":
		return hintf(hint, "--%s %q: no whole number, or one too large", f.Name, value.GetValue())
	case "duration":
		return hintf(fmt.Sprintf("write it as --%s %s", f.Name, defaultOf(f)), "--%s %q: no duration", f.Name, value.GetValue())
	case "once":
		return hintf("a line expect in each pool of the targets file can say more than one", "--%s is given twice", f.Name)
	case "bool":
		return hintf(fmt.Sprintf("--%s alone is enough", f.Name), "--%s %q: neither true nor false", f.Name, value.GetValue())
	}
	return hintf(hint, "%w", err)
}

// dashed is a flag as it is written.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// noneEmpty refuses a flag whose value is empty, mostly a script's variable that
// was not set: what it asks for would be left out in silence.
func noneEmpty(f *pflag.FlagSet) (err error) {
	f.Visit(func(f *pflag.Flag) {
		many, isList := f.Value.(pflag.SliceValue)
		if err == nil && (f.Value.String() == "" || isList && slices.Contains(many.GetSlice(), "")) {
			err = hintf("give it a value, or leave it out; a variable of the script may be empty", "--%s: its value is empty", f.Name)
		}
	})
	return err
}

// defaultOf is a flag's default, durations as one writes them.
func defaultOf(f *pflag.Flag) string {
	if d, err := time.ParseDuration(f.DefValue); err == nil && f.Value.Type() == "duration" {
		return inWhole(d)
	}
	return f.DefValue
}

// likely says what somebody may have meant by a flag that there is not: the
// nearest that there is, or the command of that name, as with --version.
func likely(c *cobra.Command, name string) string {
	var flags []string
	c.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
	_, aFormat := edge.Find(formats.All(), func(f formats.Format) bool { return f.Name == name })
	switch near := edge.Nearest(name, flags); {
	case name == "password" && c.Flag("password-file") != nil:
		return "a password stands in no command line: --password-file FILE or --password-env NAME"
	case aFormat && c.Flag("format") != nil:
		return "did you mean --format " + name + "?"
	case c.Flags().ShorthandLookup(strings.ToLower(name[:1])) != nil && len(name) == 1:
		return "did you mean -" + strings.ToLower(name) + "?"
	case near != "":
		return "did you mean --" + near + "?"
	}
	for _, command := range c.Root().Commands() {
		if command.Name() == name {
			return "did you mean " + command.CommandPath() + "?"
		}
		short := len(name) == 1 && command.Flags().ShorthandLookup(name) != nil
		if command.Name() == "scan" && !c.HasParent() && (short || command.Flag(name) != nil) {
			return "a command comes first, as in edgecert scan " + dashed(name)
		}
	}
	return ""
}

// helpCommand is cobra's, except that it refuses what there is no help for.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil {
				return err
			}
			if err := knownCommand(about, rest); err != nil {
				return err
			}
			return about.Help()
		},
	}
}
