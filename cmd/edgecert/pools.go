package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"edgecert/scanner"
	"edgecert/scanner/audit"
	"edgecert/scanner/edge"
	"edgecert/scanner/inventory"
	"edgecert/scanner/limits"
	"edgecert/scanner/targets"
	"edgecert/scanner/targets/discover"
	"edgecert/scanner/targets/dns"
)

// ruleIDs are what `severity` and `allow` of a targets file may name.
func ruleIDs() []string {
	return edge.Map(audit.Rules(), func(r audit.Rule) string { return r.ID })
}

// read lays files and arguments together. Nothing to look at is an error.
func (a *app) read(files, topologies, args []string) (targets.File, error) {
	written, err := targets.LoadWith(files, topologies, a.in, ruleIDs())
	if errors.Is(err, fs.ErrNotExist) {
		err = cmp.Or(wholePath(slices.Concat(files, topologies), args), err)
	}
	if err != nil {
		return targets.File{}, err
	}
	hosts, err := targets.CommandLine(args)
	if err != nil {
		return targets.File{}, err
	}
	all, err := targets.Join(written, hosts)
	if err == nil && len(all.Pools)+len(all.Domains) == 0 {
		return all, hintf("targets.example.txt explains every line", "nothing to scan: %s names no pool, domain or HOST:PORT", called(slices.Concat(files, topologies)...))
	}
	return all, err
}

// wholePath refuses a path that was written with its blanks and without quotes:
// all but its beginning would be hosts.
func wholePath(files, args []string) error {
	for _, file := range files {
		for n := range args {
			whole := file + " " + strings.Join(args[:n+1], " ")
			if _, err := os.Stat(whole); err == nil {
				return hintf("write it as \""+whole+"\"", "%s: a path with blanks stands in quotes", file)
			}
		}
	}
	return nil
}

// doubt warns of a --resolver that answered no question about any pool.
func (a *app) doubt(ctx context.Context, r dns.Resolver, pools []edge.Pool) {
	if why := dns.Unanswered(pools); why != "" && r.Server != "" && ctx.Err() == nil {
		a.ui.warnf("--resolver %s: %s", r.Server, why)
	}
}

// pools gathers what is to be scanned from files, arguments and, as far as
// dialing needs it, DNS.
func (a *app) pools(ctx context.Context, args []string, s *scanFlags, o scanner.Options) ([]edge.Pool, error) {
	f, err := a.read(s.targets, nil, args)
	if err != nil {
		return nil, err
	}
	if err := s.choose(&f); err != nil {
		return nil, err
	}
	if err := readInventories(f.Pools, time.Now()); err != nil {
		return nil, err
	}
	if err := a.readExpected(ctx, f.Pools, s.password); err != nil {
		return nil, err
	}
	found := discover.Pools(ctx, f.Domains, s.dns, func(ctx context.Context, endpoints []edge.Endpoint) []edge.Capture {
		o.Quick = true
		captures, err := scanner.Scan(ctx, endpoints, o)
		if err != nil {
			a.ui.warnf("looking for services: %v", err)
		}
		return captures
	})
	if s.federation {
		found = partners(found, f.Domains)
	}
	pools := targets.Distinct(append(f.Pools, found...)) // by names that every share gives alike
	if pools, err = targets.Select(pools, s.pools); err != nil {
		return nil, err
	}
	if s.share != nil {
		pools = targets.Share(pools, *s.share)
	}
	if s.expect != "" {
		x, err := a.expected(ctx, s.expect, s.password)
		if err != nil {
			return nil, err
		}
		if err := expectEverywhere(pools, x); err != nil {
			return nil, err
		}
	}
	return targets.Locate(ctx, pools, s.dns), nil
}

// choose leaves what --pool names, so that nothing else is read or looked for.
// A name that no file describes may be that of a pool which is yet to be found.
func (s *scanFlags) choose(f *targets.File) error {
	for _, name := range s.pools {
		written := slices.ContainsFunc(f.Pools, func(p edge.Pool) bool { return p.Name == name })
		if !written && len(f.Domains) > 0 {
			return nil
		}
	}
	if len(s.pools) == 0 {
		return nil
	}
	before := len(f.Pools) + len(f.Domains)
	f.Domains = nil
	var err error
	f.Pools, err = targets.Select(f.Pools, s.pools)
	s.part = len(f.Pools) < before
	return err
}

// partners takes for a partner's host what was found from a domain of the command
// line and shows no mark of an Edge.
func partners(found []edge.Pool, domains []targets.Domain) []edge.Pool {
	for i, p := range found {
		ours := slices.ContainsFunc(domains, func(d targets.Domain) bool {
			return d.Source != targets.CommandLineSource && slices.Contains(p.SIPDomains, d.Name)
		})
		if !ours {
			found[i] = discover.Partner(p)
		}
	}
	return found
}

// readInventories puts the Get-CsCertificate output that pools name into them.
func readInventories(pools []edge.Pool, now time.Time) error {
	for i := range pools {
		for _, f := range pools[i].InventoryFiles {
			data, err := readAtMost(f.Path, limits.Inventory)
			if err != nil {
				return fmt.Errorf("%s: reading the inventory of %s: %w", f.Source, f.Member, err)
			}
			members := []string{f.Member}
			if f.Member == edge.EveryMember {
				members = edge.Map(pools[i].Members, func(m edge.Member) string { return m.Name })
			}
			found, err := inventory.Parse(f.Path, data, members, now)
			if err != nil {
				return fmt.Errorf("%s: %w", f.Source, err)
			}
			pools[i].Inventory = append(pools[i].Inventory, found.Records...)
			pools[i].Stores = append(pools[i].Stores, found.Stores...)
			for _, m := range found.Missing {
				pools[i].Notes = append(pools[i].Notes, fmt.Sprintf("%s has nothing of member %s", f.Path, m))
			}
		}
	}
	return nil
}
