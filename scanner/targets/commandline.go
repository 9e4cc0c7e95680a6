package targets

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/targets/syntax"
)

// CommandLineSource is the Source of what the command line gives.
const CommandLineSource = "command line"

// CommandLine reads the hosts of the command line. HOST:PORT go into one pool,
// whose endpoints must all present one certificate; a name alone is a SIP
// domain whose pool is to be found. On bad input it returns Errors.
func CommandLine(args []string) (File, error) {
	var f File
	var errs syntax.Errors
	seen := map[edge.Loose]bool{}
	pool := edge.Pool{Name: string(edge.CommandLinePool), Kind: edge.CommandLinePool, Source: CommandLineSource}
	for _, arg := range args {
		switch loose, domain, err := argument(arg); {
		case err != nil:
			errs = append(errs, err)
		case domain != "":
			if !slices.ContainsFunc(f.Domains, func(d Domain) bool { return d.Name == domain }) {
				f.Domains = append(f.Domains, Domain{Name: domain, Source: CommandLineSource})
			}
		case !seen[loose]:
			seen[loose] = true
			pool.Loose = append(pool.Loose, loose)
		}
	}
	if err := errs.OrNil(); err != nil {
		return File{}, err
	}
	if len(pool.Loose) > 0 {
		f.Pools = []edge.Pool{pool}
	}
	return f, nil
}

// fileHint says where a file belongs that stands where a host should.
func fileHint(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		return fmt.Sprintf("a saved scan is shown by edgecert report %s; a topology is given with -t %s", name, name)
	case ".pfx", ".p12", ".pem", ".cer", ".crt", ".der", ".p7b":
		return fmt.Sprintf("a certificate is judged by edgecert check %s -t FILE, or awaited with --expect %s", name, name)
	default:
		return "a targets file is given with -t " + name
	}
}

// argument reads one argument: a loose endpoint or a domain.
func argument(arg string) (edge.Loose, string, *edge.HintError) {
	fail := func(hint, format string, args ...any) (edge.Loose, string, *edge.HintError) {
		return edge.Loose{}, "", syntax.At("", 0, hint, format, args...)
	}
	// Whatever stands behind a % is a zone to netip, a bracket and a port, too.
	if ip, err := netip.ParseAddr(strings.Trim(arg, "[]")); err == nil && ip.Zone() == "" {
		hint := fmt.Sprintf("add one, as in %s", netip.AddrPortFrom(ip, 5061))
		i := strings.LastIndex(arg, ":")
		host, err := netip.ParseAddr(arg[:max(i, 0)])
		if _, noPort := syntax.ParsePort(arg[i+1:]); err == nil && noPort == nil {
			hint += fmt.Sprintf("; if %s is the port, write [%s]:%s", arg[i+1:], host, arg[i+1:])
		}
		return fail(hint, "%q is an address without a port", arg)
	}
	if strings.Contains(arg, "://") {
		return fail("HOST:PORT is expected, without scheme and path", "%q is a URL", arg)
	}
	if before, _, cut := strings.Cut(arg, "/"); cut {
		if _, err := netip.ParseAddr(before); err == nil {
			return fail("name each host with its port, as "+before+":5061", "%q: a network is not scanned", arg)
		}
	}
	if _, err := os.Stat(arg); err == nil && !strings.Contains(arg, ":") || strings.ContainsAny(arg, `/\`) {
		return fail(fileHint(arg), "%q is a file, not a host", arg)
	}
	if strings.Contains(arg, ":") {
		host, port, err := syntax.SplitHostPort(arg)
		if err != nil {
			hint := ""
			switch {
			case strings.HasPrefix(arg, ":"), strings.HasSuffix(arg, ":"):
				hint = "write it as sip.contoso.com:5061"
			case strings.Contains(arg, ","):
				hint = "blanks divide hosts, not commas"
			case strings.Contains(arg, "@"):
				hint = syntax.NameHint("@")
			}
			return fail(hint, "%v", err)
		}
		return edge.Loose{Host: host, Port: port, Source: CommandLineSource}, "", nil
	}
	if slices.Contains([]string{".txt", ".xml", ".tbxml", ".json", ".csv"}, strings.ToLower(filepath.Ext(arg))) { // no top-level domains
		return fail("a targets file is given with -t FILE, and a SIP domain has no such end", "%q is no SIP domain, and there is no such file", arg)
	}
	name, err := syntax.CleanName(arg)
	if err != nil {
		return fail(syntax.NameHint(arg), "%v", err)
	}
	if !strings.Contains(name, ".") {
		return fail(fmt.Sprintf("a host has a port, as in %s:5061; a SIP domain has a dot", name), "%q is neither HOST:PORT nor a SIP domain", arg)
	}
	return edge.Loose{}, name, nil
}
