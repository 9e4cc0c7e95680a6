package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"edgecert/report"
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
