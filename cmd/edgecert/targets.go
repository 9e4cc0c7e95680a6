package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
	"github.com/spf13/cobra"

	"edgecert/report"
	"edgecert/scanner/edge"
	"edgecert/scanner/target"
)

func (a *app) targetsCommand() *cobra.Command {
	var files, topologies []string
	var resolverAddress string
	var write bool
	c := &cobra.Command{
		Use:   "targets FILE | --topology FILE | DOMAIN",
		Short: "Show what would be dialed, and which names the certificate must hold",
		Long: "Show every endpoint that a scan would dial, where each fact comes from, the names that the\n" +
			"certificate must hold and the command that requests it. Only DNS is asked, nothing is dialed.",
		RunE: func(c *cobra.Command, args []string) error {
			var domains []string
			for _, arg := range args {
				if _, err := os.Stat(arg); err == nil || arg == "-" {
					files = append(files, arg)
				} else {
					domains = append(domains, arg)
				}
			}
			files = append(files, topologies...)
			if len(files)+len(domains) == 0 {
				return hintf("name a targets file, --topology FILE or a SIP domain", "no targets to show")
			}
			pools, err := a.planned(c.Context(), files, domains, resolverAddress)
			if err != nil {
				return err
			}
			if write {
				return target.Write(a.out, pools)
			}
			return showTargets(a.out, pools)
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&files, "targets", "t", nil, "targets `FILE`; - is stdin; repeatable")
	f.StringArrayVar(&topologies, "topology", nil, "topology `FILE` (XML, .tbxml, Export-CsConfiguration ZIP, JSON); repeatable")
	f.StringVar(&resolverAddress, "resolver", "", "ask this DNS server, `HOST[:PORT]`")
	f.BoolVar(&write, "write", false, "print a targets file instead")
	return c
}

// planned gathers the pools without dialing any service.
func (a *app) planned(ctx context.Context, files, args []string, resolverAddress string) ([]edge.Pool, error) {
	written, err := target.Load(files, a.in, target.ParseOptions{Rules: ruleIDs()})
	if err != nil {
		return nil, err
	}
	hosts, err := target.CommandLine(args)
	if err != nil {
		return nil, err
	}
	all, err := target.Join(written, hosts)
	if err != nil {
		return nil, err
	}
	resolver, err := target.ParseResolver(resolverAddress)
	if err != nil {
		return nil, err
	}
	pools := target.Resolve(ctx, all.Pools, resolver)
	return target.Distinct(append(pools, target.Discover(ctx, all.Domains, resolver, nil)...)), nil
}

// showTargets prints what would be dialed, pool by pool.
func showTargets(w io.Writer, pools []edge.Pool) error {
	var b bytes.Buffer
	endpoints := target.Plan(pools)
	for i, p := range pools {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "pool %s (%s)\n", report.Clean(p.Name), report.Clean(p.Source))
		mine := slices.DeleteFunc(slices.Clone(endpoints), func(e edge.Endpoint) bool { return e.Pool != p.Name })
		if err := endpointTable(&b, mine); err != nil {
			return fmt.Errorf("writing the endpoints: %w", err)
		}
		for _, note := range p.Notes {
			fmt.Fprintf(&b, "note: %s\n", report.Clean(note))
		}
		if p.Kind == edge.EdgePool {
			names(&b, p)
		}
	}
	_, err := b.WriteTo(w)
	return err
}

func endpointTable(w io.Writer, endpoints []edge.Endpoint) error {
	table := tablewriter.NewTable(w, tablewriter.WithEastAsian(tw.Off), tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft), tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithRendition(tw.Rendition{Borders: tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone}}))
	table.Header("member", "role", "name", "address", "port", "from")
	for _, e := range endpoints {
		address, port := e.Address.String(), strconv.Itoa(e.Port)
		if !e.Address.IsValid() {
			address = "none"
		}
		if e.Fault != nil {
			address += " (" + report.Clean(e.Fault.Message) + ")"
		}
		if e.Port != e.ServicePort {
			port += " for " + strconv.Itoa(e.ServicePort)
		}
		if err := table.Append(report.Clean(e.Member), string(e.Role), report.Clean(e.FQDN), address, port, report.Clean(e.Source)); err != nil {
			return err
		}
	}
	return table.Render()
}

// names lists what the certificate must hold and how to ask for it.
func names(w io.Writer, p edge.Pool) {
	fmt.Fprintln(w, "the certificate must hold:")
	for _, n := range edge.RequiredNames(p) {
		fmt.Fprintf(w, "  %s (%s)\n", report.Clean(n.Name), report.Clean(n.Why))
	}
	if command := target.RequestCommand(p); command != "" {
		fmt.Fprintf(w, "to request it, on one member:\n  %s\n", strings.ReplaceAll(command, "\n", "\n  "))
	}
}
