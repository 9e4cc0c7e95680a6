package targets

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"edgecert/scanner/edge"
	"edgecert/scanner/limits"
	"edgecert/scanner/targets/syntax"
	"edgecert/scanner/targets/topology"
)

// Load reads targets files and topologies, "-" for stdin, told apart by their
// content, and lays them together. The paths inside a targets file become
// relative to where the program runs. A pool may be described by one targets
// file and one topology: what the targets file says counts, and where the
// topology says otherwise the pool's Notes tell. Of two topologies the first
// counts. Two targets files that name one pool are an error. rules are the IDs
// that `severity` and `allow` may name; with none they are taken unchecked.
func Load(paths []string, stdin io.Reader, rules []string) (File, error) {
	return LoadWith(paths, nil, stdin, rules)
}

// LoadWith is Load with further files that are topologies and nothing else.
func LoadWith(paths, topologies []string, stdin io.Reader, rules []string) (File, error) {
	var all loaded
	var errs syntax.Errors
	every := slices.Concat(paths, topologies)
	if i := slices.Index(every, "-"); i >= 0 && slices.Contains(every[i+1:], "-") {
		return File{}, edge.Hintf("`-t -` stands once", "stdin is given twice")
	}
	for i, path := range every {
		err := all.load(path, stdin, rules, i >= len(paths))
		switch e := err.(type) {
		case nil:
		case syntax.Errors:
			errs = append(errs, e...)
		default:
			return File{}, err
		}
	}
	if len(errs) > 0 {
		return File{}, errs
	}
	return all.file()
}

// loaded collects what the inputs say.
type loaded struct {
	files   []File
	exports topology.Exports
}

func (l *loaded) load(path string, stdin io.Reader, rules []string, exported bool) error {
	name, r := path, stdin
	if path == "-" {
		name = "stdin"
	} else {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			hint := "edgecert targets contoso.com --write prints a targets file to begin with"
			if exported {
				hint = "Get-CsTopology -AsXml | Out-File topology.xml writes one"
			}
			return edge.Hintf(hint, "%w", err)
		}
		if err != nil {
			return err
		}
		defer f.Close()
		r = f
	}
	raw, err := io.ReadAll(io.LimitReader(r, limits.Topology+1))
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	before := len(l.files)
	if err := l.add(name, raw, rules, exported); err != nil {
		return err
	}
	for _, f := range l.files[before:] {
		relative(f.Pools, filepath.Dir(path))
	}
	return nil
}

// add takes one input for what its content shows it to be, or for an export.
func (l *loaded) add(name string, raw []byte, rules []string, exported bool) error {
	if err := syntax.Foreign(name, raw); err != nil {
		return err
	}
	if exported || topology.Recognize(raw) {
		return l.exports.Add(name, raw)
	}
	if err := syntax.CheckSize(name, raw, limits.TargetsFile); err != nil {
		return err
	}
	f, err := parse(name, raw, rules)
	if err != nil {
		return err
	}
	l.files = append(l.files, f)
	return nil
}

// relative makes the paths of inventory and certificate files relative to dir.
func relative(pools []edge.Pool, dir string) {
	for _, p := range pools {
		for i, f := range p.InventoryFiles {
			if !filepath.IsAbs(f.Path) {
				p.InventoryFiles[i].Path = filepath.Join(dir, f.Path)
			}
		}
		for i, x := range p.Expect {
			if x.Thumbprint == "" && !filepath.IsAbs(x.Text) {
				p.Expect[i].Text = filepath.Join(dir, x.Text)
			}
		}
	}
}

// file lays everything together.
func (l *loaded) file() (File, error) {
	out, err := Join(l.files...)
	if err != nil {
		return File{}, err
	}
	described, err := l.exports.Pools()
	if err != nil {
		return File{}, err
	}
	var further []edge.Pool
	for _, t := range described {
		i := slices.IndexFunc(out.Pools, func(p edge.Pool) bool { return strings.EqualFold(p.Name, t.Name) })
		if i < 0 {
			t.Notes = slices.Concat(t.Notes, alike(out.Pools, t))
			further = append(further, t)
			continue
		}
		out.Pools[i].Notes = append(out.Pools[i].Notes, topology.Disagreements(out.Pools[i], t)...)
	}
	return Join(out, File{Pools: further})
}

// alike notes a pool that seems to be described already, by another name than
// the topology's: it would be scanned twice, and the two not compared.
func alike(pools []edge.Pool, t edge.Pool) []string {
	i := slices.IndexFunc(pools, func(p edge.Pool) bool {
		return p.IsEdge() && p.FQDN(edge.Access) == t.FQDN(edge.Access)
	})
	if i < 0 {
		return nil
	}
	return []string{fmt.Sprintf("pool %s in %s has the same Access Edge, %s: if it is this pool, call it %s there, and the two are laid together",
		pools[i].Name, pools[i].Source, t.FQDN(edge.Access), t.Name)}
}

// Join lays files together: pools in order, the loose endpoints of all of them
// in one pool at the end, each domain once. One name for two pools is an error.
func Join(files ...File) (File, error) {
	var out File
	var loose *edge.Pool
	var errs syntax.Errors
	seen := map[edge.Loose]bool{}
	for _, f := range files {
		for _, p := range f.Pools {
			if p.Kind == edge.LoosePool {
				if loose == nil {
					loose = &edge.Pool{Name: p.Name, Kind: p.Kind, Source: p.Source, DNS: p.DNS}
				}
				addLoose(loose, p.Loose, seen)
				continue
			}
			if i := slices.IndexFunc(out.Pools, func(o edge.Pool) bool { return o.Name == p.Name }); i >= 0 {
				errs = append(errs, syntax.At("", 0, "rename one of them, or leave one out",
					"pool %q is described twice: %s and %s", p.Name, out.Pools[i].Source, p.Source))
				continue
			}
			out.Pools = append(out.Pools, p)
		}
		for _, d := range f.Domains {
			if !slices.ContainsFunc(out.Domains, func(o Domain) bool { return o.Name == d.Name }) {
				out.Domains = append(out.Domains, d)
			}
		}
	}
	if loose != nil {
		out.Pools = append(out.Pools, *loose)
	}
	if err := errs.OrNil(); err != nil {
		return File{}, err
	}
	return out, nil
}

// Distinct renames pools whose name another pool before them has, as a pool
// that was found from DNS may: everything downstream goes by the name.
func Distinct(pools []edge.Pool) []edge.Pool {
	out := slices.Clone(pools)
	taken := map[string]bool{}
	for i := range out {
		name := out[i].Name
		for n := 2; taken[out[i].Name]; n++ {
			out[i].Name = fmt.Sprintf("%s-%d", name, n)
		}
		taken[out[i].Name] = true
	}
	return out
}

func addLoose(pool *edge.Pool, list []edge.Loose, seen map[edge.Loose]bool) {
	for _, l := range list {
		key := edge.Loose{Host: l.Host, Port: l.Port, SNI: l.SNI}
		if !seen[key] {
			seen[key] = true
			pool.Loose = append(pool.Loose, l)
		}
	}
}
