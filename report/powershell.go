package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
)

// PowerShell writes the plan of every pool as a script: to be read, and run block
// by block, each on the server that it names. It refuses to run as a whole. What
// came from the network stands in comments of one line, and in commands only as
// audit quotes it.
func PowerShell(w io.Writer, r Report) error {
	out := bufio.NewWriter(w)
	line := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	line("# %s: the plan as of %s", Clean(r.Tool.Name), r.Now().UTC().Format("2006-01-02 15:04 UTC"))
	line("# Read it, and run it block by block, each on the server that it names.")
	line("throw 'This plan is not to be run as a whole: run each block on the server that it names.'")
	steps := 0
	for _, p := range r.WorstFirst() {
		line("")
		line("# pool %s: %s, %s", comment(p.Plan.Name), VerdictWord(p.Verdict), p.ProblemCount())
		for i, x := range p.Problems {
			line("#   problem %d, %s: %s", i+1, x.Severity, comment(x.Headline))
		}
		for i, s := range p.Steps {
			steps++
			line("")
			line("# %d. %s (settles %s)", i+1, comment(StepText(s)), settles(s))
			for _, c := range s.Commands {
				line("%s", ascii(c))
			}
		}
	}
	if steps == 0 {
		line("")
		line("# There is nothing to do.")
	}
	return out.Flush()
}

// comment keeps text on its line.
func comment(s string) string { return ascii(Bounded(s)) }

// ascii is for PowerShell 5, which takes a file for the system's code page.
// Commands hold nothing else: names that are DNS-safe, hex digits and paths.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r > '~' {
			return '?'
		}
		return r
	}, Clean(s))
}

func settles(s audit.Step) string {
	n := edge.Map(s.Problems, func(i int) string { return fmt.Sprint(i + 1) })
	if len(n) == 1 {
		return "problem " + n[0]
	}
	return "problems " + strings.Join(n, ", ")
}
