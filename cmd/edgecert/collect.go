package main

import (
	_ "embed"
	"io"

	"github.com/spf13/cobra"
)

//go:embed collect.ps1
var collectScript string

func (a *app) collectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "collect",
		Short: "Print the PowerShell that gathers what the wire does not show",
		Long: "Print one PowerShell script that gathers, from all members, the certificates that are assigned,\n" +
			"the start of the services that present them, and the thumbprints of the CA and Root stores, into\n" +
			"one file. A line `inventory * FILE` of the targets file reads it. The script changes nothing.",
		Example: "  edgecert collect > collect.ps1",
		Args:    takes("no arguments", 0, 0),
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(a.out, collectScript)
			return err
		},
	}
}
