package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"edgecert/report"
	"edgecert/scanner/edge"
	"edgecert/scanner/targets"
	"edgecert/scanner/targets/discover"
	"edgecert/scanner/targets/dns"
)

func (a *app) targetsCommand() *cobra.Command {
	var files, topologies, only []string
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
				if _, err := os.Stat(arg); err == nil || arg == stdinName {
					files = append(files, arg)
				} else {
					domains = append(domains, arg)
				}
			}
			if len(files)+len(topologies)+len(domains) == 0 {
				return hintf("name a targets file, --topology FILE or a SIP domain", "no targets to show")
			}
			resolver, err := dns.ParseResolver(resolverAddress)
			if err != nil {
				return err
			}
			f, err := a.read(files, topologies, domains)
			if err != nil {
				return err
			}
			pools := targets.Resolve(c.Context(), f.Pools, resolver)
			pools = targets.Distinct(append(pools, discover.Pools(c.Context(), f.Domains, resolver, nil)...))
			if err := c.Context().Err(); err != nil {
				return err // half of a targets file would pass for a whole one
			}
			if pools, err = targets.Select(pools, only); err != nil {
				return err
			}
			a.doubt(c.Context(), resolver, pools)
			a.doubtFiles(pools)
			pools = edge.Related(pools)
			if write {
				return targets.Write(a.out, pools)
			}
			return showTargets(a.out, pools)
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&files, "targets", "t", nil, "targets `FILE`; - is stdin; repeatable")
	f.StringArrayVar(&topologies, "topology", nil, "topology `FILE` (XML, .tbxml, Export-CsConfiguration ZIP, JSON); repeatable")
	f.StringArrayVar(&only, "pool", nil, "the pool of this `NAME` only; repeatable")
	f.StringVar(&resolverAddress, "resolver", "", "ask this DNS server, `HOST[:PORT]`")
	f.BoolVar(&write, "write", false, "print a targets file instead")
	return c
}

// doubtFiles warns of files that the lines of a pool name and that are not there:
// a scan would not begin.
func (a *app) doubtFiles(pools []edge.Pool) {
	doubt := func(source, path string) {
		if _, err := os.Stat(path); err != nil {
			a.ui.warnf("%s: %s", source, pathWords(err))
		}
	}
	for _, p := range pools {
		for _, x := range p.Expect {
			if _, print := edge.ParseThumbprint(x.Text); !print {
				doubt(x.Source, x.Text)
			}
		}
		for _, f := range p.InventoryFiles {
			doubt(f.Source, f.Path)
		}
	}
}

// maxFaults are reasons told for one pool: a dead resolver has one for every name.
const maxFaults = 20

// showTargets prints what would be dialed, pool by pool.
func showTargets(w io.Writer, pools []edge.Pool) error {
	var b bytes.Buffer
	endpoints := edge.Plan(pools)
	for i, p := range pools {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "pool %s (%s)\n", report.Clean(p.Name), report.Clean(p.Source))
		end := slices.IndexFunc(endpoints, func(e edge.Endpoint) bool { return e.Pool != p.Name })
		if end < 0 {
			end = len(endpoints)
		}
		mine := endpoints[:end]
		endpoints = endpoints[end:]
		if err := endpointTable(&b, mine); err != nil {
			return fmt.Errorf("writing the endpoints: %w", err)
		}
		for _, note := range p.Notes {
			fmt.Fprintf(&b, "note: %s\n", report.Clean(note))
		}
		if !p.Listed() && !p.CloudAlone() {
			names(&b, p)
		}
	}
	_, err := b.WriteTo(w)
	return err
}

// endpointTable lists endpoints, and below it why some have no address.
func endpointTable(w io.Writer, endpoints []edge.Endpoint) error {
	if len(endpoints) == 0 {
		_, err := fmt.Fprintln(w, "  nothing to dial")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  member\trole\tname\taddress\tport\tfrom")
	var faults []string
	for _, e := range endpoints {
		member, address, port := e.Member, e.Address.String(), strconv.Itoa(e.Port)
		if e.Fault != nil {
			member = "-"
			if !e.Address.IsValid() {
				address = "none"
			}
			if !slices.Contains(faults, e.Fault.Message) && len(faults) < maxFaults {
				faults = append(faults, e.Fault.Message)
			}
		}
		if e.Port != e.ServicePort {
			port += " for " + strconv.Itoa(e.ServicePort)
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\t%s\n",
			report.Clean(member), e.Role, report.Clean(e.FQDN), address, port, report.Clean(e.Source))
	}
	err := table.Flush()
	for _, f := range faults {
		fmt.Fprintf(w, "note: %s\n", report.Clean(f))
	}
	return err
}

// ofGroup names the services whose certificate is meant, where a pool has several.
func ofGroup(p edge.Pool, r edge.Role) string {
	if len(p.Groups) < 2 {
		return ""
	}
	r = cmp.Or(r, edge.Access)
	return " of " + strings.Join(edge.Map(p.Group(r), func(one edge.Role) string { return string(one) }), ", ")
}

// names lists what the certificate must hold and how to ask for it.
func names(w io.Writer, p edge.Pool) {
	for _, due := range edge.GroupBy(edge.RequiredNames(p), func(n edge.RequiredName) edge.Role { return n.Bearer }) {
		fmt.Fprintf(w, "the certificate%s must hold:\n", ofGroup(p, due[0].Bearer))
		for _, n := range due {
			fmt.Fprintf(w, "  %s (%s)\n", report.Clean(n.Name), report.Clean(n.Why))
		}
	}
	for _, x := range p.Expect {
		fmt.Fprintf(w, "expected%s: %s\n", ofGroup(p, x.Role), report.Clean(x.Text))
	}
	requests := edge.CertificateRequests(p)
	if len(requests) > 0 {
		fmt.Fprintln(w, "to request it, on one member:")
	}
	for _, q := range requests {
		fmt.Fprintf(w, "  %s\n", q.Command)
		if q.LeftOut > 0 {
			fmt.Fprintf(w, "  note: %d of the names cannot be asked for: not DNS safe\n", q.LeftOut)
		}
	}
}
