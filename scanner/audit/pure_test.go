package audit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The pure packages: values in, values out. Whatever they say can be said
// again from a file, without network, file or clock.
func purePackages() []string {
	return []string{".", "finding", "remedy", "trust", "../edge", "../certfile", "../inventory", "../powershell", "../limits",
		"../../report", "../../report/text", "../../report/html", "../../report/diff", "../../report/vantage", "../../report/formats"}
}

// pureRooms are what a pure package may import of this module.
func pureRooms() []string {
	return []string{"edgecert/scanner/edge", "edgecert/scanner/limits", "edgecert/scanner/powershell", "edgecert/scanner/audit", "edgecert/scanner/audit/finding", "edgecert/scanner/audit/remedy", "edgecert/scanner/audit/trust",
		"edgecert/report", "edgecert/report/text", "edgecert/report/html"}
}

func TestPurePackagesTouchNothing(t *testing.T) {
	t.Parallel()
	for _, dir := range purePackages() {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, complaint := range impurities(file) {
				t.Errorf("%s: %s", name, complaint)
			}
		}
	}
}

// The test of the test: it sees what it forbids.
func TestImpuritiesAreSeen(t *testing.T) {
	t.Parallel()
	const source = `package p
import ("net"; "net/http"; "os"; "crypto/tls"; clock "time"; "edgecert/scanner/edge"; "edgecert/scanner/probe")
var _ = clock.Now
func f() { clock.Since(clock.Time{}); clock.Sleep(1); _ = clock.Second; net.Dial(net.JoinHostPort("a", "1")) }`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if got := impurities(file); len(got) != 8 {
		t.Errorf("%d complaints, want 8: %q", len(got), got)
	}
}

// impurities lists the imports and uses by which a package would reach the
// network, a file or the clock. Addresses and URLs are but values.
func impurities(file *ast.File) []string {
	var out []string
	imported := map[string]string{} // local name to path
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		local := path
		if spec.Name != nil {
			local = spec.Name.Name
		}
		imported[local] = path
		switch {
		case path == "net", path == "net/netip", path == "net/url", slices.Contains(pureRooms(), path):
		case strings.HasPrefix(path, "edgecert/"), strings.HasPrefix(path, "net/"), path == "os", strings.HasPrefix(path, "os/"),
			path == "crypto/tls", path == "io/ioutil", path == "syscall", path == "math/rand", path == "math/rand/v2":
			out = append(out, "imports "+path)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && reaches(imported[pkg.Name], sel.Sel.Name) {
			out = append(out, "uses "+imported[pkg.Name]+"."+sel.Sel.Name)
		}
		return true
	})
	return out
}

// reaches says whether a name of packages net and time does more than hold or
// write a value.
func reaches(path, name string) bool {
	switch path {
	case "net":
		return !slices.Contains([]string{"IP", "IPNet", "IPMask", "ParseIP", "ParseCIDR", "JoinHostPort", "SplitHostPort"}, name)
	case "time":
		return slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}, name)
	default:
		return false
	}
}
