package targets

import (
	goparser "go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rooms import one another one way: what words are made of stands below
// everything, and discovery, which plans, above.
func TestRooms(t *testing.T) {
	t.Parallel()
	const module, here = "edgecert/scanner/", "edgecert/scanner/targets/"
	for room, allowed := range map[string][]string{
		"syntax":   {module + "edge"},
		"dns":      {module + "edge", here + "syntax", module + "probe/fault"},
		"topology": {module + "edge", module + "powershell", here + "syntax"},
		".":        {module + "edge", here + "dns", here + "syntax", here + "topology"},
		"discover": {module + "edge", module + "targets", here + "dns", here + "syntax"},
	} {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", room, len(files), err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := goparser.ParseFile(token.NewFileSet(), name, nil, goparser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range file.Imports {
				path, _ := strconv.Unquote(spec.Path.Value)
				if strings.HasPrefix(path, "edgecert/") && path != module+"limits" && path != module+"mistake" && !slices.Contains(allowed, path) {
					t.Errorf("%s imports %s", name, path)
				}
			}
		}
	}
}
