package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"edgecert/report"
	"edgecert/scanner/audit"
	"edgecert/scanner/audit/trust"
)

// toolVersion is what Go stamped from git: a release's tag, else the revision.
func toolVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// revision is the commit that this was built from, where git was there.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return ", commit " + s.Value
		}
	}
	return ""
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the date of the embedded public roots",
		Args:  takes("no arguments", 0, 0),
		RunE: func(*cobra.Command, []string) error {
			age := ""
			if trust.RootsOld(trust.RootsDate(), time.Now()) {
				age = ", more than 90 days old: a newer edgecert knows the public CAs of today"
			}
			_, err := fmt.Fprintf(a.out, "edgecert %s %s/%s\nbuilt with %s%s\npublic roots: Mozilla's of %s%s\n", toolVersion(),
				runtime.GOOS, runtime.GOARCH, runtime.Version(), revision(), trust.RootsDate().Format(time.DateOnly), age)
			return err
		},
	}
}

// tool is this program as reports name it.
func tool() report.Tool {
	return report.Tool{Name: "edgecert", Version: toolVersion(), PublicRoots: trust.RootsDate().Format(time.DateOnly)}
}

// manCommand writes man pages for packagers; the rules are a page of their own.
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
			c.Root().DisableAutoGenTag = true // a page that is made again is the same
			head := &doc.GenManHeader{Title: "EDGECERT", Section: "1", Source: "edgecert " + toolVersion()}
			if err := doc.GenManTree(c.Root(), head, args[0]); err != nil {
				return fmt.Errorf("writing man pages: %w", err)
			}
			return os.WriteFile(filepath.Join(args[0], "edgecert-rules.7"), []byte(rulesPage()), 0o644)
		},
	}
}

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
